package diagnose

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// The update-to-weight ratios between which training makes sense.
const updatesBelow, updatesAbove = 1e-8, 10

// updates looks for layers that are rewritten at each step, or not moved at all.
var updates = rule{
	name:      "update size",
	threshold: "‖ΔW‖/‖W‖ of a layer is above 10 or below 1e-8, by the median over the last tenth of the steps; about 1e-3 is healthy for SGD (Karpathy)",
	source:    "Amazon SageMaker Debugger, WeightUpdateRatio",
	advice:    "another learning rate",
	needs:     []vgrad.Quantity{vgrad.UpdateRatio},
	look: func(src vgrad.Source) *sighting {
		ratios, step := late(src, vgrad.UpdateRatio)
		for _, layer := range slices.Sorted(maps.Keys(ratios)) {
			evidence := fmt.Sprintf("‖ΔW‖/‖W‖ is %s in layer %d", short(ratios[layer]), layer)
			switch r := ratios[layer]; {
			case r > updatesAbove && !math.IsInf(r, 1): // infinite: the weights are zero, as those of a bias-like layer at first
				return &sighting{layer: layer, step: step, evidence: evidence, advice: "a smaller learning rate",
					says: fmt.Sprintf("A step changes the weights of layer %d by %s times their size: nothing learned lasts.", layer, times(r))}
			case r < updatesBelow:
				return &sighting{layer: layer, step: step, evidence: evidence, advice: "a larger learning rate, if the gradient arrives; else see the other findings",
					says: fmt.Sprintf("The weights of layer %d do not move.", layer)}
			}
		}
		return nil
	},
}
