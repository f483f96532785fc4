package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad/probe"
)

// maxChunk is the most steps of one call of the device loop.
const maxChunk = 200

// maxCounters bounds the counters of all histograms that one call gives: 16 MB.
const maxCounters = 4e6

// chunkTime is about how long one call is meant to take: short enough to
// follow and to interrupt.
const chunkTime = 100 * time.Millisecond

// device drives the step in loops on the device, where the training data
// lives; each call takes the indices of its batches and gives its samples, which
// are handed on while the next call is under way.
func (t *training) device() (err error) {
	t.turn()
	g, err := t.program("training loop", t.loop)
	if err != nil {
		return err
	}
	on := t.devices()
	sets := make([]*resident, len(on))
	for d := range on {
		if sets[d], err = t.resident(on[d]); err != nil {
			return err
		}
	}
	rates := t.parts(t.rates(), 0)
	state := make([][]*tensors.Tensor, len(on)) // of each device
	for _, x := range t.initial() {
		for d, part := range t.parts(x, lanesOf(x.Shape())) {
			state[d] = append(state[d], part)
		}
	}
	indices := make([]int32, maxChunk*t.examples())
	var reading behind
	defer func() { err = errors.Join(err, reading.wait()) }()
	chunk := 10
	for step := 0; step < t.exp.Steps; {
		if err := t.ctx.Err(); err != nil {
			return fmt.Errorf("engine: stopped at step %d of %d: %w", step, t.exp.Steps, err)
		}
		start := time.Now()
		n := t.most(step, min(chunk, t.exp.Steps-step))
		t.draw(indices, n)
		var args []any
		for d := range on {
			args = append(append(args, t.donate(state[d], on[d])...), rates[d], sets[d].images, sets[d].labels,
				tensors.FromFlatDataAndDimensions(indices, maxChunk, t.examples()),
				tensors.FromScalar(int32(n)), tensors.FromScalar(int32(step)))
		}
		out := g.RunOnDevice(t.on, args...)
		took := time.Since(start)
		t.run += took
		var measured []*tensors.Tensor
		state, measured = t.sorted(out, len(state[0]))
		first := step
		if err := reading.do(func() error { return t.read(first, n, measured) }); err != nil {
			return err
		}
		step += n
		chunk = nextChunk(n, took)
	}
	if err := reading.wait(); err != nil {
		return err
	}
	var whole []*tensors.Tensor
	for i := range t.variables {
		whole = append(whole, t.together(state, i, 0))
	}
	return t.keep(whole)
}

// behind does one thing at a time while its owner goes on.
type behind struct{ done chan error }

// do waits for what was begun before and, if that went well, begins f.
func (b *behind) do(f func() error) error {
	if err := b.wait(); err != nil {
		return err
	}
	done := make(chan error, 1)
	b.done = done
	go func() {
		var err error
		defer func() { done <- err }()
		defer caught(&err)
		err = f()
	}()
	return nil
}

// wait waits for what was begun, and returns its error once.
func (b *behind) wait() error {
	if b.done == nil {
		return nil
	}
	err := <-b.done
	b.done = nil
	return err
}

// sorted splits what the devices gave into the state of each and, put together,
// the measurements.
func (p *plan) sorted(out []*tensors.Tensor, states int) (state [][]*tensors.Tensor, measured []*tensors.Tensor) {
	n := len(p.devices())
	var each [][]*tensors.Tensor
	for from := 0; from < len(out); from += len(out) / n {
		each = append(each, out[from:from+len(out)/n])
		state = append(state, out[from:from+states])
	}
	measured = append(measured, p.together(each, states, scalarLanes))
	if len(p.histograms) > 0 {
		measured = append(measured, p.together(each, states+1, everywhere))
	}
	return state, measured
}

// nextChunk is how many steps fit chunkTime, after n steps took that long.
func nextChunk(n int, took time.Duration) int {
	return max(1, min(maxChunk, int(float64(n)*float64(chunkTime)/float64(took+1))))
}

// most is how many steps the next call takes, at most n: so many that there is
// room for their histograms.
func (p *plan) most(step, n int) int {
	for n > 1 && p.due(step, n) > p.rows() {
		n--
	}
	return n
}

// due is how many of the n steps from step on count histograms.
func (p *plan) due(step, n int) int {
	if len(p.histograms) == 0 {
		return 0
	}
	every := p.exp.Measure.HistogramEvery
	return (step+n+every-1)/every - (step+every-1)/every
}

// rows is for how many steps a call has room to count histograms.
func (p *plan) rows() int {
	return max(1, min(p.due(0, maxChunk), maxCounters/max(1, p.counters())))
}

// loop builds the whole loop: state, rate, images [n, features], labels
// [n], indices [maxChunk, examples], how many steps to take and the number of
// the first, to the next state, scalars [maxChunk, columns, lanes] and counts
// [rows, lanes·sites·bins]; see read.
func (t *training) loop(g *Graph) ([]*Node, []*distributed.ShardingSpec) {
	if t.mesh != nil {
		if err := g.SetAutoSharding(t.mesh); err != nil {
			panic(err)
		}
	}
	initial := t.parameters(g)
	l := loopBody{plan: t.plan, state: len(initial)}
	n := t.Data.Train.Len()
	rate := shapes.Make(dtypes.Float32, t.perLane()...)
	for _, p := range []struct {
		name  string
		shape shapes.Shape
		lanes int // axis
	}{
		{"rate", rate, lanesOf(rate)},
		{"images", shapes.Make(dtypes.Uint8, n, t.Data.Features), everywhere},
		{"labels", shapes.Make(dtypes.Uint8, n), everywhere},
		{"indices", shapes.Make(dtypes.Int32, maxChunk, t.examples()), everywhere},
		{"steps", shapes.Make(dtypes.Int32), everywhere},
		{"first", shapes.Make(dtypes.Int32), everywhere},
	} {
		initial = append(initial, ShardedParameter(g, p.name, p.shape, t.lying(p.shape, p.lanes)))
	}
	initial = append(initial, Const(g, int32(0)), zeros(g, dtypes.Float32, maxChunk, len(t.scalars), t.width()))
	if len(t.histograms) > 0 {
		initial = append(initial, zeros(g, dtypes.Int32, t.rows()*t.counters()), Const(g, int32(0)))
	}
	for _, x := range initial {
		l.shapes = append(l.shapes, x.Shape())
	}
	all := While(NewClosure(g, l.goesOn), NewClosure(g, l.body), initial...)
	last := l.name(all)
	out := append(all[:l.state:l.state], last.scalars)
	for i := range t.variables {
		out[i] = t.facing(i, out[i])
	}
	if len(t.histograms) > 0 {
		out = append(out, last.counts)
	}
	if t.mesh == nil {
		return out, nil
	}
	var lie []*distributed.ShardingSpec
	for i, x := range out {
		axis := lanesOf(x.Shape())
		switch i {
		case l.state:
			axis = scalarLanes
		case l.state + 1:
			axis = everywhere
		}
		lie = append(lie, t.lying(x.Shape(), axis))
	}
	return out, lie
}

// scalarLanes is the axis of the scalars, [maxChunk, columns, lanes], that has the lanes.
const scalarLanes = 2

// zeros is a tensor of zeros whose constant is made here and now; see probe.Count.
func zeros(g *Graph, dtype dtypes.DType, dims ...int) *Node {
	return BroadcastToDims(ConstAsDType(g, dtype, 0), dims...)
}

// loopBody builds the functions of the device loop. What it carries from step to
// step is the state, then what carried names, in that order. Closures cannot
// reach nodes outside, so everything is carried, the data too; what does not
// change costs nothing.
type loopBody struct {
	*plan
	state  int // tensors of the state
	shapes []shapes.Shape
}

// carried names what follows the state.
type carried struct {
	rate, images, labels, indices, steps *Node
	first                                *Node // number of the first step
	taken                                *Node // steps taken
	scalars                              *Node // [maxChunk, columns, lanes]
	counts                               *Node // [rows·lanes·sites·bins], where there are histograms
	filled                               *Node // how many of them are
}

// fixed is how many of the carried tensors do not change.
const fixed = 6

func (l loopBody) name(all []*Node) carried {
	r := all[l.state:]
	c := carried{rate: r[0], images: r[1], labels: r[2], indices: r[3], steps: r[4], first: r[5], taken: r[6], scalars: r[7]}
	if len(l.histograms) > 0 {
		c.counts, c.filled = r[8], r[9]
	}
	return c
}

// goesOn is the loop's condition.
func (l loopBody) goesOn(g *Graph) []*Node {
	c := l.name(declare(g, "carried", l.shapes))
	return []*Node{LessThan(c.taken, c.steps)}
}

// body takes one step: it gathers the batch, steps, and files the measurements.
func (l loopBody) body(g *Graph) []*Node {
	all := declare(g, "carried", l.shapes)
	c := l.name(all)
	zero := Const(g, int32(0))
	n := l.examples()
	batch := Reshape(DynamicSlice(c.indices, []*Node{c.taken, zero}, []int{1, n}), n, 1)
	images := Reshape(Gather(c.images, batch), l.batched(l.Data.Features)...)
	labels := Reshape(Gather(c.labels, batch), l.batched()...)
	next, m := l.step(all[:l.state], c.rate, images, labels)
	next = append(next, all[l.state:l.state+fixed]...)
	next = append(next, Add(c.taken, Const(g, int32(1))), DynamicUpdateSlice(c.scalars, InsertAxes(m.scalars, 0), []*Node{c.taken, zero, zero}))
	if len(l.histograms) > 0 {
		next = append(next, l.count(c, m.counted)...)
	}
	return next
}

// count counts the histograms of xs, see probe.Count, in a step that is due, and
// returns the counts and how many of them are filled. It is a loop of one turn or
// none: what is not due costs nothing.
func (l loopBody) count(c carried, xs []*Node) []*Node {
	g := c.taken.Graph()
	step := Add(c.first, c.taken)
	late := Mod(step, Const(g, int32(l.exp.Measure.HistogramEvery)))
	initial := append([]*Node{late, c.counts, c.filled}, xs...)
	var of []shapes.Shape
	for _, x := range initial {
		of = append(of, x.Shape())
	}
	due := NewClosure(g, func(g *Graph) []*Node {
		return []*Node{Equal(declare(g, "counting", of)[0], Const(g, int32(0)))}
	})
	turn := NewClosure(g, func(g *Graph) []*Node {
		ps := declare(g, "counting", of)
		counts := probe.Count(ps[1], ps[2], ps[3:], l.lanes != nil)
		return append([]*Node{Const(g, int32(1)), counts, Add(ps[2], Const(g, int32(l.counters())))}, ps[3:]...)
	})
	return While(due, turn, initial...)[1:3]
}

// declare makes a closure's parameters. Within one another, closures need different names.
func declare(g *Graph, name string, of []shapes.Shape) []*Node {
	var ps []*Node
	for i, s := range of {
		ps = append(ps, Parameter(g, fmt.Sprint(name, i), s))
	}
	return ps
}
