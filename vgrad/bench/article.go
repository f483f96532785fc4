package main

import (
	"context"
	"strconv"

	"github.com/vgrad/lab/vgrad"
)

// sharedMeasure is what vgrad measures in comparisons: the same as the rivals.
const sharedMeasure = string(vgrad.MeanAbsGrad)

// article is part (b): the three scenarios, from the start of a process to its end.
func (b *bench) article(ctx context.Context) (table, error) {
	cs := []contestant{
		b.walkthrough("vgrad, XLA", false, "-backend", "xla", "-measure", sharedMeasure),
		b.walkthrough("vgrad, Go backend", false, "-backend", "go", "-measure", sharedMeasure),
		b.walkthrough("vgrad, XLA, all quantities", false, "-backend", "xla"),
		b.walkthrough("vgrad, XLA, all quantities, and the page", true, "-backend", "xla"),
	}
	for r, w := range b.each("b") {
		cs = append(cs, contestant{name: r.label(w), once: func(ctx context.Context) (float64, []outcome, error) {
			return process(b.command(ctx, r, w, "article"))
		}})
	}
	results, err := b.rounds(ctx, 1, b.n, cs)
	if err != nil {
		return table{}, err
	}
	t := versus("seconds", 1, []side{
		{results[0], b.targets(map[string]target{"torch": 0.35, "tensorflow": 0.35, "jax": 1})},
		{results[1], b.targets(map[string]target{"torch": 1, "tensorflow": 1})},
	}, results)
	t.note("From the start of the process to its end. vgrad was built before, and the rivals' packages were compiled to bytecode before. vgrad starts with an empty store, unpacks MNIST and checks it; " +
		"the rivals read MNIST unpacked. All keep mean |∂L/∂W| of every layer at every step. “All quantities” are ten scalars at every step and histograms at every 200th.")
	return t, nil
}

// seeds is part (d): the three scenarios, each with many seeds.
func (b *bench) seeds(ctx context.Context) (table, error) {
	n := strconv.Itoa(b.options.seeds)
	cs := []contestant{b.walkthrough("vgrad, XLA", false, "-backend", "xla", "-measure", sharedMeasure, "-seeds", n)}
	for r, w := range b.each("d") {
		cs = append(cs, b.scaled(r, w))
	}
	for r, w := range b.each("D") {
		cs = append(cs, contestant{name: r.label(w), once: func(ctx context.Context) (float64, []outcome, error) {
			return process(b.command(ctx, r, w, "article", "-seeds", n))
		}})
	}
	results, err := b.rounds(ctx, 0, b.n, cs)
	if err != nil {
		return table{}, err
	}
	t := versus("seconds", 1, []side{{results[0], b.targets(map[string]target{"torch": 0.10})}}, results)
	t.note("%s seeds of three scenarios; validation accuracy and factor are medians. Rivals that train one seed after the other trained %d, and their time for %[1]s is extrapolated from the time of each further seed.", n, b.rivalSeeds)
	return t, nil
}

// scaled is a contestant that trains rivalSeeds seeds and extrapolates its time to all.
func (b *bench) scaled(r rival, w way) contestant {
	return contestant{name: r.label(w), once: func(ctx context.Context) (float64, []outcome, error) {
		seconds, got, err := process(b.command(ctx, r, w, "article", "-seeds", strconv.Itoa(b.rivalSeeds)))
		return scale(seconds, got, b.options.seeds), got, err
	}}
}

// scale extrapolates the seconds of a process to a number of seeds. Each further run
// counts as the mean of the runs after the first of their scenario. The first is left
// out, because it may include compiling. If there is no other, scale returns seconds.
func scale(seconds float64, got []outcome, seeds int) float64 {
	further, count, scenarios := 0.0, 0, map[string]bool{}
	for _, o := range got {
		if scenarios[o.Activation] {
			further += o.Seconds
			count++
		}
		scenarios[o.Activation] = true
	}
	if count == 0 {
		return seconds
	}
	return seconds + further/float64(count)*float64(seeds*len(scenarios)-len(got))
}
