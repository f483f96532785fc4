package engine

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/meter"
	"github.com/vgrad/lab/vgrad/probe"
)

// loopBody builds the functions of the device loop. The loop carries the state
// from step to step, and then the fields of carried, in that order. A closure
// cannot use nodes of an outer function, so everything is carried, the data too.
// Tensors that do not change cost nothing.
type loopBody struct {
	*plan
	state  int // tensors of the state
	shapes []shapes.Shape
}

// carried names the tensors that follow the state.
type carried struct {
	rate, inputs, targets, indices, steps *Node
	first                                 *Node // number of the first step
	taken                                 *Node // steps taken
	banks                                 []carriedBank
}

// carriedBank is a group's bank as the loop fills it.
type carriedBank struct {
	*meter.Group
	tensors []*Node // as emptyBank lists them
	filled  *Node   // how many rows are
}

// fixed is the number of carried tensors that do not change.
const fixed = 6

// name assigns the carried tensors to their names.
func (l loopBody) name(all []*Node) carried {
	r := all[l.state:]
	c := carried{rate: r[0], inputs: r[1], targets: r[2], indices: r[3], steps: r[4], first: r[5], taken: r[6]}
	r = r[fixed+1:]
	for _, g := range l.meter.Groups() {
		n := tensorsOf(g)
		c.banks = append(c.banks, carriedBank{g, r[:n:n], r[n]})
		r = r[n+1:]
	}
	return c
}

// tensorsOf is how many tensors a group's bank has.
func tensorsOf(g *meter.Group) int {
	n := 0
	for _, has := range []bool{g.Numbers() > 0, g.Histograms() > 0, g.Fetched() > 0} {
		if has {
			n++
		}
	}
	return n
}

// condition is the loop's condition.
func (l loopBody) condition(g *Graph) []*Node {
	c := l.name(declare(g, "carried", l.shapes))
	return []*Node{LessThan(c.taken, c.steps)}
}

// body takes one step: it gathers the batch, steps, and fills the banks.
func (l loopBody) body(g *Graph) []*Node {
	return l.take(declare(g, "carried", l.shapes), func(b carriedBank) measuring {
		if b.Every == 1 {
			return always
		}
		return whenDue
	})
}

// measuring says how a step measures a group.
type measuring int

const (
	always  measuring = iota // as part of the step
	whenDue                  // in a loop of at most one iteration
	never                    // not in this step
)

// apartAbove is the smallest number of values in a group for which a separate
// step is built; see apart.
var apartAbove = 500_000 // a variable for the tests

// apart is the index of the group for which a step is built twice, with its
// numbers and without; -1: there is none. A group that is measured in a loop of at
// most one iteration costs a copy of its operands at every step, because XLA gives
// a loop operands of its own. At width 256, with all scalars at every 10th step,
// that is a third of the step. A second step costs its compilation instead.
// Job.Model is built only once, because it may add to its graph's loss.
func (p *plan) apart() int {
	if p.Model != nil || p.mesh != nil {
		return -1
	}
	return slices.IndexFunc(p.meter.Groups(), func(g *meter.Group) bool {
		return g.Every > 1 && g.Elements()*p.width() >= apartAbove
	})
}

// maxStride bounds the stride; a group that is due more rarely leaves it at 1. A
// call takes at least stride steps and cannot be interrupted during them.
const maxStride = 20

// stride is the number of which a call's number of steps is a multiple. It is the
// Every of the group with a separate step, so that each call begins with a step at
// which that group is due; see alternating. Without such a group it is 1.
func (p *plan) stride() int {
	apart := p.apart()
	if apart < 0 {
		return 1
	}
	every := p.meter.Groups()[apart].Every
	full := func(g *meter.Group) bool { return (every+g.Every-1)/g.Every > p.rows(g) }
	if every > maxStride || p.first%every != 0 || slices.ContainsFunc(p.meter.Groups(), full) {
		return 1
	}
	return every
}

// alternating is a body that takes one step at which a group is due, and then the
// steps without it up to the next. If calls may begin at any step (stride is 1),
// the first step is in a loop of at most one iteration.
//
// XLA copies the weights into a loop and out of it. Without that first loop a step
// takes a twentieth less at width 256, with all scalars at every 10th step.
func (l loopBody) alternating(apart int) func(g *Graph) []*Node {
	every := l.meter.Groups()[apart].Every
	how := func(of measuring) func(b carriedBank) measuring {
		return func(b carriedBank) measuring {
			switch {
			case b.Group == l.meter.Groups()[apart]:
				return of
			case b.Every == 1:
				return always
			}
			return whenDue
		}
	}
	// turns takes steps for as long as the group is due, or as long as it is not due.
	turns := func(g *Graph, name string, isDue bool, of measuring, all []*Node) []*Node {
		condition := backend.NewClosure(g, func(g *Graph) []*Node {
			c := l.name(declare(g, name, l.shapes))
			late := Mod(Add(c.first, c.taken), Const(g, int32(every)))
			due := Equal(late, Const(g, int32(0)))
			if !isDue {
				due = LogicalNot(due)
			}
			return []*Node{LogicalAnd(due, LessThan(c.taken, c.steps))}
		})
		step := backend.NewClosure(g, func(g *Graph) []*Node { return l.take(declare(g, name, l.shapes), how(of)) })
		return While(condition, step, all...)
	}
	return func(g *Graph) []*Node {
		all := declare(g, "carried", l.shapes)
		if l.stride() > 1 {
			return turns(g, "plain", false, never, l.take(all, how(always)))
		}
		all = turns(g, "plain", false, never, all)
		return turns(g, "probed", true, always, all)
	}
}

// take takes one step from the carried tensors, and measures each group as how says.
func (l loopBody) take(all []*Node, how func(carriedBank) measuring) []*Node {
	c := l.name(all)
	s := l.step(all[:l.state], c.rate, l.batchOf(c))
	var banks, readers []*Node
	for i, b := range c.banks {
		filled, reads := l.fill(i, b, c, s, how(b))
		banks, readers = append(banks, filled...), append(readers, reads...)
	}
	s.update(readers)
	next := append(s.next, all[l.state:l.state+fixed]...)
	next = append(next, Add(c.taken, Const(c.taken.Graph(), int32(1))))
	return append(next, banks...)
}

// batchOf gathers the step's batch.
func (l loopBody) batchOf(c carried) batch {
	zero := Const(c.taken.Graph(), int32(0))
	n := l.examples()
	indices := Reshape(DynamicSlice(c.indices, []*Node{c.taken, zero}, []int{1, n}), n, 1)
	inputs, targets := l.task.shapes(l.batched)
	return batch{Reshape(Gather(c.inputs, indices), inputs.Dimensions...), Reshape(Gather(c.targets, indices), targets.Dimensions...)}
}

// fill measures a group and writes the result into its bank. It returns the bank's
// tensors with its number of rows, and the nodes that read the weights.
//
// A group that is not due at every step is measured in a loop of at most one
// iteration, unless a separate step is built for it; see apart.
func (l loopBody) fill(number int, b carriedBank, c carried, s stepped, how measuring) (next, readers []*Node) {
	switch how {
	case always:
		m := b.Measure(s.network, s.views)
		return l.file(b, m), m.OfWeights
	case never:
		return append(b.tensors[:len(b.tensors):len(b.tensors)], b.filled), nil
	}
	g := c.taken.Graph()
	late := Mod(Add(c.first, c.taken), Const(g, int32(b.Every)))
	initial := append(append([]*Node{late}, b.tensors...), b.filled)
	carried := len(initial)
	initial = append(initial, b.Operands(s.network, s.views)...)
	var of []shapes.Shape
	for _, x := range initial {
		of = append(of, x.Shape())
	}
	name := fmt.Sprintf("bank%d_", number)
	due := backend.NewClosure(g, func(g *Graph) []*Node {
		return []*Node{Equal(declare(g, name, of)[0], Const(g, int32(0)))}
	})
	turn := backend.NewClosure(g, func(g *Graph) []*Node {
		ps := declare(g, name, of)
		inside := carriedBank{b.Group, ps[1 : carried-1], ps[carried-1]}
		m := b.Inside(ps[carried:], s.views)
		return append(append([]*Node{Const(g, int32(1))}, l.file(inside, m)...), ps[carried:]...)
	})
	next = While(due, turn, initial...)[1:carried]
	return next, next[:min(1, len(b.tensors))]
}

// file writes the measured values into the bank's next row.
func (l loopBody) file(b carriedBank, m meter.Measured) []*Node {
	g := b.filled.Graph()
	zero := Const(g, int32(0))
	rest := b.tensors
	var next []*Node
	if m.Numbers != nil {
		next, rest = append(next, DynamicUpdateSlice(rest[0], InsertAxes(m.Numbers, 0), []*Node{b.filled, zero, zero})), rest[1:]
	}
	if m.Counted != nil {
		at := Mul(b.filled, Const(g, int32(l.counters(b.Group))))
		next, rest = append(next, probe.Count(rest[0], at, m.Counted, l.lanes != nil)), rest[1:]
	}
	if m.Fetched != nil {
		next = append(next, DynamicUpdateSlice(rest[0], InsertAxes(m.Fetched, 0), []*Node{b.filled, zero, zero}))
	}
	return append(next, Add(b.filled, Const(g, int32(1))))
}

// declare makes a closure's parameters. Nested closures need different names.
func declare(g *Graph, name string, of []shapes.Shape) []*Node {
	var ps []*Node
	for i, s := range of {
		ps = append(ps, Parameter(g, fmt.Sprint(name, i), s))
	}
	return ps
}
