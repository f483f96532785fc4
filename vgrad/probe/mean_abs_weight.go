package probe

import . "github.com/gomlx/gomlx/core/graph"

// meanAbsWeight is mean |W|.
func meanAbsWeight(w Weights) *Node { return w.mean(Abs(w.W)) }
