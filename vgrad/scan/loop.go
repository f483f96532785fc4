package scan

import (
	"fmt"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/vgrad/lab/vgrad/backend"
)

// loop builds the loop that runs forwards. What it carries is in the order of fields.
func (l Loop) loop() Result {
	g := l.Xs[0].Graph()
	f := fields{l: l}
	c := carried{xs: l.Xs, params: l.Params, carry: l.Start, t: Const(g, int32(0))}
	for _, p := range l.Products {
		c.weights = append(c.weights, p.W)
		if p.Bias != nil {
			c.biases = append(c.biases, p.Bias)
		}
		y := p.of(l.Start[p.Carry], p.W, p.Bias) // for its shape; nothing reads it
		c.products = append(c.products, zeros(g, stacked(l.steps(), y.Shape())))
	}
	for _, s := range l.Start {
		c.each = append(c.each, Concatenate([]*Node{InsertAxes(s, 0), zeros(g, stacked(l.steps(), s.Shape()))}, 0))
		c.adjoints = append(c.adjoints, zeros(g, stacked(l.steps(), s.Shape())))
	}
	initial := f.list(c)
	all := while(g, initial, func(ps []*Node) *Node {
		t := f.name(ps).t
		return LessThan(t, Const(t.Graph(), int32(l.steps())))
	}, func(ps []*Node) []*Node { return f.list(l.forward(f.name(ps))) })
	keep(all[0].Inputs()[0], func(d []*Node) []*Node { return f.list(l.backward(c, f.name(all), f.name(d))) })
	out := f.name(all)
	r := Result{Last: out.carry, Adjoints: c.adjoints}
	for _, x := range out.each {
		r.Each = append(r.Each, SliceAxis(x, 0, AxisRange(1)))
	}
	for _, x := range out.products {
		r.Products = append(r.Products, StopGradient(x))
	}
	return r
}

// carried names the tensors that the loop forwards carries from step to step. Those
// that no step changes cost nothing.
type carried struct {
	xs, params, weights, biases []*Node
	carry                       []*Node
	each                        []*Node // [time+1, …]: the start, and what each step computed
	products                    []*Node // [time, …]
	adjoints                    []*Node // zeros; no step reads them
	t                           *Node
}

// fields converts between carried and the flat list that a loop has.
type fields struct{ l Loop }

func (f fields) list(c carried) []*Node {
	var all []*Node
	for _, part := range [][]*Node{c.xs, c.params, c.weights, c.biases, c.carry, c.each, c.products, c.adjoints} {
		all = append(all, part...)
	}
	return append(all, c.t)
}

func (f fields) name(all []*Node) carried {
	var c carried
	biases := 0
	for _, p := range f.l.Products {
		if p.Bias != nil {
			biases++
		}
	}
	take := func(n int) (part []*Node) {
		part, all = all[:n:n], all[n:]
		return part
	}
	n := len(f.l.Start)
	c.xs, c.params = take(len(f.l.Xs)), take(len(f.l.Params))
	c.weights, c.biases = take(len(f.l.Products)), take(biases)
	c.carry, c.each, c.products, c.adjoints = take(n), take(n), take(len(f.l.Products)), take(n)
	c.t = all[0]
	return c
}

// bias returns the bias of each product; nil for one without.
func (l Loop) bias(biases []*Node) []*Node {
	of := make([]*Node, len(l.Products))
	for k, p := range l.Products {
		if p.Bias != nil {
			of[k], biases = biases[0], biases[1:]
		}
	}
	return of
}

// forward is a step forwards.
func (l Loop) forward(c carried) carried {
	s := At{Xs: picked(c.xs, c.t), Carry: c.carry, Params: c.params}
	biases := l.bias(c.biases)
	next := c
	next.products, next.each = nil, nil
	for k, p := range l.Products {
		y := p.of(c.carry[p.Carry], c.weights[k], biases[k])
		s.Products = append(s.Products, y)
		next.products = append(next.products, put(c.products[k], y, c.t))
	}
	next.t = Add(c.t, Const(c.t.Graph(), int32(1)))
	next.carry = l.Step(s)
	for i, x := range next.carry {
		next.each = append(next.each, put(c.each[i], x, next.t))
	}
	return next
}

// while is a loop with closures that have their own caches; see backend.NewClosure.
func while(g *Graph, initial []*Node, goesOn func([]*Node) *Node, step func([]*Node) []*Node) []*Node {
	name := g.UniqueName("scan")
	declare := func(g *Graph) (ps []*Node) {
		for i, x := range initial {
			ps = append(ps, Parameter(g, fmt.Sprint(name, ".", i), x.Shape()))
		}
		return ps
	}
	condition := backend.NewClosure(g, func(g *Graph) []*Node { return []*Node{goesOn(declare(g))} })
	body := backend.NewClosure(g, func(g *Graph) []*Node { return step(declare(g)) })
	return While(condition, body, initial...)
}

// stacked is the shape of n tensors.
func stacked(n int, of shapes.Shape) shapes.Shape {
	return shapes.Make(of.DType, append([]int{n}, of.Dimensions...)...)
}

// zeros is a tensor of zeros whose constant belongs to the current function.
func zeros(g *Graph, shape shapes.Shape) *Node {
	return BroadcastToDims(ConstAsDType(g, shape.DType, 0), shape.Dimensions...)
}

// picked are the tensors of time step t.
func picked(xs []*Node, t *Node) []*Node {
	var at []*Node
	for _, x := range xs {
		at = append(at, pick(x, t))
	}
	return at
}

func pick(x, t *Node) *Node {
	size := append([]int{1}, x.Shape().Dimensions[1:]...)
	return Squeeze(DynamicSlice(x, from(t, x.Rank()), size), 0)
}

// put writes x at time step t.
func put(into, x, t *Node) *Node {
	return DynamicUpdateSlice(into, InsertAxes(x, 0), from(t, into.Rank()))
}

// from is the position of the first element of time step t.
func from(t *Node, rank int) []*Node {
	at := []*Node{t}
	for range rank - 1 {
		at = append(at, Const(t.Graph(), int32(0)))
	}
	return at
}
