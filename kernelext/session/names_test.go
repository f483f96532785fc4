package session

import (
	"errors"
	"slices"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/engine"
	"github.com/vgrad/lab/vgrad/nets"
)

// The kernel's lists are those of the packages that it does not link.
func TestNames(t *testing.T) {
	for _, c := range []struct{ ours, theirs []string }{
		{activations, nets.Activations()},
		{initializers, nets.Initializers()},
		{optimizers, engine.Optimizers()},
		{datasets, data.Names()},
		{losses, []string{data.CrossEntropy, data.MeanSquaredError}},
	} {
		if !slices.Equal(c.ours, c.theirs) {
			t.Errorf("%v; the laboratory has %v", c.ours, c.theirs)
		}
	}
}

// What the kernel says of an experiment is what a run says.
func TestCheckExperiment(t *testing.T) {
	for _, e := range []vgrad.Experiment{
		{}, {Activation: "rleu"}, {Initializer: "he"}, {Optimizer: "adan"}, {Data: "minst"}, {Loss: "mse"},
		{Depth: -1, Activation: "rleu"}, {Network: vgrad.Highway{Activation: "than"}}, {Network: vgrad.Model("mine")},
		{Network: vgrad.RNN{Activation: "than"}}, {Network: vgrad.LSTM{Recurrent: "identity"}}, {Network: vgrad.GRU{Recurrent: "identiy"}},
		{Network: vgrad.Highway{}, Depth: 3}, {Steps: -1, LearningRate: -1}, {Measure: vgrad.Measure{Quantities: []vgrad.Quantity{"grad"}}},
		{Stages: []vgrad.Stage{{Steps: 3, Optimizer: "sdg"}}},
	} {
		got, want := checkExperiment(e), engine.Check(e, false)
		if want == nil && got == nil {
			continue
		}
		if want == nil || errors.Unwrap(got) == nil || errors.Unwrap(got).Error() != want.Error() {
			t.Errorf("%s:\n%v\nwant\n%v", e.Name(), got, want)
		}
	}
}
