package diagnose

import (
	"fmt"

	"github.com/vgrad/lab/vgrad"
)

// zeroWeights looks for kernels that begin as zeros. The units of such a layer are equal,
// and stay equal because each gets the same gradient.
var zeroWeights = Rule{
	Name:      "weights that are all zero",
	Threshold: "mean |W| of a kernel is exactly zero at the first step",
	Source:    "Amazon SageMaker Debugger, AllZero",
	Advice:    "an initializer that draws weights: glorot_uniform, he_normal; biases may be zero",
	Needs:     []vgrad.Quantity{vgrad.MeanAbsWeight},
	Tolerable: true, // a last layer, or a branch beside a stream, may begin as zeros on purpose
	Look: func(t *Training) ([]Sighting, error) {
		var seen []Sighting
		zero := 0
		series, err := t.finite(vgrad.MeanAbsWeight)
		if err != nil {
			return nil, err
		}
		for _, s := range series {
			if s.Values[0] == 0 && s.Steps[0] == 0 && (s.Role == vgrad.Kernel || s.Role == vgrad.RecurrentKernel) {
				zero++
				seen = append(seen, Sighting{Site: s.Site, Step: s.Steps[0],
					Says: fmt.Sprintf("All weights of %s are zero at first: its units are all alike, and learn the same.", t.place(s.Site))})
			}
		}
		if zero == 0 {
			return nil, nil
		}
		seen[0].Evidence = fmt.Sprintf("mean |W| is 0 at step 0 in %d of %d weights", zero, len(series))
		return seen[:1], nil
	},
}
