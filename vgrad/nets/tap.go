package nets

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// Tapped is the record of a tap: the pre-activations z and the activations
// a = φ(z) of some units, both [batch, …].
type Tapped struct {
	Path       string     // scope path and name
	Layer      int        // place in forward order, from 1; 0: not known
	Time       int        // unrolled time step, from 1; 0: none
	Role       vgrad.Role // Units, Gate, Stream or Branch
	Z, A       *Node
	Activation Activation
	Kernel     *model.Variable // the weights of the units; nil: not known

	// Source is a node of which ∂L/∂Source holds δ, and Delta returns δ of it: units of
	// one time step are a slice of a tensor of all. Nil: δ is ∂L/∂Z.
	Source *Node
	Delta  func(d *Node) *Node
	// Linear is x·W + b, in the shape of z. Nil: it is Z, because nothing, such
	// as a normalization, is between them.
	Linear *Node
	// Input is the x that Kernel multiplies, a node that nothing else reads, so
	// that ∂L/∂Input is what passes back through Kernel alone. Nil: not known.
	Input *Node
	// First says that Input is data: nothing passes further back.
	First bool
}

// Slope returns |φ′(z)|/sup|φ′|, in the shape of z. If sup|φ′| is not known, it
// returns |φ′(z)|.
func (t Tapped) Slope() *Node {
	slope := Abs(t.Activation.Slope(t.Z, t.A))
	if t.Activation.MaxSlope > 0 {
		slope = DivScalar(slope, t.Activation.MaxSlope)
	}
	return slope
}

// Declared is a variable with the layer and the role that the model declares.
type Declared struct {
	Variable *model.Variable
	Layer    int
	Role     vgrad.Role
}

// Recorded holds the taps and declarations of a model, in the order of its calls.
type Recorded struct {
	Taps      []Tapped
	Variables []Declared
	fed       map[*model.Variable]Tapped // by kernel: input and linear output of its product
}

type recorderKey struct{}

func recorder(g *Graph) *Recorded {
	r, _ := g.State(recorderKey{}).(*Recorded)
	return r
}

// Tap records the units z and a = φ(z), both [batch, …], under the scope's path
// followed by name. Outside of [Record] it does nothing.
func Tap(scope *model.Scope, name string, z, a *Node, act Activation) {
	show(z.Graph(), Tapped{Path: model.JoinPath(scope.Scope(), name), Layer: len(Weights(scope.Store(), false)), Role: vgrad.Units, Z: z, A: a, Activation: act})
}

// TapStream records the residual stream after a layer: the sum of a residual
// block, or the output of a highway layer. Outside of [Record] it does nothing.
func TapStream(scope *model.Scope, x *Node, layer int) {
	show(x.Graph(), Tapped{Path: model.JoinPath(scope.Scope(), "stream"), Layer: layer, Role: vgrad.Stream, Z: x, A: x, Activation: MustActivation("identity", 0)})
}

// TapBranch returns the input x of a residual block in a node of its own, for the
// block's branch, and records it under the scope. The gradient at that node has the
// branch's part only: ∂L/∂x is the branch's part plus what the skip passes on.
func TapBranch(scope *model.Scope, x *Node, layer int) *Node {
	x = IdentityWithCustomGradient(x, func(_, v *Node) *Node { return v })
	show(x.Graph(), Tapped{Path: model.JoinPath(scope.Scope(), "branch"), Layer: layer, Role: vgrad.Branch, Z: x, A: x, Activation: MustActivation("identity", 0)})
	return x
}

// Declare records the layer and the role of a variable. Outside of [Record] it
// does nothing.
func Declare(g *Graph, v *model.Variable, layer int, role vgrad.Role) {
	if r := recorder(g); r != nil {
		r.Variables = append(r.Variables, Declared{v, layer, role})
	}
}

// fed records the input x of a kernel's product, and z = x·W + b. Taps of the kernel's
// units get them. first says that x is data. Outside of [Record] it does nothing.
func fed(kernel *model.Variable, x, z *Node, first bool) {
	if r := recorder(z.Graph()); r != nil {
		r.fed[kernel] = Tapped{Input: x, Linear: z, First: first}
	}
}

func show(g *Graph, t Tapped) {
	if r := recorder(g); r != nil {
		if of, ok := r.fed[t.Kernel]; ok && t.Kernel != nil {
			t.Input, t.Linear, t.First = of.Input, of.Linear, of.First
		}
		r.Taps = append(r.Taps, t)
	}
}

// Record runs build and returns the taps and declarations that it makes on g.
func Record(g *Graph, build func()) Recorded {
	r := &Recorded{fed: map[*model.Variable]Tapped{}}
	g.AttachState(recorderKey{}, r)
	defer g.AttachState(recorderKey{}, (*Recorded)(nil))
	build()
	return *r
}

// Weights returns the variables that count as weights, in the order of their
// creation: trainable ones with two axes or more, not counting the lane axis.
func Weights(store *model.Store, lanes bool) []*model.Variable {
	axes := 2
	if lanes {
		axes = 3
	}
	var ws []*model.Variable
	for v := range store.IterVariables() {
		if v.Trainable && v.Shape().Rank() >= axes {
			ws = append(ws, v)
		}
	}
	return ws
}
