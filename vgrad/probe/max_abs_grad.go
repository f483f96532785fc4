package probe

import . "github.com/gomlx/gomlx/core/graph"

// maxAbsGrad is max |∂L/∂W|. Where a gradient is NaN the sum says so: a
// backend's maximum may pass it over.
func maxAbsGrad(v *View) Formula {
	abs := v.AbsGrad()
	return Formula{Terms: []*Node{abs}, Finish: func(sums []*Node) *Node {
		return Where(IsNaN(sums[0]), sums[0], ReduceMax(abs, v.axes(abs)...))
	}}
}
