package probe

import . "github.com/gomlx/gomlx/core/graph"

// stdActivation is the standard deviation of a over batch and units together
// (divided by their number, not by one less).
func stdActivation(v *View) Formula {
	mean := v.Mean(v.A())
	return Formula{Terms: mean.Terms, Finish: func(sums []*Node) *Node {
		return v.value(v.RMS(Sub(v.A(), v.like(mean.Finish(sums), v.A()))))
	}}
}
