package nets

import (
	"fmt"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// Model builds a network: x is [batch, features] float32, the result the
// logits, [batch, classes]. It creates its variables under scope and panics
// on errors.
type Model func(scope *model.Scope, x *Node) *Node

// MLP is the name of the multi-layer perceptron among networks.
const MLP = "mlp"

// New returns the network that e describes, for data with that many classes.
// It fails on an unknown network, activation or initializer; the message
// lists the known ones.
func New(e vgrad.Experiment, classes int) (Model, error) {
	e = e.WithDefaults()
	if e.Network != MLP {
		return nil, fmt.Errorf("nets: unknown network %q; the known one is %q, and a model of your own is handed in with its function", e.Network, MLP)
	}
	act, err := NewActivation(e.Activation, e.Slope)
	if err != nil {
		return nil, err
	}
	init, err := NewInitializer(e.Initializer, e.Gain)
	if err != nil {
		return nil, err
	}
	linear := MustActivation("identity", 0)
	return func(scope *model.Scope, x *Node) *Node {
		for i := 1; i < e.Depth; i++ {
			x = dense(scope.In("layer%d", i), x, e.Width, act, init, e.Seed)
		}
		return dense(scope.In("layer%d", e.Depth), x, classes, linear, init, e.Seed)
	}, nil
}

// dense is φ(x·W + b), with x [batch, in], W [in, out] and b [out] zero at
// first. It taps its pre-activations and activations.
func dense(scope *model.Scope, x *Node, out int, act Activation, init Initializer, seed uint64) *Node {
	shape := []int{x.Shape().Dimensions[1], out}
	w := scope.GetVariable("weights")
	if w == nil {
		draw := init(Stream(seed, scope.Scope()+"/weights"), shape)
		w = scope.VariableWithValue("weights", tensors.FromFlatDataAndDimensions(draw, shape...))
	}
	b := scope.GetVariable("biases")
	if b == nil {
		b = scope.VariableWithValue("biases", tensors.FromFlatDataAndDimensions(make([]float32, out), out))
	}
	z := Add(Dot(x, w.NodeValue(x)).Product(), InsertAxes(b.NodeValue(x), 0))
	a := act.Apply(z)
	Tap(scope, "units", z, a, act)
	return a
}

// Seeded returns a GoMLX initializer that draws from the run's seed: weights,
// of two axes or more, by init, everything else zero. Variables are told
// apart by the order in which they are created.
func Seeded(init Initializer, seed uint64) model.VariableInitializer {
	drawn := 0
	return func(g *Graph, shape shapes.Shape) *Node {
		if shape.Rank() < 2 || !shape.DType.IsFloat() {
			return Zeros(g, shape)
		}
		drawn++
		draw := init(Stream(seed, fmt.Sprint("variable ", drawn)), shape.Dimensions)
		value := Const(g, tensors.FromFlatDataAndDimensions(draw, shape.Dimensions...))
		return ConvertDType(value, shape.DType)
	}
}
