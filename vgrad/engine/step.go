package engine

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/probe"
)

// step builds one training step in the current function of the graph: state
// as plan describes it, turned where the plan turns it, rate a float32 scalar or [lanes], images [batch,
// features] and labels [batch] uint8, with the lanes before unless they share
// the batch. It panics on errors.
func (p *plan) step(state []*Node, rate, images, labels *Node) (next []*Node, m measurement) {
	g := rate.Graph()
	for i, v := range p.variables {
		v.SetNodeValue(p.facing(i, state[i]))
	}
	var logits *Node
	taps := nets.Record(g, func() { logits = p.build(g, scale(images), true) }).Taps
	cost, accuracy := judge(logits, labels)
	grads, deltas := p.gradients(cost, state, taps)

	next = make([]*Node, len(state))
	for i, v := range p.variables {
		next[i] = p.facing(i, v.NodeValue(g)) // a model may change its own variables, such as running means
	}
	updates := p.update(rate, state, grads, next)
	var ws []probe.Weights
	for _, w := range p.weights {
		ws = append(ws, probe.Weights{Lanes: p.lanes != nil, W: state[w.index], Grad: grads[w.index], Update: updates[w.index]})
	}
	var us []probe.Units
	for i, t := range taps {
		us = append(us, probe.Units{Lanes: p.lanes != nil, A: t.A, Delta: deltas[i], Slope: t.Slope()})
	}
	m = p.measure(map[vgrad.Quantity]*Node{vgrad.Loss: cost, vgrad.TrainAccuracy: accuracy}, ws, us)
	p.apply(updates, next, append(m.ofW, deltas[:min(1, len(deltas))]...)) // the first layer's δ needs all other layers' weights
	return next, m
}

// scale turns bytes 0..255 into numbers 0..1.
func scale(images *Node) *Node {
	return DivScalar(ConvertDType(images, dtypes.Float32), 255)
}

// judge returns the mean cross-entropy (nats) and the accuracy of logits
// [n, classes] for labels [n] uint8, both scalars. Logits of lanes, [lanes, n,
// classes], give a value each; they may share their labels.
func judge(logits, labels *Node) (cost, accuracy *Node) {
	labels = ConvertDType(labels, dtypes.Int32)
	dims := logits.Shape().Dimensions
	if labels.Rank() < logits.Rank()-1 {
		labels = BroadcastToDims(InsertAxes(labels, 0), dims[:2]...)
	}
	right := OneHot(labels, dims[len(dims)-1], logits.DType())
	cost = ReduceMean(Neg(ReduceSum(Mul(right, LogSoftmax(logits)), -1)), -1)
	hit := Equal(ArgMax(logits, -1, dtypes.Int32), labels)
	return cost, ReduceMean(ConvertDType(hit, dtypes.Float32), -1)
}

// gradients returns ∂L/∂v for each variable (nil for those not trained) and
// δ = ∂L/∂z for each tap.
func (p *plan) gradients(cost *Node, state []*Node, taps []nets.Tapped) (grads, deltas []*Node) {
	var of []*Node
	for _, i := range p.trainable {
		of = append(of, state[i])
	}
	for _, t := range taps {
		of = append(of, t.Z)
	}
	all := Gradient(ReduceAllSum(cost), of...) // a lane's loss depends on its own variables alone
	grads = make([]*Node, len(p.variables))
	for k, i := range p.trainable {
		grads[i] = all[k]
	}
	return grads, all[len(p.trainable):]
}

// apply adds the updates to the trainable variables, once everything that reads
// those is computed. Without that order XLA keeps a copy of every weight in each
// step, lest an update overwrites what is still to be read: an eighth of the step at
// width 1024, a quarter where weights are measured. Small weights are not worth it.
func (p *plan) apply(updates, next, readers []*Node) {
	large := func(i int) bool { return p.variables[i].Shape().Size()/p.width() > joinedBelow }
	var never *Node
	if len(readers) > 0 && p.mesh == nil && slices.ContainsFunc(p.trainable[1:], large) {
		var some []*Node // of each reader an element
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

// update fills in the next values of the optimizer's slots and of the update count,
// and returns ΔW for each variable.
func (p *plan) update(rate *Node, state, grads, next []*Node) []*Node {
	updates := make([]*Node, len(p.variables))
	count := state[len(state)-1]
	slot := len(p.variables)
	for _, group := range p.groups {
		end := slot + p.optimizer.slots
		grad := p.joined(group, grads)
		delta, slots := p.optimizer.update(p.like(rate, grad), count, grad, state[slot:end])
		for k, part := range p.parted(group, delta) {
			updates[group[k]] = part
		}
		copy(next[slot:end], slots)
		slot = end
	}
	next[len(next)-1] = OnePlus(count)
	return updates
}

// joined puts the group's part of xs end to end, [elements], with the lanes
// before where there are any. A group of one is left as it is.
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

// parted undoes joined.
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
