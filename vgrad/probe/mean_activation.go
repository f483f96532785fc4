package probe

import . "github.com/gomlx/gomlx/core/graph"

// meanActivation is the mean of a over batch and units.
func meanActivation(u Units) *Node { return u.mean(u.A) }
