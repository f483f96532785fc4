package diagnose

import (
	"fmt"

	"github.com/vgrad/lab/vgrad"
)

// overfittingGap is by how much the accuracy on the training set is above that on the
// validation set.
const overfittingGap = 0.2

// overfitting compares the accuracy on the last batches with that on the validation set.
var overfitting = Rule{
	Name:      "overfitting",
	Threshold: "the training accuracy, over the last tenth of the steps and less two standard errors, is more than 20 points above the validation accuracy",
	Source:    "after Amazon SageMaker Debugger, Overfit, which asks for a gap of 10 % in the loss; a loss grows with a network's confidence while its accuracy stays",
	Advice:    "more data, a smaller network, weight decay, dropout, or fewer steps",
	Needs:     []vgrad.Quantity{vgrad.ValAccuracy},
	Look: func(t *Training) ([]Sighting, error) {
		if err := t.errBroken(); err != nil {
			return nil, err
		}
		train, val := t.Network(vgrad.TrainAccuracy), t.Network(vgrad.ValAccuracy)
		if len(train.Values) == 0 {
			return nil, fmt.Errorf("the training accuracy is not recorded")
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
