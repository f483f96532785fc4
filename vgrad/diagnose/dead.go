package diagnose

import (
	"fmt"

	"github.com/vgrad/lab/vgrad"
)

// deadAbove is the fraction of a layer's units that may be dead.
const deadAbove = 0.5

// dead looks for layers most of whose units are zero on every example.
var dead = rule{
	name:      "dead units",
	threshold: "more than half of a layer's units are zero on every example of the batch, by the median over the last tenth of the steps",
	source:    "Amazon SageMaker Debugger, DeadRelu",
	advice:    "leaky_relu or elu, a smaller learning rate, or he_normal",
	needs:     []vgrad.Quantity{vgrad.Dead},
	look: func(src vgrad.Source) *sighting {
		return worst(src, vgrad.Dead, deadAbove, "%.0f %% of the units of layer %d are zero whatever the network is shown; no gradient passes them.")
	},
}

// worst fires where the late median of a fraction is above a bound in a layer, of which
// says tells the percentage and the number of the worst.
func worst(src vgrad.Source, q vgrad.Quantity, bound float64, says string) *sighting {
	fractions, step := late(src, q)
	at, above := 0, 0
	for layer, fraction := range fractions {
		if fraction > bound {
			above++
		}
		if fraction > bound && (at == 0 || fraction > fractions[at] || fraction == fractions[at] && layer < at) {
			at = layer
		}
	}
	if at == 0 {
		return nil
	}
	evidence := fmt.Sprintf("%.0f %% in layer %d", 100*fractions[at], at)
	if above > 1 {
		evidence += fmt.Sprintf("; above %.0f %% in %d of %d layers", 100*bound, above, len(fractions))
	}
	return &sighting{layer: at, step: step, says: fmt.Sprintf(says, 100*fractions[at], at), evidence: evidence}
}
