package engine

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/probe"
)

// stepped is the result of one step: the next state, and the nodes from which the
// meter measures.
type stepped struct {
	next    []*Node
	network map[vgrad.Quantity]*Node
	views   []*probe.View
	update  func(readers []*Node) // fills in the variables' part of next, after the readers of the weights
}

// step builds one training step in the current function of the graph. state is as
// plan describes it, with the variables of plan.transposed transposed. rate is a
// float32 scalar or [lanes]. The caller measures, then calls update. step panics
// on errors.
func (p *plan) step(state []*Node, rate *Node, b batch) stepped {
	g := rate.Graph()
	for i, v := range p.variables {
		v.SetNodeValue(p.oriented(i, state[i]))
	}
	s := p.forward(g, b, true)
	grads, signals := p.gradients(s, state)

	next := make([]*Node, len(state))
	for i, v := range p.variables {
		next[i] = p.oriented(i, v.NodeValue(g)) // a model may change its own variables, such as running means
	}
	updates := p.updates(rate, state, grads, next)
	return stepped{next: next, network: networkValues(s), views: p.views(s.Layout, state, grads, updates, signals),
		update: func(readers []*Node) {
			if len(signals) > 0 {
				readers = append(readers, signals[0].Delta) // the first layer's δ needs all other layers' weights
			}
			p.apply(updates, next, readers)
			p.finishStep(g, next)
		}}
}

// finishStep runs the model's functions for the end of a step, such as a
// constraint on its weights (train.AddPerStepUpdateGraphFn). As in GoMLX's
// trainer they read the updated variables and may change them.
func (p *plan) finishStep(g *Graph, next []*Node) {
	type hook struct {
		scope string
		run   train.ModelGraphFn
	}
	var hooks []hook
	for param := range p.store.IterGraphParams(g) {
		if run, ok := param.Value.(train.ModelGraphFn); ok && param.Key == train.TrainerPerStepUpdateGraphFnParamKey {
			hooks = append(hooks, hook{param.Scope, run})
		}
	}
	if hooks == nil {
		return
	}
	for i, v := range p.variables {
		v.SetNodeValue(p.oriented(i, next[i]))
	}
	for _, h := range hooks {
		h.run(p.store.Scope(h.scope), g)
	}
	for i, v := range p.variables {
		next[i] = p.oriented(i, v.NodeValue(g))
	}
}

// gradients returns ∂L/∂v for each variable (nil for those not trained) and the
// backpropagated signal at all units.
func (p *plan) gradients(s shown, state []*Node) (grads []*Node, signals []nets.Signal) {
	var of []*Node
	for _, i := range p.trainable {
		of = append(of, state[i])
	}
	all, signals := s.Gradients(ReduceAllSum(s.total), of) // a lane's loss depends on its own variables alone
	grads = make([]*Node, len(p.variables))
	for k, i := range p.trainable {
		grads[i] = all[k]
	}
	return grads, signals
}

// apply adds the updates to the trainable variables, after all their readers are
// computed. Without that order XLA copies every weight in each step, so that an
// update does not overwrite a value that is still to be read. The copies take an
// eighth of the step at width 1024, and a quarter if weights are measured. Small
// weights are left out, because their copies cost little.
func (p *plan) apply(updates, next, readers []*Node) {
	large := func(i int) bool { return p.variables[i].Shape().Size()/p.width() > joinedBelow }
	var never *Node
	if len(readers) > 0 && p.mesh == nil && slices.ContainsFunc(p.trainable[1:], large) {
		var some []*Node // one element of each reader
		for _, x := range readers {
			x = Slice(x, slices.Repeat([]SliceAxisSpec{AxisElem(0)}, x.Rank())...)
			some = append(some, Reshape(ConvertDType(x, dtypes.Float32), 1))
		}
		count := next[len(next)-1] // at least 2, which XLA does not know
		never = LogicalAnd(IsNegative(count), IsNegative(ReduceAllMax(Concatenate(some, 0))))
	}
	for _, i := range p.trainable {
		update := updates[i]
		if never != nil && large(i) {
			update = Where(never, ZerosLike(update), update)
		}
		next[i] = Add(next[i], update)
	}
}

// updates fills in the next values of the optimizer's slots and of the update count,
// and returns ΔW for each variable.
func (p *plan) updates(rate *Node, state, grads, next []*Node) []*Node {
	deltas := make([]*Node, len(p.variables))
	count := state[len(state)-1]
	slot := len(p.variables)
	for _, group := range p.groups {
		end := slot + p.optimizer.slots
		grad := p.joined(group, grads)
		delta, slots := p.optimizer.update(p.like(rate, grad), count, grad, state[slot:end])
		for k, part := range p.parted(group, delta) {
			deltas[group[k]] = part
		}
		copy(next[slot:end], slots)
		slot = end
	}
	next[len(next)-1] = OnePlus(count)
	return deltas
}

// joined puts the group's tensors of xs end to end, [elements] or
// [lanes, elements]. A group of one is left as it is.
func (p *plan) joined(group []int, xs []*Node) *Node {
	if len(group) == 1 {
		return xs[group[0]]
	}
	var parts []*Node
	for _, i := range group {
		parts = append(parts, Reshape(ConvertDType(xs[i], dtypes.Float32), p.perLane(-1)...))
	}
	return Concatenate(parts, -1)
}

// parted is the inverse of joined.
func (p *plan) parted(group []int, x *Node) []*Node {
	if len(group) == 1 {
		return []*Node{x}
	}
	var parts []*Node
	from := 0
	for _, i := range group {
		shape := p.variables[i].Shape()
		to := from + shape.Size()/p.width()
		parts = append(parts, ConvertDType(Reshape(SliceAxis(x, -1, AxisRange(from, to)), shape.Dimensions...), shape.DType))
		from = to
	}
	return parts
}

// like gives the learning rates of lanes the rank of x, so that they broadcast.
func (p *plan) like(rate, x *Node) *Node {
	for p.lanes != nil && rate.Rank() < x.Rank() {
		rate = InsertAxes(rate, -1)
	}
	return rate
}
