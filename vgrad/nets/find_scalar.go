package nets

import (
	"math"
	"reflect"

	. "github.com/gomlx/gomlx/core/graph"
)

// elementwise has a float64 implementation, for one element, of each operation that
// acts on every element by itself; true is 1. An operation that is not listed ends
// an activation function.
var elementwise = map[NodeType]func(x []float64) float64{
	NodeTypeAbs:                 func(x []float64) float64 { return math.Abs(x[0]) },
	NodeTypeAdd:                 func(x []float64) float64 { return x[0] + x[1] },
	NodeTypeAtan2:               func(x []float64) float64 { return math.Atan2(x[0], x[1]) },
	NodeTypeCeil:                func(x []float64) float64 { return math.Ceil(x[0]) },
	NodeTypeClamp:               func(x []float64) float64 { return min(max(x[1], x[0]), x[2]) },
	NodeTypeConvertDType:        unchanged, // between floats; see operation
	NodeTypeCos:                 func(x []float64) float64 { return math.Cos(x[0]) },
	NodeTypeDiv:                 func(x []float64) float64 { return x[0] / x[1] },
	NodeTypeEqual:               func(x []float64) float64 { return truth(x[0] == x[1]) },
	NodeTypeErf:                 func(x []float64) float64 { return math.Erf(x[0]) },
	NodeTypeExp:                 func(x []float64) float64 { return math.Exp(x[0]) },
	NodeTypeExpm1:               func(x []float64) float64 { return math.Expm1(x[0]) },
	NodeTypeFloor:               func(x []float64) float64 { return math.Floor(x[0]) },
	NodeTypeGreaterOrEqual:      func(x []float64) float64 { return truth(x[0] >= x[1]) },
	NodeTypeGreaterThan:         func(x []float64) float64 { return truth(x[0] > x[1]) },
	NodeTypeIdentity:            unchanged,
	NodeTypeIsFinite:            func(x []float64) float64 { return truth(!math.IsInf(x[0], 0) && x[0] == x[0]) },
	NodeTypeIsNaN:               func(x []float64) float64 { return truth(x[0] != x[0]) },
	NodeTypeLessOrEqual:         func(x []float64) float64 { return truth(x[0] <= x[1]) },
	NodeTypeLessThan:            func(x []float64) float64 { return truth(x[0] < x[1]) },
	NodeTypeLog:                 func(x []float64) float64 { return math.Log(x[0]) },
	NodeTypeLog1p:               func(x []float64) float64 { return math.Log1p(x[0]) },
	NodeTypeLogicalAnd:          func(x []float64) float64 { return truth(x[0] != 0 && x[1] != 0) },
	NodeTypeLogicalNot:          func(x []float64) float64 { return truth(x[0] == 0) },
	NodeTypeLogicalOr:           func(x []float64) float64 { return truth(x[0] != 0 || x[1] != 0) },
	NodeTypeLogistic:            func(x []float64) float64 { return 1 / (1 + math.Exp(-x[0])) },
	NodeTypeMax:                 func(x []float64) float64 { return max(x[0], x[1]) },
	NodeTypeMin:                 func(x []float64) float64 { return min(x[0], x[1]) },
	NodeTypeMul:                 func(x []float64) float64 { return x[0] * x[1] },
	NodeTypeNeg:                 func(x []float64) float64 { return -x[0] },
	NodeTypeNotEqual:            func(x []float64) float64 { return truth(x[0] != x[1]) },
	NodeTypeOptimizationBarrier: unchanged,
	NodeTypePow:                 func(x []float64) float64 { return math.Pow(x[0], x[1]) },
	NodeTypeRound:               func(x []float64) float64 { return math.RoundToEven(x[0]) },
	NodeTypeRsqrt:               func(x []float64) float64 { return 1 / math.Sqrt(x[0]) },
	NodeTypeSchedulingBarrier:   unchanged,
	NodeTypeSign:                func(x []float64) float64 { return signOf(x[0]) },
	NodeTypeSin:                 func(x []float64) float64 { return math.Sin(x[0]) },
	NodeTypeSqrt:                func(x []float64) float64 { return math.Sqrt(x[0]) },
	NodeTypeSub:                 func(x []float64) float64 { return x[0] - x[1] },
	NodeTypeTanh:                func(x []float64) float64 { return math.Tanh(x[0]) },
	NodeTypeWhere: func(x []float64) float64 {
		if x[0] != 0 {
			return x[1]
		}
		return x[2]
	},
	NodeTypeFusedGelu: nil, // exact or not: see operation
}

func unchanged(x []float64) float64 { return x[0] }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func signOf(x float64) float64 { return truth(x > 0) - truth(x < 0) }

// operation is the implementation of n for one element; nil if n is not elementwise.
func (f *forward) operation(n *Node) func(x []float64) float64 {
	switch t := n.Type(); {
	case f.twin[n] != nil: // its input is its decomposed twin, which has the same value
		return unchanged
	case t == NodeTypeFusedGelu && attribute(n, "exact") == "true":
		return func(x []float64) float64 { return x[0] * (1 + math.Erf(x[0]/math.Sqrt2)) / 2 }
	case t == NodeTypeFusedGelu:
		return func(x []float64) float64 {
			return x[0] * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x[0]+0.044715*x[0]*x[0]*x[0]))) / 2
		}
	case t == NodeTypeConvertDType && n.DType().IsInt():
		return func(x []float64) float64 { return math.Trunc(x[0]) }
	default:
		return elementwise[t]
	}
}

// samplePoints are the points at which two functions are compared. They are dense
// near 0, where activations bend. Some are far out, because ReLU6 bends at 6; still
// farther out exponentials overflow.
var samplePoints = func() []float64 {
	zs := []float64{-12, -9.3, -7.1, -5.2, 5.2, 5.9, 6.1, 7.1, 9.3, 12}
	for z := -4.0; z <= 4; z += 0.375 {
		zs = append(zs, z, z/10)
	}
	return zs
}()

// values are the values of nodes at each of the samplePoints of a function's
// argument. They are computed on the host, without new nodes or compilation. Nil:
// not known, because the node depends on a variable or is not a number.
type values map[*Node][]float64

// of returns the values of n, [points], and remembers them.
func (v values) of(f *forward, n *Node) []float64 {
	if known, ok := v[n]; ok {
		return known
	}
	v[n] = nil // until it is known; the graph has no cycles
	switch op := f.operation(n); {
	case n.Type() == NodeTypeConstant:
		v[n] = constantAt(n)
	case n.Type() == NodeTypeBroadcastInDim || n.Type() == NodeTypeReshape:
		v[n] = v.of(f, n.Inputs()[0]) // of a constant; elsewhere an element would change its place
	case op != nil:
		v[n] = v.computed(f, op, f.inputs(n))
	}
	return v[n]
}

// computed applies op to the values of its inputs.
func (v values) computed(f *forward, op func([]float64) float64, inputs []*Node) []float64 {
	xs := make([][]float64, len(inputs))
	for i, in := range inputs {
		if xs[i] = v.of(f, in); xs[i] == nil {
			return nil
		}
	}
	ys, x := make([]float64, len(samplePoints)), make([]float64, len(inputs))
	for k := range ys {
		for i := range xs {
			x[i] = xs[i][k]
		}
		ys[k] = op(x)
	}
	return ys
}

// constantAt is the value of a constant of one element at each of the sample points,
// nil for larger ones. GoMLX keeps the values of constants below 32 elements.
func constantAt(n *Node) []float64 {
	t := n.ConstantValue()
	if t == nil || t.Size() != 1 {
		return nil
	}
	var c float64
	known := false
	t.MustConstFlatData(func(flat any) { c, known = asFloat(reflect.ValueOf(flat).Index(0)) })
	if !known {
		return nil
	}
	ys := make([]float64, len(samplePoints))
	for k := range ys {
		ys[k] = c
	}
	return ys
}

// asFloat converts any of the types that a tensor holds, bfloat16 among them.
func asFloat(v reflect.Value) (float64, bool) {
	if half, ok := v.Interface().(interface{ Float32() float32 }); ok {
		return float64(half.Float32()), true
	}
	switch {
	case v.CanFloat():
		return v.Float(), true
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanUint():
		return float64(v.Uint()), true
	case v.Kind() == reflect.Bool:
		return truth(v.Bool()), true
	}
	return 0, false
}
