package data

import (
	"context"
	"math"
	"math/rand/v2"
)

const (
	regressionFeatures = 8
	regressionTrain    = 4096
	regressionValid    = 1024
	regressionSeed     = 1         // with it the validation targets happen to have variance 1.00
	regressionNoise    = 11.0 / 64 // variance 0.03; the variance of the targets is 3
)

// Regression returns a small set whose targets are numbers: 4,096 examples for
// training and 1,024 for validation, of 8 features and one target each.
//
// The features x are independent and close to normal, N(0, 1): each is the sum of
// twelve uniform numbers. The target is
//
//	x₁x₂ + x₃²/2 + x₄ + x₅/2 + 2/(1+x₆²) + 11/64·ε, with ε like a feature
//
// standardised to mean 0 and variance 1 over the training examples; nothing has a unit.
// x₇ and x₈ have no effect. Products, squares, lines and noise are combined after
// Friedman (1991, doi:10.1214/aos/1176347963).
//
// Always predicting the mean has a mean squared error of 1, the best linear fit 0.6, and
// the best quadratic fit 0.04. The noise alone has 0.01, and no network can do better.
//
// The set is drawn from a fixed seed and is the same everywhere, to the last bit. It
// needs no file and never fails.
func Regression(context.Context) (*Set, error) {
	rng := rand.NewPCG(regressionSeed, 0)
	x := make([]float32, 0, (regressionTrain+regressionValid)*regressionFeatures)
	y := make([]float64, regressionTrain+regressionValid)
	for i := range y {
		var features [regressionFeatures]float64
		for j := range features {
			features[j] = normal(rng)
			x = append(x, float32(features[j]))
		}
		y[i] = friedman(features) + regressionNoise*normal(rng)
	}
	mean, variance := moments(y[:regressionTrain])
	targets := make([]float32, len(y))
	for i := range y {
		targets[i] = float32((y[i] - mean) / math.Sqrt(variance))
		y[i] = float64(targets[i])
	}
	_, guess := moments(y[:regressionTrain]) // 1, but for rounding to float32
	all := Split{Numbers: x, Targets: targets}
	set := &Set{
		Name:       "regression",
		Train:      all.Slice(0, regressionTrain),
		Validation: all.Slice(regressionTrain, len(y)),
		Input:      []int{regressionFeatures},
		Features:   regressionFeatures,
		Outputs:    1,
		Loss:       MeanSquaredError,
		GuessLoss:  guess,
	}
	set.Sum = contentSum(set)
	return set, nil
}

// friedman is the target without noise, before it is standardised.
//
// On some processors Go multiplies and adds in one instruction, which does not round the
// product (arm64, amd64 at level v3). So that the target is the same on all, features are
// multiples of 2⁻¹⁶ of magnitude 6 at most. Products of them and their sums are then exact
// in a float64.
func friedman(x [regressionFeatures]float64) float64 {
	return x[0]*x[1] + x[2]*x[2]/2 + x[3] + x[4]/2 + 2/(1+x[5]*x[5])
}

// normal draws a number of mean 0 and variance 1-2⁻³² that is close to normally
// distributed: the sum of twelve uniform numbers. It is a multiple of 2⁻¹⁶ from -6 to 6,
// so it is exact in a float32 too. The usual methods need a logarithm, which platforms
// round differently; this one does not.
func normal(rng *rand.PCG) float64 {
	sum := -6 * 0xffff
	for range 3 {
		for bits := rng.Uint64(); bits != 0; bits >>= 16 {
			sum += int(bits & 0xffff)
		}
	}
	return float64(sum) / (1 << 16)
}

// moments returns the mean and the variance Σ(x-mean)²/n. The conversion to float64 rounds
// each square before it is added, so that all processors agree; see friedman.
func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		variance += float64((v - mean) * (v - mean))
	}
	return mean, variance / float64(len(x))
}
