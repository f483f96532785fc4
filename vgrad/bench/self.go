package main

import (
	"context"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/engine"
)

// itself is the part of -self: it compares steps of vgrad with different measurements and
// drivers, in less than a minute. It uses XLA, or the Go backend if XLA is not available.
func (b *bench) itself(ctx context.Context) (table, error) {
	name, steps := "xla", 1000
	if _, err := b.engine(ctx, name, engine.Auto); err != nil {
		b.say("XLA is not available, so this is the Go backend: %v", err)
		name, steps = backend.Go, 100
	}
	const lanes = 16
	plain := vgrad.Experiment{Activation: "relu", Steps: steps, Measure: probes[0].measure}
	mean, all := plain, plain
	mean.Measure, all.Measure = meanGradient, vgrad.Measure{}
	cs := []contestant{
		b.ours("nothing measured", name, engine.Auto, plain, 1),
		b.ours("mean |∂L/∂W| at every step", name, engine.Auto, mean, 1),
		b.ours("everything, as by default", name, engine.Auto, all, 1),
		b.ours("nothing, driven from the host", name, engine.Host, plain, 1),
		b.ours("nothing, 16 seeds as lanes", name, engine.Auto, plain, lanes),
	}
	results, err := b.rounds(ctx, 1, min(b.n, 3), cs)
	if err != nil {
		return table{}, err
	}
	t := table{head: []string{"measured", "ms a step, median (min–max)", "÷ the first"}}
	for _, r := range results {
		t.row(r.name, spreadOf(r.times).times(milli/float64(steps)).String(), digits(ratio(r, results[0])))
	}
	t.note("On the %s backend, %d steps of the article's network with ReLU.", name, steps)
	return t, nil
}
