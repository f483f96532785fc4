package probe

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// DeadBelow is the magnitude up to which an activation counts as zero.
const DeadBelow = 1e-8

// dead is the fraction of units with |a| ≤ DeadBelow on every example of the
// batch. Each position on the axes after the batch is one unit.
//
// Each activation is compared before the batch is reduced. If max |a| were taken
// over the batch first, a NaN would be lost: XLA's max on a CPU drops it, and a
// network that is NaN throughout would be called dead.
func dead(v *View) Formula {
	batch := 0
	if v.Lanes {
		batch = 1
	}
	zero := LessOrEqual(Abs(v.A()), MulScalar(OnesLike(v.A()), DeadBelow))
	flags := dtypes.Float32
	if v.Lanes.size(zero) > summedAtOnce {
		flags = dtypes.Uint8 // a third of the time on XLA's CPU backend
	}
	live := ReduceMax(ConvertDType(LogicalNot(zero), flags), batch)
	silent := OneMinus(ConvertDType(live, dtypes.Float32))
	return Formula{Finish: func([]*Node) *Node { return v.value(v.Mean(silent)) }}
}
