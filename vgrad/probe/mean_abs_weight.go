package probe

import . "github.com/gomlx/gomlx/core/graph"

// meanAbsWeight is mean |W|.
func meanAbsWeight(w Weights) formula { return w.mean(Abs(w.W)) }
