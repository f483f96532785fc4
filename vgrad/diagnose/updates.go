package diagnose

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

const (
	// largeAbove is the update-to-weight ratio above which a step replaces the weights.
	largeAbove = 10
	// largeAtFirst is the same for the first update, when the weights still have the size
	// of their initializer. Adam's first update changes each weight by the learning rate:
	// with 0.001 the ratio is 0.005, with 1 it is 5.
	largeAtFirst = 1
	// stillBelow is the relative change over all steps below which the weights of a layer
	// do not move.
	stillBelow = 1e-3
	// slowBelow is the relative change over all steps below which all layers together are
	// slow: the learning rate is too small.
	slowBelow = 1e-2
)

// updates looks for layers whose weights are replaced at a step, or do not move. Frozen
// weights are left out.
var updates = Rule{
	Name: "update size",
	Threshold: fmt.Sprintf("‖ΔW‖/‖W‖ of a layer is above %d at the first step, or above %d by the median over the last tenth of the steps; or that median, times the number of steps, is below %s in a layer or below %s in all of them; about 1e-3 a step is healthy for SGD (Karpathy)",
		largeAtFirst, largeAbove, short(stillBelow), short(slowBelow)),
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
			if seen, ok := t.tooLarge(s); ok {
				return []Sighting{seen}, nil
			}
		}
		if err := t.errBroken(); err != nil {
			return nil, err
		}
		if t.Steps() < timeToLearn {
			return nil, fmt.Errorf("%d steps are too few to tell weights that do not move from weights that move slowly; it takes %d", t.Steps(), timeToLearn)
		}
		return t.tooSmall(series), nil
	},
}

// tooLarge looks for updates as large as the weights. The first update may have an infinite
// ratio: the weights are zero, and any update changes them.
func (t *Training) tooLarge(s Series) (Sighting, bool) {
	r, step, first := median(s.late()), s.last(), s.Values[0]
	if !(r > largeAbove) {
		r, step = first, s.Steps[0]
		if !(r > largeAtFirst) || math.IsInf(r, 1) {
			return Sighting{}, false
		}
	}
	return Sighting{Site: s.Site, Step: step, Advice: "a smaller learning rate",
		Says:     fmt.Sprintf("A step changes the weights of %s by %s times their size: what they were is lost.", t.place(s.Site), short(r)),
		Evidence: fmt.Sprintf("‖ΔW‖/‖W‖ is %s in %s at step %d", short(r), t.place(s.Site), step)}, true
}

// tooSmall looks for weights that hardly move.
func (t *Training) tooSmall(series []Series) []Sighting {
	var seen []Sighting
	fastest := 0.0
	for _, s := range series {
		r := median(s.late())
		moved := r * float64(t.Steps())
		fastest = max(fastest, moved)
		if moved < stillBelow && len(seen) == 0 {
			seen = []Sighting{{Site: s.Site, Step: s.last(), Advice: "a larger learning rate, if the gradient arrives; else see the other findings",
				Says:     fmt.Sprintf("The weights of %s do not move.", t.place(s.Site)),
				Evidence: fmt.Sprintf("‖ΔW‖/‖W‖ is %s in %s: %s in all of %d steps", short(r), t.place(s.Site), short(moved), t.Steps())}}
		}
	}
	if fastest < slowBelow {
		return []Sighting{{Step: series[0].last(), Advice: "a larger learning rate",
			Says:     fmt.Sprintf("The weights of all layers together stay what they were: at this pace none moves by more than %s %% of its size in %d steps.", short(100*fastest), t.Steps()),
			Evidence: fmt.Sprintf("‖ΔW‖/‖W‖ is %s a step in the layer that moves most", short(fastest/float64(t.Steps())))}}
	}
	return seen
}
