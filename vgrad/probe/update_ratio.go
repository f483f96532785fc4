package probe

import . "github.com/gomlx/gomlx/core/graph"

// updateRatio is ‖ΔW‖/‖W‖ in the Euclidean norm, ΔW as the optimizer computed
// it, W before it is added. Near 1e-3 is a healthy speed for SGD (Karpathy).
// Weights that are all zero give infinity.
func updateRatio(w Weights) formula {
	update, weights := w.rms(w.Update), w.rms(w.W)
	return formula{append(update.terms, weights.terms...), func(sums []*Node) *Node {
		return Div(update.finish(sums[:1]), weights.finish(sums[1:]))
	}, weights.terms}
}
