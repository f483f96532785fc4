package nets

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// walk is the path from a product to its units.
type walk struct {
	product
	steps  []*Node         // the product and the nodes computed from it, in order
	whole  int             // index of the first step that includes all biases and products
	summed bool            // something was added after the product or after its last slice
	scaled bool            // a variable has multiplied it, so the next addend is a normalization's offset
	bias   *model.Variable // nil: none yet
	part   string          // which part of the variable and of the product's result
}

// units lists the units of every product, in forward order.
func (f *forward) units() []Found {
	var found []Found
	for _, p := range f.products {
		w := walk{product: p, steps: []*Node{p.node}, part: f.partOf(p)}
		for _, here := range f.follow(w) {
			for _, v := range p.kernels {
				here.Variable = v
				found = append(found, here)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Found) int { return int(a.Z.Id() - b.Z.Id()) })
	return found
}

// follow extends the walk as long as the last step has one reader, and that reader
// scales, shifts or rearranges it or adds another product. If the last step is
// sliced into separate units, it follows each slice.
func (f *forward) follow(w walk) []Found {
	for {
		last := w.steps[len(w.steps)-1]
		if parts, ok := f.separate(w, last); ok {
			return parts
		}
		readers := f.readers[last.Id()]
		if len(readers) != 1 || !f.extend(&w, last, readers[0]) {
			return []Found{f.found(w)}
		}
	}
}

// extend appends next, the reader of last, if it belongs or may belong to the
// pre-activation. It reports whether it did.
func (f *forward) extend(w *walk, last, next *Node) bool {
	other := otherInput(f.inputs(next), last)
	switch t := next.Type(); {
	case f.isLayout(next):
	case isPart(next):
		w.part += partOf(next)
	case t == NodeTypeNeg:
	case other == nil:
		return false
	case t == NodeTypeAdd && f.learned[other.Id()] && !f.data[other.Id()] && !w.scaled:
		w.complete()
		if w.bias == nil {
			w.bias = f.plain(other)
		}
	case (t == NodeTypeAdd || t == NodeTypeSub) && f.isSummand(other):
		w.complete()
	case t == NodeTypeMul && f.data[other.Id()] && f.isGatedSummand(next):
	case f.data[other.Id()] || elements(next) > elements(last):
		return false
	case t == NodeTypeAdd || t == NodeTypeSub || t == NodeTypeMul || t == NodeTypeDiv && f.inputs(next)[0] == last:
		w.scaled = w.scaled || f.learned[other.Id()]
	default:
		return false
	}
	w.steps = append(w.steps, next)
	return true
}

// complete marks the next step as one that includes all biases and products so far.
func (w *walk) complete() { w.summed, w.whole = true, len(w.steps) }

// otherInput is the one of two inputs that is not n; nil if there are not two.
func otherInput(inputs []*Node, n *Node) *Node {
	if len(inputs) != 2 {
		return nil
	}
	if inputs[0] == n {
		return inputs[1]
	}
	return inputs[0]
}

// isSummand reports whether n is another product's result that is added to the same
// pre-activation, such as h·U in x·W + h·U + b. It has only one reader. A skip
// connection has another reader, the next block.
func (f *forward) isSummand(n *Node) bool {
	isLine := func(n *Node) bool { return f.linear[n.Id()] && len(f.readers[n.Id()]) == 1 }
	gated := n.Type() == NodeTypeMul && slices.ContainsFunc(f.inputs(n), isLine)
	return f.data[n.Id()] && (isLine(n) || gated && len(f.readers[n.Id()]) == 1)
}

// isGatedSummand reports whether n, a product's result times a gate, is added to a
// pre-activation, such as r ∘ h·U in the x·W + r ∘ h·U of a GRU.
func (f *forward) isGatedSummand(n *Node) bool {
	if len(f.readers[n.Id()]) != 1 {
		return false
	}
	sum := f.readers[n.Id()][0]
	other := otherInput(f.inputs(sum), n)
	return (sum.Type() == NodeTypeAdd || sum.Type() == NodeTypeSub) && other != nil && f.isSummand(other)
}

// plain is the variable whose elements n has; nil if n is computed in another way.
func (f *forward) plain(n *Node) *model.Variable {
	for f.variable[n] == nil {
		if !f.isLayout(n) && !isPart(n) && n.Type() != NodeTypeBroadcastInDim {
			return nil
		}
		n = f.inputs(n)[0]
	}
	return f.variable[n]
}

// separate follows the parts of n if they are separate units, such as an LSTM's
// gates. At least one part must have its own function, bias or further product. In
// rotary embeddings, for example, the parts are only joined again.
func (f *forward) separate(w walk, n *Node) (found []Found, ok bool) {
	parts := f.readers[n.Id()]
	projection := n.Type() == NodeTypeFusedAttentionQKVProjection
	if len(parts) < 2 && !projection || slices.ContainsFunc(parts, func(p *Node) bool { return !isPart(p) }) {
		return nil, false
	}
	if _, _, lanes := f.perLane(n); lanes {
		return nil, false
	}
	for _, p := range parts {
		part := w
		part.steps, part.whole, part.summed = append(slices.Clip(w.steps), p), len(w.steps), false
		part.part += partOf(p)
		if projection {
			part.bias = f.projectionBias(n, p)
		}
		here := f.follow(part)
		ok = ok || projection || slices.ContainsFunc(here, func(u Found) bool { return u.summed || u.A != u.Z })
		found = append(found, here...)
	}
	return found, ok
}

// projectionBias is the bias of one of the three results of a fused projection. The
// inputs are x, the weights, and either all three biases of query, key and value or
// none.
func (f *forward) projectionBias(n, part *Node) *model.Variable {
	i, err := strconv.Atoi(attribute(part, "index"))
	if err != nil || len(n.Inputs()) != 5 {
		return nil
	}
	return f.plain(n.Inputs()[2+i])
}

// partOf says which part of a variable a product reads, and over which of its axes
// it sums. The axes matter because a decoder that multiplies the encoder's
// transposed weights is not a recurrence.
func (f *forward) partOf(p product) string {
	weights, part := p.weights, ""
	for f.variable[weights] == nil && (f.isLayout(weights) || isPart(weights)) {
		switch {
		case isPart(weights):
			part = partOf(weights) + part
		case weights.Type() == NodeTypeTranspose:
			part = attribute(weights, "permutation") + part
		}
		weights = f.inputs(weights)[0]
	}
	if p.node.Type() == NodeTypeDotGeneral && p.node.Inputs()[0] == p.weights {
		return part + attribute(p.node, "lhsContractingAxes")
	}
	return part + attribute(p.node, "rhsContractingAxes")
}

// partOf says which part of its input a slice or a split node is.
func partOf(n *Node) string {
	return attribute(n, "starts") + attribute(n, "limits") + attribute(n, "strides") + attribute(n, "index")
}

// attribute is a setting of the operation, such as "[0 1]"; "" if it has none of
// that name. It reads unexported fields by name. GoMLX's only other access is
// Node.String, which panics if a dimension is not known yet. Tests fail if the
// fields are renamed, because parts and time steps can then not be distinguished.
func attribute(n *Node, name string) string {
	operation := reflect.ValueOf(n).Elem().FieldByName("inputs")
	if !operation.IsValid() || operation.IsNil() || operation.Elem().Kind() != reflect.Pointer || operation.Elem().Elem().Kind() != reflect.Struct {
		return ""
	}
	value := operation.Elem().Elem().FieldByName(name)
	if !value.IsValid() {
		return ""
	}
	return fmt.Sprint(value)
}

// found is the units at the end of the walk, with their function if there is one. A
// normalization may be between them.
func (f *forward) found(w walk) Found {
	for w.whole+1 < len(w.steps) && f.within[w.steps[w.whole]] != nil && f.isLayout(w.steps[w.whole+1]) {
		w.whole++ // inside a twin that reshapes its product: the model computes only the twin's end
	}
	starts := w.steps[w.whole:]
	whole := f.shown(starts[0])
	here := Found{Linear: whole, Z: whole, A: whole, Activation: MustActivation("identity", 0), Bias: w.bias,
		Role: vgrad.Units, KernelRole: vgrad.Kernel, part: w.part, product: w.product, summed: w.summed}
	b, ok := f.actsOnOneOf(starts)
	for _, x := range starts {
		if !ok {
			b, ok = f.actsOnNormalized(x)
		}
	}
	if ok {
		here.Z, here.A, here.Activation = f.shown(b.z), f.shown(b.a), b.act
	}
	here.fused = f.within[here.Z]
	return here
}

// actsOnNormalized looks for a function after a normalization of x.
func (f *forward) actsOnNormalized(x *Node) (b behaviour, ok bool) {
	starts := f.normalized(x)
	if len(starts) == 0 {
		return b, false
	}
	after := walk{steps: starts, scaled: true}
	for last := starts[len(starts)-1]; len(f.readers[last.Id()]) == 1; last = after.steps[len(after.steps)-1] {
		next := f.readers[last.Id()][0]
		if other := otherInput(f.inputs(next), last); other != nil && f.data[other.Id()] || !f.extend(&after, last, next) {
			break
		}
	}
	return f.actsOnOneOf(after.steps)
}

// shown is the node with n's value that the model computes: the fused dense product
// if n is the end of its decomposed twin.
func (f *forward) shown(n *Node) *Node {
	if fused := f.within[n]; fused != nil && f.twin[fused] == n {
		return fused
	}
	return n
}
