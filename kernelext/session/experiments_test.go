package session

import (
	"testing"
	"time"
)

func TestExperimentsInCells(t *testing.T) {
	newSession(t) // warm, so that the times below are a cell's
	begun := time.Now()
	for _, c := range []cells{
		{name: "good", cells: []string{`cell.Compare(vgrad.Experiment{Depth: 3}, "sigmoid", "relu depth=5")`}},
		{name: "activation", cells: []string{"cell.Compare(vgrad.Experiment{},\n\t\"sigmoid\",\n\t\"depth=3 rleu\")"}, wrong: "did you mean relu?",
			trace: []string{"line 3", "    \"depth=3 rleu\")\n             ^"}},
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
