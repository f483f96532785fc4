package probe

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/vgrad/lab/vgrad"
)

// Count counts the values of each float32 tensor into vgrad.RawBins bins, for
// [vgrad.NewHistogram]. A value's bin is its bits shifted right by 21, so no
// logarithm is taken and every backend counts alike.
//
// Counts are added to into, [len(xs)·RawBins] int32: those of tensor i from
// position i·RawBins on.
//
// All constants are made here and now: GoMLX's cached ones may belong to an
// enclosing function, which a loop's body cannot reach.
func Count(into *Node, xs []*Node) *Node {
	g := into.Graph()
	var bins []*Node
	for i, x := range xs {
		bits := Bitcast(Reshape(x, -1), dtypes.Uint32)
		bin := ConvertDType(BitwiseShiftRightLogical(bits, Const(g, uint32(21))), dtypes.Int32)
		bins = append(bins, Add(bin, Const(g, int32(i*vgrad.RawBins))))
	}
	indices := Concatenate(bins, 0)
	ones := BroadcastToDims(Const(g, int32(1)), indices.Shape().Dimensions...)
	return ScatterSum(into, InsertAxes(indices, -1), ones, false, false)
}
