package probe

import . "github.com/gomlx/gomlx/core/graph"

// updateRatio is ‖ΔW‖/‖W‖ in the Euclidean norm. ΔW is the optimizer's update, and
// W the weights before it. A value near 1e-3 is healthy for SGD (Karpathy).
// Weights that are all zero give infinity.
func updateRatio(v *View) Formula {
	update, weights := v.RMS(v.Update()), v.RMS(v.W())
	return Formula{append(update.Terms, weights.Terms...), func(sums []*Node) *Node {
		return Div(update.Finish(sums[:1]), weights.Finish(sums[1:]))
	}, weights.Terms}
}
