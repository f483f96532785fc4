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
	return mlp{e, classes, act, []draw{{init, e.Seed}}, false}.build, nil
}

// NewLanes returns the network of several experiments side by side, on the
// first axis of every variable, [lanes, …], and of the logits, [lanes, batch,
// classes]: each lane computes what [New] would for its experiment. They may
// differ in seed, initializer, gain, activation and slope; the rest is the
// first one's. Lanes of one activation are computed together where they stand
// side by side. The model takes x as [batch, features], which all lanes share,
// or as [lanes, batch, features].
func NewLanes(es []vgrad.Experiment, classes int) (Model, error) {
	var draws []draw
	var acts []Activation
	for _, e := range es {
		e = e.WithDefaults()
		init, err := NewInitializer(e.Initializer, e.Gain)
		if err != nil {
			return nil, err
		}
		act, err := NewActivation(e.Activation, e.Slope)
		if err != nil {
			return nil, err
		}
		draws, acts = append(draws, draw{init, e.Seed}), append(acts, act)
	}
	return mlp{es[0].WithDefaults(), classes, perLane(acts, es), draws, true}.build, nil
}

// draw is where a lane's initial weights come from.
type draw struct {
	init Initializer
	seed uint64
}

// mlp is a multi-layer perceptron, with a draw for each lane.
type mlp struct {
	vgrad.Experiment
	classes int
	hidden  Activation
	draws   []draw
	lanes   bool
}

// build is the model function: depth layers, layer1 on.
func (m mlp) build(scope *model.Scope, x *Node) *Node {
	for i := 1; i < m.Depth; i++ {
		x = m.dense(scope.In("layer%d", i), x, m.Width, m.hidden)
	}
	return m.dense(scope.In("layer%d", m.Depth), x, m.classes, MustActivation("identity", 0))
}

// dense is φ(x·W + b), with x [batch, in], W [in, out] and b [out] zero at
// first, each with the lanes before where there are any. It taps its
// pre-activations and activations.
func (m mlp) dense(scope *model.Scope, x *Node, out int, act Activation) *Node {
	dims := x.Shape().Dimensions
	w := m.variable(scope, "weights", []int{dims[len(dims)-1], out}).NodeValue(x)
	b := m.variable(scope, "biases", []int{out}).NodeValue(x)
	z := Add(m.product(x, w), InsertAxes(b, -2))
	a := act.Apply(z)
	tap(scope, "units", z, a, act, m.lanes)
	return a
}

// product is x·W in every lane.
func (m mlp) product(x, w *Node) *Node {
	switch {
	case !m.lanes:
		return Dot(x, w).Product()
	case x.Rank() == 2: // one batch for all lanes: one wide product, [batch, lanes, out]
		return TransposeAllAxes(Dot(x, w).General([]int{1}, nil, []int{1}, nil), 1, 0, 2)
	}
	return Dot(x, w).General([]int{2}, []int{0}, []int{1}, []int{0})
}

// variable returns the scope's variable of that name and shape, in every lane:
// "weights" drawn, others zero.
func (m mlp) variable(scope *model.Scope, name string, shape []int) *model.Variable {
	if v := scope.GetVariable(name); v != nil {
		return v
	}
	var values []float32
	for _, d := range m.draws {
		if name == "weights" {
			values = append(values, d.init(Stream(d.seed, scope.Scope()+"/"+name), shape)...)
		} else {
			values = append(values, make([]float32, size(shape))...)
		}
	}
	if m.lanes {
		shape = append([]int{len(m.draws)}, shape...)
	}
	return scope.VariableWithValue(name, tensors.FromFlatDataAndDimensions(values, shape...))
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
