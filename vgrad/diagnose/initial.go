package diagnose

import (
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// initialVariance is the ratio of the activations' variances in neighbouring layers, or
// its inverse, above which the first weights have a wrong size.
const initialVariance = 10

// initial looks at how activations grow or shrink from layer to layer at the first step,
// which depends only on the first weights.
var initial = Rule{
	Name:      "size of the first weights",
	Threshold: "at the first step the variance of the activations changes by more than a factor of 10 a hidden layer, by a least-squares fit of its logarithm",
	Source:    "Amazon SageMaker Debugger, PoorWeightInitialization",
	Advice:    "the initializer that belongs to the activation: he_normal with relu, glorot_uniform with tanh, gain 1",
	Needs:     []vgrad.Quantity{vgrad.StdActivation},
	Tolerable: true,
	Look: func(t *Training) ([]Sighting, error) {
		hidden := overLayers(t.Series(vgrad.StdActivation))
		depth := vgrad.Depth(t.source)
		hidden = slices.DeleteFunc(hidden, func(s Series) bool { return s.Layer == depth || s.Values[0] == 0 })
		s := along(way{hidden, "layer", func(s vgrad.Site) int { return s.Layer }}, vgrad.StdActivation, false)
		if t.broken == 0 {
			return nil, t.errBroken()
		}
		if len(s.places) < 2 {
			return nil, fmt.Errorf("it takes two hidden layers with activations that are not all the same")
		}
		factor := 1 / s.factor() // forward
		if math.Abs(math.Log(factor)) <= math.Log(initialVariance)/2 {
			return nil, nil
		}
		first, from := s.far()
		last, to := s.near()
		verb := "grow"
		if factor < 1 {
			verb = "shrink"
		}
		return []Sighting{{Site: last, Step: s.step,
			Says: fmt.Sprintf("The activations %s from layer to layer by a factor of %s before anything is learned.", verb, short(max(factor, 1/factor))),
			Evidence: fmt.Sprintf("their standard deviation is %s in %s and %s in %s at step %d",
				short(from), t.place(first), short(to), t.place(last), s.step)}}, nil
	},
}
