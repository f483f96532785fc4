package reference

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// Net is a multi-layer perceptron of L layers: z_l = a_{l-1}·W_l + b_l and
// a_l = φ(z_l), a_0 the input and a_L = z_L the logits.
type Net struct {
	Sizes      []int       // units of the input and of each layer: L+1 entries
	W          [][]float64 // W[l] flat, [Sizes[l], Sizes[l+1]]
	B          [][]float64 // B[l], [Sizes[l+1]]
	Activation string      // of every layer but the last; see Activations
	Slope      float64     // of leaky ReLU below zero
}

// Batch is a number of examples with their classes.
type Batch struct {
	X      []float64 // flat, [len(Labels), Sizes[0]]
	Labels []int     // 0 ≤ label < classes
}

// Pass is what a forward pass computed.
type Pass struct {
	Batch
	Z, A     [][]float64 // pre-activations and activations, flat [examples, Sizes[l+1]]
	Loss     float64     // mean softmax cross-entropy, in nats
	Accuracy float64     // fraction of examples whose largest logit is the label's; of equal logits the first counts
}

// Grads is what a backward pass computed. L is the mean loss of the batch, so the
// contribution of each example has the factor 1/len(Labels).
type Grads struct {
	W, B  [][]float64 // ∂L/∂W and ∂L/∂b, shaped like the parameters
	Delta [][]float64 // δ = ∂L/∂z, shaped like the pre-activations
}

// New makes a net with zero biases and Glorot uniform weights, drawn from a generator
// with that seed.
func New(sizes []int, activation string, slope float64, seed uint64) *Net {
	n := &Net{Sizes: sizes, Activation: activation, Slope: slope}
	rng := rand.New(rand.NewPCG(seed, 0))
	for l := range len(sizes) - 1 {
		in, out := sizes[l], sizes[l+1]
		bound := math.Sqrt(6 / float64(in+out))
		w := make([]float64, in*out)
		for i := range w {
			w[i] = bound * (2*rng.Float64() - 1)
		}
		n.W, n.B = append(n.W, w), append(n.B, make([]float64, out))
	}
	return n
}

// Layers returns the number of layers with weights.
func (n *Net) Layers() int { return len(n.Sizes) - 1 }

// Forward runs the batch through the net. It fails if shapes do not fit, if a label is out
// of range, and on an unknown activation.
func (n *Net) Forward(b Batch) (*Pass, error) {
	if err := n.check(b); err != nil {
		return nil, err
	}
	p := &Pass{Batch: b}
	a := b.X
	for l := range n.Layers() {
		z := affine(a, n.W[l], n.B[l])
		a = apply(n.activation(l).F, z)
		p.Z, p.A = append(p.Z, z), append(p.A, a)
	}
	p.Loss, p.Accuracy = CrossEntropy(a, b.Labels), accuracy(a, b.Labels)
	return p, nil
}

// Backward differentiates the loss of a forward pass by the chain rule:
//
//	δ_L = (softmax(z_L) − onehot(label)) / examples
//	δ_l = (δ_{l+1}·W_{l+1}ᵀ) ⊙ φ′(z_l)
//	∂L/∂W_l = a_{l-1}ᵀ·δ_l,  ∂L/∂b_l = Σ δ_l over the examples
func (n *Net) Backward(p *Pass) *Grads {
	last := n.Layers() - 1
	g := &Grads{W: make([][]float64, last+1), B: make([][]float64, last+1), Delta: make([][]float64, last+1)}
	g.Delta[last] = crossEntropyD(p.Z[last], p.Labels)
	for l := last; l >= 0; l-- {
		in := p.X
		if l > 0 {
			in = p.A[l-1]
			g.Delta[l-1] = timesTransposed(g.Delta[l], n.W[l], n.Sizes[l+1])
			for i, d := range apply(n.activation(l-1).D, p.Z[l-1]) {
				g.Delta[l-1][i] *= d
			}
		}
		g.W[l], g.B[l] = outerSum(in, g.Delta[l], n.Sizes[l], n.Sizes[l+1]), columnSum(g.Delta[l], n.Sizes[l+1])
	}
	return g
}

// activation is φ of the layer with index l: the net's, the identity for logits.
func (n *Net) activation(l int) Activation {
	name := n.Activation
	if l == n.Layers()-1 {
		name = "identity"
	}
	a, _ := ActivationByName(name, n.Slope) // check has reported an unknown one
	return a
}

// check reports everything that would make Forward fail.
func (n *Net) check(b Batch) error {
	if n.Layers() < 1 || len(n.W) != n.Layers() || len(n.B) != n.Layers() {
		return fmt.Errorf("reference: with %d sizes there must be one less of W and of B; there are %d and %d", len(n.Sizes), len(n.W), len(n.B))
	}
	var wrong []error
	expect := func(what string, got, want int) {
		if got != want {
			wrong = append(wrong, fmt.Errorf("reference: %s has %d elements; it must have %d", what, got, want))
		}
	}
	for l := range n.Layers() {
		expect(fmt.Sprintf("W of layer %d", l+1), len(n.W[l]), n.Sizes[l]*n.Sizes[l+1])
		expect(fmt.Sprintf("b of layer %d", l+1), len(n.B[l]), n.Sizes[l+1])
	}
	expect("the input", len(b.X), len(b.Labels)*n.Sizes[0])
	if len(b.Labels) == 0 {
		wrong = append(wrong, errors.New("reference: the batch is empty"))
	}
	for _, label := range b.Labels {
		if classes := n.Sizes[n.Layers()]; label < 0 || label >= classes {
			wrong = append(wrong, fmt.Errorf("reference: label %d is none of the %d classes", label, classes))
		}
	}
	_, err := ActivationByName(n.Activation, n.Slope)
	return errors.Join(append(wrong, err)...)
}

// CrossEntropy is the mean over the examples of ln Σ e^{z_k} − z_label, with
// flat logits z: [len(labels), classes]. It does not overflow.
func CrossEntropy(logits []float64, labels []int) float64 {
	classes := len(logits) / len(labels)
	sum := 0.0
	for i, label := range labels {
		z := logits[i*classes : (i+1)*classes]
		sum += logSumExp(z) - z[label]
	}
	return sum / float64(len(labels))
}

// crossEntropyD is the derivative of CrossEntropy by the logits.
func crossEntropyD(logits []float64, labels []int) []float64 {
	classes, examples := len(logits)/len(labels), float64(len(labels))
	d := make([]float64, len(logits))
	for i, label := range labels {
		z := logits[i*classes : (i+1)*classes]
		norm := logSumExp(z)
		for k := range z {
			d[i*classes+k] = math.Exp(z[k]-norm) / examples
		}
		d[i*classes+label] -= 1 / examples
	}
	return d
}

// logSumExp is ln Σ e^{z_k}.
func logSumExp(z []float64) float64 {
	top := z[0]
	for _, x := range z {
		top = max(top, x)
	}
	sum := 0.0
	for _, x := range z {
		sum += math.Exp(x - top)
	}
	return top + math.Log(sum)
}

// accuracy is the fraction of rows whose largest entry is at the label.
func accuracy(logits []float64, labels []int) float64 {
	classes := len(logits) / len(labels)
	right := 0
	for i, label := range labels {
		best := 0
		for k, z := range logits[i*classes : (i+1)*classes] {
			if z > logits[i*classes+best] {
				best = k
			}
		}
		if best == label {
			right++
		}
	}
	return float64(right) / float64(len(labels))
}

// affine is x·w + b for every row of x.
func affine(x, w, b []float64) []float64 {
	out := len(b)
	in := len(w) / out
	z := make([]float64, len(x)/in*out)
	for i := range z {
		row, unit := i/out, i%out
		z[i] = b[unit]
		for k := range in {
			z[i] += x[row*in+k] * w[k*out+unit]
		}
	}
	return z
}

// timesTransposed is d·wᵀ for d: [·, out] and w: [in, out].
func timesTransposed(d, w []float64, out int) []float64 {
	in := len(w) / out
	y := make([]float64, len(d)/out*in)
	for i := range y {
		row, unit := i/in, i%in
		for k := range out {
			y[i] += d[row*out+k] * w[unit*out+k]
		}
	}
	return y
}

// outerSum is xᵀ·d: [in, out], for x: [·, in] and d: [·, out].
func outerSum(x, d []float64, in, out int) []float64 {
	w := make([]float64, in*out)
	for row := range len(d) / out {
		for i := range w {
			w[i] += x[row*in+i/out] * d[row*out+i%out]
		}
	}
	return w
}

// columnSum adds up the rows of d: [·, out].
func columnSum(d []float64, out int) []float64 {
	b := make([]float64, out)
	for i, x := range d {
		b[i%out] += x
	}
	return b
}

// apply maps f over xs.
func apply(f func(float64) float64, xs []float64) []float64 {
	ys := make([]float64, len(xs))
	for i, x := range xs {
		ys[i] = f(x)
	}
	return ys
}

// Float64s converts the float32 values of a tensor.
func Float64s(xs []float32) []float64 {
	ys := make([]float64, len(xs))
	for i, x := range xs {
		ys[i] = float64(x)
	}
	return ys
}
