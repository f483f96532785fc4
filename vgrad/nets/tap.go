package nets

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Tapped is what a tap shows: the pre-activations z and the activations
// a = φ(z) of some units, both [batch, …].
type Tapped struct {
	Path       string // scope path and name
	Z, A       *Node
	Activation Activation
	// Weights is how many weight variables the store held when the tap was
	// first met: the units belong to the last of them.
	Weights int
}

// Slope returns |φ′(z)|/sup|φ′|, in the shape of z.
func (t Tapped) Slope() *Node {
	return DivScalar(Abs(t.Activation.Slope(t.Z, t.A)), t.Activation.MaxSlope)
}

// recorder is attached to a graph whose taps are wanted.
type recorder struct{ taps []Tapped }

type recorderKey struct{}

// Tap shows z and a = φ(z) to whoever records the graph; with nobody
// recording it does nothing. Name is put behind the scope's path.
func Tap(scope *model.Scope, name string, z, a *Node, act Activation) {
	tap(scope, name, z, a, act, false)
}

func tap(scope *model.Scope, name string, z, a *Node, act Activation, lanes bool) {
	r, ok := z.Graph().State(recorderKey{}).(*recorder)
	if !ok || r == nil {
		return
	}
	r.taps = append(r.taps, Tapped{
		Path: model.JoinPath(scope.Scope(), name), Z: z, A: a, Activation: act,
		Weights: len(Weights(scope.Store(), lanes)),
	})
}

// Record runs build and returns the taps that it met on g, in order.
func Record(g *Graph, build func()) []Tapped {
	r := &recorder{}
	g.AttachState(recorderKey{}, r)
	defer g.AttachState(recorderKey{}, (*recorder)(nil))
	build()
	return r.taps
}

// Weights returns the variables that count as a layer's weights, in the order
// of their creation: trainable, with two axes or more beside the lanes'.
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
