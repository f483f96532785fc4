package nets

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// Model builds a network: x is [batch, features] float32, the result the
// logits, [batch, outputs]. It creates its variables under scope and panics
// on errors.
type Model func(scope *model.Scope, x *Node) *Node

// Setup is the input of a network family's builder.
type Setup struct {
	// Networks has the family's struct of each lane, every parameter written
	// out. Without lanes it has one. The lanes are equal in all parameters that
	// the family's Alike keeps.
	Networks []vgrad.Network
	// Seeds has the seed of each lane's initial weights.
	Seeds []uint64
	// Lanes says that the first axis of every variable and of the output is
	// the lanes. x is [lanes, batch, features], or [batch, features] if the
	// lanes share their batch. False: there is no lane axis.
	Lanes bool
	// Outputs is the number of values that the network gives for an example.
	Outputs int
	// Answers is the number of answers that an example has, at its last time steps; each
	// has Outputs/Answers of the outputs. Zero: one.
	Answers int
	// Input is the shape of one example, such as [height, width, channels]; x
	// has its values in one axis. Nil: not known.
	Input []int
}

// Builder is a network family from another module ([vgrad.Register]) that builds
// its own networks. Build fails on unknown names of activations and initializers.
type Builder interface {
	Build(s Setup) (Model, error)
}

// builders lists the builders of the laboratory's families.
var builders = []struct {
	of    vgrad.Network
	build func(s Setup) (Model, error)
}{
	{vgrad.MLP{}, mlp},
	{vgrad.Highway{}, highway},
	{vgrad.Residual{}, residual},
	{vgrad.ResNet{}, resNet},
	{vgrad.RNN{}, rnn},
	{vgrad.LSTM{}, lstm},
	{vgrad.GRU{}, gru},
}

// New returns the network that e describes, with that many outputs, for examples
// of the shape input. It fails on an unknown network, activation or initializer;
// the message lists the known ones.
func New(e vgrad.Experiment, outputs int, input ...int) (Model, error) {
	return Build([]vgrad.Experiment{e}, Setup{Outputs: outputs, Input: input})
}

// NewLanes returns the network of several experiments side by side. The first axis
// of every variable, [lanes, …], and of the output, [lanes, batch, outputs], is the
// lanes. Each lane computes the same as the network that [New] returns for its
// experiment. The experiments may differ in the parameters that the family's Alike
// leaves out; all others are taken from the first. The activation of neighbouring
// lanes is computed in one operation if it is the same. The model takes x as
// [batch, features], which all lanes share, or as [lanes, batch, features].
func NewLanes(es []vgrad.Experiment, outputs int, input ...int) (Model, error) {
	return Build(es, Setup{Lanes: true, Outputs: outputs, Input: input})
}

// Build is New, or with s.Lanes NewLanes, for data that s describes. It fills in the
// networks and seeds of s.
func Build(es []vgrad.Experiment, s Setup) (Model, error) {
	for _, e := range es {
		s.Networks, s.Seeds = append(s.Networks, e.Resolved()), append(s.Seeds, e.Seed)
	}
	if b, ok := s.Networks[0].(Builder); ok {
		return b.Build(s)
	}
	for _, b := range builders {
		if reflect.TypeOf(b.of) == reflect.TypeOf(s.Networks[0]) {
			return b.build(s)
		}
	}
	return nil, fmt.Errorf("network is %q; the families are %s; to train a model of your own, pass its function", s.Networks[0].Family(), strings.Join(vgrad.Families(), ", "))
}

// As returns the network of the first lane as the family's struct, for the
// parameters that all lanes share. It panics if N is not the family's type.
func As[N vgrad.Network](s Setup) N { return s.Networks[0].(N) }

// Activations returns one activation in which each lane applies its own. The
// function of returns the name and the slope in a lane's network. An unknown name
// is an error.
func (s Setup) Activations(of func(vgrad.Network) (name string, slope float64)) (Activation, error) {
	var acts []Activation
	var slopes []float64
	for _, n := range s.Networks {
		name, slope := of(n)
		act, err := NewActivation(name, slope)
		if err != nil {
			return Activation{}, err
		}
		acts, slopes = append(acts, act), append(slopes, slope)
	}
	return perLane(acts, slopes), nil
}

// Draws returns the source of the lanes' initial weights. The function of returns
// the initializer and the gain in a lane's network. An unknown name is an error.
func (s Setup) Draws(of func(vgrad.Network) (initializer string, gain float64)) (Draws, error) {
	var d Draws
	for i, n := range s.Networks {
		name, gain := of(n)
		init, err := NewInitializer(name, gain)
		if err != nil {
			return nil, err
		}
		d = append(d, draw{init, s.Seeds[i]})
	}
	return d, nil
}

// Draws has the initializer and the seed of each lane.
type Draws []draw

type draw struct {
	init Initializer
	seed uint64
}

// Scaled returns draws whose weights are multiplied by a factor. They come from the
// same random numbers.
func (d Draws) Scaled(factor float64) Draws {
	var scaled Draws
	for _, one := range d {
		scaled = append(scaled, draw{func(rng *rand.Rand, shape []int) []float32 {
			values := one.init(rng, shape)
			for i := range values {
				values[i] *= float32(factor)
			}
			return values
		}, one.seed})
	}
	return scaled
}

// Dense describes a layer φ(x·W + b).
type Dense struct {
	Layer      int        // place in forward order, from 1
	Role       vgrad.Role // of the units. Zero: Units
	Units      int
	Activation Activation
	Draws      Draws
	Bias       []float64 // initial value of the biases in each lane. Nil: 0
	NoBias     bool      // there are no biases
	// Sole says that nothing else reads x. False: the layer reads a copy, so that
	// what passes back through its weights alone can be measured.
	Sole bool
}

// Dense returns φ(x·W + b), [batch, units], with x [batch, in], W [in, units] and
// b [units]. With lanes each has a lane axis first; x may be shared. Dense creates
// the scope's variables "weights" and "biases", declares them and taps the layer's
// units.
func (s Setup) Dense(scope *model.Scope, x *Node, d Dense) *Node {
	z := s.Linear(scope, x, d)
	a := d.Activation.Apply(z)
	s.TapUnits(scope, d, z, a)
	return a
}

// Linear is Dense without the activation and the tap: x·W + b, [batch, units].
func (s Setup) Linear(scope *model.Scope, x *Node, d Dense) *Node {
	dims := x.Shape().Dimensions
	g := x.Graph()
	w := s.variable(scope, "weights", []int{dims[len(dims)-1], d.Units}, func(lane int, shape []int) []float32 {
		return d.Draws[lane].init(Stream(d.Draws[lane].seed, scope.Scope()+"/weights"), shape)
	})
	Declare(g, w, d.Layer, vgrad.Kernel)
	if !d.Sole {
		x = apart(x)
	}
	z := s.product(x, w.NodeValue(x))
	if !d.NoBias {
		b := s.constant(scope, "biases", []int{d.Units}, d.Bias)
		Declare(g, b, d.Layer, vgrad.Bias)
		z = Add(z, InsertAxes(b.NodeValue(x), -2))
	}
	fed(w, x, z, d.Layer == 1)
	return z
}

// TapUnits taps the units of a layer: z the pre-activations and a = φ(z). The
// layer's weights are the scope's variable "weights".
func (s Setup) TapUnits(scope *model.Scope, d Dense, z, a *Node) {
	show(z.Graph(), Tapped{Path: model.JoinPath(scope.Scope(), "units"), Layer: d.Layer, Role: roleOr(d.Role, vgrad.Units), Z: z, A: a,
		Activation: d.Activation, Kernel: scope.GetVariable("weights")})
}

// constant returns the scope's variable of that name and shape. A new one has the
// same initial value throughout a lane. Nil values: 0.
func (s Setup) constant(scope *model.Scope, name string, shape []int, values []float64) *model.Variable {
	return s.variable(scope, name, shape, func(lane int, shape []int) []float32 {
		xs := make([]float32, size(shape))
		for i := range xs {
			if values != nil {
				xs[i] = float32(values[lane])
			}
		}
		return xs
	})
}

// inLanes is one value for each lane.
func (s Setup) inLanes(x float64) []float64 {
	return slices.Repeat([]float64{x}, len(s.Networks))
}

func roleOr(r, other vgrad.Role) vgrad.Role {
	if r == "" {
		return other
	}
	return r
}

// product is x·W in every lane.
func (s Setup) product(x, w *Node) *Node {
	switch {
	case !s.Lanes:
		return Dot(x, w).Product()
	case x.Rank() == 2: // one batch for all lanes: one wide product, [batch, lanes, out]
		return TransposeAllAxes(Dot(x, w).General([]int{1}, nil, []int{1}, nil), 1, 0, 2)
	}
	return Dot(x, w).General([]int{2}, []int{0}, []int{1}, []int{0})
}

// variable returns the scope's variable of that name and shape, in every lane. A
// new variable has the initial values that start returns for each lane.
func (s Setup) variable(scope *model.Scope, name string, shape []int, start func(lane int, shape []int) []float32) *model.Variable {
	if v := scope.GetVariable(name); v != nil {
		return v
	}
	var values []float32
	for lane := range s.Networks {
		values = append(values, start(lane, shape)...)
	}
	if s.Lanes {
		shape = append([]int{len(s.Networks)}, shape...)
	}
	return scope.VariableWithValue(name, tensors.FromFlatDataAndDimensions(values, shape...))
}

// Seeded returns a GoMLX initializer that draws weights by init from the run's
// seed. Weights are floating-point variables with two axes or more; all others are
// zero. The n-th weight variable that is created has the n-th stream of random
// numbers.
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
