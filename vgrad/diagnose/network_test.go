package diagnose_test

import (
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/diagnose"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/runs"
)

// On real networks at their first step: with sigmoid the gradient vanishes at every
// seed, from three layers on; with ReLU, leaky ReLU and tanh it does not, down to twenty
// layers, but for networks of ten ReLU units a layer that are born dead: there nothing
// arrives, and the finding is right.
func TestVanishingOnNetworks(t *testing.T) {
	store, err := runs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &lab.Lab{Store: store, Backend: "go"}
	defer l.Close()
	for _, c := range []struct {
		over  []string
		fires bool
	}{
		{[]string{"sigmoid", "depth=3,6", "seed=0..59"}, true},
		{[]string{"relu,leaky_relu,tanh", "depth=3,6,20", "seed=0..9"}, false},
	} {
		s := vgrad.Sweep{Base: vgrad.Experiment{Steps: 1, Measure: vgrad.Measure{HistogramEvery: -1}}, Over: c.over}
		es, err := s.Experiments()
		if err == nil {
			err = l.Sweep(t.Context(), es, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			run, err := store.Load(e)
			if err != nil {
				t.Fatal(err)
			}
			fired, dead := false, false
			for _, f := range diagnose.Of(run).Findings {
				fired = fired || f.Rule == "vanishing gradient"
				dead = dead || f.Rule == "dead units" && strings.HasPrefix(f.Evidence, "100 %")
			}
			if fired != (c.fires || dead) {
				t.Errorf("%s, seed %d: fires %t, a layer is dead %t: %v", e.Name(), e.Seed, fired, dead, diagnose.Of(run))
			}
		}
	}
}
