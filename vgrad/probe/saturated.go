package probe

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// SaturatedBelow is the fraction of its largest slope under which an
// activation counts as saturated: tanh′ where |tanh| = 0.97, the bound of
// Karpathy's panel, carried over to every activation by its slope.
const SaturatedBelow = 1 - 0.97*0.97

// saturated is the fraction of (example, unit) whose slope |φ′(z)| is below
// SaturatedBelow·sup|φ′|: next to no gradient passes there. For ReLU it is
// the fraction that is off.
func saturated(u Units) formula {
	flat := LessThan(u.Slope, MulScalar(OnesLike(u.Slope), SaturatedBelow))
	return u.mean(ConvertDType(flat, dtypes.Float32))
}
