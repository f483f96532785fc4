package diagnose

import (
	"fmt"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

const (
	// stalledBelow is the fraction by which the loss must fall at least.
	stalledBelow = 1e-3
	// stalledSteps is how many recorded steps tell: of fewer, the difference of two means
	// is the batches'.
	stalledSteps = 200
)

// stalled compares the loss in the middle of the training with that at its end, each the
// mean over a tenth of the steps.
var stalled = rule{
	name:      "loss that does not fall",
	threshold: "in the second half of the training the loss falls by less than 0.1 %, by means over a tenth of its steps",
	source:    "Amazon SageMaker Debugger, LossNotDecreasing (0.1 % in ten steps), over longer times because a batch's loss is noisy",
	advice:    "what the other findings say; where there is none, another learning rate, or more steps if the loss is low already",
	needs:     []vgrad.Quantity{vgrad.Loss},
	look: func(src vgrad.Source) *sighting {
		steps, loss := vgrad.Series(src, vgrad.Loss, 0)
		n := len(loss)
		if n < stalledSteps {
			return nil
		}
		middle, end := mean(loss[n/2:n/2+n/10]), mean(loss[n-n/10:])
		if !(end > (1-stalledBelow)*middle) {
			return nil
		}
		return &sighting{step: steps[n-1],
			says:     fmt.Sprintf("The loss does not fall any more: it is %.3f nats in the end and was %.3f halfway.", end, middle),
			evidence: fmt.Sprintf("mean loss %.4f over the last tenth of the steps, %.4f over a tenth from the middle on", end, middle)}
	},
}

func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

// median is of at least one number.
func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
}
