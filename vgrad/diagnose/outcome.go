package diagnose

import (
	"fmt"
	"math"

	"github.com/vgrad/lab/vgrad"
)

// Outcome says whether a network has learned.
type Outcome int

// The outcomes.
const (
	Unknown   Outcome = iota // too early to tell, or no loss is recorded, or it is not finite
	Unlearned                // it has had time to learn, and has not
	Learned
)

const (
	// learnedBelow is the fraction of the cost of guessing below which the loss shows that
	// the network has learned. The article's sigmoid network has not: with 60 seeds it
	// ends at 0.54 to 0.76 after 2,500 steps. Networks with a validation accuracy above
	// 80 % end below 0.33, except those with the largest learning rates.
	learnedBelow = 0.4
	// learnedAccuracy is the training accuracy above which a network has learned, whatever
	// its loss. Large learning rates make networks that are right on most examples and
	// have a very large loss on the others.
	learnedAccuracy = 0.8
	// timeToLearn is the number of steps after which a network without success counts as
	// Unlearned.
	timeToLearn = 200
)

// Outcome says whether the network has learned, and gives the reason in words. It uses the
// mean accuracy less two standard errors, and the mean loss plus two standard errors, over
// the last tenth of the steps.
func (t *Training) Outcome() (Outcome, string) {
	loss := t.Network(vgrad.Loss)
	if len(loss.Values) == 0 || t.broken >= 0 {
		return Unknown, "it is not known whether it learns"
	}
	if accuracy := t.Network(vgrad.TrainAccuracy); len(accuracy.Values) > 1 {
		if m, se := mean(accuracy.end()); m-2*se > learnedAccuracy {
			return Learned, fmt.Sprintf("its training accuracy is %.0f %%", 100*m)
		}
	}
	cost, says := t.guessing()
	m, se := mean(loss.end())
	text := fmt.Sprintf("the training loss is %s, where %s", short(m), says)
	switch {
	case len(loss.Values) > 1 && m+2*se < learnedBelow*cost:
		return Learned, text
	case t.Steps() >= timeToLearn:
		return Unlearned, text
	}
	return Unknown, text
}

// guessing returns the loss of a network that knows nothing, as a number and in words. It
// is the logarithm of the number of classes. If there are no classes, or their number is
// not recorded, it is the median of the first five losses. One loss alone may be that of an
// example that is right by chance.
func (t *Training) guessing() (cost float64, says string) {
	if n := t.classes(); n > 1 {
		cost = math.Log(float64(n))
		return cost, fmt.Sprintf("guessing among %d classes costs %.3f", n, cost)
	}
	loss := t.Network(vgrad.Loss)
	cost = median(loss.Values[:min(5, len(loss.Values))])
	return cost, fmt.Sprintf("it was %s at first", short(cost))
}

// classes returns the number of classes of a network with a cross-entropy loss. It is 0
// for other networks, and if it is not known.
func (t *Training) classes() int {
	if len(t.whole(vgrad.TrainAccuracy)) == 0 || !countsNats(t.source) {
		return 0
	}
	return outputs(t.source)
}
