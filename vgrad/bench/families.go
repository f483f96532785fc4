package main

import (
	"context"
	"fmt"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/engine"
)

// family is a network of part (h).
type family struct {
	name, data   string
	network      vgrad.Network
	ask          request
	batch, steps int
	torch, jax   target
}

// familiesMeasured lists the networks of part (h). Recurrent ones read 784 pixels, one at
// a time; ResNets have images of 28×28.
func familiesMeasured() []family {
	var all []family
	for _, size := range []struct{ width, batch int }{{32, 16}, {100, 32}} {
		w := size.width
		for _, f := range []struct {
			name       string
			network    vgrad.Network
			torch, jax target
		}{{"rnn", vgrad.RNN{Width: w}, 0.35, 1.05}, {"gru", vgrad.GRU{Width: w}, 0.35, 1.05}, {"lstm", vgrad.LSTM{Width: w}, 1.20, 1.05}} {
			all = append(all, family{name: fmt.Sprintf("%s of %d units, batch %d", f.name, w, size.batch), data: "mnist_pixels", network: f.network,
				ask: request{Network: f.name, Width: w}, batch: size.batch, steps: 20, torch: f.torch, jax: f.jax})
		}
	}
	for _, depth := range []int{50, 101, 152} {
		all = append(all, family{name: fmt.Sprintf("resnet-%d, batch 8", depth), data: "mnist", network: vgrad.ResNet{Depth: depth},
			ask: request{Network: "resnet", Depth: depth}, batch: 8, steps: 4, torch: 1, jax: 1.05})
	}
	return all
}

// families is part (h): the time of a step of recurrent and of residual networks.
func (b *bench) families(ctx context.Context) (table, error) {
	t := table{head: []string{"network", "library", "ms a step, median (min–max)", "vgrad ÷ this row", "target"}}
	for _, f := range familiesMeasured() {
		set, err := data.Load(ctx, f.data)
		if err != nil {
			return t, err
		}
		few := *set // one batch, because validation is part of both trainings whose difference is taken
		few.Validation = set.Validation.Slice(0, f.batch)
		e := vgrad.Experiment{Network: f.network, Data: f.data, Batch: f.batch, Steps: f.steps, Measure: vgrad.Measure{Quantities: []vgrad.Quantity{}, HistogramEvery: -1}}
		cs := []contestant{b.oursOn(&few, "vgrad, XLA", "xla", engine.Auto, e, 1)}
		ask := f.ask
		ask.Batch, ask.Steps = f.batch, f.steps
		targets := map[string]target{}
		for r, w := range b.each("h") {
			targets[r.label(w)] = map[string]target{"torch": f.torch, "jax": f.jax}[r.name]
			cs = append(cs, b.serve(ctx, r, w, ask))
		}
		b.say("%s", f.name)
		results, err := b.rounds(ctx, 1, b.n, cs)
		if err != nil {
			return t, fmt.Errorf("%s: %w", f.name, err)
		}
		for _, r := range results {
			if r.out != "" {
				t.note("Left out: %s, %s: %s", f.name, r.name, r.out)
				continue
			}
			row := []string{f.name, r.name, spreadOf(r.times).times(milli / float64(f.steps)).String()}
			if r.name != results[0].name {
				row = append(row, targets[r.name].cells(ratio(results[0], r))...)
			}
			t.row(row...)
		}
	}
	t.note("Loss and accuracy at every step, no probes; after compiling. Recurrent networks read MNIST pixel by pixel, 784 time steps. JAX runs all steps in one jitted lax.scan, and time in another.")
	return t, nil
}
