package lab_test

import (
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/runs"
)

// Greedy pre-training brings a deep sigmoid network over 85 % where random weights stay
// under 50 % (Hinton et al. 2006, Bengio et al. 2007, Erhan et al. 2010): ten layers of
// thirty units, five seeds, the same 2,500 steps of the same optimizer after it.
func TestPretrainingTrainsADeepSigmoidNet(t *testing.T) {
	if testing.Short() {
		t.Skip("five seeds of four trainings take a minute or two on two processors; run without -short")
	}
	store, err := runs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &lab.Lab{Store: store}
	defer l.Close()
	measure := vgrad.Measure{Quantities: []vgrad.Quantity{vgrad.RMSDelta}, HistogramEvery: -1, Every: 100}
	for _, objective := range append([]string{""}, vgrad.Objectives()...) {
		var es []vgrad.Experiment
		for seed := range uint64(5) {
			e := vgrad.Experiment{Depth: 10, Width: 30, Seed: seed, Measure: measure}
			if objective != "" {
				e.Stages = append(vgrad.Greedy(vgrad.Stage{Objective: objective, Steps: 500, LearningRate: 0.01}, 9), vgrad.Stage{Steps: 2500})
			}
			es = append(es, e)
		}
		c, err := l.All(t.Context(), es...)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range c.Runs() {
			accuracy, _ := run.Value(vgrad.ValAccuracy, 0)
			t.Logf("%q, seed %d: %.3f", objective, run.Experiment.Seed, accuracy)
			if objective == "" && accuracy >= 0.5 || objective != "" && accuracy <= 0.85 {
				t.Errorf("%q, seed %d: validation accuracy %.3f; want below 0.5 from random weights, above 0.85 with pre-training", objective, run.Experiment.Seed, accuracy)
			}
		}
	}
}
