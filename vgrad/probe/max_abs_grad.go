package probe

import . "github.com/gomlx/gomlx/core/graph"

// maxAbsGrad is max |∂L/∂W|. Where a gradient is NaN the sum says so: a
// backend's maximum may pass it over.
func maxAbsGrad(w Weights) *Node {
	abs := Abs(w.Grad)
	sum := w.sum(abs)
	return Where(IsNaN(sum), sum, w.max(abs))
}
