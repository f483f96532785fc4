package probe

import . "github.com/gomlx/gomlx/core/graph"

// stdActivation is the standard deviation of a over batch and units together
// (divided by their number, not by one less).
func stdActivation(u Units) formula {
	mean := u.mean(u.A)
	return formula{terms: mean.terms, finish: func(sums []*Node) *Node {
		return u.value(u.rms(Sub(u.A, u.like(mean.finish(sums), u.A))))
	}}
}
