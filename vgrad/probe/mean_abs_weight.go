package probe

import . "github.com/gomlx/gomlx/core/graph"

// meanAbsWeight is mean |W|.
func meanAbsWeight(w Weights) formula {
	f := w.mean(Abs(w.W))
	f.ofW = f.terms
	return f
}
