package scan

import (
	"fmt"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// GoMLX asks VJPRegistration for the derivative of a node by its type. The entry for
// loops finds the derivative of a Loop in the graph's state.
func init() {
	VJPRegistration[NodeTypeWhile] = func(node *Node, vjps []*Node, shape shapes.Shape) []*Node {
		kept, _ := node.Graph().State(derivativesKey{}).(map[*Node]derivative)
		switch d := kept[node]; {
		case d != nil:
			return d(vjps)
		case ofGoMLX != nil:
			return ofGoMLX(node, vjps, shape)
		}
		panic(fmt.Errorf("scan: no gradient flows through the loop %s: it is not a scan.Loop", node))
	}
}

// ofGoMLX is GoMLX's own derivative of loops. GoMLX 0.28.2 has none: nil.
var ofGoMLX = VJPRegistration[NodeTypeWhile]

// derivative returns the gradient with respect to what a loop began with, given that
// with respect to what it ended with. nil: none.
type derivative func(d []*Node) []*Node

type derivativesKey struct{}

func keep(node *Node, d derivative) {
	g := node.Graph()
	kept, _ := g.State(derivativesKey{}).(map[*Node]derivative)
	if kept == nil {
		kept = map[*Node]derivative{}
		g.AttachState(derivativesKey{}, kept)
	}
	kept[node] = d
}

// reverse names the tensors that the loop backwards carries.
type reverse struct {
	xs, params, weights []*Node // as forwards
	each, products      []*Node
	dEach               []*Node // [time+1, …]: what reaches Each from outside; only those of given
	dCarry              []*Node // what reaches what a step computed from the steps after it
	dXs, dProducts      []*Node // [time, …]
	adjoints            []*Node // [time, …]
	dParams             []*Node // summed so far
	t                   *Node
}

func (r *reverse) parts() []*[]*Node {
	return []*[]*Node{&r.xs, &r.params, &r.weights, &r.each, &r.products, &r.dEach, &r.dCarry, &r.dXs, &r.dProducts, &r.adjoints, &r.dParams}
}

func (r reverse) list() (all []*Node) {
	for _, part := range r.parts() {
		all = append(all, *part...)
	}
	return append(all, r.t)
}

// like names the tensors of a list that has as many of each kind as r.
func (r reverse) like(all []*Node) reverse {
	var named reverse
	to := named.parts()
	for i, part := range r.parts() {
		n := len(*part)
		*to[i], all = all[:n:n], all[n:]
	}
	named.t = all[0]
	return named
}

// backward builds the loop backwards. in is what the loop began with, out what it
// ended with, and d the gradient with respect to out.
func (l Loop) backward(in, out, d carried) carried {
	g := in.t.Graph()
	given := make([]bool, len(d.each))
	r := reverse{xs: in.xs, params: in.params, weights: in.weights, each: out.each, products: out.products,
		dCarry: d.carry, t: Const(g, int32(l.steps()-1))}
	for i, x := range d.each {
		if given[i] = !isZeros(x); given[i] {
			r.dEach = append(r.dEach, x)
		}
		r.adjoints = append(r.adjoints, zeros(g, in.adjoints[i].Shape()))
	}
	for _, pair := range []struct{ of, to *[]*Node }{{&in.xs, &r.dXs}, {&out.products, &r.dProducts}, {&in.params, &r.dParams}} {
		for _, x := range *pair.of {
			*pair.to = append(*pair.to, zeros(g, x.Shape()))
		}
	}
	all := while(g, r.list(), func(ps []*Node) *Node {
		t := r.like(ps).t
		return GreaterOrEqual(t, Const(t.Graph(), int32(0)))
	}, func(ps []*Node) []*Node { return l.back(r.like(ps), given).list() })
	end := r.like(all)
	res := carried{xs: end.dXs, params: end.dParams, carry: end.dCarry, adjoints: end.adjoints,
		each: make([]*Node, len(in.each)), products: make([]*Node, len(in.products))}
	for k, p := range l.Products {
		h := SliceAxis(out.each[p.Carry], 0, AxisRange(0, l.steps()))
		res.weights = append(res.weights, ofWeights(h, end.dProducts[k]))
		if p.Bias != nil {
			res.biases = append(res.biases, ofBias(end.dProducts[k]))
		}
	}
	return res
}

// back is a step backwards.
func (l Loop) back(r reverse, given []bool) reverse {
	s := At{Xs: picked(r.xs, r.t), Carry: picked(r.each, r.t), Products: picked(r.products, r.t), Params: r.params}
	one := Const(r.t.Graph(), int32(1))
	next := r
	next.dCarry, next.adjoints, next.dXs, next.dProducts, next.dParams = nil, nil, nil, nil, nil
	var total *Node
	rest := r.dEach
	for i, y := range l.Step(s) {
		d := r.dCarry[i]
		if given[i] {
			d, rest = Add(d, pick(rest[0], Add(r.t, one))), rest[1:]
		}
		next.adjoints = append(next.adjoints, put(r.adjoints[i], d, r.t))
		if part := ReduceAllSum(Mul(y, StopGradient(d))); total == nil {
			total = part
		} else {
			total = Add(total, part)
		}
	}
	of := append(append(append(append([]*Node{}, s.Carry...), s.Xs...), s.Products...), s.Params...)
	grads := Gradient(total, of...)
	take := func(n int) (part []*Node) {
		part, grads = grads[:n:n], grads[n:]
		return part
	}
	next.dCarry = take(len(s.Carry))
	for i, d := range take(len(s.Xs)) {
		next.dXs = append(next.dXs, put(r.dXs[i], d, r.t))
	}
	for k, d := range take(len(s.Products)) {
		next.dProducts = append(next.dProducts, put(r.dProducts[k], d, r.t))
		i := l.Products[k].Carry
		next.dCarry[i] = Add(next.dCarry[i], backwards(d, r.weights[k]))
	}
	for i, d := range take(len(s.Params)) {
		next.dParams = append(next.dParams, Add(r.dParams[i], d))
	}
	next.t = Sub(r.t, one)
	return next
}

// isZeros reports whether x is the zeros that Gradient makes where no gradient
// arrives. A gradient of zeros would be read at every step.
func isZeros(x *Node) bool {
	return len(x.Inputs()) == 1 && x.Inputs()[0] == ScalarZero(x.Graph(), x.DType())
}
