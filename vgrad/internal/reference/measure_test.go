package reference

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// tiny is a net whose every number can be worked out on paper:
//
//	layer 1: x (1, 2), (2, 0) → z (2, −3), (2, −2) → a (2, 0), (2, 0)
//	layer 2: logits (0, ln 3) twice → softmax (¼, ¾), labels 1 and 0
//	δ₂ = ½·((¼, −¼), (−¾, ¾));  ∂W₂ = a₁ᵀδ₂ = ((−½, ½), (0, 0))
//	δ₁ = (ln 3)/2 · ((−⅛, 0), (⅜, 0));  ∂W₁ = xᵀδ₁ = (ln 3)/2 · ((⅝, 0), (−¼, 0))
func tiny() (*Net, Batch) {
	n := &Net{
		Sizes: []int{2, 2, 2}, Activation: "relu",
		W: [][]float64{{1, -1, 0.5, -1}, {0, math.Log(3) / 2, 0, 0}},
		B: [][]float64{{0, 0}, {0, 0}},
	}
	return n, Batch{X: []float64{1, 2, 2, 0}, Labels: []int{1, 0}}
}

func TestMeasureByHand(t *testing.T) {
	c := math.Log(3) / 2
	want := Measures{
		vgrad.Loss:           {(math.Log(4.0/3) + math.Log(4)) / 2},
		vgrad.TrainAccuracy:  {0.5},
		vgrad.MeanAbsGrad:    {c * (5.0/8 + 1.0/4) / 4, 0.25},
		vgrad.RMSGrad:        {c * math.Sqrt((25.0/64+1.0/16)/4), math.Sqrt(1.0 / 8)},
		vgrad.MaxAbsGrad:     {c * 5 / 8, 0.5},
		vgrad.UpdateRatio:    {0.1 * c * math.Sqrt(25.0/64+1.0/16) / math.Sqrt(3.25), 0.1 * math.Sqrt(0.5) / c},
		vgrad.MeanAbsWeight:  {3.5 / 4, c / 4},
		vgrad.RMSDelta:       {c * math.Sqrt(10.0/256), math.Sqrt(5) / 8},
		vgrad.SlopeFactor:    {1, 1},
		vgrad.WeightFactor:   {math.NaN(), c / math.Sqrt2}, // the signal that passes to the data is not computed
		vgrad.InputSize:      {1.5, math.Sqrt2},
		vgrad.MeanActivation: {1, c},
		vgrad.StdActivation:  {1, c},
		vgrad.Saturated:      {0.5, 0},
		vgrad.Dead:           {0.5, 0.5},
	}
	n, b := tiny()
	opt, err := NewOptimizer("sgd", 0.1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := n.Step(b, opt)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, got, want)
	near(t, "W₂ after the step", n.W[1][0], 0.05, 1e-15)
	near(t, "b₂ after the step", n.B[1][0], -0.1*(1.0/8-3.0/8), 1e-15)
}

// compare wants the same quantities with the same values.
func compare(t *testing.T, got, want Measures) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d quantities, want %d", len(got), len(want))
	}
	for q, values := range want {
		if len(got[q]) != len(values) {
			t.Fatalf("%s: %v, want %v", q, got[q], values)
		}
		for i := range values {
			near(t, string(q), got[q][i], values[i], 1e-14)
		}
	}
}

// Every scalar quantity there is comes from Measure or, where it is final, from Final.
func TestMeasureIsComplete(t *testing.T) {
	n, b := sample([]int{5, 4, 3}, "tanh")
	final, err := n.Final(b)
	if err != nil {
		t.Fatal(err)
	}
	opt, _ := NewOptimizer("adam", 1e-3)
	step, err := n.Step(b, opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range vgrad.Quantities() {
		info, err := q.Info()
		if err != nil {
			t.Fatal(err)
		}
		from, want := step, 2
		if info.Final {
			from = final
		}
		if info.Histogram || q == vgrad.NormFactor || q == vgrad.SpectralNorm { // the net has no normalization and no recurrent weights
			want = 0
		} else if info.Subject == vgrad.WholeNetwork {
			want = 1
		}
		if len(from[q]) != want {
			t.Errorf("%s has %d values, want %d", q, len(from[q]), want)
		}
	}
	near(t, "final mean |W|", final[vgrad.MeanAbsWeight][1], step[vgrad.MeanAbsWeight][1], 0)
	near(t, "validation loss", final[vgrad.ValLoss][0], step[vgrad.Loss][0], 0)
	near(t, "validation accuracy", final[vgrad.ValAccuracy][0], step[vgrad.TrainAccuracy][0], 0)
}

// The threshold for saturation is where |tanh| passes 0.97; a sigmoid unit
// then lies outside (0.015, 0.985), and leaky ReLU with slope 0.2 never does.
func TestSaturated(t *testing.T) {
	at := math.Atanh(0.97)
	near(t, "tanh", saturated([]float64{at - 1e-3, at + 1e-3, -at + 1e-3, -at - 1e-3}, named(t, "tanh")), 0.5, 0)
	at = math.Log(0.985 / 0.015)
	near(t, "sigmoid", saturated([]float64{at - 0.01, at + 0.01, -at + 0.01, -at - 0.01}, named(t, "sigmoid")), 0.5, 0)
	near(t, "leaky", saturated([]float64{-1e9, 1e9}, named(t, "leaky_relu")), 0, 0)
	near(t, "NaN", saturated([]float64{math.NaN()}, named(t, "tanh")), 0, 0)
}

func TestDead(t *testing.T) {
	near(t, "dead", dead([]float64{0, 1e-8, 0, 0, math.NaN(), -1e-8, 1.1e-8, 1}, 4), 0.25, 0)
}

func TestRMS(t *testing.T) {
	near(t, "tiny/1e-300", RMS([]float64{3e-300, 4e-300})/1e-300, math.Sqrt(12.5), 1e-14)
	near(t, "huge/1e300", RMS([]float64{3e300, -4e300})/1e300, math.Sqrt(12.5), 1e-14)
	near(t, "zero", RMS(make([]float64, 3)), 0, 0)
	near(t, "Inf", RMS([]float64{1, math.Inf(-1)}), math.Inf(1), 0)
	if !math.IsNaN(RMS([]float64{1, math.NaN(), 2})) {
		t.Error("the RMS with a NaN is no NaN")
	}
}

// Deep sigmoid nets: the gradient of the first layer is near 1e-33 with 50
// layers and near 1e-39 with 60, below what float32 holds without losing
// digits (1.2e-38); in float64 its RMS is that of exact arithmetic, and δ
// shrinks by the mean-field √χ a layer.
func TestDeepSigmoid(t *testing.T) {
	for depth, want := range map[int]float64{50: 1e-33, 60: 1e-39} {
		n, b := deepSigmoid(depth)
		p, err := n.Forward(b)
		if err != nil {
			t.Fatal(err)
		}
		g := n.Backward(p)
		m := Measure(n, p, g, nil)
		first := m[vgrad.RMSGrad][0]
		t.Logf("%d layers: RMS of ∂L/∂W: layer 1 %.3g, layer 2 %.3g, last %.3g", depth, first, m[vgrad.RMSGrad][1], m[vgrad.RMSGrad][depth-1])
		near(t, "RMS over that of exact arithmetic", first/exactRMS(g.W[0]), 1, 1e-14)
		near(t, "its power of ten", math.Log10(first), math.Log10(want), 0.03) // of 33 or 39: a factor of 10
		delta := m[vgrad.RMSDelta]
		shrinks := math.Pow(delta[1]/delta[depth-2], 1/float64(depth-3))
		near(t, "√χ", shrinks/0.23605, 1, 0.03)
	}
}

// deepSigmoid is a net of units 32 wide, and images with a fifth of the pixels
// lit, as in a digit.
func deepSigmoid(depth int) (*Net, Batch) {
	sizes := []int{784}
	for range depth - 1 {
		sizes = append(sizes, 32)
	}
	rng := rand.New(rand.NewPCG(2, 0))
	b := Batch{Labels: make([]int, 30)}
	for i := range b.Labels {
		b.Labels[i] = rng.IntN(10)
		for range 784 {
			b.X = append(b.X, max(0, rng.NormFloat64()-0.8))
		}
	}
	return New(append(sizes, 10), "sigmoid", 0, 1), b
}

// exactRMS squares and adds with 200 bits.
func exactRMS(xs []float64) float64 {
	sum := new(big.Float).SetPrec(200)
	for _, x := range xs {
		f := new(big.Float).SetPrec(200).SetFloat64(x)
		sum.Add(sum, f.Mul(f, f))
	}
	sum.Quo(sum, big.NewFloat(float64(len(xs))))
	root, _ := sum.Sqrt(sum).Float64()
	return root
}
