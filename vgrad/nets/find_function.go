package nets

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
)

// region is a set of nodes that are computed from one node. It grows by one reader
// at a time, the oldest first, so a node's inputs are added before the node.
type region struct {
	*forward
	from     *Node
	in       map[*Node]bool
	straight map[*Node]bool // a·x + b, with a and b independent of x
	next     []*Node        // readers not yet in the region, the oldest first
	open     int            // number of edges from the region to these readers
}

// largestRegion is the largest number of nodes in a function. The longest known
// one, GoMLX's softplus, has 12 operations.
const largestRegion = 64

func (f *forward) regionOf(from *Node) *region {
	r := &region{forward: f, from: from, in: map[*Node]bool{}, straight: map[*Node]bool{from: true}}
	r.add(from)
	return r
}

func (r *region) add(n *Node) {
	r.in[n] = true
	for _, reader := range r.readers[n.Id()] {
		r.open++
		at, found := slices.BinarySearchFunc(r.next, reader, func(a, b *Node) int { return int(a.Id() - b.Id()) })
		if !found {
			r.next = slices.Insert(r.next, at, reader)
		}
	}
}

// step adds the next reader to the region and returns it. It returns nil if the
// reader may not belong to the region, or has another input that is data.
func (r *region) step(may func(n *Node) bool) *Node {
	if len(r.next) == 0 || len(r.in) > largestRegion {
		return nil
	}
	n := r.next[0]
	inputs := r.inputs(n)
	if !may(n) || slices.ContainsFunc(inputs, func(in *Node) bool { return !r.in[in] && r.data[in.Id()] }) {
		return nil
	}
	r.next = r.next[1:]
	for i, in := range inputs {
		if r.in[in] && !slices.Contains(inputs[:i], in) {
			r.open--
		}
	}
	r.add(n)
	r.straight[n] = (r.rescales(n) || n.Type() == NodeTypeAdd || n.Type() == NodeTypeSub) &&
		!slices.ContainsFunc(inputs, func(in *Node) bool { return r.in[in] && !r.straight[in] })
	return n
}

// isExit reports whether n is the only node that is read outside the region.
func (r *region) isExit(n *Node) bool { return r.open == len(r.readers[n.Id()]) }

// rescales reports whether n scales, shifts or masks one node of the region.
func (r *region) rescales(n *Node) bool {
	inputs := r.inputs(n)
	inside := 0
	for _, in := range inputs {
		inside += int(truth(r.in[in]))
	}
	switch n.Type() {
	case NodeTypeAdd, NodeTypeSub, NodeTypeMul, NodeTypeNeg:
		return inside == 1
	case NodeTypeDiv:
		return inside == 1 && r.in[inputs[0]]
	case NodeTypeWhere:
		return inside == 1 && !r.in[inputs[0]]
	}
	return r.isLayout(n)
}

// behaviour is a function found in the graph: a = φ(z).
type behaviour struct {
	z, a  *Node
	act   Activation
	known bool // by name
}

// actsOn looks for the function of z: a region of elementwise operations after z
// with one exit. It takes the last exit at which the function is known: for z·Φ(z)
// it takes the product, not Φ. If no function is known, it takes the last exit that
// does more than scale, shift or mask.
func (f *forward) actsOn(z *Node) (b behaviour, ok bool) {
	if act, a, ok := f.perLane(z); ok {
		return behaviour{z, a, act, true}, true
	}
	r, at := f.regionOf(z), values{z: samplePoints}
	for n := r.step(r.isElementwise); n != nil; n = r.step(r.isElementwise) {
		y := at.of(f, n)
		if !r.isExit(n) || n.DType() != z.DType() {
			continue
		}
		if act, known := f.recognised(y, z.DType()); known {
			b, ok = behaviour{z, n, act, true}, true
		} else if !b.known && !r.straight[n] && !r.rescales(n) && !f.isLoss(n) {
			b, ok = behaviour{z, n, unnamed(), false}, true
		}
	}
	return b, ok
}

// isElementwise reports whether n acts on each element of a region by itself.
func (r *region) isElementwise(n *Node) bool {
	return r.operation(n) != nil && slices.Equal(n.Shape().Dimensions, r.from.Shape().Dimensions)
}

// isLoss reports whether n is only summed up. A square of the logits that is
// averaged is a loss, not an activation.
func (f *forward) isLoss(n *Node) bool {
	return !slices.ContainsFunc(f.readers[n.Id()], func(r *Node) bool {
		return r.Type() != NodeTypeReduceSum || !r.IsScalar()
	})
}

// unnamed is an activation that is in the graph but has no known name. It cannot be
// applied to other nodes. Its slope is the gradient of the sum of all a, because
// each a depends on its own z alone. If z and a were converted to another dtype for
// a measurement, the gradient is taken before the conversion.
func unnamed() Activation {
	return Activation{Slope: func(z, a *Node) *Node {
		slope := Gradient(ReduceAllSum(unconverted(a)), unconverted(z))[0]
		return ConvertDType(slope, z.DType())
	}}
}

func unconverted(x *Node) *Node {
	for x.Type() == NodeTypeConvertDType && x.Inputs()[0].DType().IsFloat() {
		x = x.Inputs()[0]
	}
	return x
}

// actsOnOneOf takes the first of the starts at which a known function begins, else
// the last at which any function begins.
func (f *forward) actsOnOneOf(starts []*Node) (b behaviour, ok bool) {
	for _, z := range starts {
		if !z.DType().IsFloat() {
			continue
		}
		if here, found := f.actsOn(z); found {
			b, ok = here, true
			if b.known {
				break
			}
		}
	}
	return b, ok
}

// normalizing are the operations of which batch, layer and group normalization
// consist. Softmax, with its exponential, is none of them.
var normalizing = []NodeType{
	NodeTypeAdd, NodeTypeSub, NodeTypeMul, NodeTypeDiv, NodeTypeNeg, NodeTypePow, NodeTypeSqrt, NodeTypeRsqrt,
	NodeTypeReduceSum, NodeTypeBroadcastInDim, NodeTypeWhere, NodeTypeSplitNode,
	NodeTypeBatchNormForTraining, NodeTypeBatchNormForInference, NodeTypeFusedLayerNorm,
}

// normalized lists the stages of a normalization of x, each in x's shape: x centred,
// then with variance 1, then scaled, then shifted. Nil: x is not normalized.
func (f *forward) normalized(x *Node) []*Node {
	var exits []*Node
	sums := false
	r := f.regionOf(x)
	may := func(n *Node) bool { return f.isLayout(n) || slices.Contains(normalizing, n.Type()) }
	for n := r.step(may); n != nil; n = r.step(may) {
		sums = sums || slices.Index(normalizing, n.Type()) >= slices.Index(normalizing, NodeTypeReduceSum)
		if sums && r.isExit(n) && slices.Equal(n.Shape().Dimensions, x.Shape().Dimensions) {
			exits = append(exits, n)
		}
	}
	return exits
}

// recognised names a function by its values at the sample points.
func (f *forward) recognised(y []float64, dtype dtypes.DType) (act Activation, ok bool) {
	if y == nil {
		return act, false
	}
	if f.known == nil {
		f.catalogue()
	}
	closest := roundings(dtype)
	for i := range f.known {
		if d := distance(y, f.at[i]); d < closest {
			act, ok, closest = f.known[i], true, d
		}
	}
	if like, values, is := leakyLike(y); is && distance(y, values) < closest {
		return like, true
	}
	return act, ok
}

// roundings is the tolerance for a function's values, relative to 1 or to the
// value, whichever is larger. The constants in the graph have the dtype's precision.
func roundings(dtype dtypes.DType) float64 {
	if dtype == dtypes.Float32 || dtype == dtypes.Float64 {
		return 1e-5 // 80 roundings of float32, a fiftieth of what GELU's two forms differ by
	}
	return 0.02 // five roundings of bfloat16; the closest function is taken
}

func distance(y, want []float64) float64 {
	largest := 0.0
	for i := range y {
		d := math.Abs(y[i]-want[i]) / max(1, math.Abs(want[i]))
		if !(d <= largest) { // also true for NaN
			largest = d
		}
		if d != d {
			return math.Inf(1)
		}
	}
	return largest
}

// leakyLike returns the leaky ReLU or ELU whose values may be y. The slope or the
// scale is that of y at the lowest sample point.
func leakyLike(y []float64) (Activation, []float64, bool) {
	lowest := slices.Index(samplePoints, slices.Min(samplePoints))
	z, below := samplePoints[lowest], y[lowest]
	slope, alpha := shortest(below/z), shortest(below/math.Expm1(z))
	if act, ok := leakyRELU(slope); ok {
		values := pointwise(func(z float64) float64 { return max(z, 0) + slope*min(z, 0) })
		if distance(y, values) < roundings(dtypes.Float32) {
			return act, values, true
		}
	}
	act := exponential(1, alpha)
	act.Name = "elu"
	values := pointwise(func(z float64) float64 { return max(z, 0) + alpha*math.Expm1(min(z, 0)) })
	return act, values, alpha > 0
}

func leakyRELU(slope float64) (Activation, bool) {
	act, err := NewActivation("leaky_relu", slope)
	return act, err == nil && slope > 0 && slope < 1
}

// shortest is x as the shortest decimal of its float32: 0.3, not 0.300000011920929.
func shortest(x float64) float64 {
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', -1, 32), 64)
	if err != nil {
		return x
	}
	return y
}

func pointwise(f func(z float64) float64) []float64 {
	var ys []float64
	for _, z := range samplePoints {
		ys = append(ys, f(z))
	}
	return ys
}

// unbuilt lists activations that are in GoMLX or common in models, but not in
// [NewActivation]. Two of the largest slopes are maximized numerically; the others
// are exact.
var unbuilt = []Activation{
	{Name: "gelu_approx", Apply: activation.GeluApproximate, MaxSlope: 1.1290},
	{Name: "hard_sigmoid", Apply: activation.HardSigmoid, MaxSlope: 0.2},
	{Name: "hard_swish", Apply: activation.HardSwish, MaxSlope: 1.5},
	{Name: "hard_tanh", Apply: func(z *Node) *Node { return ClipScalar(z, -1, 1) }, MaxSlope: 1},
	{Name: "relu6", Apply: func(z *Node) *Node { return ClipScalar(z, 0, 6) }, MaxSlope: 1},
	{Name: "softsign", Apply: func(z *Node) *Node { return Div(z, OnePlus(Abs(z))) }, MaxSlope: 1},
	{Name: "mish", Apply: func(z *Node) *Node { return Mul(z, Tanh(softplus(z))) }, MaxSlope: 1.0885},
}

// catalogue fills in the known functions and their values. It builds each in a graph
// that is thrown away, so that the model's graph gets no node.
func (f *forward) catalogue() {
	g := NewGraph(f.graph.Backend(), "activations")
	defer g.Finalize()
	z := Parameter(g, "z", shapes.Make(dtypes.Float64))
	for _, a := range activations {
		if a.name != "identity" && a.name != "leaky_relu" {
			f.known = append(f.known, MustActivation(a.name, 0))
		}
	}
	for _, act := range unbuilt {
		act.Slope = func(z, _ *Node) *Node { return Gradient(ReduceAllSum(act.Apply(z)), z)[0] }
		f.known = append(f.known, act)
	}
	for _, act := range f.known {
		f.at = append(f.at, values{z: samplePoints}.of(f, act.Apply(z)))
	}
}

// perLane recognises the operations that the function perLane builds: each stretch
// of the first axis has its own function, and the results are concatenated.
func (f *forward) perLane(z *Node) (act Activation, a *Node, ok bool) {
	parts := f.readers[z.Id()]
	if len(parts) < 2 || slices.ContainsFunc(parts, func(p *Node) bool { return p.Type() != NodeTypeSlice }) {
		return Activation{}, nil, false
	}
	var lanes []stretch
	var results []*Node
	end := 0
	for _, p := range parts {
		act, a := MustActivation("identity", 0), p
		if b, ok := f.actsOn(p); ok && b.known {
			act, a = b.act, b.a
		}
		to := f.readers[a.Id()]
		if len(to) != 1 || to[0].Type() != NodeTypeConcatenate || !strings.HasPrefix(attribute(p, "starts"), fmt.Sprintf("[%d 0", end)) {
			return Activation{}, nil, false
		}
		lanes, results = append(lanes, stretch{act, end, end + p.Shape().Dim(0)}), append(results, a)
		end += p.Shape().Dim(0)
	}
	joined := f.readers[results[0].Id()][0]
	isPlain := func(s stretch) bool { return s.Name == "identity" }
	whole := slices.Equal(joined.Inputs(), results) && slices.Equal(joined.Shape().Dimensions, z.Shape().Dimensions)
	return sideBySide(lanes), joined, whole && !allOf(lanes, isPlain)
}

func allOf[T any](xs []T, is func(T) bool) bool {
	return !slices.ContainsFunc(xs, func(x T) bool { return !is(x) })
}

// sideBySide is an activation in which each stretch of lanes has its own function.
// The slopes are relative to the largest of each.
func sideBySide(lanes []stretch) Activation {
	var names []string
	for _, s := range lanes {
		names = append(names, slices.Repeat([]string{s.Name}, s.to-s.from)...)
	}
	return Activation{Name: "each lane's own", MaxSlope: 1, lanes: names,
		Apply: func(z *Node) *Node {
			return each(lanes, func(p stretch) *Node { return p.Apply(p.of(z)) })
		},
		Slope: func(z, a *Node) *Node {
			return each(lanes, func(p stretch) *Node { return DivScalar(p.Slope(p.of(z), p.of(a)), p.MaxSlope) })
		}}
}
