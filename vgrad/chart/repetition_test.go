package chart

import (
	"fmt"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// unrecorded is a source that does not say of which experiment it is.
type unrecorded struct{ vgrad.Source }

// What has one label is drawn as one line only where it is one experiment.
func TestOneLabel(t *testing.T) {
	of := func(label string, e vgrad.Experiment) vgrad.Source {
		f := values(label, vgrad.Loss, 0, 3, 2, 1)
		f.of = e
		return f
	}
	shallow, deep := unrecorded{values("x", vgrad.Loss, 1, 1)}, unrecorded{values("x", vgrad.Loss, 2, 1)}
	for _, c := range []struct {
		name    string
		sources []vgrad.Source
		want    string
	}{
		{"two experiments", []vgrad.Source{of("first try", vgrad.Experiment{Activation: "sigmoid"}), of("first try", vgrad.Experiment{Activation: "relu"})},
			"[first try: sigmoid first try: relu]"},
		{"two fields", []vgrad.Source{of("x", vgrad.Experiment{Depth: 3, Gain: 2}), of("x", vgrad.Experiment{Depth: 4})}, "[x: depth=3 gain=2 x: depth=4 gain=1]"},
		{"seeds", []vgrad.Source{of("x", vgrad.Experiment{Seed: 1}), of("x", vgrad.Experiment{Seed: 2})}, "[x (2 runs)]"},
		{"a default written out", []vgrad.Source{of("x", vgrad.Experiment{Depth: 6}), of("x", vgrad.Experiment{Seed: 1})}, "[x (2 runs)]"},
		{"measured otherwise", []vgrad.Source{of("x", vgrad.Experiment{Measure: vgrad.Measure{Every: 7}}), of("x", vgrad.Experiment{})}, "[x (2 runs)]"},
		{"another family", []vgrad.Source{of("x", vgrad.Experiment{Network: vgrad.Highway{}}), of("x", vgrad.Experiment{Network: vgrad.Highway{GateBias: -1}})},
			"[x: gate_bias=-2 x: gate_bias=-1]"},
		{"stages", []vgrad.Source{of("x", vgrad.Experiment{Stages: []vgrad.Stage{{Steps: 2500}}}), of("x", vgrad.Experiment{Stages: []vgrad.Stage{{Steps: 2500, Train: "/layer1/*"}}})}, "[x x (2)]"},
		{"unrecorded, other sites", []vgrad.Source{shallow, deep, shallow}, "[x (2 runs) x (2)]"},
		{"recorded and not", []vgrad.Source{shallow, of("x", vgrad.Experiment{})}, "[x x (2)]"},
		{"labels", []vgrad.Source{of("a", vgrad.Experiment{}), of("b", vgrad.Experiment{})}, "[a b]"},
	} {
		var got []string
		for _, g := range groups(c.sources) {
			name := g.label
			if n := len(g.sources); n > 1 {
				name += fmt.Sprintf(" (%s)", plural(n, "run"))
			}
			got = append(got, name)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
	f := must(t)(Loss([]vgrad.Source{of("first try", vgrad.Experiment{Activation: "sigmoid"}), of("first try", vgrad.Experiment{Activation: "relu"})}))
	if got := fmt.Sprintf("%q", f.Labels()); got != `["first try: sigmoid" "first try: relu"]` {
		t.Errorf("the figure has %s", got)
	}
}
