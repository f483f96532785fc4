package engine

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/probe"
)

// measurement is what one step gives beside the next state.
type measurement struct {
	scalars *Node   // [columns, lanes] float32; without lanes as with one
	counted []*Node // what the histograms count, in their order
	ofW     []*Node // sums over the weights themselves, which a step takes before it updates these
}

// measure computes what the plan asks for from what the step knows: the
// values of the network, and what the probes see at each site.
func (p *plan) measure(network map[vgrad.Quantity]*Node, ws []probe.Weights, us []probe.Units) measurement {
	m := measurement{counted: p.counted(ws, us)}
	m.scalars, m.ofW = p.measured(network, ws, us)
	return m
}

// measured computes the columns of one step, [columns, lanes], and returns what of it
// was read from the weights themselves. A quantity's
// sites of one shape are measured together: what a probe costs on a small
// network is its number of operations, not their size. Where lanes are spread over
// devices that would bring them together, so there each site is measured by itself.
func (p *plan) measured(network map[vgrad.Quantity]*Node, ws []probe.Weights, us []probe.Units) (scalars *Node, ofW []*Node) {
	weights, units := ws, us
	if p.mesh == nil {
		weights, units = stackWeights(ws, stackedBelow*p.width()), stackUnits(us, stackedBelow*p.width())
	}
	of := map[vgrad.Quantity][]*Node{} // site after site
	for q, value := range network {
		of[q] = []*Node{value}
	}
	file := func(qs []vgrad.Quantity, values []*Node) {
		for i, q := range qs {
			of[q] = append(of[q], values[i])
		}
	}
	ofWeights, ofUnits := p.quantities(vgrad.LayerWeights), p.quantities(vgrad.LayerUnits)
	for _, w := range weights {
		values, sums := probe.OfWeights(ofWeights, w)
		file(ofWeights, values)
		ofW = append(ofW, sums...)
	}
	for _, u := range units {
		file(ofUnits, probe.OfUnits(ofUnits, u))
	}
	var values []*Node
	var last vgrad.Quantity
	for _, c := range p.scalars {
		if c.quantity == last {
			continue // it came with the quantity's first site
		}
		last = c.quantity
		for _, v := range of[last] {
			values = append(values, Reshape(v, -1, p.width()))
		}
	}
	return Concatenate(values, 0), ofW
}

// quantities lists the scalars of weights or of units, each once.
func (p *plan) quantities(of vgrad.Of) []vgrad.Quantity {
	var qs []vgrad.Quantity
	for _, c := range p.scalars {
		if info, _ := c.quantity.Info(); info.Of == of && !slices.Contains(qs, c.quantity) {
			qs = append(qs, c.quantity)
		}
	}
	return qs
}

// counted lists the tensors whose values the histograms count.
func (p *plan) counted(ws []probe.Weights, us []probe.Units) []*Node {
	var xs []*Node
	for _, c := range p.histograms {
		if i := at(p.weights, c.site); i >= 0 {
			xs = append(xs, probe.Counted(c.quantity, &ws[i], nil))
		} else {
			xs = append(xs, probe.Counted(c.quantity, nil, &us[at(p.units, c.site)]))
		}
	}
	return xs
}

// at returns the position of s among the sites, -1 if it is not there.
func at(sites []site, s vgrad.Site) int {
	for i := range sites {
		if sites[i].Site == s {
			return i
		}
	}
	return -1
}

// stackWeights stacks neighbouring weights of one shape, unless they have more than
// most elements: k of them look like k lanes to a probe, or like k times as many lanes.
func stackWeights(ws []probe.Weights, most int) []probe.Weights {
	var stacks []probe.Weights
	for _, like := range alike(ws, most, func(w probe.Weights) *Node { return w.W }) {
		if len(like) == 1 {
			stacks = append(stacks, like[0])
			continue
		}
		stacks = append(stacks, probe.Weights{Lanes: true,
			W:      stack(like, func(w probe.Weights) *Node { return w.W }),
			Grad:   stack(like, func(w probe.Weights) *Node { return w.Grad }),
			Update: stack(like, func(w probe.Weights) *Node { return w.Update })})
	}
	return stacks
}

// stackUnits does the same for units.
func stackUnits(us []probe.Units, most int) []probe.Units {
	var stacks []probe.Units
	for _, like := range alike(us, most, func(u probe.Units) *Node { return u.A }) {
		if len(like) == 1 {
			stacks = append(stacks, like[0])
			continue
		}
		stacks = append(stacks, probe.Units{Lanes: true,
			A:     stack(like, func(u probe.Units) *Node { return u.A }),
			Delta: stack(like, func(u probe.Units) *Node { return u.Delta }),
			Slope: stack(like, func(u probe.Units) *Node { return u.Slope })})
	}
	return stacks
}

// stackedBelow is how many elements of a lane a site has at most to be measured
// together with others: stacking them copies them, which is cheaper than operations for each.
const stackedBelow = 10_000

// alike splits xs where the shape of what f gives changes, and each of more than
// most elements by itself.
func alike[T any](xs []T, most int, f func(T) *Node) [][]T {
	var parts [][]T
	for i, x := range xs {
		if i > 0 && f(x).Shape().Equal(f(xs[i-1]).Shape()) && f(x).Shape().Size() <= most {
			parts[len(parts)-1] = append(parts[len(parts)-1], x)
		} else {
			parts = append(parts, []T{x})
		}
	}
	return parts
}

// seen is what a probe sees of one site.
type seen interface{ HasLanes() bool }

// stack puts what f gives for each of xs on a first axis, that of the lanes
// where there are lanes.
func stack[T seen](xs []T, f func(T) *Node) *Node {
	var parts []*Node
	for _, x := range xs {
		part := f(x)
		if !x.HasLanes() {
			part = InsertAxes(part, 0)
		}
		parts = append(parts, part)
	}
	return Concatenate(parts, 0)
}
