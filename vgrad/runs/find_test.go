package runs_test

import (
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
)

// A label that several runs begin with is not called missing.
func TestFind(t *testing.T) {
	store, remove := tempStore()
	defer remove()
	var c runs.Comparison
	for _, e := range []vgrad.Experiment{{Activation: "relu", Depth: 4}, {Activation: "relu", Depth: 8}, {Activation: "tanh", Depth: 4}} {
		record(store, e)
		r, err := store.Load(e)
		if err != nil {
			t.Fatal(err)
		}
		c = append(c, r)
	}
	if r, err := c.Find("tanh"); err != nil || r.Experiment.Activation != "tanh" {
		t.Errorf("%v, %v", r, err)
	}
	for label, want := range map[string]string{
		"relu": `several runs begin with "relu"; name one of ["relu depth=4" "relu depth=8"]`,
		"silu": `there is no run "silu"; there are ["relu depth=4" "relu depth=8" "tanh depth=4"]`,
	} {
		if _, err := c.Find(label); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}
