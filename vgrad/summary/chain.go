package summary

import (
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// Link is the chain rule at a layer: the factors by which the signal δ changes on its
// way from the next layer, over the recorded steps. Their product is RMS δ of this
// layer over that of the next, exactly. The last layer has no factors but the size of
// its input. All slices have the length of Steps; a value that is not recorded is NaN.
type Link struct {
	Site  vgrad.Site // the layer's units
	Steps []int
	Delta []float64 // RMS δ

	Norm    []float64 // what the next layer's normalization passes; 1: it has none
	Weights []float64 // what the next layer's weights pass
	// Skip is what arrives at this layer's output in all, over what came through the
	// next layer's weights. A skip connection or a gate adds to it; it is 1 in a plain
	// chain of layers.
	Skip   []float64
	Gate   []float64 // of a branch beside a stream: what arrives at it over what the stream carries; else 1
	Slopes []float64 // what the activation's slopes of this layer pass

	Input []float64 // RMS of the layer's input x, the other factor of ∂L/∂W = xᵀ·δ
}

// Product is the product of the factors at the i-th step.
func (l Link) Product(i int) float64 {
	return l.Norm[i] * l.Weights[i] * l.Skip[i] * l.Gate[i] * l.Slopes[i]
}

// Chain returns the links of a run's layers in forward order. Of several units of a
// layer it takes those that are no gates. It fails if the factors of the slopes or of
// the weights are not recorded, as of older runs, of recurrent layers, and of a model
// whose layers it cannot tell.
func Chain(src vgrad.Source) ([]Link, error) {
	c := chain{delta: bySite(src, vgrad.RMSDelta), slopes: bySite(src, vgrad.SlopeFactor), norm: bySite(src, vgrad.NormFactor),
		weights: bySite(src, vgrad.WeightFactor), input: bySite(src, vgrad.InputSize)}
	if len(c.slopes) == 0 || len(c.weights) == 0 {
		return nil, errors.New("the factors of slopes and weights are not recorded; train it again, with the quantities slope_factor and weight_factor")
	}
	layers := c.layers(src)
	if len(layers) == 0 {
		return nil, errors.New("no layer has units whose activation is known")
	}
	for i := range layers {
		var next *layer
		if i+1 < len(layers) {
			next = &layers[i+1]
		}
		c.links = append(c.links, c.link(layers[i], next))
	}
	return c.links, nil
}

// values are a quantity's values by path and step.
type values map[string]map[int]float64

func bySite(src vgrad.Source, q vgrad.Quantity) values {
	v := values{}
	for s := range src.Samples(q) {
		if v[s.Site.Path] == nil {
			v[s.Site.Path] = map[int]float64{}
		}
		v[s.Site.Path][s.Step] = s.Value
	}
	return v
}

// at is a value; other if the path is "" or has none.
func (v values) at(path string, step int, other float64) float64 {
	if x, ok := v[path][step]; ok {
		return x
	}
	return other
}

// chain has the measurements of a run.
type chain struct {
	delta, slopes, norm, weights, input values
	steps                               []int
	links                               []Link
}

// layer names the sites of one layer.
type layer struct {
	units                  vgrad.Site
	kernel, stream, normed string // paths; "": there is none
}

// layers lists the layers that have units with known slopes.
func (c *chain) layers(src vgrad.Source) []layer {
	byNumber := map[int]*layer{}
	var numbers []int
	for _, s := range src.Sites() {
		if s.Layer == 0 {
			continue
		}
		if byNumber[s.Layer] == nil {
			byNumber[s.Layer] = &layer{}
			numbers = append(numbers, s.Layer)
		}
		l := byNumber[s.Layer]
		switch {
		case s.Role == vgrad.Units && l.units.Path == "" && c.slopes[s.Path] != nil:
			l.units = s
		case s.Role == vgrad.Stream:
			l.stream = s.Path
		case s.Role == vgrad.Kernel && l.kernel == "": // before its units, and before the gate's kernel
			l.kernel = s.Path
		}
	}
	slices.Sort(numbers)
	var all []layer
	for _, n := range numbers {
		if l := byNumber[n]; l.units.Path != "" {
			if l.units.Normalized {
				l.normed = l.units.Path
			}
			all = append(all, *l)
		}
	}
	if len(all) > 0 {
		c.steps = slices.Sorted(maps.Keys(c.slopes[all[0].units.Path]))
	}
	return all
}

// link computes the factors between a layer and the next; next is nil for the last.
func (c *chain) link(l layer, next *layer) Link {
	k := Link{Site: l.units, Steps: c.steps}
	for _, step := range c.steps {
		nan := math.NaN()
		delta, slopes := c.delta.at(l.units.Path, step, nan), c.slopes.at(l.units.Path, step, nan)
		arriving := delta / slopes
		whole := c.delta.at(l.stream, step, arriving)
		norm, weights, leaving := nan, nan, nan
		if next != nil {
			norm = c.norm.at(next.normed, step, 1)
			weights = c.weights.at(next.kernel, step, nan)
			leaving = c.delta.at(next.units.Path, step, nan) * norm * weights
		}
		k.Delta, k.Input = append(k.Delta, delta), append(k.Input, c.input.at(l.kernel, step, nan))
		k.Norm, k.Weights = append(k.Norm, norm), append(k.Weights, weights)
		k.Skip, k.Gate = append(k.Skip, whole/leaving), append(k.Gate, arriving/whole)
		k.Slopes = append(k.Slopes, slopes)
	}
	return k
}
