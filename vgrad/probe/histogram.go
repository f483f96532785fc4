package probe

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/vgrad/lab/vgrad"
)

// Count counts the values of each float32 tensor into vgrad.RawBins bins, for
// [vgrad.NewHistogram]. A value's bin is its bits shifted right by 21, so no
// logarithm is taken and all backends give the same counts.
//
// Counts are added to into, an int32 vector, from position at (an int32 scalar)
// on. The counts of tensor i in lane l begin at at + (l·len(xs) + i)·RawBins.
// Without lanes l is 0.
//
// Count makes its own constants. GoMLX's cached ones may belong to an enclosing
// function, and a loop's body cannot use nodes of an enclosing function.
func Count(into, at *Node, xs []*Node, lanes Lanes) *Node {
	g := into.Graph()
	var bins []*Node
	for i, x := range xs {
		n := 1
		if lanes {
			n = x.Shape().Dimensions[0]
		}
		bits := Bitcast(Reshape(x, n, -1), dtypes.Uint32)
		bin := ConvertDType(BitwiseShiftRightLogical(bits, Const(g, uint32(21))), dtypes.Int32)
		lane := Iota(g, shapes.Make(dtypes.Int32, n, 1), 0)
		first := Add(Mul(lane, Const(g, int32(len(xs)*vgrad.RawBins))), Add(at, Const(g, int32(i*vgrad.RawBins))))
		bins = append(bins, Reshape(Add(bin, first), -1))
	}
	indices := Concatenate(bins, 0)
	ones := BroadcastToDims(Const(g, int32(1)), indices.Shape().Dimensions...)
	return ScatterSum(into, InsertAxes(indices, -1), ones, false, false)
}
