package diagnose_test

import (
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/diagnose"
)

// On real networks at their first step: with sigmoid the gradient vanishes at every
// seed, from three layers on; with ReLU, leaky ReLU and tanh it does not, down to twenty
// layers, but for networks of ten ReLU units a layer that are born dead: there nothing
// arrives, and the finding is right.
func TestVanishingOnNetworks(t *testing.T) {
	l := newLab(t, "go")
	for _, c := range []struct {
		over  []string
		fires bool
	}{
		{[]string{"sigmoid", "depth=3,6", "seed=0..59"}, true},
		{[]string{"sigmoid", "depth=3", "width=128", "data=synthetic", "seed=0..9"}, true},
		{[]string{"relu,leaky_relu,tanh", "depth=3,6,20", "seed=0..9"}, false},
		{[]string{"relu,gelu,silu,softplus", "depth=3,4", "width=128", "data=synthetic", "seed=0..9"}, false},
	} {
		for _, run := range trained(t, l, vgrad.Sweep{Base: vgrad.Experiment{Steps: 1}, Over: c.over}) {
			fired, dead := false, false
			for _, f := range diagnose.Of(run).Findings {
				fired = fired || f.Rule == "vanishing gradient"
				dead = dead || f.Rule == "dead units" && strings.HasPrefix(f.Evidence, "100 %")
			}
			if fired != (c.fires || dead) {
				t.Errorf("%s, seed %d: fires %t, a layer is dead %t: %v", run.Label(), run.Experiment.Seed, fired, dead, diagnose.Of(run))
			}
		}
	}
}

// Cases from bug reports, on both backends: a network that is NaN is called neither dead
// nor saturated; a batch of one says nothing of dead units; a network that learns is told
// nothing of vanishing.
func TestReports(t *testing.T) {
	for _, backend := range []string{"go", "xla"} {
		l := newLab(t, backend)
		for _, c := range []struct{ variant, first string }{ // the first finding; "": none at all
			{"identity depth=60 width=64 data=mnist initializer=lecun_normal gain=8 steps=3", "NaN or infinity, layer 42, step 0"},
			{"relu depth=5 width=32 initializer=he_normal optimizer=sgd learning_rate=5 steps=30", "NaN or infinity, layer 5, step 5"},
			{"relu depth=6 width=64 batch=1 steps=500", ""},
			{"softplus depth=4 width=32 steps=400", ""},
		} {
			e, err := vgrad.Experiment{Data: "synthetic"}.Vary(c.variant)
			if err != nil {
				t.Fatal(err)
			}
			run, err := l.Train(t.Context(), measured(e))
			if err != nil {
				t.Fatal(err)
			}
			r := diagnose.Of(run)
			first := ""
			for i, f := range r.Findings {
				if i == 0 {
					first = f.Rule + ", " + f.Where()
				}
				if c.first == "" || f.Rule == "dead units" || f.Rule == "saturated units" {
					t.Errorf("%s, %s: %v", backend, c.variant, f)
				}
			}
			if first != c.first {
				t.Errorf("%s, %s: first %q, want %q", backend, c.variant, first, c.first)
			}
		}
	}
}
