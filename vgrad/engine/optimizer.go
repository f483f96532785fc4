package engine

import (
	"fmt"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
)

// optimizer turns the gradient of one variable into its update. It is a pure
// function of nodes, so that the same formula runs in a host step, in a
// device loop and, with a leading axis, in lanes.
type optimizer struct {
	name string
	// slots is the number of tensors of the variable's shape that it keeps. They
	// are zero at first.
	slots int
	// update returns ΔW and the new slots. Rate is the learning rate and t
	// the number of this update, from 1; both are float32 scalars.
	update func(rate, t, grad *Node, slots []*Node) (delta *Node, next []*Node)
}

// optimizers lists them by name.
var optimizers = []optimizer{
	{"adam", 2, adam},
	{"sgd", 0, func(rate, _, grad *Node, _ []*Node) (*Node, []*Node) {
		return Mul(Neg(rate), grad), nil
	}},
	{"momentum", 1, momentum},
	{"rmsprop", 1, rmsprop},
}

// Optimizers returns the names an experiment may give.
func Optimizers() []string {
	var names []string
	for _, o := range optimizers {
		names = append(names, o.name)
	}
	return names
}

func newOptimizer(name string) (optimizer, error) {
	for _, o := range optimizers {
		if o.name == name {
			return o, nil
		}
	}
	return optimizer{}, fmt.Errorf("unknown optimizer %q; the known ones are %s", name, strings.Join(Optimizers(), ", "))
}

// adam is Kingma & Ba 2014 (arXiv:1412.6980) in the form at the end of their
// section 2. TensorFlow's optimizer uses that form, and so does the article:
// ΔW = −rate·√(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε), β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
func adam(rate, t, grad *Node, slots []*Node) (*Node, []*Node) {
	const beta1, beta2, epsilon = 0.9, 0.999, 1e-8
	m := Add(MulScalar(slots[0], beta1), MulScalar(grad, 1-beta1))
	v := Add(MulScalar(slots[1], beta2), MulScalar(Square(grad), 1-beta2))
	correct := func(beta float64) *Node { return OneMinus(Pow(MulScalar(OnesLike(t), beta), t)) }
	step := Div(Mul(rate, Sqrt(correct(beta2))), correct(beta1))
	return Div(Mul(Neg(step), m), AddScalar(root(v), epsilon)), []*Node{m, v}
}

// root is √x for x ≥ 0, with an error of at most 1e-15 for x below 1e-30. It uses
// the reciprocal root because XLA's CPU backend takes twice as long for Sqrt.
func root(x *Node) *Node { return Mul(x, Rsqrt(ClipScalar(x, 1e-30, 1e38))) }

// momentum is the heavy ball, μ = 0.9: v ← μv + g, ΔW = −rate·v.
func momentum(rate, _, grad *Node, slots []*Node) (*Node, []*Node) {
	v := Add(MulScalar(slots[0], 0.9), grad)
	return Mul(Neg(rate), v), []*Node{v}
}

// rmsprop is Tieleman & Hinton 2012, ρ = 0.9, ε = 1e-7: v ← ρv + (1−ρ)g²,
// ΔW = −rate·g/(√v + ε).
func rmsprop(rate, _, grad *Node, slots []*Node) (*Node, []*Node) {
	const rho, epsilon = 0.9, 1e-7
	v := Add(MulScalar(slots[0], rho), MulScalar(Square(grad), 1-rho))
	return Div(Mul(Neg(rate), grad), AddScalar(Sqrt(v), epsilon)), []*Node{v}
}
