package nets

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// Tapped is what a tap shows: the pre-activations z and the activations
// a = φ(z) of some units, both [batch, …].
type Tapped struct {
	Path       string     // scope path and name
	Layer      int        // place in forward order, from 1; 0: not told
	Time       int        // unrolled time step, from 1; 0: none
	Role       vgrad.Role // Units, Gate or Stream
	Z, A       *Node
	Activation Activation
	Kernel     *model.Variable // the weights behind the units; nil: not told
}

// Slope returns |φ′(z)|/sup|φ′|, in the shape of z; |φ′(z)| where the largest slope
// is not known.
func (t Tapped) Slope() *Node {
	slope := Abs(t.Activation.Slope(t.Z, t.A))
	if t.Activation.MaxSlope > 0 {
		slope = DivScalar(slope, t.Activation.MaxSlope)
	}
	return slope
}

// Declared is a variable of which the model says what it is.
type Declared struct {
	Variable *model.Variable
	Layer    int
	Role     vgrad.Role
}

// Recorded is what a model shows of itself while it is built.
type Recorded struct {
	Taps      []Tapped
	Variables []Declared
}

type recorderKey struct{}

func recorder(g *Graph) *Recorded {
	r, _ := g.State(recorderKey{}).(*Recorded)
	return r
}

// Tap shows z and a = φ(z) to whoever records the graph; with nobody
// recording it does nothing. Name is put behind the scope's path.
func Tap(scope *model.Scope, name string, z, a *Node, act Activation) {
	show(z.Graph(), Tapped{Path: model.JoinPath(scope.Scope(), name), Layer: len(Weights(scope.Store(), false)), Role: vgrad.Units, Z: z, A: a, Activation: act})
}

// TapStream shows what runs from block to block behind a layer: the sum of a
// residual block, the output of a highway layer.
func TapStream(scope *model.Scope, x *Node, layer int) {
	show(x.Graph(), Tapped{Path: model.JoinPath(scope.Scope(), "stream"), Layer: layer, Role: vgrad.Stream, Z: x, A: x, Activation: MustActivation("identity", 0)})
}

// Declare says of a variable in which layer it is and what it does there. With
// nobody recording it does nothing.
func Declare(g *Graph, v *model.Variable, layer int, role vgrad.Role) {
	if r := recorder(g); r != nil {
		r.Variables = append(r.Variables, Declared{v, layer, role})
	}
}

func show(g *Graph, t Tapped) {
	if r := recorder(g); r != nil {
		r.Taps = append(r.Taps, t)
	}
}

// Record runs build and returns what the model shows of itself on g, in order.
func Record(g *Graph, build func()) Recorded {
	r := &Recorded{}
	g.AttachState(recorderKey{}, r)
	defer g.AttachState(recorderKey{}, (*Recorded)(nil))
	build()
	return *r
}

// Weights returns the variables that count as weights, in the order of their
// creation: those with two axes or more beside the lanes', of numbers.
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
