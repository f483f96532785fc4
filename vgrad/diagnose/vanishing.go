package diagnose

import (
	"fmt"

	"github.com/vgrad/lab/vgrad"
)

// The signal vanishes if it loses much at each layer and much altogether. SageMaker
// Debugger (mean |g| < 1e-7) and AUTOTRAINER bound magnitudes instead. Such bounds miss
// the textbook case: a network of six sigmoid layers loses a factor of four a layer and
// is far above them.
const (
	// vanishingFactor bounds the factor a layer, or a time step. At the first step, and
	// with Glorot's weights, sigmoid networks of three layers and more have 0.20 to 0.28
	// (mean-field theory: √χ = 0.236). Softplus, GELU and SiLU have slope ½ at zero and
	// learn well; they have 0.49 or more. ReLU has 0.49 or more as well, and the others
	// have 0.7. ReLU with weights from U(±1/√n), which learns too, has 0.39.
	vanishingFactor = 1.0 / 3
	// vanishingTotal bounds the fraction that arrives far from the loss. A network of two
	// layers may lose much at one of them without harm.
	vanishingTotal = 1.0 / 8
	// vanishedTotal bounds the same fraction, whatever the factor, after a training in
	// which nothing was learned. Early in training a smaller fraction does no harm: GELU
	// networks of twenty layers begin with a millionth, recover, and learn.
	vanishedTotal = 1e-3
)

// vanishing looks at the signal at the first recorded step and, if the network has not
// learned, over the last tenth of the steps.
var vanishing = Rule{
	Name: "vanishing gradient",
	Threshold: "the norm of δ falls to less than a third with each layer or time step on its way back, by a least-squares fit of its logarithm, and to less than an eighth on the whole way; " +
		"or, where nothing was learned, it does so in the end, or falls to less than a thousandth",
	Source:    "relative to depth, as √χ of mean-field theory: Schoenholz et al. 2017, arXiv:1611.01232",
	Advice:    "an activation with slope 1 where it is active (relu, leaky_relu, tanh), larger first weights (gain, he_normal with ReLU), or fewer layers",
	Needs:     []vgrad.Quantity{vgrad.RMSDelta, vgrad.RMSGrad, vgrad.MeanAbsGrad},
	Tolerable: true,
	Look: func(t *Training) ([]Sighting, error) {
		first, err := t.signals(false)
		if err != nil {
			return nil, err
		}
		late, _ := t.signals(true) // it is there if the first is
		outcome, _ := t.Outcome()
		var seen []Sighting
		for i, s := range first {
			switch last := late[i]; {
			case s.silent() > 0:
				seen = append(seen, t.silence(s))
			case s.vanishes():
				seen = append(seen, t.vanished(s, last))
			case outcome != Unlearned:
			case last.silent() > 0:
				seen = append(seen, t.silence(last))
			case last.vanishes() || last.total() < vanishedTotal:
				seen = append(seen, t.vanished(last, s))
			}
		}
		return seen, nil
	},
}

// vanishes reports whether a signal loses much at each place and much altogether.
func (s signal) vanishes() bool { return s.factor() < vanishingFactor && s.total() < vanishingTotal }

// silence returns the sighting of a signal that does not arrive.
func (t *Training) silence(s signal) Sighting {
	site, advice := s.places[s.silent()-1], adviceOnTime(s)
	if advice == "" {
		advice = "where units are dead, leaky_relu, he_normal or another seed; else fewer layers: the signal is smaller than float32 can say"
	}
	return Sighting{Site: site, Step: s.step,
		Says:     fmt.Sprintf("No gradient at all arrives at %s, nor before it.", t.place(site)),
		Evidence: fmt.Sprintf("%s is exactly zero there at step %d", t.title(s.quantity), s.step),
		Advice:   advice}
}

// vanished returns the sighting of a signal that shrinks. The evidence includes the factor
// of other, the signal at the other end of the run.
func (t *Training) vanished(s, other signal) Sighting {
	far, _ := s.far()
	near, _ := s.near()
	says := fmt.Sprintf("On its way back from the loss the gradient is divided by %s at each layer: %s gets 1/%s of what %s has.",
		short(1/s.factor()), t.place(far), short(1/s.total()), t.place(near))
	if s.unit != "layer" {
		says = fmt.Sprintf("On its way back through time the gradient%s is divided by %s at each time step: time step %d gets 1/%s of what time step %d has.",
			t.of(s), short(1/s.factor()), far.Time, short(1/s.total()), near.Time)
	}
	evidence := t.evidence(s)
	if other.step != s.step && other.silent() == 0 {
		evidence += fmt.Sprintf("; %s a %s at step %d", short(other.factor()), s.unit, other.step)
	}
	return Sighting{Site: far, Step: s.step, Says: says, Evidence: evidence, Advice: adviceOnTime(s)}
}

// adviceOnTime replaces the rule's advice for a signal over time steps.
func adviceOnTime(s signal) string {
	if s.unit == "layer" {
		return ""
	}
	return "recurrent weights that are orthogonal or the identity, gates (LSTM with a forget bias of 1, GRU), or shorter sequences"
}
