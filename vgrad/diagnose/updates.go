package diagnose

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

const (
	// hastyAbove is the update-to-weight ratio above which a step rewrites the weights.
	hastyAbove = 10
	// hastyAtFirst is that of the first update, before which the weights are those that
	// were drawn. Adam's first update is the learning rate itself for each weight: with
	// 0.001 the ratio is 0.005, with 1 it is 5.
	hastyAtFirst = 1
	// motionless is the fraction of their size by which the weights of a layer move in
	// all steps together, at most, where they do not move.
	motionless = 1e-3
	// slowest is that of all layers, where the learning rate is too small.
	slowest = 1e-2
)

// updates looks for layers that are rewritten at a step, or not moved at all. A frozen
// weight is not meant to move.
var updates = Rule{
	Name: "update size",
	Threshold: fmt.Sprintf("‖ΔW‖/‖W‖ of a layer is above %d at the first step, or above %d by the median over the last tenth of the steps; or that median, times the number of steps, is below %s in a layer or below %s in all of them; about 1e-3 a step is healthy for SGD (Karpathy)",
		hastyAtFirst, hastyAbove, short(motionless), short(slowest)),
	Source:    "Amazon SageMaker Debugger, WeightUpdateRatio, for 10; the others are ours",
	Advice:    "another learning rate",
	Needs:     []vgrad.Quantity{vgrad.UpdateRatio},
	Tolerable: true,
	Look: func(t *Training) ([]Sighting, error) {
		series, err := t.finite(vgrad.UpdateRatio)
		if err != nil {
			return nil, err
		}
		series = slices.DeleteFunc(series, func(s Series) bool { return s.Frozen })
		if len(series) == 0 {
			return nil, errors.New("all weights are frozen")
		}
		for _, s := range series {
			if seen, ok := t.hasty(s); ok {
				return []Sighting{seen}, nil
			}
		}
		if err := t.errBroken(); err != nil {
			return nil, err
		}
		if t.Steps() < timeToLearn {
			return nil, fmt.Errorf("%d steps are too few to tell weights that do not move from weights that move slowly; it takes %d", t.Steps(), timeToLearn)
		}
		return t.slow(series), nil
	},
}

// hasty sees updates as large as the weights. An infinite ratio is that of weights
// that are zero, which any update changes.
func (t *Training) hasty(s Series) (Sighting, bool) {
	r, step, first := median(s.late()), s.last(), s.Values[0]
	if !(r > hastyAbove) {
		r, step = first, s.Steps[0]
		if !(r > hastyAtFirst) || math.IsInf(r, 1) {
			return Sighting{}, false
		}
	}
	return Sighting{Site: s.Site, Step: step, Advice: "a smaller learning rate",
		Says:     fmt.Sprintf("A step changes the weights of %s by %s times their size: what they were is lost.", t.place(s.Site), short(r)),
		Evidence: fmt.Sprintf("‖ΔW‖/‖W‖ is %s in %s at step %d", short(r), t.place(s.Site), step)}, true
}

// slow sees weights that stay what they were.
func (t *Training) slow(series []Series) []Sighting {
	var seen []Sighting
	fastest := 0.0
	for _, s := range series {
		r := median(s.late())
		moved := r * float64(t.Steps())
		fastest = max(fastest, moved)
		if moved < motionless && len(seen) == 0 {
			seen = []Sighting{{Site: s.Site, Step: s.last(), Advice: "a larger learning rate, if the gradient arrives; else see the other findings",
				Says:     fmt.Sprintf("The weights of %s do not move.", t.place(s.Site)),
				Evidence: fmt.Sprintf("‖ΔW‖/‖W‖ is %s in %s: %s in all of %d steps", short(r), t.place(s.Site), short(moved), t.Steps())}}
		}
	}
	if fastest < slowest {
		return []Sighting{{Step: series[0].last(), Advice: "a larger learning rate",
			Says:     fmt.Sprintf("The weights of all layers together stay what they were: at this pace none moves by more than %s %% of its size in %d steps.", short(100*fastest), t.Steps()),
			Evidence: fmt.Sprintf("‖ΔW‖/‖W‖ is %s a step in the layer that moves most", short(fastest/float64(t.Steps())))}}
	}
	return seen
}
