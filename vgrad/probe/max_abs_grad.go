package probe

import . "github.com/gomlx/gomlx/core/graph"

// maxAbsGrad is max |∂L/∂W|, NaN if a gradient is NaN. It detects a NaN by the
// sum, because a backend's maximum may ignore it.
func maxAbsGrad(v *View) Formula {
	abs := v.AbsGrad()
	return Formula{Terms: []*Node{abs}, Finish: func(sums []*Node) *Node {
		return Where(IsNaN(sums[0]), sums[0], ReduceMax(abs, v.axes(abs)...))
	}}
}
