package main

import (
	"context"
	"strconv"

	"github.com/vgrad/lab/vgrad"
)

// asTheirs is what ours measures where it is compared: what the others do.
const asTheirs = string(vgrad.MeanAbsGrad)

// article is part (b): whole processes, three scenarios, from start to exit.
func (b *bench) article(ctx context.Context) (table, error) {
	cs := []contestant{
		b.walkthrough("vgrad, XLA", false, "-backend", "xla", "-measure", asTheirs),
		b.walkthrough("vgrad, Go backend", false, "-backend", "go", "-measure", asTheirs),
		b.walkthrough("vgrad, XLA, all quantities", false, "-backend", "xla"),
		b.walkthrough("vgrad, XLA, all quantities, and the page", true, "-backend", "xla"),
	}
	for r, w := range b.each("b") {
		cs = append(cs, contestant{name: r.called(w), once: func(ctx context.Context) (float64, []outcome, error) {
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
	t.note("From the start of the process to its end; our program was built and their packages compiled to bytecode before. Ours has an empty store, unpacks and " +
		"checks MNIST; theirs find MNIST unpacked. All keep mean |∂L/∂W| of every layer at every step; all quantities are ten scalars at every step and histograms at every 200th.")
	return t, nil
}

// seeds is part (d): the three scenarios with many seeds.
func (b *bench) seeds(ctx context.Context) (table, error) {
	n := strconv.Itoa(b.options.seeds)
	cs := []contestant{b.walkthrough("vgrad, XLA", false, "-backend", "xla", "-measure", asTheirs, "-seeds", n)}
	for r, w := range b.each("d") {
		cs = append(cs, b.scaled(r, w))
	}
	for r, w := range b.each("D") {
		cs = append(cs, contestant{name: r.called(w), once: func(ctx context.Context) (float64, []outcome, error) {
			return process(b.command(ctx, r, w, "article", "-seeds", n))
		}})
	}
	results, err := b.rounds(ctx, 0, b.n, cs)
	if err != nil {
		return table{}, err
	}
	t := versus("seconds", 1, []side{{results[0], b.targets(map[string]target{"torch": 0.10})}}, results)
	t.note("%s seeds of three scenarios; validation accuracy and factor are medians. Where others train a seed after the other they trained %d, and the time that a further one takes was scaled to %[1]s.", n, b.rivalSeeds)
	return t, nil
}

// scaled is a contestant that trains few seeds and says how long all would take.
func (b *bench) scaled(r rival, w way) contestant {
	return contestant{name: r.called(w), once: func(ctx context.Context) (float64, []outcome, error) {
		seconds, got, err := process(b.command(ctx, r, w, "article", "-seeds", strconv.Itoa(b.rivalSeeds)))
		return scale(seconds, got, b.options.seeds), got, err
	}}
}

// scale says how long a process would have taken with so many seeds: each further one as
// long as those after its scenario's first, which may have compiled, took on average.
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
