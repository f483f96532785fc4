package reference

import (
	"math"

	"github.com/vgrad/lab/vgrad"
)

// Measures holds scalar quantities: one value a layer, at index layer-1, or a single
// value for a quantity of the whole network. The units of every layer are measured,
// including the logits, whose activation is the identity.
type Measures map[vgrad.Quantity][]float64

// The thresholds of the definitions in package vgrad.
const (
	saturatedBelow = 0.0591 // of sup|φ′|; tanh′ where |tanh| = 0.97
	deadBelow      = 1e-8
)

// Measure computes the scalar quantities of one step from their definitions.
// dW[l] is the step's update of W[l], and n has the weights before it. A nil dW leaves out
// update_ratio. The net, p and g are only read.
//
// A NaN among averaged values makes the mean NaN. At W = 0 update_ratio is +Inf, or NaN
// if the update is zero as well.
func Measure(n *Net, p *Pass, g *Grads, dW [][]float64) Measures {
	m := Measures{vgrad.Loss: {p.Loss}, vgrad.TrainAccuracy: {p.Accuracy}}
	for l := range n.Layers() {
		m.weights(n.W[l], g.W[l])
		if dW != nil {
			m.add(vgrad.UpdateRatio, RMS(dW[l])/RMS(n.W[l])) // = ‖ΔW‖/‖W‖: the counts cancel
		}
		m.units(p.Z[l], p.A[l], g.Delta[l], n.activation(l), len(p.Labels))
		m.chain(n, p, g, l)
	}
	return m
}

// chain adds the factors of the chain rule at the layer with index l. There is no weight
// factor of the first layer; NaN stands in its place.
func (m Measures) chain(n *Net, p *Pass, g *Grads, l int) {
	passed := func(l int) []float64 { return timesTransposed(g.Delta[l], n.W[l], n.Sizes[l+1]) }
	arriving, input, weights := g.Delta[l], p.X, math.NaN()
	if l+1 < n.Layers() {
		arriving = passed(l + 1)
	}
	if l > 0 {
		input, weights = p.A[l-1], RMS(passed(l))/RMS(g.Delta[l])
	}
	m.add(vgrad.SlopeFactor, RMS(g.Delta[l])/RMS(arriving))
	m.add(vgrad.WeightFactor, weights)
	m.add(vgrad.InputSize, RMS(input))
}

// Final computes the quantities that are measured after the last step: mean |W| of each
// layer, and the loss and accuracy of the validation set.
func (n *Net) Final(validation Batch) (Measures, error) {
	p, err := n.Forward(validation)
	if err != nil {
		return nil, err
	}
	m := Measures{vgrad.ValLoss: {p.Loss}, vgrad.ValAccuracy: {p.Accuracy}}
	for _, w := range n.W {
		m.add(vgrad.MeanAbsWeight, meanAbs(w))
	}
	return m, nil
}

// add appends the next layer's value.
func (m Measures) add(q vgrad.Quantity, x float64) { m[q] = append(m[q], x) }

// weights adds the quantities of one layer's weights w and their gradient.
func (m Measures) weights(w, grad []float64) {
	m.add(vgrad.MeanAbsGrad, meanAbs(grad))
	m.add(vgrad.RMSGrad, RMS(grad))
	m.add(vgrad.MaxAbsGrad, maxAbs(grad))
	m.add(vgrad.MeanAbsWeight, meanAbs(w))
}

// units adds the quantities of one layer's units.
func (m Measures) units(z, a, delta []float64, phi Activation, examples int) {
	m.add(vgrad.RMSDelta, RMS(delta))
	m.add(vgrad.MeanActivation, mean(a))
	m.add(vgrad.StdActivation, std(a))
	m.add(vgrad.Saturated, saturated(z, phi))
	m.add(vgrad.Dead, dead(a, len(a)/examples))
}

// saturated is the fraction of z with |φ′(z)| < 0.0591·sup|φ′|.
func saturated(z []float64, phi Activation) float64 {
	count := 0
	for _, x := range z {
		if math.Abs(phi.D(x)) < saturatedBelow*phi.Sup {
			count++
		}
	}
	return float64(count) / float64(len(z))
}

// dead is the fraction of units with |a| ≤ 1e-8 on every example.
func dead(a []float64, units int) float64 {
	alive := make([]bool, units)
	count := units
	for i, x := range a {
		if !(math.Abs(x) <= deadBelow) && !alive[i%units] {
			alive[i%units] = true
			count--
		}
	}
	return float64(count) / float64(units)
}

// RMS is the root of the mean of the squares. It divides by the largest
// magnitude first, so that squares neither underflow nor overflow.
func RMS(xs []float64) float64 {
	top := maxAbs(xs)
	if top == 0 || math.IsInf(top, 0) || math.IsNaN(top) {
		return top
	}
	sum := 0.0
	for _, x := range xs {
		sum += (x / top) * (x / top)
	}
	return top * math.Sqrt(sum/float64(len(xs)))
}

func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

// std is the population standard deviation: it divides by the count.
func std(xs []float64) float64 {
	mu := mean(xs)
	return RMS(apply(func(x float64) float64 { return x - mu }, xs))
}

func meanAbs(xs []float64) float64 { return mean(apply(math.Abs, xs)) }

// maxAbs is the largest |x|, or NaN if one is NaN.
func maxAbs(xs []float64) float64 {
	top := 0.0
	for _, x := range xs {
		top = max(top, math.Abs(x))
	}
	return top
}
