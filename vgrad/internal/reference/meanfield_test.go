package reference

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The numbers of the theory table, to the digits it gives.
func TestTheoryTable(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name            string
		weightVar       float64
		q, chi, xi, tol float64
	}{
		{"sigmoid", 1, 0.2647, 0.05572, 0.346, 5e-5},
		{"relu", 1, 0, 0.5, 1 / math.Ln2, 1e-12},
		{"relu", 2, 1, 1, inf, 1e-12},
		{"leaky_relu", 1, 0, 0.52, -1 / math.Log(0.52), 1e-12},
		{"leaky_relu", 2 / 1.04, 1, 1, inf, 1e-12}, // the He gain for a slope
		{"tanh", 25.0 / 9, 1.178, 1.210, -1 / math.Log(1.210), 5e-4},
		{"tanh", 1, 0, 1, inf, 1e-12},
		{"identity", 1, 1, 1, inf, 1e-12},
		{"identity", 1.0 / 3, 0, 1.0 / 3, 1 / math.Log(3), 1e-12}, // U(±1/√n)
		{"selu", 1, 1, 1.071, -1 / math.Log(1.071), 5e-3},         // made for q* = 1
		{"relu", 3, inf, 1.5, -1 / math.Log(1.5), 1e-12},          // explodes
		{"gelu", 1, 0, 0.25, 1 / math.Log(4), 1e-12},              // φ′(0)² = ¼
		{"silu", 1, 0, 0.25, 1 / math.Log(4), 1e-12},              // the same
		{"elu", 1, 0, 1, inf, 1e-5},                               // φ′(0) = 1, but q dies out slowly
	} {
		m := MeanField{Activation: named(t, c.name), WeightVar: c.weightVar}
		q := m.FixedPoint()
		near(t, c.name+" q*", q, c.q, c.tol)
		near(t, c.name+" χ", m.Chi(q), c.chi, c.tol)
		near(t, c.name+" ξ", m.DepthScale(), c.xi, 10*c.tol)
	}
}

func TestMeanFieldStatistics(t *testing.T) {
	m := MeanField{Activation: named(t, "sigmoid"), WeightVar: 1}
	near(t, "sigmoid √χ", math.Sqrt(m.Chi(m.FixedPoint())), 0.23605, 5e-6) // the theory table cuts this off to 0.2360
	m = MeanField{Activation: named(t, "tanh"), WeightVar: 25.0 / 9}
	q := m.FixedPoint()
	near(t, "tanh std", m.StdActivation(q), 0.651, 5e-4)
	near(t, "tanh P(|a| > 0.97)", m.Saturated(q), 0.054, 5e-4)
	near(t, "the same in closed form", m.Saturated(q), 2*normalCDF(-math.Atanh(0.97)/math.Sqrt(q)), 2e-4)
}

// A fixed point stays where it is, biases included.
func TestFixedPoint(t *testing.T) {
	for _, a := range Activations(slope) {
		m := MeanField{Activation: a, WeightVar: 0.5, BiasVar: 0.1}
		q := m.FixedPoint()
		near(t, a.Name, m.LengthMap(q), q, 1e-13)
	}
}

// Moments in closed form, at variances from tiny to large.
func TestExpect(t *testing.T) {
	for _, q := range []float64{1e-20, 0.01, 1, 100, 1e6} {
		for what, c := range map[string]struct {
			f    func(float64) float64
			want float64
		}{
			"1":           {func(float64) float64 { return 1 }, 1},
			"x²/q":        {func(x float64) float64 { return x * x / q }, 1},
			"x⁴/q²":       {func(x float64) float64 { return x * x * x * x / q / q }, 3},
			"max(x,0)/√q": {func(x float64) float64 { return max(x, 0) / math.Sqrt(q) }, 1 / math.Sqrt(2*math.Pi)},
			"cos x":       {math.Cos, math.Exp(-q / 2)},
			"sigmoid":     {sigmoid, 0.5},
		} {
			if what == "cos x" && q > 1 {
				continue // it oscillates; no activation does
			}
			near(t, what, Expect(c.f, q), c.want, 1e-13)
		}
	}
	// A wide sigmoid is a step with the tail ∫σσ(−x) = 1: E[σ(1−σ)] → pdf(0)/√q.
	near(t, "steep", 1e3*Expect(named(t, "sigmoid").D, 1e6), normalPDF(0), 1e-5)
}

// Sampling agrees with integrating: a wide random layer has the variance and
// the backward gain that the map predicts.
func TestMeanFieldAgainstNet(t *testing.T) {
	for _, a := range Activations(slope) {
		const width, depth, examples = 200, 4, 20
		n, b := wide(a.Name, width, depth, examples)
		p, err := n.Forward(b)
		if err != nil {
			t.Fatal(err)
		}
		g := n.Backward(p)
		m := MeanField{Activation: a, WeightVar: 1}
		for l := 1; l < depth-1; l++ {
			q := RMS(p.Z[l-1]) * RMS(p.Z[l-1])
			near(t, a.Name+" RMS z", RMS(p.Z[l])/math.Sqrt(m.LengthMap(q)), 1, 0.1)
			near(t, a.Name+" RMS δ", RMS(g.Delta[l-1])/RMS(g.Delta[l])/math.Sqrt(m.Chi(q)), 1, 0.1)
		}
	}
}

// wide is a square net with normal weights, Var(W) = 1/width, and inputs of
// variance 1.
func wide(activation string, width, depth, examples int) (*Net, Batch) {
	rng := rand.New(rand.NewPCG(5, 0))
	gauss := func(n int, sd float64) []float64 {
		return apply(func(float64) float64 { return sd * rng.NormFloat64() }, make([]float64, n))
	}
	n := &Net{Sizes: []int{width}, Activation: activation, Slope: slope}
	for range depth {
		n.Sizes = append(n.Sizes, width)
		n.W = append(n.W, gauss(width*width, 1/math.Sqrt(float64(width))))
		n.B = append(n.B, make([]float64, width))
	}
	labels := make([]int, examples)
	for i := range labels {
		labels[i] = i // different ones, lest every δ points the same way
	}
	return n, Batch{X: gauss(examples*width, 1), Labels: labels}
}
