package diagnose

import (
	"fmt"
	"math"

	"github.com/vgrad/lab/vgrad"
)

// notFinite finds the first step at which the loss or a gradient is NaN or infinite.
var notFinite = rule{
	name:      "NaN or infinity",
	threshold: "a loss or a gradient that is no finite number",
	source:    "Amazon SageMaker Debugger, ExplodingTensor",
	advice:    "a smaller learning rate, smaller first weights (gain, initializer), or data without such values",
	needs:     []vgrad.Quantity{vgrad.Loss, vgrad.MeanAbsGrad},
	look: func(src vgrad.Source) *sighting {
		var seen *sighting
		for _, q := range []vgrad.Quantity{vgrad.Loss, vgrad.MeanAbsGrad} {
			for s := range src.Samples(q) {
				if !math.IsNaN(s.Value) && !math.IsInf(s.Value, 0) || s.Hist != nil {
					continue
				}
				if seen == nil || s.Step < seen.step {
					info, _ := q.Info() // q is known
					seen = &sighting{layer: s.Site.Layer, step: s.Step,
						says:     fmt.Sprintf("From step %d on the training computes with no finite numbers.", s.Step),
						evidence: fmt.Sprintf("%s is %v", info.Title, s.Value)}
				}
				break
			}
		}
		return seen
	},
}
