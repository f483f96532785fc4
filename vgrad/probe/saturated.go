package probe

import . "github.com/gomlx/gomlx/core/graph"

// SaturatedBelow is the fraction of its largest slope below which an activation
// counts as saturated. It is tanh′ at |tanh| = 0.97, the bound of Karpathy's
// panel. As a fraction of the slope it applies to every activation.
const SaturatedBelow = 1 - 0.97*0.97

// saturated is the fraction of (example, unit) whose slope |φ′(z)| is below
// SaturatedBelow·sup|φ′|: almost no gradient passes there. For ReLU it is the
// fraction with z ≤ 0. A NaN activation counts as not saturated, because its slope
// has no meaning: ReLU's would be 0.
func saturated(v *View) Formula {
	slope := v.Slope()
	flat := LessThan(slope, MulScalar(OnesLike(slope), SaturatedBelow))
	return v.Fraction(LogicalAnd(flat, LogicalNot(IsNaN(v.A()))))
}
