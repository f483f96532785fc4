package diagnose

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/summary"
)

// culprit names the factor of the chain rule that makes the gradient vanish or explode.
// It looks where the rules for these do: at the first recorded step. The size of the
// layers' inputs is the culprit if it shrinks or grows by the same bounds from layer 2 on
// while the signal keeps its size. Layer 1's input is the data, so it does not count.
var culprit = Rule{
	Name: "where the gradient is lost",
	Threshold: "the norm of δ, or the size of the layers' inputs, changes by more than a factor of three at each layer, and of eight altogether; " +
		"the culprit is the factor of the chain rule with the largest part in it, by its geometric mean over the layers",
	Source:    "the chain rule: δ = (Wᵀδ of the next layer) ⊙ φ′(z), ∂L/∂W = xᵀ·δ",
	Advice:    "slopes: an activation with slope 1 where it is active; weights: another initializer or gain; inputs: activations that keep their size, such as tanh or ReLU with fitting weights, or a normalization",
	Needs:     []vgrad.Quantity{vgrad.SlopeFactor, vgrad.WeightFactor},
	Tolerable: true,
	Look: func(t *Training) ([]Sighting, error) {
		links, err := summary.Chain(t.source)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(links[0].Steps, func(step int) bool { return step >= t.from })
		switch {
		case len(links) < 3: // one layer on the way is no way
			return nil, nil
		case at < 0:
			return nil, errors.New("the factors are not recorded from the first step on that trains the whole network")
		case t.broken >= 0 && links[0].Steps[at] >= t.broken:
			return nil, t.errBroken()
		}
		if s, ok := t.lostOnTheWay(links, at); ok {
			return []Sighting{s}, nil
		}
		if s, ok := t.lostInInputs(links, at); ok {
			return []Sighting{s}, nil
		}
		return nil, nil
	},
}

// share is a factor's geometric mean over the layers.
type share struct {
	name string
	mean float64
}

// shares lists the factors of the chain at a step, without the last layer.
func shares(links []summary.Link, at int) []share {
	var all []share
	for _, f := range []struct {
		name string
		of   func(summary.Link) float64
	}{
		{"slopes", func(l summary.Link) float64 { return l.Slopes[at] }},
		{"weights", func(l summary.Link) float64 { return l.Weights[at] }},
		{"normalization", func(l summary.Link) float64 { return l.Norm[at] }},
		{"skip connections", func(l summary.Link) float64 { return l.Skip[at] * l.Gate[at] }},
	} {
		log := 0.0
		for _, l := range links[:len(links)-1] {
			log += math.Log(f.of(l))
		}
		all = append(all, share{f.name, math.Exp(log / float64(len(links)-1))})
	}
	return all
}

// lostOnTheWay looks for a signal that shrinks or grows too much, and names the factor.
func (t *Training) lostOnTheWay(links []summary.Link, at int) (Sighting, bool) {
	all := shares(links, at)
	product, worst := 1.0, all[0]
	for _, s := range all {
		product *= s.mean
	}
	layers := float64(len(links) - 1)
	if !tooMuch(product, layers) {
		return Sighting{}, false
	}
	for _, s := range all {
		if math.Log(s.mean)*math.Log(product) > math.Log(worst.mean)*math.Log(product) {
			worst = s
		}
	}
	return Sighting{Site: links[0].Site, Step: links[0].Steps[at],
		Says: fmt.Sprintf("Each layer passes %s of the signal back: the slopes pass %s, the weights %s%s. The culprit: %s.",
			short(product), short(all[0].mean), short(all[1].mean), rest(all[2:]), worst.name),
		Evidence: fmt.Sprintf("geometric means over %d layers at step %d; in layer %d the slopes pass %s, the next layer's weights %s",
			len(links)-1, links[0].Steps[at], links[0].Site.Layer, short(links[0].Slopes[at]), short(links[0].Weights[at]))}, true
}

// rest describes the other factors that are not 1.
func rest(all []share) string {
	text := ""
	for _, s := range all {
		if math.Abs(s.mean-1) > 1e-3 {
			text += fmt.Sprintf(", the %s %s", s.name, short(s.mean))
		}
	}
	return text
}

// lostInInputs looks for inputs that shrink or grow too much from layer 2 to the last.
func (t *Training) lostInInputs(links []summary.Link, at int) (Sighting, bool) {
	first, last := links[1], links[len(links)-1]
	layers := float64(len(links) - 2)
	factor := math.Pow(last.Input[at]/first.Input[at], 1/layers)
	if !tooMuch(factor, layers) {
		return Sighting{}, false
	}
	return Sighting{Site: last.Site, Step: links[0].Steps[at],
		Says: fmt.Sprintf("The signal δ keeps its size, but with each layer the input of the next is multiplied by %s, and ∂L/∂W with it. The culprit: inputs.", short(factor)),
		Evidence: fmt.Sprintf("the root mean square of the input is %s in layer %d and %s in layer %d at step %d",
			short(first.Input[at]), first.Site.Layer, short(last.Input[at]), last.Site.Layer, links[0].Steps[at])}, true
}

// tooMuch reports whether a factor a layer changes a size by more than the bounds.
func tooMuch(factor, layers float64) bool {
	log := math.Abs(math.Log(factor))
	return log > -math.Log(vanishingFactor) && log*layers > -math.Log(vanishingTotal)
}
