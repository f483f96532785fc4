package diagnose

import (
	"fmt"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// explodedAbove is the ratio of the last losses to the cost of guessing, and to the first
// loss, above which the loss has exploded.
const explodedAbove = 2

// explodingLoss looks for a finite loss that is far above the cost of guessing. It uses the
// median, because such losses jump by orders of magnitude: their mean less two standard
// errors may be negative.
var explodingLoss = Rule{
	Name:      "loss that explodes",
	Threshold: "the median loss over the last tenth of the steps is more than twice what guessing costs and more than twice the first loss",
	Source:    "a network that says nothing, the same for every input, costs the logarithm of the number of classes",
	Advice:    "a smaller learning rate, less momentum, or clipping the gradient's norm",
	Needs:     []vgrad.Quantity{vgrad.Loss},
	Look: func(t *Training) ([]Sighting, error) {
		if err := t.errBroken(); err != nil {
			return nil, err
		}
		loss := t.Network(vgrad.Loss)
		if len(loss.Values) < 2 {
			return nil, fmt.Errorf("only one loss is recorded")
		}
		if !t.lossExploded() {
			return nil, nil
		}
		_, guess := t.guessing()
		last := median(loss.end())
		return []Sighting{{Step: loss.last(),
			Says:     fmt.Sprintf("The loss has grown from %s to %s, where %s: the network is worse than one that knows nothing.", short(loss.Values[0]), short(last), guess),
			Evidence: fmt.Sprintf("median loss %s over the last %d recorded steps, from %s to %s", short(last), len(loss.end()), short(slices.Min(loss.end())), short(slices.Max(loss.end())))}}, nil
	},
}

// lossExploded reports whether the loss is far above the first loss and the cost of
// guessing.
func (t *Training) lossExploded() bool {
	loss := t.Network(vgrad.Loss)
	cost, _ := t.guessing()
	if t.classes() > 1 {
		cost = max(cost, loss.Values[0])
	}
	return median(loss.end()) > explodedAbove*cost
}
