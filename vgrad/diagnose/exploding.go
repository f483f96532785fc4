package diagnose

import (
	"fmt"

	"github.com/vgrad/lab/vgrad"
)

// explodingAbove is the ratio of the signal far from the loss to the signal next to it,
// above which it explodes. Of 459 networks that learn, up to 20 layers deep, two are above.
const explodingAbove = 70

// exploding compares the signal at both ends of the network, at the first recorded step
// and over the last tenth of the steps.
var exploding = Rule{
	Name:      "exploding gradient",
	Threshold: fmt.Sprintf("the norm of δ at the far end of its way back, over the layers or the time steps, is more than %d times that next to the loss", explodingAbove),
	Source:    "AUTOTRAINER, Zhang et al. 2021 (ICSE), for gradients of weights",
	Advice:    "smaller first weights (gain, glorot_uniform), fewer layers, or a smaller learning rate where it came with training",
	Needs:     []vgrad.Quantity{vgrad.RMSDelta, vgrad.RMSGrad, vgrad.MeanAbsGrad},
	Tolerable: true,
	Look: func(t *Training) ([]Sighting, error) {
		first, err := t.signals(false)
		if err != nil {
			return nil, err
		}
		late, _ := t.signals(true) // it is there if the first is
		var seen []Sighting
		for i := range first {
			for _, s := range []signal{first[i], late[i]} {
				if _, near := s.near(); near > 0 && s.total() > explodingAbove {
					seen = append(seen, t.exploded(s))
					break
				}
			}
		}
		return seen, nil
	},
}

// exploded returns the sighting of a signal that grows.
func (t *Training) exploded(s signal) Sighting {
	far, _ := s.far()
	near, _ := s.near()
	says := fmt.Sprintf("On its way back from the loss the gradient grows: %s gets %s times what %s has.",
		t.place(far), short(s.total()), t.place(near))
	advice := ""
	if s.unit != "layer" {
		says = fmt.Sprintf("On its way back through time the gradient%s grows: time step %d gets %s times what time step %d has.",
			t.of(s), far.Time, short(s.total()), near.Time)
		advice = "clipping the gradient's norm, recurrent weights of norm 1 or less, or shorter sequences"
	}
	return Sighting{Site: far, Step: s.step, Says: says, Evidence: t.evidence(s), Advice: advice}
}
