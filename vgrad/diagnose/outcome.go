package diagnose

import (
	"fmt"
	"math"

	"github.com/vgrad/lab/vgrad"
)

// Outcome is what became of a training.
type Outcome int

const (
	Unknown   Outcome = iota // too early to tell, or no loss is recorded
	Unlearned                // it has had time to learn, and has not
	Learned
)

const (
	// learnedBelow is the fraction of the cost of guessing below which the loss says
	// that the network has learned. The article's sigmoid network, of which 60 seeds
	// end at 0.54 to 0.76 of it after 2,500 steps, has not. Networks with a validation
	// accuracy above 80 % end below 0.33, but for those with the largest learning rates.
	learnedBelow = 0.4
	// learnedAccuracy is the training accuracy that says so whatever the loss. Large
	// learning rates make networks that are mostly right and, where wrong, very sure
	// of it.
	learnedAccuracy = 0.8
	// timeToLearn is how many steps it takes before a network that has learned nothing
	// yet is judged by that.
	timeToLearn = 200
)

// Outcome says whether the network has learned, and in words how that is known. Means
// over the last tenth of the steps count, two standard errors on the careful side.
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

// guessing is the loss of a network that knows nothing, and that in words: the
// logarithm of the number of classes. Where there are none, or their number is not
// recorded, it is the median of the first five losses; one alone may be that of an
// example which is right by chance.
func (t *Training) guessing() (cost float64, says string) {
	if n := t.classes(); n > 1 {
		cost = math.Log(float64(n))
		return cost, fmt.Sprintf("guessing among %d classes costs %.3f", n, cost)
	}
	loss := t.Network(vgrad.Loss)
	cost = median(loss.Values[:min(5, len(loss.Values))])
	return cost, fmt.Sprintf("it was %s at first", short(cost))
}

// classes is how many classes the network tells apart by a cross-entropy; 0 where it
// does something else, or that is not known.
func (t *Training) classes() int {
	if len(t.whole(vgrad.TrainAccuracy)) == 0 || !countsNats(t.source) {
		return 0
	}
	return outputs(t.source)
}
