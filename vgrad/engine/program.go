package engine

import (
	"fmt"
	"time"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/data"
)

// program returns the compiled graph of that name for this run: one kept from
// an earlier run, or what build makes, kept for the next. Done has to be
// called when the run needs it no more.
func (t *training) program(name string, build func(g *Graph) ([]*Node, error)) (g *Graph, done func(), err error) {
	key := t.key(name)
	if g := t.engine.programs[key]; g != nil {
		return g, func() {}, nil
	}
	start := time.Now()
	defer func() { t.compile += time.Since(start) }()
	g = NewGraph(t.target, name)
	out, err := build(g)
	if err == nil {
		err = g.Compile(out...)
	}
	if err != nil {
		g.Finalize()
		return nil, nil, fmt.Errorf("engine: compile the %s: %w", name, err)
	}
	if t.Model != nil {
		return g, g.Finalize, nil // functions cannot be told apart
	}
	if t.engine.programs == nil {
		t.engine.programs = map[string]*Graph{}
	}
	t.engine.programs[key] = g
	return g, func() {}, nil
}

// key names what a program depends on: the experiment without what is fed to
// it at run time.
func (t *training) key(name string) string {
	e := t.exp
	e.Seed, e.LearningRate, e.Steps, e.Initializer, e.Gain = 0, 0, 0, "", 0
	return fmt.Sprint(name, e.Hash(), t.Data.Sum, len(t.lanes), t.shared)
}

// resident is a data set's training part as tensors, which stay on the device
// once they are there.
type resident struct{ images, labels *tensors.Tensor }

func (t *training) resident() *resident {
	if r := t.engine.resident[t.Data]; r != nil {
		return r
	}
	set := t.Data.Train
	r := &resident{
		tensors.FromFlatDataAndDimensions(set.Images, set.Len(), t.Data.Features),
		tensors.FromFlatDataAndDimensions(set.Labels, set.Len()),
	}
	if t.engine.resident == nil {
		t.engine.resident = map[*data.Set]*resident{}
	}
	t.engine.resident[t.Data] = r
	return r
}

func (r *resident) free() {
	_ = r.images.FinalizeAll() // what is left goes with the process
	_ = r.labels.FinalizeAll()
}

// rawBins is how many bins a histogram's raw counts have.
const rawBins = vgrad.RawBins
