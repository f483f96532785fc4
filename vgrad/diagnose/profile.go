package diagnose

import (
	"math"

	"github.com/vgrad/lab/vgrad"
)

// profile is a quantity over the layers at one step.
type profile struct {
	quantity vgrad.Quantity
	step     int
	layers   []int
	values   []float64
}

// profiles returns the first and the last recorded profile of a quantity; nil where
// there is none.
func profiles(src vgrad.Source, q vgrad.Quantity) (first, last *profile) {
	for s := range src.Samples(q) {
		if s.Hist != nil || s.Site.Layer == 0 {
			continue
		}
		if last == nil || last.step != s.Step {
			last = &profile{quantity: q, step: s.Step}
		}
		if first == nil {
			first = last
		}
		last.layers, last.values = append(last.layers, s.Site.Layer), append(last.values, s.Value)
	}
	return first, last
}

// signals returns the first and the last profile of the backpropagated signal: of
// RMS δ, or, where a network shows no pre-activations, of the gradient of its weights
// without layer 1's, which carries the size of the input.
func signals(src vgrad.Source) (first, last *profile) {
	if first, last = profiles(src, vgrad.RMSDelta); first != nil {
		return first, last
	}
	for _, q := range []vgrad.Quantity{vgrad.RMSGrad, vgrad.MeanAbsGrad} {
		if first, last = profiles(src, q); first != nil {
			return first.from(2), last.from(2)
		}
	}
	return nil, nil
}

// from leaves out the layers before one.
func (p *profile) from(layer int) *profile {
	q := &profile{quantity: p.quantity, step: p.step}
	for i, l := range p.layers {
		if l >= layer {
			q.layers, q.values = append(q.layers, l), append(q.values, p.values[i])
		}
	}
	return q
}

// ends are the values at the layer next to the input and at the last.
func (p *profile) ends() (first, last float64) { return p.values[0], p.values[len(p.values)-1] }

// finite reports whether all values are.
func (p *profile) finite() bool {
	for _, v := range p.values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// silence is the layer nearest to the output at which the value is zero; 0 where it is
// zero nowhere.
func (p *profile) silence() int {
	for i := len(p.values) - 1; i >= 0; i-- {
		if p.values[i] == 0 {
			return p.layers[i]
		}
	}
	return 0
}

// factor is by what the values are multiplied from a layer to the one before it, on its
// way back from the loss: the slope of the line of least squares through their
// logarithms. It is NaN of fewer than two layers, and where a value is zero.
func (p *profile) factor() float64 {
	n := float64(len(p.values))
	var x, y, xx, xy float64
	for i, v := range p.values {
		l, log := float64(p.layers[i]), math.Log(v)
		x, y, xx, xy = x+l, y+log, xx+l*l, xy+l*log
	}
	return math.Exp(-(n*xy - x*y) / (n*xx - x*x))
}

// title is what the profile is of, for prose.
func (p *profile) title() string {
	info, err := p.quantity.Info()
	if err != nil {
		return string(p.quantity)
	}
	return info.Title
}

// late returns the median over the last tenth of the steps of a quantity, layer by
// layer, and the last step.
func late(src vgrad.Source, q vgrad.Quantity) (byLayer map[int]float64, last int) {
	values := map[int][]float64{}
	for s := range src.Samples(q) {
		if s.Hist == nil {
			values[s.Site.Layer] = append(values[s.Site.Layer], s.Value)
			last = s.Step
		}
	}
	byLayer = map[int]float64{}
	for layer, vs := range values {
		byLayer[layer] = median(vs[len(vs)-(len(vs)+9)/10:])
	}
	return byLayer, last
}
