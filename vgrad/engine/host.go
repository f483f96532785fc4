package engine

import (
	"fmt"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad/meter"
	"github.com/vgrad/lab/vgrad/probe"
)

// host runs the stage with one call a step. There is a program for each set of
// groups that are due at the same step, so that a step computes only these.
func (t *training) host() error {
	programs, err := t.hostPrograms()
	if err != nil {
		return err
	}
	if err := t.Data.Wait(); err != nil {
		return err
	}
	state := t.start()
	rate := t.rates()
	indices := make([]int32, t.examples())
	for step := t.next; step < t.last; step++ {
		if err := t.ctx.Err(); err != nil {
			return t.stopped(step, [][]*tensors.Tensor{state}, err)
		}
		start := time.Now()
		t.draw(indices, 1)
		inputs, targets := t.task.tensors(t.gather(indices), t.batched)
		out := programs[t.dueSet(step)].RunOnDevice(t.on, append(t.donate(state, t.on), rate, inputs, targets)...)
		t.run += time.Since(start)
		state = out[:len(state)]
		if err := t.read(step, 1, out[len(state):]); err != nil {
			return err
		}
		s, err := t.takeIfDue(step+1, [][]*tensors.Tensor{state})
		if err != nil {
			return err
		}
		t.store(s)
	}
	return t.keep(state)
}

// hostPrograms compiles, concurrently, a program for each set of groups that are
// due at the same step of the stage.
func (t *training) hostPrograms() (map[int]*Graph, error) {
	period := 1 // number of steps after which the sets repeat
	for _, g := range t.meter.Groups() {
		period = min(t.last-t.first, period*g.Every)
	}
	sets := map[int][]*meter.Group{}
	for step := t.first; step < t.first+period; step++ {
		if set := t.dueSet(step); sets[set] == nil {
			sets[set] = append([]*meter.Group{}, t.due(step)...)
			t.ahead(hostName(set), t.hostStep(sets[set]))
		}
	}
	programs := map[int]*Graph{}
	for set, due := range sets {
		var err error
		if programs[set], err = t.program(hostName(set), t.hostStep(due)); err != nil {
			return nil, err
		}
	}
	return programs, nil
}

func hostName(set int) string { return fmt.Sprintf("training step, due %b", set) }

// due lists the groups that are measured at a step.
func (p *plan) due(step int) []*meter.Group {
	var due []*meter.Group
	for _, g := range p.meter.Groups() {
		if g.Due(step) {
			due = append(due, g)
		}
	}
	return due
}

// dueSet has a bit for each group that is measured at a step.
func (p *plan) dueSet(step int) int {
	set := 0
	for i, g := range p.meter.Groups() {
		if g.Due(step) {
			set |= 1 << i
		}
	}
	return set
}

// hostStep builds a single step. It takes state, rate, inputs and targets, and
// returns the next state and the bank of each group that is due; see read.
func (t *training) hostStep(due []*meter.Group) builder {
	return func(g *Graph) ([]*Node, []*distributed.ShardingSpec) {
		state := t.parameters(g)
		rate := Parameter(g, "rate", shapes.Make(dtypes.Float32, t.perLane()...))
		s := t.step(state, rate, t.scratchBatch(g))
		var banks, readers []*Node
		for _, group := range due {
			m := group.Measure(s.network, s.views)
			readers = append(readers, m.OfWeights...)
			banks = append(banks, t.single(g, group, m)...)
		}
		s.update(readers)
		return append(s.next, banks...), nil
	}
}

// single is a group's bank with one row.
func (p *plan) single(g *Graph, group *meter.Group, m meter.Measured) []*Node {
	var bank []*Node
	if m.Numbers != nil {
		bank = append(bank, InsertAxes(m.Numbers, 0))
	}
	if m.Counted != nil {
		bank = append(bank, probe.Count(zeros(g, dtypes.Int32, p.counters(group)), Const(g, int32(0)), m.Counted, p.lanes != nil))
	}
	if m.Fetched != nil {
		bank = append(bank, InsertAxes(m.Fetched, 0))
	}
	return bank
}

// counters is the number of counters that the histograms of a group have at a
// step, summed over the lanes.
func (p *plan) counters(g *meter.Group) int { return p.width() * g.Histograms() * rawBins }

// parameters declares the state as the graph's first parameters, and returns it in
// the layout of a step.
func (p *plan) parameters(g *Graph) []*Node {
	var state []*Node
	for i, v := range p.variables {
		v.WithShardingSpec(p.sharded(v.Shape(), lanesOf(v.Shape())))
		state = append(state, p.oriented(i, v.NodeValue(g)))
		v.WithShardingSpec(nil) // other programs do not shard it
	}
	for i, shape := range append(p.slotShapes(), shapes.Make(dtypes.Float32)) {
		state = append(state, ShardedParameter(g, fmt.Sprintf("slot%d", i), shape, p.sharded(shape, lanesOf(shape))))
	}
	return state
}

// donate lets the program reuse the state's memory for the next state. Without it
// the device would hold two states.
func (p *plan) donate(state []*tensors.Tensor, on compute.DeviceNum) []any {
	var args []any
	for _, x := range state {
		args = append(args, must(DonateTensorBuffer(x, p.target, on)))
	}
	return args
}
