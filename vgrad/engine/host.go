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
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/probe"
)

// host drives the step with one call a step. Steps that count histograms run
// a program of their own.
func (t *training) host() error {
	const withHistograms = "training step with histograms"
	step := func(g *Graph) ([]*Node, []*distributed.ShardingSpec) { return t.hostStep(g, false), nil }
	counted := func(g *Graph) ([]*Node, []*distributed.ShardingSpec) { return t.hostStep(g, true), nil }
	if len(t.histograms) > 0 {
		t.ahead(withHistograms, counted)
	}
	plain, err := t.program("training step", step)
	if err != nil {
		return err
	}
	counting := plain
	if len(t.histograms) > 0 {
		if counting, err = t.program(withHistograms, counted); err != nil {
			return err
		}
	}
	if err := t.Data.Wait(); err != nil {
		return err
	}
	state := t.initial()
	rate := t.rates()
	indices := make([]int32, t.examples())
	for step := range t.exp.Steps {
		if err := t.ctx.Err(); err != nil {
			return fmt.Errorf("engine: stopped at step %d of %d: %w", step, t.exp.Steps, err)
		}
		g := plain
		if t.counts(step) {
			g = counting
		}
		start := time.Now()
		t.draw(indices, 1)
		images, labels := gather(t.Data.Train, t.Data.Features, indices)
		out := g.RunOnDevice(t.on, append(t.donate(state, t.on), rate,
			tensors.FromFlatDataAndDimensions(images, t.batched(t.Data.Features)...),
			tensors.FromFlatDataAndDimensions(labels, t.batched()...))...)
		t.run += time.Since(start)
		state = out[:len(state)]
		if err := t.read(step, 1, out[len(state):]); err != nil {
			return err
		}
	}
	return t.keep(state)
}

// hostStep builds a single step: state, rate, images and labels to the next
// state, scalars and, if asked for, counts; see read.
func (t *training) hostStep(g *Graph, histograms bool) []*Node {
	state := t.parameters(g)
	rate := Parameter(g, "rate", shapes.Make(dtypes.Float32, t.perLane()...))
	images := Parameter(g, "images", shapes.Make(dtypes.Uint8, t.batched(t.Data.Features)...))
	labels := Parameter(g, "labels", shapes.Make(dtypes.Uint8, t.batched()...))
	next, m := t.step(state, rate, images, labels)
	out := append(next, InsertAxes(m.scalars, 0))
	if histograms {
		out = append(out, probe.Count(zeros(g, dtypes.Int32, t.counters()), Const(g, int32(0)), m.counted, t.lanes != nil))
	}
	return out
}

// parameters declares the state as the graph's first parameters, and returns it as a
// step takes it.
func (p *plan) parameters(g *Graph) []*Node {
	var state []*Node
	for i, v := range p.variables {
		v.WithShardingSpec(p.lying(v.Shape(), 0))
		state = append(state, p.facing(i, v.NodeValue(g)))
		v.WithShardingSpec(nil) // other programs have it whole
	}
	for i, x := range p.initial()[len(state):] {
		state = append(state, ShardedParameter(g, fmt.Sprintf("slot%d", i), x.Shape(), p.lying(x.Shape(), lanesOf(x.Shape()))))
	}
	return state
}

// donate gives the state's memory to the program that is about to replace it.
func (p *plan) donate(state []*tensors.Tensor, on compute.DeviceNum) []any {
	var args []any
	for _, x := range state {
		args = append(args, must(DonateTensorBuffer(x, p.target, on)))
	}
	return args
}

// read hands on the measurements of n steps: out holds scalars [≥ n, columns,
// lanes] and, where there is a second tensor, counts [lanes·sites·bins] of each
// step that counts, one after another. It frees both.
func (t *training) read(first, n int, out []*tensors.Tensor) error {
	scalars := must(tensors.CopyFlatData[float32](out[0]))
	var counts []int32
	if len(out) > 1 {
		counts = must(tensors.CopyFlatData[int32](out[1]))
	}
	for _, x := range out {
		if err := x.FinalizeAll(); err != nil {
			return fmt.Errorf("engine: free a measurement: %w", err)
		}
	}
	row := len(t.scalars) * t.width()
	size := len(t.histograms) * rawBins
	for i := range n {
		due := t.counts(first + i)
		for lane := range t.width() {
			var h []int32
			if due {
				h, counts = counts[:size], counts[size:]
			}
			if err := t.emit(first+i, lane, scalars[i*row:(i+1)*row], h); err != nil {
				return err
			}
		}
	}
	return nil
}

// gather copies the examples at indices: images [batch, features], labels [batch].
func gather(s data.Split, features int, indices []int32) (images, labels []uint8) {
	images, labels = make([]uint8, 0, len(indices)*features), make([]uint8, 0, len(indices))
	for _, i := range indices {
		images = append(images, s.Images[int(i)*features:(int(i)+1)*features]...)
		labels = append(labels, s.Labels[i])
	}
	return images, labels
}
