package probe

import . "github.com/gomlx/gomlx/core/graph"

// SaturatedBelow is the fraction of its largest slope under which an
// activation counts as saturated: tanh′ where |tanh| = 0.97, the bound of
// Karpathy's panel, carried over to every activation by its slope.
const SaturatedBelow = 1 - 0.97*0.97

// saturated is the fraction of (example, unit) whose slope |φ′(z)| is below
// SaturatedBelow·sup|φ′|: next to no gradient passes there. For ReLU it is
// the fraction that is off. Where the activation is NaN the slope says nothing,
// ReLU's is 0 there; that counts as not saturated.
func saturated(v *View) Formula {
	slope := v.Slope()
	flat := LessThan(slope, MulScalar(OnesLike(slope), SaturatedBelow))
	return v.Fraction(LogicalAnd(flat, LogicalNot(IsNaN(v.A()))))
}
