package probe

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// DeadBelow is the magnitude up to which an activation counts as zero.
const DeadBelow = 1e-8

// dead is the fraction of units with |a| ≤ DeadBelow on every example of the
// batch. A unit counts once, whatever the axes behind the first.
func dead(u Units) formula {
	batch := 0
	if u.Lanes {
		batch = 1
	}
	loudest := ReduceMax(Abs(u.A), batch)
	silent := LessOrEqual(loudest, MulScalar(OnesLike(loudest), DeadBelow))
	return formula{finish: func([]*Node) *Node { return u.value(u.mean(ConvertDType(silent, dtypes.Float32))) }}
}
