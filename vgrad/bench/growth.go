package main

import (
	"context"
	"fmt"
	"math"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/engine"
)

// growthSteps returns the number of steps from which the time of one step is measured.
// work is the number of multiplications in a step. The steps of a small network take at
// least a tenth of a second, and those of a large network do not take minutes.
func growthSteps(work int) int { return max(200, min(2500, int(2e10)/work)) }

// growth is part (e): the time of a step by depth, by width and by number of lanes.
func (b *bench) growth(ctx context.Context) (table, error) {
	t := table{head: []string{"network", "vgrad, XLA"}}
	for r, w := range b.each("e") {
		t.head = append(t.head, r.label(w))
	}
	for _, depth := range []int{6, 12, 25, 50, 100} {
		if err := b.growthRow(ctx, &t, fmt.Sprintf("depth %d", depth), vgrad.Experiment{Depth: depth}, 1); err != nil {
			return t, err
		}
	}
	for _, width := range []int{10, 32, 100, 256, 1024} {
		if err := b.growthRow(ctx, &t, fmt.Sprintf("width %d", width), vgrad.Experiment{Width: width}, 1); err != nil {
			return t, err
		}
	}
	for _, lanes := range []int{1, 4, 16, 64, 256} {
		if err := b.growthRow(ctx, &t, fmt.Sprintf("%d lanes, a seed each", lanes), vgrad.Experiment{}, lanes); err != nil {
			return t, err
		}
	}
	t.note("ms a step, median (min–max), of %d to %d steps with ReLU and mean |∂L/∂W| at every step. Of several lanes: the time of one step of all lanes.", growthSteps(math.MaxInt), growthSteps(1))
	return t, nil
}

// growthRow adds the row of a network. Several lanes are measured of vgrad alone.
func (b *bench) growthRow(ctx context.Context, t *table, name string, e vgrad.Experiment, lanes int) error {
	e = e.WithDefaults()
	work := e.Batch * lanes * (b.set.Features*e.Width + (e.Depth-2)*e.Width*e.Width)
	e.Activation, e.Steps, e.Measure = "relu", growthSteps(work), meanGradient
	cs := []contestant{b.ours(name+", vgrad", "xla", engine.Auto, e, lanes)}
	if lanes == 1 {
		ask := request{Depth: e.Depth, Width: e.Width, Activation: e.Activation, Steps: e.Steps}
		for r, w := range b.each("e") {
			cs = append(cs, b.serve(ctx, r, w, ask))
		}
	}
	results, err := b.rounds(ctx, 1, b.n, cs)
	if err != nil {
		return err
	}
	row := []string{name}
	for _, r := range results {
		row = append(row, spreadOf(r.times).times(milli/float64(e.Steps)).String())
		if r.out != "" {
			t.note("Left out: %s, %s: %s", name, r.name, r.out)
		}
	}
	for len(row) < len(t.head) {
		row = append(row, "")
	}
	t.row(row...)
	return nil
}
