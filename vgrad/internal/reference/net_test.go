package reference

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Every gradient against a central finite difference, for every activation.
func TestBackward(t *testing.T) {
	for _, a := range Activations(slope) {
		n, b := sample([]int{5, 4, 3, 3}, a.Name)
		p, err := n.Forward(b)
		if err != nil {
			t.Fatal(err)
		}
		g := n.Backward(p)
		loss := func() float64 { return lossOf(t, n, b) }
		for l := range n.Layers() {
			differences(t, a.Name+": ∂L/∂W", n.W[l], g.W[l], loss)
			differences(t, a.Name+": ∂L/∂b", n.B[l], g.B[l], loss)
			z := slices.Clone(p.Z[l])
			differences(t, a.Name+": δ", z, g.Delta[l], func() float64 { return lossFrom(t, n, l, z, b.Labels) })
		}
	}
}

// differences compares a gradient with (loss(x+h) − loss(x−h)) / 2h for each x.
func differences(t *testing.T, what string, xs, grad []float64, loss func() float64) {
	t.Helper()
	const h, tolerance = 1e-5, 1e-9 // truncation h², rounding 1e-16/h
	if len(xs) != len(grad) {
		t.Fatalf("%s has %d elements for %d", what, len(grad), len(xs))
	}
	for i, x := range xs {
		xs[i] = x + h
		up := loss()
		xs[i] = x - h
		down := loss()
		xs[i] = x
		near(t, what, grad[i], (up-down)/(2*h), tolerance)
	}
}

// lossFrom is the loss as a function of the pre-activations of the layer with
// index l: that of the layers above it, as a net of their own.
func lossFrom(t *testing.T, n *Net, l int, z []float64, labels []int) float64 {
	if l == n.Layers()-1 {
		return CrossEntropy(z, labels)
	}
	above := &Net{Sizes: n.Sizes[l+1:], W: n.W[l+1:], B: n.B[l+1:], Activation: n.Activation, Slope: n.Slope}
	return lossOf(t, above, Batch{X: apply(named(t, n.Activation).F, z), Labels: labels})
}

func lossOf(t *testing.T, n *Net, b Batch) float64 {
	t.Helper()
	p, err := n.Forward(b)
	if err != nil {
		t.Fatal(err)
	}
	return p.Loss
}

// sample is a net with biases and a batch of four to try it on.
func sample(sizes []int, activation string) (*Net, Batch) {
	n := New(sizes, activation, slope, 7)
	rng := rand.New(rand.NewPCG(8, 0))
	for _, b := range n.B {
		for i := range b {
			b[i] = rng.NormFloat64() / 2
		}
	}
	b := Batch{X: make([]float64, 4*sizes[0]), Labels: []int{0, 2, 1, 2}}
	for i := range b.X {
		b.X[i] = rng.NormFloat64()
	}
	return n, b
}

func TestCrossEntropy(t *testing.T) {
	near(t, "even odds", CrossEntropy([]float64{5, 5, 5, 5}, []int{2}), math.Log(4), 1e-15)
	near(t, "mean of two", CrossEntropy([]float64{0, math.Log(3), 0, math.Log(3)}, []int{0, 1}), (math.Log(4)+math.Log(4.0/3))/2, 1e-15)
	near(t, "large logits", CrossEntropy([]float64{1000, 0}, []int{1}), 1000, 1e-15)
	near(t, "tie", accuracy([]float64{1, 1, 1, 1}, []int{0, 1}), 0.5, 0)
}

func TestForwardErrors(t *testing.T) {
	for _, c := range []struct {
		want  string
		spoil func(*Net, *Batch)
	}{
		{"W of layer 2", func(n *Net, _ *Batch) { n.W[1] = n.W[1][1:] }},
		{"b of layer 1", func(n *Net, _ *Batch) { n.B[0] = nil }},
		{"one less of W and of B", func(n *Net, _ *Batch) { n.W = n.W[1:] }},
		{"the input", func(_ *Net, b *Batch) { b.X = b.X[1:] }},
		{"empty", func(_ *Net, b *Batch) { *b = Batch{} }},
		{"label 3", func(_ *Net, b *Batch) { b.Labels[1] = 3 }},
		{`"none"`, func(n *Net, _ *Batch) { n.Activation = "none" }},
	} {
		n, b := sample([]int{5, 4, 3}, "tanh")
		c.spoil(n, &b)
		if _, err := n.Forward(b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v does not mention %q", err, c.want)
		}
	}
}
