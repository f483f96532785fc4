package probe

import . "github.com/gomlx/gomlx/core/graph"

// stdActivation is the standard deviation of a over batch and units together
// (divided by their number, not by one less).
func stdActivation(u Units) *Node { return u.rms(Sub(u.A, u.like(u.mean(u.A), u.A))) }
