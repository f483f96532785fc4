package meter

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/probe"
)

// Group is the columns that are due at the same steps.
type Group struct {
	Every int // how many steps from one time to the next; step 0 is one

	meter      *Meter
	network    []vgrad.Quantity // of the whole network; they come first among the numbers
	numbers    []column         // computed in the graph
	fetched    []column         // finished on the host; they follow the numbers
	histograms []column

	at      [][]int // of each site, the probes of its numbers
	probes  []probe.Probe
	buckets [][]int // sites that have the same numbers

	numbersTable, histogramsTable int // in the schema; -1: none

	asked []probe.Parts // of each site, what its probes look at; see Rehearse
	dims  [][]int       // of each fetched column
}

// column is a probe at a site.
type column struct {
	probe.Probe
	site int
}

// Due reports whether the group is measured at a step.
func (g *Group) Due(step int) bool { return step%g.Every == 0 }

// add gives the group a probe, at the sites where it measures.
func (g *Group) add(p probe.Probe, m vgrad.Measure) {
	k := len(g.probes)
	g.probes = append(g.probes, p)
	for i, s := range g.meter.sites {
		switch {
		case !p.At(s) || !vgrad.MatchPath(m.Sites, s.Path):
		case p.Count != nil:
			g.histograms = append(g.histograms, column{p, i})
		case p.Fetch != nil:
			g.fetched = append(g.fetched, column{p, i})
		default:
			g.at[i] = append(g.at[i], k)
		}
	}
}

// finish puts the sites that have the same numbers into one bucket, and the
// columns in the order in which the buckets give them: quantity by quantity, and
// site by site within a bucket.
func (g *Group) finish() {
	for i, ps := range g.at {
		if ps == nil {
			continue
		}
		b := slices.IndexFunc(g.buckets, func(b []int) bool { return slices.Equal(g.at[b[0]], ps) })
		if b < 0 {
			b = len(g.buckets)
			g.buckets = append(g.buckets, nil)
		}
		g.buckets[b] = append(g.buckets[b], i)
	}
	for k, p := range g.probes {
		for _, bucket := range g.buckets {
			for _, site := range bucket {
				if slices.Contains(g.at[bucket[0]], k) {
					g.numbers = append(g.numbers, column{p, site})
				}
			}
		}
	}
}

// Numbers is how many numbers the group has, those finished on the host left out.
func (g *Group) Numbers() int { return len(g.network) + len(g.numbers) }

// Elements is how many values of a lane the numbers are computed from, each as
// often as a number needs it: what they cost, about.
func (g *Group) Elements() int {
	n := 0
	for _, c := range g.numbers {
		n += g.meter.sites[c.site].Size
	}
	return n
}

// Histograms is how many histograms the group has.
func (g *Group) Histograms() int { return len(g.histograms) }

// Fetched is how many float32 values of a lane are brought to the host. It is
// known once the group was rehearsed.
func (g *Group) Fetched() int {
	n := 0
	for _, dims := range g.dims {
		n += size(dims)
	}
	return n
}

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// Measured is what a step computes for a group.
type Measured struct {
	Numbers *Node   // [Numbers, lanes] float32; without lanes as with one. Nil: none
	Counted []*Node // the tensors that the histograms count
	Fetched *Node   // [lanes, Fetched] float32; nil: none
	// OfWeights are the sums that are read from the weights themselves. A step
	// takes them before it updates the weights.
	OfWeights []*Node
}

// Measure builds the nodes of the group, in the function that is being built. network has the
// quantities of the whole network, views the meter's sites, in their order; nil
// for a site of which the step shows nothing. It panics on errors, as graph
// functions do.
func (g *Group) Measure(network map[vgrad.Quantity]*Node, views []*probe.View) Measured {
	var m Measured
	of := make([][]*Node, len(g.probes)) // of each probe, site after site
	for _, bucket := range g.buckets {
		for _, v := range g.sideBySide(bucket, views) {
			values, sums := g.values(bucket, v)
			for i, k := range g.at[bucket[0]] {
				of[k] = append(of[k], values[i])
			}
			m.OfWeights = append(m.OfWeights, sums...)
		}
	}
	var numbers []*Node
	for _, q := range g.network {
		numbers = append(numbers, g.row(network[q]))
	}
	for _, values := range of {
		for _, x := range values {
			numbers = append(numbers, g.row(x))
		}
	}
	if len(numbers) > 0 {
		m.Numbers = Concatenate(numbers, 0)
	}
	for _, c := range g.histograms {
		m.Counted = append(m.Counted, c.Count(views[c.site]))
	}
	m.Fetched = g.fetch(views)
	return m
}

// row is a value, a scalar, [lanes] or [sites·lanes], as rows of the numbers.
func (g *Group) row(x *Node) *Node {
	return Reshape(ConvertDType(x, dtypes.Float32), -1, g.meter.width())
}

// sideBySide joins the views of a bucket as far as that is worth it.
func (g *Group) sideBySide(bucket []int, views []*probe.View) []*probe.View {
	var of []*probe.View
	for _, i := range bucket {
		of = append(of, views[i])
	}
	if g.meter.o.Apart {
		return of
	}
	return probe.SideBySide(of, g.meter.width(), func(a, b vgrad.Site) bool { return true })
}

// values computes the numbers of a view, one for each probe of its bucket.
func (g *Group) values(bucket []int, v *probe.View) (values, ofWeights []*Node) {
	var fs []probe.Formula
	for _, k := range g.at[bucket[0]] {
		fs = append(fs, g.probes[k].Graph(v))
	}
	return v.Values(fs)
}

// fetch joins the tensors that are brought to the host.
func (g *Group) fetch(views []*probe.View) *Node {
	var all []*Node
	g.dims = nil
	for _, c := range g.fetched {
		x := ConvertDType(c.Fetch(views[c.site]), dtypes.Float32)
		dims := x.Shape().Dimensions
		if g.meter.o.Lanes > 0 {
			dims = dims[1:]
		}
		g.dims = append(g.dims, slices.Clone(dims))
		all = append(all, Reshape(x, g.meter.width(), -1))
	}
	if all == nil {
		return nil
	}
	return Concatenate(all, -1)
}

// Rehearse builds the group's nodes once in a graph that is thrown away, to learn
// what its probes look at and how large is what is fetched. The views may show
// any tensors of the right shapes.
func (g *Group) Rehearse(network map[vgrad.Quantity]*Node, views []*probe.View) {
	fresh := make([]*probe.View, len(views))
	for i, v := range views {
		if v != nil {
			fresh[i] = v.Fresh()
		}
	}
	g.Measure(network, fresh)
	g.asked = make([]probe.Parts, len(views))
	for i, v := range fresh {
		if v != nil {
			g.asked[i] = v.Asked()
		}
	}
}

// Operands lists what the group's nodes are computed from, for a loop that
// computes them: what Inside takes apart again.
func (g *Group) Operands(network map[vgrad.Quantity]*Node, views []*probe.View) []*Node {
	var xs []*Node
	for _, q := range g.network {
		xs = append(xs, network[q])
	}
	for i, v := range views {
		if v != nil {
			xs = append(xs, v.Operands(g.asked[i])...)
		}
	}
	return xs
}

// Inside builds the group's nodes from a loop's own parameters, which stand for
// the operands.
func (g *Group) Inside(xs []*Node, views []*probe.View) Measured {
	network := map[vgrad.Quantity]*Node{}
	for _, q := range g.network {
		network[q], xs = xs[0], xs[1:]
	}
	inside := make([]*probe.View, len(views))
	for i, v := range views {
		if v != nil {
			inside[i], xs = v.With(g.asked[i], xs)
		}
	}
	if len(xs) > 0 {
		panic(fmt.Sprintf("meter: %d operands too many", len(xs)))
	}
	return g.Measure(network, inside)
}

// Rows makes rows of what a step gave for a lane: numbers is [Numbers, lanes],
// counts has the lane's raw histograms and fetched its values. They are appended
// to rows; room holds the numbers and is used again by the next call.
func (g *Group) Rows(rows []vgrad.Row, room *[]float64, lane int, numbers []float32, counts []int32, fetched []float32) []vgrad.Row {
	if g.numbersTable >= 0 {
		from := len(*room)
		for i := range g.Numbers() {
			*room = append(*room, float64(numbers[i*g.meter.width()+lane]))
		}
		for i, c := range g.fetched {
			n := size(g.dims[i])
			*room = append(*room, c.Host(fetched[:n], g.dims[i]))
			fetched = fetched[n:]
		}
		rows = append(rows, vgrad.Row{Table: g.numbersTable, Values: (*room)[from:len(*room):len(*room)]})
	}
	if g.histogramsTable >= 0 {
		row := vgrad.Row{Table: g.histogramsTable}
		for i := range g.histograms {
			row.Hists = append(row.Hists, vgrad.NewHistogram(counts[i*vgrad.RawBins:(i+1)*vgrad.RawBins]))
		}
		rows = append(rows, row)
	}
	return rows
}

// FinalRow is the row of what is measured after the last step.
func (t *Meter) FinalRow(value func(vgrad.Column) float64) vgrad.Row {
	row := vgrad.Row{Table: t.FinalTable(), Values: []float64{}}
	for _, c := range t.final {
		row.Values = append(row.Values, value(c))
	}
	return row
}
