package diagnose_test

import (
	"math"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/diagnose"
)

// The factor that takes most is named; where none takes much, nothing is found.
func TestCulprit(t *testing.T) {
	for _, c := range []struct {
		slopes, weights, inputs float64 // inputs: by how much each layer's differs from the one before
		want                    string
	}{
		{0.21, 1.1, 1, "Each layer passes 0.23 of the signal back: the slopes pass 0.21, the weights 1.1. The culprit: slopes."},
		{0.9, 0.2, 1, "The culprit: weights."},
		{1, 5, 1, "The culprit: weights."},
		{0.9, 1, 0.2, "The culprit: inputs."},
		{0.5, 1.5, 0.9, ""},
	} {
		m := sluggish()
		always := func(x float64) func(int, vgrad.Site) float64 { return func(int, vgrad.Site) float64 { return x } }
		m.values[vgrad.SlopeFactor], m.values[vgrad.WeightFactor] = always(c.slopes), always(c.weights)
		m.values[vgrad.RMSDelta] = func(_ int, s vgrad.Site) float64 { return math.Pow(c.slopes*c.weights, float64(6-s.Layer)) }
		m.values[vgrad.InputSize] = func(_ int, s vgrad.Site) float64 { return math.Pow(c.inputs, float64(s.Layer)) }
		said := ""
		for _, f := range diagnose.Of(m).Findings {
			if f.Rule == "where the gradient is lost" {
				said = f.Says
			}
		}
		if c.want == "" && said != "" || !strings.HasSuffix(said, c.want) {
			t.Errorf("slopes %v, weights %v, inputs %v: %q, want %q", c.slopes, c.weights, c.inputs, said, c.want)
		}
	}
}

// Pre-training is no training of the network: findings look at what follows.
func TestPretrainingIsLeftOut(t *testing.T) {
	m := sluggish()
	m.experiment = vgrad.Experiment{Stages: append(vgrad.Greedy(vgrad.Stage{Objective: vgrad.Autoencoder, Steps: 30}, 2), vgrad.Stage{Steps: 340})}
	healthy := m.values[vgrad.RMSDelta]
	m.values[vgrad.RMSDelta] = func(step int, s vgrad.Site) float64 {
		if step < 60 {
			return math.Pow(10, float64(s.Layer-6))
		}
		return healthy(step, s)
	}
	if r := diagnose.Of(m); len(r.Findings) > 0 {
		t.Errorf("%v", r)
	}
	m.experiment = vgrad.Experiment{}
	if r := diagnose.Of(m); len(r.Findings) == 0 {
		t.Errorf("without stages the first step counts: %v", r)
	}
}
