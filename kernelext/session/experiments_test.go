package session

import (
	"errors"
	"slices"
	"testing"
	"time"

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

func TestExperimentsInCells(t *testing.T) {
	newSession(t) // warm, so that the times below are a cell's
	begun := time.Now()
	for _, c := range []cells{
		{name: "good", cells: []string{`cell.Compare(vgrad.Experiment{Depth: 3}, "sigmoid", "relu depth=5")`}},
		{name: "activation", cells: []string{"cell.Compare(vgrad.Experiment{},\n\t\"sigmoid\",\n\t\"depth=3 rleu\")"}, wrong: "did you mean relu?",
			trace: []string{"line 3", "        \"depth=3 rleu\")\n                 ^"}},
		{name: "field", cells: []string{`cell.Compare(vgrad.Experiment{}, "dept=3")`}, wrong: "did you mean depth?"},
		{name: "value", cells: []string{`cell.Compare(vgrad.Experiment{}, "depth=three")`}, wrong: `variant "depth=three": depth is "three"; it must be a whole number`},
		{name: "literal", cells: []string{`cell.Train(vgrad.Experiment{Activation: "than", Depth: 3})`}, wrong: `did you mean tanh?`, trace: []string{"Cell [1], line 1"}},
		{name: "number", cells: []string{`cell.Run(vgrad.Experiment{Depth: -3})`}, wrong: "depth is -3; it must be at least 1"},
		{name: "network", cells: []string{`cell.Train(vgrad.Experiment{Network: vgrad.Highway{Activation: "rleu"}})`}, wrong: "did you mean relu?"},
		{name: "zero", cells: []string{`cell.Train(vgrad.Experiment{Gain: vgrad.Zero, Activation: "rleu"})`}, wrong: "gain=0"},
		{name: "variable", cells: []string{"base := vgrad.Experiment{Network: vgrad.Highway{}}\ncell.Compare(base, \"slop=3\")"}, wrong: "did you mean slope?"},
		{name: "variable that changes", cells: []string{"base := vgrad.Experiment{Depth: -1}\nbase.Depth = 3\ncell.Train(base)"}},
		{name: "unknown base", cells: []string{"base := vgrad.Experiment{}", `cell.Compare(base, "gate_bias=-1", "rleu")`}, wrong: "did you mean relu?"},
		{name: "unknown base, good", cells: []string{"base := vgrad.Experiment{Network: vgrad.Highway{}}", `cell.Compare(base, "gate_bias=-1")`}},
		{name: "sweep", cells: []string{`cell.Sweep(vgrad.Experiment{}, "depth=2..12", "sigmoid,rleu", "seed=0..9")`}, wrong: "did you mean relu?"},
		{name: "sweep's field", cells: []string{`cell.Sweep(vgrad.Experiment{}, "dpth=2..12")`}, wrong: "did you mean depth?"},
		{name: "inside a function", cells: []string{"func f() cell.Comparison {\n\treturn cell.Compare(vgrad.Experiment{}, \"rleu\")\n}"}, wrong: "did you mean relu?"},
		{name: "of another package", cells: []string{"type T struct{}\nfunc (T) Compare(e vgrad.Experiment, v ...string) {}\nT{}.Compare(vgrad.Experiment{}, \"rleu\")"}},
	} {
		t.Run(c.name, c.run)
	}
	t.Logf("%v for all", time.Since(begun))
}
