package main

import (
	"context"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/engine"
)

// meanGradient measures mean |∂L/∂W| of every layer at every step, and nothing else.
var meanGradient = vgrad.Measure{Quantities: []vgrad.Quantity{vgrad.MeanAbsGrad}, HistogramEvery: -1}

const milli = 1000 // milliseconds in a second

// step is part (a): the article's 2,500 steps with sigmoid, compiled and warm.
func (b *bench) step(ctx context.Context) (table, error) {
	e := vgrad.Experiment{Measure: meanGradient}
	cs := []contestant{
		b.ours("vgrad, XLA", "xla", engine.Auto, e, 1),
		b.ours("vgrad, Go backend", "go", engine.Auto, e, 1),
	}
	for r, w := range b.each("a") {
		cs = append(cs, b.serve(ctx, r, w, request{}))
	}
	results, err := b.rounds(ctx, 1, b.n, cs)
	if err != nil {
		return table{}, err
	}
	targets := b.targets(map[string]target{"torch": 0.20, "tensorflow": 0.20, "jax": 1})
	t := versus("ms a step", milli/float64(e.WithDefaults().Steps), []side{{results[0], targets}}, results)
	t.note("2,500 steps with sigmoid, after compiling, with the data in memory.")
	return t, nil
}

// targets assigns a rival's target to all its ways. The keys of byRival are names of
// rivals, and those of the result are labels.
func (b *bench) targets(byRival map[string]target) map[string]target {
	named := map[string]target{}
	for _, r := range b.rivals {
		for _, w := range r.ways {
			named[r.label(w)] = byRival[r.name]
		}
	}
	return named
}
