package probe

import . "github.com/gomlx/gomlx/core/graph"

// maxAbsGrad is max |∂L/∂W|. Where a gradient is NaN the sum says so: a
// backend's maximum may pass it over.
func maxAbsGrad(w Weights) formula {
	return formula{terms: []*Node{w.absGrad}, finish: func(sums []*Node) *Node {
		return Where(IsNaN(sums[0]), sums[0], ReduceMax(w.absGrad, w.axes(w.absGrad)...))
	}}
}
