package engine

import (
	"math"
	"slices"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/internal/reference"
)

// firstStep measures the first step of an experiment.
func firstStep(t *testing.T, eng *Engine, set *data.Set, e vgrad.Experiment) *recording {
	t.Helper()
	e.Steps = 1
	e.Measure.HistogramEvery = -1
	r := record()
	if _, err := eng.Train(t.Context(), Job{Experiment: e, Data: set}, r); err != nil {
		t.Fatal(err)
	}
	return r
}

func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
}

// At initialisation δ shrinks by √χ a layer, as mean-field theory has it
// (Schoenholz et al. 2017): 8 seeds of width 512, within 4 %. Glorot on square
// layers is σ_w² = 1, He is 2.
func TestDeltaShrinksAsTheorySays(t *testing.T) {
	set := synthetic(t)
	eng := &Engine{Backend: backendtest.Go(t)}
	defer eng.Close()
	for _, c := range []struct {
		activation, initializer string
		variance, want          float64
	}{
		{"sigmoid", "glorot_uniform", 1, 0.2360},
		{"relu", "glorot_uniform", 1, 0.7071},
		{"relu", "he_normal", 2, 1},
		{"leaky_relu", "glorot_uniform", 1, 0.7211},
	} {
		t.Run(c.activation+" "+c.initializer, func(t *testing.T) {
			act, err := reference.ActivationByName(c.activation, 0.2)
			if err != nil {
				t.Fatal(err)
			}
			field := reference.MeanField{Activation: act, WeightVar: c.variance}
			if q := field.FixedPoint(); c.activation == "sigmoid" {
				if theory := math.Sqrt(field.Chi(q)); math.Abs(theory-c.want) > 1e-4 {
					t.Errorf("the reference computes √χ = %v; the literature has %v", theory, c.want)
				}
			}
			var factors []float64
			for seed := range uint64(8) {
				e := vgrad.Experiment{Activation: c.activation, Initializer: c.initializer, Data: "synthetic", Width: 512, Depth: 9, Seed: seed}
				r := firstStep(t, eng, set, e)
				// From layer 7 back to layer 3: away from the input, whose
				// length is not the fixed point's, and from the loss.
				front, back := r.scalars[keyOf(vgrad.RMSDelta, 7)][0], r.scalars[keyOf(vgrad.RMSDelta, 3)][0]
				factors = append(factors, math.Pow(back/front, 0.25))
			}
			if got := median(factors); math.Abs(got/c.want-1) > 0.04 {
				t.Errorf("δ shrinks by %.4f a layer; theory says %.4f", got, c.want)
			}
		})
	}
}

// The article's net at its first step: mean |∂L/∂W| of each layer, median of
// 30 seeds, within a factor of 1.4 of what TensorFlow 2.21 gave.
func TestFirstStepOfTheArticle(t *testing.T) {
	want := []float64{8.6e-6, 7.5e-5, 3.8e-4, 1.8e-3, 8.0e-3, 2.6e-2}
	set, err := data.Load(t.Context(), "mnist")
	if err != nil {
		t.Fatal(err)
	}
	eng := &Engine{Backend: backendtest.Go(t)}
	defer eng.Close()
	measured := make([][]float64, len(want))
	for seed := range uint64(30) {
		r := firstStep(t, eng, set, vgrad.Experiment{Seed: seed})
		for i := range want {
			measured[i] = append(measured[i], r.scalars[keyOf(vgrad.MeanAbsGrad, i+1)][0])
		}
	}
	for i, w := range want {
		got := median(measured[i])
		t.Logf("layer %d: %.2g; TensorFlow %.2g", i+1, got, w)
		if math.Abs(math.Log(got/w)) > math.Log(1.4) {
			t.Errorf("layer %d: mean |∂L/∂W| = %.3g; TensorFlow gave %.3g", i+1, got, w)
		}
	}
}
