package diagnose

import (
	"fmt"

	"github.com/vgrad/lab/vgrad"
)

// overfittingGap is the difference of the accuracies on the training set and on the
// validation set above which a network overfits. Without accuracies it applies to the
// difference of the losses, as a fraction of the first loss.
const overfittingGap = 0.2

// overfitting compares the last batches with the validation set, by accuracy or, if none is
// recorded, by loss.
var overfitting = Rule{
	Name: "overfitting",
	Threshold: "the training accuracy, over the last tenth of the steps and less two standard errors, is more than 20 points above the validation accuracy; " +
		"without accuracies, the validation loss is more than twice the training loss, and by 20 % of the first loss above it",
	Source: "after Amazon SageMaker Debugger, Overfit, which asks for a gap of 10 % in the loss; a loss grows with a network's confidence while its accuracy stays",
	Advice: "more data, a smaller network, weight decay, dropout, or fewer steps",
	Needs:  []vgrad.Quantity{vgrad.ValAccuracy, vgrad.ValLoss},
	Look: func(t *Training) ([]Sighting, error) {
		if err := t.errBroken(); err != nil {
			return nil, err
		}
		train, val := t.Network(vgrad.TrainAccuracy), t.Network(vgrad.ValAccuracy)
		if len(train.Values) == 0 || len(val.Values) == 0 {
			return t.overfittingByLoss()
		}
		m, se := mean(train.end())
		last := val.Values[len(val.Values)-1]
		if !(m-2*se > last+overfittingGap) {
			return nil, nil
		}
		return []Sighting{{Step: val.last(),
			Says:     fmt.Sprintf("The network knows its training examples by heart: it is right on %.0f %% of them and on %.0f %% of others.", 100*m, 100*last),
			Evidence: fmt.Sprintf("training accuracy %.3f ± %.3f over the last %d recorded steps, validation accuracy %.3f", m, se, len(train.end()), last)}}, nil
	},
}

// overfittingByLoss is for networks without an accuracy, such as a regression.
func (t *Training) overfittingByLoss() ([]Sighting, error) {
	train, val := t.Network(vgrad.Loss), t.Network(vgrad.ValLoss)
	if len(train.Values) == 0 || len(val.Values) == 0 {
		return nil, fmt.Errorf("it takes the loss of both sets, or the accuracy on both")
	}
	m, se := mean(train.end())
	first, _ := t.guessing()
	last := val.Values[len(val.Values)-1]
	if !(last > 2*(m+2*se) && last > m+2*se+overfittingGap*first) {
		return nil, nil
	}
	return []Sighting{{Step: val.last(),
		Says:     fmt.Sprintf("The network knows its training examples by heart: its loss is %s on them and %s on others.", short(m), short(last)),
		Evidence: fmt.Sprintf("training loss %s ± %s over the last %d recorded steps, validation loss %s", short(m), short(se), len(train.end()), short(last))}}, nil
}
