package main

import (
	"context"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/engine"
)

// alone is part (g): the cost of each quantity when it is the only one measured.
func (b *bench) alone(ctx context.Context) (table, error) {
	measures := []vgrad.Measure{probes[0].measure}
	names := []string{probes[0].name}
	for _, q := range vgrad.Quantities() {
		if info, _ := q.Info(); !info.Histogram && info.Subject != vgrad.WholeNetwork {
			measures, names = append(measures, vgrad.Measure{Quantities: []vgrad.Quantity{q}, HistogramEvery: -1}), append(names, info.Title)
		}
	}
	t := table{head: []string{"measured at every step"}}
	for _, name := range names {
		t.row(name)
	}
	for _, net := range probed {
		var cs []contestant
		for i, m := range measures {
			e := vgrad.Experiment{Width: net.width, Steps: net.steps, Activation: "relu", Measure: m}
			cs = append(cs, b.ours(net.name+", "+names[i], "xla", engine.Auto, e, 1))
		}
		results, err := b.rounds(ctx, 1, b.n, cs)
		if err != nil {
			return t, err
		}
		t.head = append(t.head, net.name+", ms a step", "÷ the first")
		for i, r := range results {
			t.rows[i] = append(t.rows[i], spreadOf(r.times).times(milli/float64(net.steps)).String(), digits(ratio(r, results[0])))
		}
	}
	t.note("Each quantity by itself, of every layer, on XLA with ReLU; loss and accuracy are always measured. Some quantities share work, so all of them cost less than the sum.")
	return t, nil
}
