package scan

import (
	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// Loop is a loop over time. Only Step, Xs and Start must be set. All tensors are
// floats. There may be a lane axis before the batch axis of every tensor, and as the
// first axis of weights and biases.
type Loop struct {
	// Step computes what is carried to the next time step, in the shapes of Start. It
	// must use no nodes but those it is given. Constants are made inside it.
	Step func(At) (next []*Node)
	// Xs are the inputs of all time steps, [time, …]. There is at least one.
	Xs []*Node
	// Start is what the first step is given. Shapes are as wanted, such as
	// [batch, units].
	Start []*Node
	// Products are the matrix products of carried tensors that a step needs.
	Products []Product
	// Params are other tensors that every step reads, such as a gain of each unit.
	// Their gradients are added up from step to step.
	Params []*Node
}

// Product is h·W + b with a carried tensor h, [batch, in] or [lanes, batch, in].
type Product struct {
	Carry int   // index of h in Start
	W     *Node // [in, out] or [lanes, in, out]
	Bias  *Node // [out] or [lanes, out]; nil: none
}

// At is what a step is given.
type At struct {
	Xs       []*Node // of the time step, without the time axis
	Carry    []*Node // of the step before, or Start
	Products []*Node // h·W + b, with h of Carry
	Params   []*Node
}

// Result is what a loop gives.
type Result struct {
	// Last is what the last step computed, in the shapes of Start.
	Last []*Node
	// Each is what each step computed, [time, …].
	Each []*Node
	// Products are the products that each step was given, [time, batch, out].
	// No gradient flows through them.
	Products []*Node
	// Adjoints are zeros in the shapes of Each that are added to Each. So the gradient
	// of L with respect to them is ∂L/∂Each: what reaches a carried tensor from all
	// later steps and from the loss. It costs nothing if it is not asked for.
	Adjoints []*Node
}

// Run builds the loop in the current function of the graph. It panics if shapes do
// not fit, as graph functions do.
func (l Loop) Run() Result {
	if Differentiable(l.Xs[0].Graph().Backend()) {
		return l.loop()
	}
	return l.unrolled()
}

// Differentiable reports whether a backend has the operations of a loop. On others
// Run unrolls time.
func Differentiable(b compute.Backend) bool {
	ops := b.Capabilities().Operations
	return ops[compute.OpTypeDynamicSlice] && ops[compute.OpTypeDynamicUpdateSlice]
}

// steps is the number of time steps.
func (l Loop) steps() int { return l.Xs[0].Shape().Dimensions[0] }

// of is h·W + b.
func (p Product) of(h, w, bias *Node) *Node {
	var y *Node
	if w.Rank() == 2 {
		y = Dot(h, w).Product()
	} else {
		y = Dot(h, w).General([]int{2}, []int{0}, []int{1}, []int{0})
	}
	if bias != nil {
		y = Add(y, InsertAxes(bias, -2))
	}
	return y
}

// backwards is d·Wᵀ, the gradient of h·W with respect to h.
func backwards(d, w *Node) *Node {
	if w.Rank() == 2 {
		return Dot(d, w).General([]int{1}, nil, []int{1}, nil)
	}
	return Dot(d, w).General([]int{2}, []int{0}, []int{2}, []int{0})
}

// ofWeights is ∂L/∂W, summed over time and batch: h and d are [time, batch, …] or
// [time, lanes, batch, …].
func ofWeights(h, d *Node) *Node {
	if h.Rank() == 3 {
		return Dot(h, d).General([]int{0, 1}, nil, []int{0, 1}, nil)
	}
	return Dot(h, d).General([]int{0, 2}, []int{1}, []int{0, 2}, []int{1})
}

// ofBias is ∂L/∂b, d summed over time and batch.
func ofBias(d *Node) *Node { return ReduceSum(d, 0, d.Rank()-2) }

// unrolled builds every step by itself.
func (l Loop) unrolled() Result {
	g := l.Xs[0].Graph()
	r := Result{Each: make([]*Node, len(l.Start)), Products: make([]*Node, len(l.Products))}
	for _, c := range l.Start {
		r.Adjoints = append(r.Adjoints, Zeros(g, stacked(l.steps(), c.Shape())))
	}
	at := func(x *Node, t int) *Node { return Squeeze(SliceAxis(x, 0, AxisElem(t)), 0) }
	each, products := make([][]*Node, len(l.Start)), make([][]*Node, len(l.Products))
	r.Last = l.Start
	for t := range l.steps() {
		s := At{Carry: r.Last, Params: l.Params}
		for _, x := range l.Xs {
			s.Xs = append(s.Xs, at(x, t))
		}
		for k, p := range l.Products {
			y := p.of(s.Carry[p.Carry], p.W, p.Bias)
			s.Products = append(s.Products, y)
			products[k] = append(products[k], InsertAxes(StopGradient(y), 0))
		}
		r.Last = nil
		for i, next := range l.Step(s) {
			next = Add(next, at(r.Adjoints[i], t))
			r.Last = append(r.Last, next)
			each[i] = append(each[i], InsertAxes(next, 0))
		}
	}
	for i := range each {
		r.Each[i] = Concatenate(each[i], 0)
	}
	for k := range products {
		r.Products[k] = Concatenate(products[k], 0)
	}
	return r
}
