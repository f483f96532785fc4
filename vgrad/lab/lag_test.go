package lab_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
)

// The headline of lesson 07, over five seeds: at a length of 100 the LSTM solves the
// adding problem, and the plain recurrent network does not. Solved is a tenth of the loss
// of guessing. And at the start, what arrives of ∂L/∂h is within Pascanu's bound: with
// orthogonal recurrent weights the bound is 1 at every lag, and tanh's slopes do the rest.
func TestLSTMSolvesWhatRNNDoesNot(t *testing.T) {
	if testing.Short() {
		return // ten trainings of 1,500 steps over 100 time steps: a minute
	}
	backendtest.XLA(t)
	l, _ := newLab(t)
	l.Backend = "xla"
	var es []vgrad.Experiment
	for seed := range uint64(5) {
		for _, n := range []vgrad.Network{vgrad.LSTM{Width: 24}, vgrad.RNN{Width: 24}} {
			es = append(es, vgrad.Experiment{Network: n, Data: "adding", Length: 100, Batch: 50, LearningRate: 0.01, Steps: 1500, Seed: seed,
				Measure: vgrad.Measure{Quantities: []vgrad.Quantity{vgrad.RMSDelta, vgrad.SpectralNorm}, Every: 100, Sites: "/layer1/state,/layer1/recurrent"}})
		}
	}
	all, err := l.All(t.Context(), es...)
	if err != nil {
		t.Fatal(err)
	}
	const guess = 1.0 / 6
	for _, run := range all.Runs() {
		loss, _ := run.Value(vgrad.ValLoss, 0)
		solved := loss < guess/10
		if isLSTM := run.Experiment.Network.Family() == "lstm"; solved != isLSTM || !isLSTM && loss < guess/2 {
			t.Errorf("%s seed %d: loss %v; guessing has %v", run.Label(), run.Experiment.Seed, loss, guess)
		}
		if run.Experiment.Network.Family() == "rnn" {
			boundHolds(t, run)
		}
	}
}

// boundHolds checks ‖∂L/∂h_t‖ ≤ σ^lag·‖∂L/∂h_T‖ at step 0. All states have as many
// elements, so norms compare as root mean squares do.
func boundHolds(t *testing.T, run vgrad.Source) {
	t.Helper()
	_, sigma := vgrad.SeriesAt(run, vgrad.SpectralNorm, vgrad.Site{Path: "/layer1/recurrent"})
	if len(sigma) == 0 || math.Abs(sigma[0]-1) > 1e-5 {
		t.Fatalf("spectral norm %v; orthogonal weights have 1", sigma)
	}
	at := func(time int) float64 {
		_, values := vgrad.SeriesAt(run, vgrad.RMSDelta, vgrad.Site{Path: fmt.Sprintf("/layer1/state[%d]", time)})
		if len(values) == 0 {
			t.Fatalf("∂L/∂h of time step %d is not recorded", time)
		}
		return values[0]
	}
	last := at(100)
	for _, lag := range []int{1, 2, 4, 8, 16, 32, 64, 99} {
		v := at(100 - lag)
		if bound := last * math.Pow(sigma[0], float64(lag)); !(v <= bound*(1+1e-5)) {
			t.Errorf("%s: at lag %d RMS ∂L/∂h is %v, above the bound %v", run.Label(), lag, v, bound)
		}
		if lag >= 32 && v > last/2 {
			t.Errorf("%s: at lag %d RMS ∂L/∂h is %v, of %v at lag 0; tanh's slopes shrink it", run.Label(), lag, v, last)
		}
	}
}
