package diagnose

import (
	"fmt"

	"github.com/vgrad/lab/vgrad"
)

// explodingAbove is how many times larger the signal next to the input is than at the output.
const explodingAbove = 70

// exploding compares the signal's ends at the first and at the last recorded step.
var exploding = rule{
	name:      "exploding gradient",
	threshold: fmt.Sprintf("the signal next to the input is more than %d times that at the output", explodingAbove),
	source:    "AUTOTRAINER, Zhang et al. 2021 (ICSE), for gradients of weights",
	advice:    "smaller first weights (gain, glorot_uniform), fewer layers, or a smaller learning rate where it came with training",
	needs:     []vgrad.Quantity{vgrad.RMSDelta, vgrad.RMSGrad, vgrad.MeanAbsGrad},
	look: func(src vgrad.Source) *sighting {
		first, last := signals(src)
		for _, p := range []*profile{first, last} {
			if len(p.values) < 2 || !p.finite() || p.silence() > 0 {
				continue
			}
			if input, output := p.ends(); input > explodingAbove*output {
				return &sighting{layer: p.layers[0], step: p.step, evidence: p.evidence(),
					says: fmt.Sprintf("On its way back from the loss the gradient grows: layer %d gets %s times what layer %d has.",
						p.layers[0], times(input/output), p.layers[len(p.layers)-1])}
			}
		}
		return nil
	},
}
