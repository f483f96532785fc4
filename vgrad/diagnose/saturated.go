package diagnose

import (
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// saturatedAbove is the fraction of a layer's units and examples that may be saturated.
const saturatedAbove = 0.5

// saturated looks for layers whose units are mostly where their activation is flat. A
// plain ReLU is flat half of the time by design: of it, dead units tell.
var saturated = rule{
	name:      "saturated units",
	threshold: "more than half of a layer's units and examples lie where the activation's slope is below 6 % of its largest, by the median over the last tenth of the steps",
	source:    "Amazon SageMaker Debugger, SaturatedActivation; the slope is tanh's at 0.97, after Karpathy",
	advice:    "smaller first weights (gain), inputs of smaller scale, or another activation",
	needs:     []vgrad.Quantity{vgrad.Saturated},
	look: func(src vgrad.Source) *sighting {
		if r, ok := src.(vgrad.Recorded); ok && strings.EqualFold(r.Ran().WithDefaults().Activation, "relu") {
			return nil
		}
		return worst(src, vgrad.Saturated, saturatedAbove, "%.0f %% of what the units of layer %d compute lies where their activation is flat; next to no gradient passes there.")
	},
}
