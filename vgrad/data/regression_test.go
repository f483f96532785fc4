package data

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

func regression(t *testing.T) *Set {
	t.Helper()
	set, err := Regression(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// The content is part of a run's record. It was taken on amd64 and found the same at
// GOAMD64=v3, on 386, and on arm64 and s390x, where Go fuses products and sums.
func TestRegressionGolden(t *testing.T) {
	const want = "006ffe7ca6fd458bb957eea318090d0449b0eac08da0fdd2475f48cefa9171db"
	if set := regression(t); set.Sum != want {
		t.Errorf("sum %s, want %s: runs recorded on the old set are no longer comparable", set.Sum, want)
	}
}

// What fusing a product and a sum changes is nothing: every product is exact.
func TestRegressionIsExact(t *testing.T) {
	set := regression(t)
	var x [regressionFeatures]float64
	for i := range set.Train.Len() {
		for j := range x {
			x[j] = float64(set.Train.Numbers[i*len(x)+j])
			if scaled := x[j] * (1 << 16); scaled != math.Trunc(scaled) || math.Abs(x[j]) > 6 {
				t.Fatalf("feature %v of example %d", x[j], i)
			}
		}
		fused := math.FMA(x[2]/2, x[2], math.FMA(x[0], x[1], 0)) + x[3]
		fused = math.FMA(x[4], 0.5, fused) + 2/math.FMA(x[5], x[5], 1)
		if got := friedman(x); got != fused {
			t.Fatalf("example %d: %v, fused %v", i, got, fused)
		}
	}
}

// column returns a feature of all examples.
func column(s Split, features, j int) []float64 {
	var x []float64
	for i := range s.Len() {
		x = append(x, float64(s.Numbers[i*features+j]))
	}
	return x
}

// float64s widens values.
func float64s(values []float32) []float64 {
	var x []float64
	for _, v := range values {
		x = append(x, float64(v))
	}
	return x
}

// Features are standard normal and independent: with n examples the mean of a
// feature is within 4/√n, its variance within 4·√(2/n), a correlation within 4/√n.
// The excess kurtosis of a sum of twelve uniform numbers is -6/(5·12).
func TestRegressionFeatures(t *testing.T) {
	set := regression(t)
	for name, s := range map[string]Split{"training": set.Train, "validation": set.Validation} {
		within := 4 / math.Sqrt(float64(s.Len()))
		for j := range set.Features {
			x := column(s, set.Features, j)
			mean, variance := stat.PopMeanVariance(x, nil)
			if math.Abs(mean) > within || math.Abs(variance-1) > within*math.Sqrt2 {
				t.Errorf("%s, feature %d: mean %.3f, variance %.3f", name, j+1, mean, variance)
			}
			if k := stat.ExKurtosis(x, nil); math.Abs(k+0.1) > within*math.Sqrt(24) {
				t.Errorf("%s, feature %d: excess kurtosis %.2f, want about -0.1", name, j+1, k)
			}
			for k := range j {
				if r := stat.Correlation(x, column(s, set.Features, k), nil); math.Abs(r) > within {
					t.Errorf("%s, features %d and %d: correlation %.3f", name, k+1, j+1, r)
				}
			}
		}
	}
}

// Targets are standardised over the training examples, up to float32's rounding, and
// the loss of guessing is their variance.
func TestRegressionTargets(t *testing.T) {
	set := regression(t)
	mean, variance := stat.PopMeanVariance(float64s(set.Train.Targets), nil)
	if math.Abs(mean) > 1e-6 || math.Abs(variance-1) > 1e-6 || math.Abs(set.GuessLoss-variance) > 1e-12 {
		t.Errorf("mean %v, variance %v, loss of guessing %v", mean, variance, set.GuessLoss)
	}
	// Closer than the standard error, 0.03 and 0.05, so that guessing costs the same there.
	mean, variance = stat.PopMeanVariance(float64s(set.Validation.Targets), nil)
	if math.Abs(mean) > 0.02 || math.Abs(variance-1) > 0.02 {
		t.Errorf("validation: mean %v, variance %v", mean, variance)
	}
}

// fit returns the least-squares coefficients of basis, fitted to the training
// examples, and the mean squared error on the validation examples.
func fit(t *testing.T, set *Set, basis func(x []float64) []float64) (coefficients []float64, loss float64) {
	t.Helper()
	design := func(s Split) *mat.Dense {
		var rows []float64
		for i := range s.Len() {
			rows = append(rows, basis(float64s(s.Numbers[i*set.Features:(i+1)*set.Features]))...)
		}
		return mat.NewDense(s.Len(), len(rows)/s.Len(), rows)
	}
	var c, guess mat.VecDense
	if err := c.SolveVec(design(set.Train), mat.NewVecDense(set.Train.Len(), float64s(set.Train.Targets))); err != nil {
		t.Fatal(err)
	}
	guess.MulVec(design(set.Validation), &c)
	for i, y := range float64s(set.Validation.Targets) {
		loss += (y - guess.AtVec(i)) * (y - guess.AtVec(i)) / float64(set.Validation.Len())
	}
	return c.RawVector().Data, loss
}

// The set is learnable beyond a linear function: with the losses in units of the
// variance, 1-loss is R². The losses are those that the doc of Regression states.
func TestRegressionIsLearnable(t *testing.T) {
	set := regression(t)
	linear := func(x []float64) []float64 { return append([]float64{1}, x...) }
	quadratic := func(x []float64) []float64 {
		terms := linear(x)
		for i := range x {
			for j := range i + 1 {
				terms = append(terms, x[i]*x[j])
			}
		}
		return terms
	}
	teacher := func(x []float64) []float64 {
		return []float64{1, x[0] * x[1], x[2] * x[2], x[3], x[4], 1 / (1 + x[5]*x[5]), x[6], x[7]}
	}
	_, ofLinear := fit(t, set, linear)
	_, ofQuadratic := fit(t, set, quadratic)
	c, best := fit(t, set, teacher)
	t.Logf("loss of the best linear fit %.3f, quadratic %.3f, teacher %.4f", ofLinear, ofQuadratic, best)
	if ofLinear < 0.55 || ofLinear > 0.62 || ofQuadratic < 0.03 || ofQuadratic > 0.05 || best < 0.008 || best > 0.012 {
		t.Errorf("losses %.3f, %.3f, %.4f; want about 0.6, 0.04, 0.01", ofLinear, ofQuadratic, best)
	}
	// Standard errors are 0.1/√4096 = 0.0016 over a term's own spread, 0.3 at least.
	scale := c[3]
	for i, want := range []float64{1, 0.5, 1, 0.5, 2, 0, 0} {
		if got := c[i+1] / scale; math.Abs(got-want) > 0.04 {
			t.Errorf("term %d has the coefficient %.3f, want %v", i+1, got, want)
		}
	}
}

// Two calls give the same, in memory of their own.
func TestRegressionAgain(t *testing.T) {
	a, b := regression(t), regression(t)
	if !slices.Equal(a.Train.Numbers, b.Train.Numbers) || !slices.Equal(a.Validation.Targets, b.Validation.Targets) || a.Sum != b.Sum || a.GuessLoss != b.GuessLoss {
		t.Error("two sets differ")
	}
	if a.Train.Numbers[0]++; a.Train.Numbers[0] == b.Train.Numbers[0] {
		t.Error("two sets share memory")
	}
}

func BenchmarkRegression(b *testing.B) {
	for b.Loop() {
		if _, err := Regression(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
