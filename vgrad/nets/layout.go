package nets

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// Layout lists the places where a network can be measured: its weights and its
// units, each in forward order.
type Layout struct {
	Variables []Declared
	Units     []Tapped
	// Without are the variables for which no units were found, with the reason.
	Without []Unfound
	// sources are the inputs of fused products, whose gradients are needed for δ; see Deltas.
	sources []*Node
}

// LayoutOf is the layout that a model of this package declares.
func LayoutOf(r Recorded) Layout { return Layout{Variables: r.Variables, Units: r.Taps} }

// Discover finds the layout of a model that the caller supplies, from the graph of
// its loss (see [Find]) and from its taps. A tap on units that Find finds too gives
// them its name and its activation. A tap on another node makes units of its own.
// variables are all of the model's.
func Discover(loss *Node, variables []*model.Variable, r Recorded) Layout {
	found, without := Find(loss, variables)
	l := Layout{Variables: slices.Clone(r.Variables), Without: without}
	for _, f := range found {
		l.declare(f.Variable, f.Layer, f.KernelRole)
		if f.Bias != nil {
			l.declare(f.Bias, f.Layer, vgrad.Bias)
		}
	}
	tapped := map[*Node]bool{}
	for _, f := range Distinct(found) {
		u := Tapped{Path: f.Path, Layer: f.Layer, Time: f.Time, Role: f.Role, Z: f.Z, A: f.A, Activation: f.Activation,
			Kernel: f.Variable, Linear: f.Linear, Input: f.Input, First: f.InputIsData}
		if i := slices.IndexFunc(r.Taps, func(t Tapped) bool { return t.Z == f.Z }); i >= 0 {
			t := r.Taps[i]
			tapped[t.Z] = true
			u.Path, u.A, u.Activation = t.Path, t.A, t.Activation
		}
		l.Units = append(l.Units, u)
		if f.fused != nil {
			l.sources = append(l.sources, f.fused.Inputs()[0])
		}
	}
	for _, t := range r.Taps {
		if !tapped[t.Z] {
			t.Layer = layerOf(t, found)
			l.Units = append(l.Units, t)
		}
	}
	slices.SortStableFunc(l.Units, func(a, b Tapped) int { return a.Layer - b.Layer })
	return l
}

// declare adds a variable, unless the model has declared it itself.
func (l *Layout) declare(v *model.Variable, layer int, role vgrad.Role) {
	if !slices.ContainsFunc(l.Variables, func(d Declared) bool { return d.Variable == v }) {
		l.Variables = append(l.Variables, Declared{v, layer, role})
	}
}

// layerOf is the layer of units that only a tap has: the layer of the last weights
// before them.
func layerOf(t Tapped, found []Found) int {
	layer := 1
	for _, f := range found {
		if f.Z.Id() <= t.Z.Id() {
			layer = max(layer, f.Layer)
		}
	}
	return layer
}

// Gradients returns ∂loss/∂x for each of xs, and the backpropagated signal at each
// of the units, by one call of Gradient.
func (l Layout) Gradients(loss *Node, xs []*Node) (grads []*Node, signals []Signal) {
	of := slices.Clone(xs)
	place := map[*Node]int{} // of a node in of: many units may have one
	for _, u := range l.Units {
		for _, x := range u.places() {
			if _, there := place[x]; !there {
				place[x] = len(of)
				of = append(of, x)
			}
		}
	}
	all := Gradient(loss, append(of, l.sources...)...)
	for _, u := range l.Units {
		var by []*Node
		for _, x := range u.places() {
			by = append(by, all[place[x]])
		}
		signals = append(signals, u.signal(by))
	}
	return all[:len(xs)], signals
}
