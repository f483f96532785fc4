package nets

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Signal is the backpropagated signal at some units, at each place of its way:
// it arrives at the activations, their slopes turn it into δ, and the weights pass
// it on to the layer's input. Each is in the shape of the node it belongs to.
type Signal struct {
	Arriving *Node // ∂L/∂a; nil: not known, of a recurrent layer's time step
	Delta    *Node // δ = ∂L/∂z
	Linear   *Node // ∂L/∂(x·W + b); it is Delta unless a normalization is between them
	Leaving  *Node // ∂L/∂x through the kernel alone; nil: not known, or x is data
}

// places lists the nodes by which the loss is differentiated: z, and after it a, the
// linear output and the input, as far as they are known and other nodes.
func (t Tapped) places() []*Node {
	if t.Source != nil {
		return []*Node{t.Source}
	}
	of := []*Node{t.Z}
	if t.A != t.Z {
		of = append(of, t.A)
	}
	if t.Linear != nil && t.Linear != t.Z {
		of = append(of, t.Linear)
	}
	if t.PassesBack() {
		of = append(of, t.Input)
	}
	return of
}

// signal assigns the gradients by places to their names.
func (t Tapped) signal(by []*Node) Signal {
	if t.Source != nil {
		return Signal{Delta: t.Delta(by[0])}
	}
	s := Signal{Arriving: by[0], Delta: by[0], Linear: by[0]}
	by = by[1:]
	if t.A != t.Z {
		s.Arriving, by = by[0], by[1:]
	}
	if t.Linear != nil && t.Linear != t.Z {
		s.Linear, by = by[0], by[1:]
	}
	if t.PassesBack() {
		s.Leaving = by[0]
	}
	return s
}

// PassesBack reports whether the signal that leaves the units through their kernel is
// known.
func (t Tapped) PassesBack() bool { return t.Input != nil && !t.First && t.Source == nil }

// UnitsOf is the index of the units that a kernel makes, if they are the only ones
// and the kernel's input is known; else -1.
func (l Layout) UnitsOf(kernel *model.Variable) int {
	at := -1
	for i, u := range l.Units {
		switch {
		case u.Kernel != kernel || kernel == nil:
		case at >= 0 || u.Input == nil || u.Source != nil:
			return -1
		default:
			at = i
		}
	}
	return at
}

// apart is x as a node of its own, so that the gradient by it is only that of the
// nodes that read it. The compiled program does not have it.
func apart(x *Node) *Node {
	return IdentityWithCustomGradient(x, func(_, v *Node) *Node { return v })
}
