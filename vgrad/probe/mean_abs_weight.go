package probe

import . "github.com/gomlx/gomlx/core/graph"

// meanAbsWeight is mean |W|.
func meanAbsWeight(v *View) Formula {
	f := v.Mean(Abs(v.W()))
	f.OfWeights = f.Terms
	return f
}
