package diagnose

import (
	"fmt"
	"math"

	"github.com/vgrad/lab/vgrad"
)

const (
	// stalledBelow is the smallest relative fall of the loss from one quarter of the
	// training to the next. A network that has learned nothing yet and gains less would
	// need more than fifty such quarters.
	stalledBelow = 0.02
	// guessingAbove is the fraction of the cost of guessing above which a network guesses.
	guessingAbove = 0.98
	// stalledLosses is the smallest number of recorded losses for a finding. Then each
	// quarter has five; the standard error of a mean of fewer is not reliable.
	stalledLosses = 20
)

// stalled compares the mean loss in the third quarter of the training with that in the
// last. The loss of a batch is noisy, so both means have a standard error, which is larger
// if fewer steps are recorded. If the errors are too large to tell, the rule says so.
//
// The loss of a network that has learned may stop falling.
var stalled = Rule{
	Name: "loss that does not fall",
	Threshold: "in the last quarter of the training the mean loss is less than 2 % below that of the quarter before, two standard errors on the careful side, or above 98 % of what guessing costs; " +
		"the network has not learned",
	Source: "Amazon SageMaker Debugger, LossNotDecreasing (0.1 % in ten steps), over longer times because a batch's loss is noisy",
	Advice: "what the other findings say; where there is none, another learning rate",
	Needs:  []vgrad.Quantity{vgrad.Loss},
	Look: func(t *Training) ([]Sighting, error) {
		if err := t.errBroken(); err != nil {
			return nil, err
		}
		loss := t.Network(vgrad.Loss)
		outcome, _ := t.Outcome()
		n := len(loss.Values)
		switch {
		case outcome == Learned:
			return nil, nil
		case t.Steps() < timeToLearn:
			return nil, fmt.Errorf("%d steps are too few to tell; it takes %d", t.Steps(), timeToLearn)
		case n < stalledLosses:
			return nil, fmt.Errorf("%d recorded losses are too few to tell; it takes %d", n, stalledLosses)
		case t.lossExploded():
			return nil, fmt.Errorf("the loss has exploded, which is a finding of its own")
		}
		third, thirdErr := mean(loss.Values[n/2 : n-n/4])
		last, lastErr := mean(loss.Values[n-n/4:])
		fall, err := third-last, math.Hypot(thirdErr, lastErr)
		cost, guess := t.guessing()
		guesses := t.classes() > 1 && last-2*lastErr > guessingAbove*cost
		seen := Sighting{Step: loss.last(),
			Evidence: fmt.Sprintf("mean loss %.4f ± %.4f in the last quarter of the steps, %.4f ± %.4f in the one before, %.4f at first; %s", last, lastErr, third, thirdErr, loss.Values[0], guess)}
		switch {
		case guesses:
			seen.Says = fmt.Sprintf("Up to step %d the network is no better than guessing: its loss is %.3f, and %s.", loss.last(), last, guess)
		case fall+2*err < stalledBelow*last:
			seen.Says = fmt.Sprintf("The loss does not fall any more: it is %.3f in the last quarter of the steps and was %.3f in the one before.", last, third)
		case fall-2*err > 0:
			return nil, nil
		default:
			return nil, fmt.Errorf("the losses of single steps vary too much: from the third quarter to the last their mean changes by %s ± %s", short(-fall), short(err))
		}
		return []Sighting{seen}, nil
	},
}
