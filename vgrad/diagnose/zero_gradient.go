package diagnose

import (
	"fmt"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// zeroGradient looks for trained weights that never get a gradient although the signal
// passes their layer. If the signal ends before their layer, the rule vanishing finds it.
var zeroGradient = Rule{
	Name:      "weights without a gradient",
	Threshold: "the gradient of a weight that is not frozen is exactly zero at every recorded step, though the signal passes its layer",
	Source:    "Amazon SageMaker Debugger, AllZero and UnchangedTensor",
	Advice:    "look at what the layer reads, and at how its output reaches the loss; freeze the weights if they are not to be trained",
	Needs:     []vgrad.Quantity{vgrad.MeanAbsGrad, vgrad.RMSGrad, vgrad.MaxAbsGrad},
	Look: func(t *Training) ([]Sighting, error) {
		if t.broken == 0 {
			return nil, t.errBroken()
		}
		ended := 0 // the last layer in forward order that no signal reaches
		if signals, err := t.signals(false); err == nil && signals[0].unit == "layer" && signals[0].silent() > 0 {
			ended = signals[0].places[signals[0].silent()-1].Layer
		}
		looked := map[string]bool{}
		for _, q := range []vgrad.Quantity{vgrad.MeanAbsGrad, vgrad.RMSGrad, vgrad.MaxAbsGrad} {
			for _, s := range t.Series(q) {
				if looked[s.Path] || s.Frozen || s.Layer <= ended {
					continue
				}
				looked[s.Path] = true
				if slices.ContainsFunc(s.Values, func(v float64) bool { return v != 0 }) {
					continue
				}
				return []Sighting{{Site: s.Site, Step: s.Steps[0],
					Says:     fmt.Sprintf("The weights of %s never get a gradient, though the signal passes there.", t.place(s.Site)),
					Evidence: fmt.Sprintf("%s is exactly zero at all %d recorded steps", t.title(q), len(s.Steps))}}, nil
			}
		}
		if len(looked) == 0 && ended == 0 {
			return nil, fmt.Errorf("no weight that is not frozen has a gradient recorded")
		}
		return nil, nil
	},
}
