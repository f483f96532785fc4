package diagnose

import (
	"fmt"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

const (
	// saturatedAbove is the fraction of a layer's units and examples that may be saturated
	// if the activation is flat on both sides.
	saturatedAbove = 0.5
	// flatAbove is the same for activations that are flat on one side by design. Half of a
	// ReLU's units and examples are there at first, and up to 85 % in ReLU, GELU and SELU
	// networks that have learned well with large steps. It also applies to gates: in
	// highway networks that learn, 60 % of them are closed.
	flatAbove = 0.95
)

// flatOnBothSides are the activations that saturate above and below.
var flatOnBothSides = []string{"sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "softsign", "erf"}

// saturated looks for layers in which most units are where their activation is flat.
var saturated = Rule{
	Name: "saturated units",
	Threshold: "more than half of a layer's units and examples lie where the activation's slope is below 6 % of its largest, by the median over the last tenth of the steps; " +
		"more than 95 % where the activation is flat on one side by design, as ReLU is, or the units are gates, which are there to close",
	Source:    "Amazon SageMaker Debugger, SaturatedActivation; the slope is tanh's at 0.97, after Karpathy",
	Advice:    "a smaller learning rate where it came with training, smaller first weights (gain), inputs of smaller scale, or another activation",
	Needs:     []vgrad.Quantity{vgrad.Saturated},
	Tolerable: true,
	Look: func(t *Training) ([]Sighting, error) {
		if err := t.errBroken(); err != nil {
			return nil, err
		}
		var worst, unclear *Series
		above, highest := 0, 0.0
		series := t.Series(vgrad.Saturated)
		for _, s := range series {
			fraction, bound := median(s.late()), flatAbove
			if s.Role != vgrad.Gate && slices.Contains(flatOnBothSides, s.Activation) {
				bound = saturatedAbove
			}
			switch {
			case fraction > bound:
				above++
				if fraction > highest {
					worst, highest = &s, fraction
				}
			case fraction > saturatedAbove && s.Activation == "" && s.Role != vgrad.Gate && unclear == nil:
				unclear = &s
			}
		}
		switch {
		case worst != nil:
			evidence := fmt.Sprintf("%.0f %% in %s", 100*highest, t.place(worst.Site))
			if above > 1 {
				evidence += fmt.Sprintf("; so in %d of %d layers", above, len(series))
			}
			return []Sighting{{Site: worst.Site, Step: worst.last(), Evidence: evidence,
				Says: fmt.Sprintf("%.0f %% of what the units of %s compute lies where their activation is flat; next to no gradient passes there.", 100*highest, t.place(worst.Site))}}, nil
		case unclear != nil:
			return nil, fmt.Errorf("the activation of %s is not known, and of a ReLU's units the %.0f %% that are flat there may be healthy",
				t.place(unclear.Site), 100*median(unclear.late()))
		}
		return nil, nil
	},
}
