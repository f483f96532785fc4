package engine

import (
	"fmt"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad/probe"
)

// maxChunk is the most steps of one call of the device loop.
const maxChunk = 200

// chunkTime is about how long one call is meant to take: short enough to
// follow and to interrupt.
const chunkTime = 100 * time.Millisecond

// device drives the step in loops on the device, where the training data
// lives; each call takes the indices of its batches and gives its samples. A
// step that counts histograms is the last of its call.
func (t *training) device() error {
	t.turn()
	g, err := t.program("training loop", t.loop)
	if err != nil {
		return err
	}
	set, err := t.resident()
	if err != nil {
		return err
	}
	rate := t.rates()
	state := t.initial()
	indices := make([]int32, maxChunk*t.examples())
	chunk := 10
	for step := 0; step < t.exp.Steps; {
		if err := t.ctx.Err(); err != nil {
			return fmt.Errorf("engine: stopped at step %d of %d: %w", step, t.exp.Steps, err)
		}
		start := time.Now()
		n, due := t.until(step, chunk)
		t.draw(indices, n)
		out := g.RunOnDevice(t.on, append(t.donate(state), rate, set.images, set.labels,
			tensors.FromFlatDataAndDimensions(indices, maxChunk, t.examples()),
			tensors.FromScalar(int32(n)), tensors.FromScalar(due))...)
		took := time.Since(start)
		t.run += took
		state = out[:len(state)]
		if err := t.read(step, n, out[len(state):]); err != nil {
			return err
		}
		step += n
		chunk = nextChunk(n, took)
	}
	return t.keep(state)
}

// nextChunk is how many steps fit chunkTime, after n steps took that long.
func nextChunk(n int, took time.Duration) int {
	return max(1, min(maxChunk, int(float64(n)*float64(chunkTime)/float64(took+1))))
}

// until returns how many steps the next call takes, at most chunk: up to the
// next step that counts histograms, or the end; and 1 if its last step counts, else 0.
func (t *training) until(step, chunk int) (n int, due int32) {
	for n = 1; n < chunk && step+n < t.exp.Steps && !t.counts(step+n-1); n++ {
	}
	if t.counts(step + n - 1) {
		due = 1
	}
	return n, due
}

// loop builds the whole loop: state, rate, images [n, features], labels
// [n], indices [maxChunk, examples], how many steps to take and whether to count
// the last one's histograms (1 or 0), to the next state, scalars
// [maxChunk, columns, lanes] and counts; see read.
func (t *training) loop(g *Graph) []*Node {
	initial := t.parameters(g)
	l := loopBody{plan: t.plan, state: len(initial)}
	n := t.Data.Train.Len()
	for _, p := range []struct {
		name  string
		shape shapes.Shape
	}{
		{"rate", shapes.Make(dtypes.Float32, t.perLane()...)},
		{"images", shapes.Make(dtypes.Uint8, n, t.Data.Features)},
		{"labels", shapes.Make(dtypes.Uint8, n)},
		{"indices", shapes.Make(dtypes.Int32, maxChunk, t.examples())},
		{"steps", shapes.Make(dtypes.Int32)},
	} {
		initial = append(initial, Parameter(g, p.name, p.shape))
	}
	due := Parameter(g, "due", shapes.Make(dtypes.Int32))
	initial = append(initial, Const(g, int32(0)), zeros(g, dtypes.Float32, maxChunk, len(t.scalars)*t.width()))
	for _, c := range t.histograms {
		initial = append(initial, zeros(g, dtypes.Float32, t.perLane(c.site.Size)...))
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
		out = append(out, t.countIf(due, last.counted))
	}
	return out
}

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
	taken                                *Node   // steps taken
	scalars                              *Node   // [maxChunk, columns·lanes]
	counted                              []*Node // what the histograms of the last step count, flat in each lane
}

// fixed is how many of the carried tensors do not change.
const fixed = 5

func (l loopBody) name(all []*Node) carried {
	r := all[l.state:]
	return carried{rate: r[0], images: r[1], labels: r[2], indices: r[3], steps: r[4], taken: r[5], scalars: r[6], counted: r[7:]}
}

// goesOn is the loop's condition.
func (l loopBody) goesOn(g *Graph) []*Node {
	c := l.name(declare(g, l.shapes))
	return []*Node{LessThan(c.taken, c.steps)}
}

// body takes one step: it gathers the batch, steps, and files the measurements.
func (l loopBody) body(g *Graph) []*Node {
	all := declare(g, l.shapes)
	c := l.name(all)
	row := []*Node{c.taken, Const(g, int32(0))}
	n := l.examples()
	batch := Reshape(DynamicSlice(c.indices, row, []int{1, n}), n, 1)
	images := Reshape(Gather(c.images, batch), l.batched(l.Data.Features)...)
	labels := Reshape(Gather(c.labels, batch), l.batched()...)
	next, m := l.step(all[:l.state], c.rate, images, labels)
	next = append(next, all[l.state:l.state+fixed]...)
	next = append(next, Add(c.taken, Const(g, int32(1))), DynamicUpdateSlice(c.scalars, Reshape(m.scalars, 1, -1), row))
	for _, x := range m.counted {
		next = append(next, Reshape(x, l.perLane(-1)...))
	}
	return next
}

// declare makes a closure's parameters.
func declare(g *Graph, of []shapes.Shape) []*Node {
	var ps []*Node
	for i, s := range of {
		ps = append(ps, Parameter(g, fmt.Sprintf("carried%d", i), s))
	}
	return ps
}

// countIf returns the histograms of xs, see probe.Count, if due is 1, and zeros
// if it is 0: a loop of one turn or none, since a conditional's branches
// cannot reach xs.
func (p *plan) countIf(due *Node, xs []*Node) *Node {
	g := due.Graph()
	initial := append([]*Node{due, zeros(g, dtypes.Int32, p.width()*len(xs)*rawBins)}, xs...)
	var of []shapes.Shape
	for _, x := range initial {
		of = append(of, x.Shape())
	}
	goesOn := NewClosure(g, func(g *Graph) []*Node {
		return []*Node{GreaterThan(declare(g, of)[0], Const(g, int32(0)))}
	})
	body := NewClosure(g, func(g *Graph) []*Node {
		ps := declare(g, of)
		next := []*Node{Const(g, int32(0)), probe.Count(ps[1], ps[2:], p.lanes != nil)}
		return append(next, ps[2:]...)
	})
	return While(goesOn, body, initial...)[1]
}
