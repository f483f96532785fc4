package main

import (
	"context"
	"fmt"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/engine"
)

// probes lists what vgrad measures in part (c), in addition to loss and accuracy.
var probes = []struct {
	name          string
	measure       vgrad.Measure
	article, wide target // ratio to the step without probes, for the article's network and for width 256
}{
	{"nothing", vgrad.Measure{Quantities: []vgrad.Quantity{}, HistogramEvery: -1}, 0, 0},
	{"mean |∂L/∂W| at every step", meanGradient, 1.10, 1.05},
	{"all scalar quantities at every step", vgrad.Measure{HistogramEvery: -1}, 1.35, 1.05},
	{"all scalar quantities at every 10th", vgrad.Measure{Every: 10, HistogramEvery: -1}, 1.10, 1.10},
	{"histograms of W and ∂L/∂W at every 10th", vgrad.Measure{Quantities: []vgrad.Quantity{vgrad.Weights, vgrad.Gradients}, HistogramEvery: 10}, 1.3, 0},
}

// probed lists the networks that are measured with each of the probes.
var probed = []struct {
	name         string
	width, steps int
}{{"the article's", 10, 2500}, {"width 256", 256, 500}}

// probing is part (c): the time of a step with probes, divided by that without probes.
func (b *bench) probing(ctx context.Context) (table, error) {
	t := table{head: []string{"network", "measured", "ms a step, median (min–max)", "÷ without probes", "target"}}
	for _, net := range probed {
		var cs []contestant
		for _, p := range probes {
			e := vgrad.Experiment{Width: net.width, Steps: net.steps, Activation: "relu", Measure: p.measure}
			cs = append(cs, b.ours(fmt.Sprintf("%s, %s", net.name, p.name), "xla", engine.Auto, e, 1))
		}
		results, err := b.rounds(ctx, 1, b.n, cs)
		if err != nil {
			return t, err
		}
		for i, r := range results {
			goal := probes[i].article
			if net.width != 10 {
				goal = probes[i].wide
			}
			row := []string{net.name, probes[i].name, spreadOf(r.times).times(milli / float64(net.steps)).String()}
			t.row(append(row, goal.cells(ratio(r, results[0]))...)...)
		}
	}
	t.note("ReLU on XLA; loss and accuracy are always measured.")
	return t, nil
}
