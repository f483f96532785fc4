package engine

import (
	"errors"
	"time"

	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad/meter"
)

// maxChunk is the most steps of one call of the device loop.
const maxChunk = 200

// maxHeld bounds the counts of a group's histograms that one call returns, and
// likewise its fetched values: 16 MB each.
const maxHeld = 4e6

// chunkTime is about how long one call should take. It is short enough for a
// user to follow the training and to interrupt it.
const chunkTime = 100 * time.Millisecond

// device runs the stage in loops on the device, where the training data is. Each
// call takes the indices of its batches and returns its banks. The banks of a call
// are read while the next call runs.
func (t *training) device() (err error) {
	t.transposeTall()
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
	for _, x := range t.start() {
		for d, part := range t.parts(x, lanesOf(x.Shape())) {
			state[d] = append(state[d], part)
		}
	}
	indices := make([]int32, maxChunk*t.examples())
	var reading pipeline
	defer func() { err = errors.Join(err, reading.wait()) }()
	chunk := 10
	for step := t.next; step < t.last; {
		if err := t.ctx.Err(); err != nil {
			if failed := reading.wait(); failed != nil {
				return failed
			}
			return t.stopped(step, state, err)
		}
		start := time.Now()
		n := t.most(step, min(chunk, t.last-step))
		t.draw(indices, n)
		var args []any
		for d := range on {
			args = append(append(args, t.donate(state[d], on[d])...), rates[d], sets[d].inputs, sets[d].targets,
				tensors.FromFlatDataAndDimensions(indices, maxChunk, t.examples()),
				tensors.FromScalar(int32(n)), tensors.FromScalar(int32(step)))
		}
		out := g.RunOnDevice(t.on, args...)
		took := time.Since(start)
		t.run += took
		var measured []*tensors.Tensor
		state, measured = t.unpack(out, len(state[0]))
		first := step
		step += n
		s, err := t.takeIfDue(step, state)
		if err != nil {
			return err
		}
		if err := reading.do(func() error {
			err := t.read(first, n, measured)
			if err == nil {
				t.store(s)
			}
			return err
		}); err != nil {
			return err
		}
		chunk = nextChunk(n, took)
	}
	if err := reading.wait(); err != nil {
		return err
	}
	var whole []*tensors.Tensor
	for i := range t.variables {
		whole = append(whole, t.merged(state, i, lanesOf(t.variables[i].Shape())))
	}
	return t.keep(whole)
}

// banked reports whether a call of n steps from first on returns a group's bank.
// The device loop always does; a single step does if the group is due.
func (t *training) banked(g *meter.Group, first, n int) bool {
	return t.looped || g.Due(first) && n == 1
}

// pipeline runs one function at a time beside its owner.
type pipeline struct{ done chan error }

// do waits for the function before and, if that succeeded, starts f.
func (b *pipeline) do(f func() error) error {
	if err := b.wait(); err != nil {
		return err
	}
	done := make(chan error, 1)
	b.done = done
	go func() {
		var err error
		defer func() { done <- err }()
		defer caught("read the measurements", &err)
		err = f()
	}()
	return nil
}

// wait waits for the function that was started last, and returns its error once.
func (b *pipeline) wait() error {
	if b.done == nil {
		return nil
	}
	err := <-b.done
	b.done = nil
	return err
}

// unpack splits the results of the devices into the state of each and the merged
// banks.
func (p *plan) unpack(out []*tensors.Tensor, states int) (state [][]*tensors.Tensor, measured []*tensors.Tensor) {
	n := len(p.devices())
	var each [][]*tensors.Tensor
	for from := 0; from < len(out); from += len(out) / n {
		each = append(each, out[from:from+len(out)/n])
		state = append(state, out[from:from+states])
	}
	for i, axis := range p.bankLanes() {
		measured = append(measured, p.merged(each, states+i, axis))
	}
	return state, measured
}

// nextChunk is how many steps take about chunkTime, given that n steps took that long.
func nextChunk(n int, took time.Duration) int {
	return max(1, min(maxChunk, int(float64(n)*float64(chunkTime)/float64(took+1))))
}

// most is how many steps the next call takes. n is the number that suits
// chunkTime. A call takes fewer if their rows do not fit the banks, and a multiple
// of the stride except at the end of the stage.
func (p *plan) most(step, n int) int {
	stride := p.stride()
	if stride > 1 {
		n = max(n, min(stride, p.last-step))
	}
	for _, g := range p.meter.Groups() {
		for n > 1 && dueIn(g, step, n) > p.rows(g) {
			n--
		}
	}
	if stride > 1 && step+n < p.last {
		n -= n % stride
	}
	return n
}

// dueIn is at how many of the n steps from step on a group is due.
func dueIn(g *meter.Group, step, n int) int {
	return (step+n+g.Every-1)/g.Every - (step+g.Every-1)/g.Every
}

// rows is the number of rows in a group's bank.
func (p *plan) rows(g *meter.Group) int {
	rows := (maxChunk + g.Every - 1) / g.Every
	held := max(p.counters(g), p.width()*g.Fetched())
	return max(1, min(rows, maxHeld/max(1, held)))
}

// loop builds the whole loop. Its parameters are the state, the rate, inputs
// [n, features], targets [n, …], indices [maxChunk, examples], the number of
// steps and the number of the first. It returns the next state and the bank of
// each group; see bank.
func (t *training) loop(g *Graph) ([]*Node, []*distributed.ShardingSpec) {
	if t.mesh != nil {
		if err := g.SetAutoSharding(t.mesh); err != nil {
			panic(err)
		}
	}
	initial := t.parameters(g)
	l := loopBody{plan: t.plan, state: len(initial)}
	inputs, targets := t.task.shapes(t.wholeSet)
	rate := shapes.Make(dtypes.Float32, t.perLane()...)
	for _, p := range []struct {
		name  string
		shape shapes.Shape
		lanes int // axis
	}{
		{"rate", rate, lanesOf(rate)},
		{"inputs", inputs, replicated},
		{"targets", targets, replicated},
		{"indices", shapes.Make(dtypes.Int32, maxChunk, t.examples()), replicated},
		{"steps", shapes.Make(dtypes.Int32), replicated},
		{"first", shapes.Make(dtypes.Int32), replicated},
	} {
		initial = append(initial, ShardedParameter(g, p.name, p.shape, t.sharded(p.shape, p.lanes)))
	}
	initial = append(initial, Const(g, int32(0)))
	for _, group := range t.meter.Groups() {
		initial = append(initial, t.emptyBank(g, group)...)
	}
	for _, x := range initial {
		l.shapes = append(l.shapes, x.Shape())
	}
	body := l.body
	if apart := l.apart(); apart >= 0 {
		body = l.alternating(apart)
	}
	all := While(NewClosure(g, l.condition), NewClosure(g, body), initial...)
	out := all[:l.state:l.state]
	for i := range t.variables {
		out[i] = t.oriented(i, out[i])
	}
	for _, bank := range l.name(all).banks {
		out = append(out, bank.tensors...)
	}
	if t.mesh == nil {
		return out, nil
	}
	var specs []*distributed.ShardingSpec
	axes := t.bankLanes()
	for i, x := range out {
		axis := lanesOf(x.Shape())
		if i >= l.state {
			axis = axes[i-l.state]
		}
		specs = append(specs, t.sharded(x.Shape(), axis))
	}
	return out, specs
}

// emptyBank is a group's bank before the first step: its tensors, and the number
// of rows that are filled.
func (p *plan) emptyBank(g *Graph, group *meter.Group) []*Node {
	var bank []*Node
	if group.Numbers() > 0 {
		bank = append(bank, zeros(g, dtypes.Float32, p.rows(group), group.Numbers(), p.width()))
	}
	if group.Histograms() > 0 {
		bank = append(bank, zeros(g, dtypes.Int32, p.rows(group)*p.counters(group)))
	}
	if group.Fetched() > 0 {
		bank = append(bank, zeros(g, dtypes.Float32, p.rows(group), p.width(), group.Fetched()))
	}
	return append(bank, Const(g, int32(0)))
}

// bankLanes lists the lane axis of each tensor of all banks.
func (p *plan) bankLanes() []int {
	var axes []int
	for _, g := range p.meter.Groups() {
		if g.Numbers() > 0 {
			axes = append(axes, 2)
		}
		if g.Histograms() > 0 {
			axes = append(axes, replicated)
		}
		if g.Fetched() > 0 {
			axes = append(axes, 1)
		}
	}
	return axes
}

// zeros is a tensor of zeros. Its constant belongs to the function that is being
// built; see probe.Count.
func zeros(g *Graph, dtype dtypes.DType, dims ...int) *Node {
	return BroadcastToDims(ConstAsDType(g, dtype, 0), dims...)
}
