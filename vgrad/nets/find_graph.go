package nets

import (
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// forward is the part of a graph from which a loss is computed. Find ignores
// everything else: gradients, metrics and running means. It reads a fused dense
// product through the decomposed twin that GoMLX builds beside it.
//
// Slices are indexed by Node.Id. An operation's inputs have smaller ids, so one
// pass in the order of ids computes all fields below.
type forward struct {
	graph    *Graph
	nodes    []*Node                   // in the order they were made
	variable map[*Node]*model.Variable // nodes that hold a variable's value
	twin     map[*Node]*Node           // fused dense product: the same value, decomposed
	within   map[*Node]*Node           // a node of a twin: the fused product
	readers  [][]*Node                 // the nodes that read a node, without repeats
	alive    []bool                    // the loss is computed from it
	data     []bool                    // computed from the model's inputs
	learned  []bool                    // computed from a variable
	linear   []bool                    // a product, or a sum, a part, a multiple of such
	depth    []int32                   // the largest number of products on a path to the node
	products []product
	prepared map[*Node]bool            // products that prepare the weights of others
	state    map[*model.Variable]*Node // initial states that are learned: their product

	known []Activation // the known functions; filled at first use
	at    [][]float64  // their values, [known][points]
}

// product is an operation that multiplies weights with something else, and
// sums: a matrix product or a convolution.
type product struct {
	node            *Node
	state           *Node             // the factor that is multiplied with the weights
	weights         *Node             // the factor that is computed from variables
	kernels, scales []*model.Variable // the variables from which weights is computed
}

// look visits all nodes from which the loss is computed. The model's inputs are the
// parameters that are not variables. If there are none, constants with axes count
// as inputs.
func look(loss *Node, variables []*model.Variable) *forward {
	f := &forward{graph: loss.Graph(),
		variable: map[*Node]*model.Variable{}, twin: map[*Node]*Node{}, within: map[*Node]*Node{}}
	n := int(loss.Id()) + 1
	f.alive, f.data, f.learned, f.linear = make([]bool, n), make([]bool, n), make([]bool, n), make([]bool, n)
	f.readers, f.depth = make([][]*Node, n), make([]int32, n)
	for _, v := range variables {
		for _, node := range holders(f.graph, v) {
			f.variable[node] = v
		}
	}
	f.walk(loss)
	for _, constants := range []bool{false, true} {
		if f.classify(constants); f.data[loss.Id()] {
			break
		}
	}
	return f
}

// holders lists the nodes that hold v in g: its current value and its parameter.
// They differ once a model or an optimizer has changed v. If g does not use v,
// holders returns nil, because NodeValue would then add a node.
func holders(g *Graph, v *model.Variable) []*Node {
	if !v.InUseByGraph(g) {
		return nil
	}
	nodes := []*Node{v.NodeValue(g)}
	if p := g.GetParameterByName(v.Path()); p != nil && p != nodes[0] {
		nodes = append(nodes, p)
	}
	return nodes
}

// walk collects the nodes from which loss is computed, and their readers. It uses
// an explicit stack, because a chain of 100 000 operations is too deep for recursion.
func (f *forward) walk(loss *Node) {
	f.alive[loss.Id()] = true
	for stack := []*Node{loss}; len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		f.nodes = append(f.nodes, n)
		f.findTwin(n)
		for _, in := range f.inputs(n) {
			if !f.alive[in.Id()] {
				f.alive[in.Id()] = true
				stack = append(stack, in)
			}
		}
	}
	slices.SortFunc(f.nodes, func(a, b *Node) int { return int(a.Id() - b.Id()) })
	for _, n := range f.nodes {
		for _, in := range f.inputs(n) {
			if rs := f.readers[in.Id()]; len(rs) == 0 || rs[len(rs)-1] != n {
				f.readers[in.Id()] = append(rs, n)
			}
		}
	}
}

// inputs are the inputs of n. The input of a fused dense product is its decomposed
// twin, which has the same value.
func (f *forward) inputs(n *Node) []*Node {
	if t := f.twin[n]; t != nil {
		return []*Node{t}
	}
	return n.Inputs()
}

// findTwin finds the decomposed twin of a fused dense product, in which product, bias
// and activation are separate nodes. GoMLX builds the twin just before the fused
// product (nn.Dense, InternalFusedOpCaller) and computes gradients through it.
func (f *forward) findTwin(n *Node) {
	if n.Type() != NodeTypeFusedDense || n.Id() == 0 {
		return
	}
	nodes := f.graph.Nodes()[:n.Id()]
	t := nodes[len(nodes)-1]
	for i := range min(len(nodes), longestTwin) {
		at := nodes[len(nodes)-1-i]
		if at.Type() != NodeTypeDotGeneral {
			continue
		}
		if t.Shape().Equal(n.Shape()) && unshaped(at.Inputs()[0]) == unshaped(n.Inputs()[0]) && unshaped(at.Inputs()[1]) == unshaped(n.Inputs()[1]) {
			f.twin[n] = t
			for _, inner := range nodes[at.Id():] {
				f.within[inner] = n
			}
		}
		return
	}
}

// longestTwin is the largest number of operations in a decomposed dense product.
// GELU by tanh, the longest, has 12, and reshaping before and after adds a few.
const longestTwin = 32

// unshaped is n before it was reshaped.
func unshaped(n *Node) *Node {
	for n.Type() == NodeTypeReshape || n.Type() == NodeTypeDynamicReshape {
		n = n.Inputs()[0]
	}
	return n
}

// classify computes the fields of forward for every node. constants says that
// constants with axes count as inputs of the model.
func (f *forward) classify(constants bool) {
	f.products, f.prepared, f.state = nil, map[*Node]bool{}, map[*model.Variable]*Node{}
	for _, n := range f.nodes {
		id := n.Id()
		f.data[id], f.learned[id], f.depth[id] = isFed(n, constants), f.variable[n] != nil, 0
		if f.learned[id] || n.Type() == NodeTypeRNGBitGenerator {
			f.data[id] = false // noise is not data: a weight stays a weight after dropout
			continue
		}
		for _, in := range f.inputs(n) {
			f.data[id] = f.data[id] || f.data[in.Id()]
			f.learned[id] = f.learned[id] || f.learned[in.Id()]
			f.depth[id] = max(f.depth[id], f.depth[in.Id()])
		}
		p, ok := f.multiplies(n)
		if ok {
			f.products = append(f.products, p)
			f.depth[id]++
		}
		f.linear[id] = ok || f.isLinear(n)
	}
	f.resolve()
}

// isFed reports whether n is an input of the model. A parameter without axes is a
// setting, such as a temperature.
func isFed(n *Node, constants bool) bool {
	return n.Rank() > 0 && (n.Type() == NodeTypeParameter || constants && n.Type() == NodeTypeConstant)
}

// multiplies reports whether n may be a product with weights. If neither side is
// data, resolve decides; the first time step's product with a constant state is an
// example.
func (f *forward) multiplies(n *Node) (product, bool) {
	switch n.Type() {
	case NodeTypeDotGeneral, NodeTypeConvGeneral, NodeTypeFusedQuantizedDense, NodeTypeFusedAttentionQKVProjection:
	case NodeTypeFusedDense:
		if f.twin[n] != nil {
			return product{}, false
		}
	default:
		return product{}, false
	}
	p := product{node: n, state: n.Inputs()[0], weights: n.Inputs()[1]}
	if f.data[p.weights.Id()] {
		p.state, p.weights = p.weights, p.state
	}
	if f.data[p.weights.Id()] || !f.learned[p.weights.Id()] && !f.learned[p.state.Id()] {
		return product{}, false // two activations, as a query and a key; or no variable at all
	}
	return p, true
}

// resolve keeps the products with weights, and finds the variables of the weights.
// A product of variables and constants alone prepares weights if a product with
// data reads it, as in LoRA. Otherwise it is a product with an initial state,
// constant or learned. Then the weights are the side that is used elsewhere too.
func (f *forward) resolve() {
	used := map[*model.Variable]bool{}
	for i := range f.products {
		p := &f.products[i]
		if f.data[p.state.Id()] {
			p.kernels, p.scales = f.behind(p.weights)
			for _, v := range p.kernels {
				used[v] = true
			}
		}
	}
	for i := range f.products {
		if p := &f.products[i]; !f.data[p.state.Id()] && !f.prepared[p.node] {
			f.chooseWeights(p, used)
		}
	}
	f.products = slices.DeleteFunc(f.products, func(p product) bool { return len(p.kernels) == 0 })
}

// chooseWeights decides which side of a product without data is the weights, if any.
func (f *forward) chooseWeights(p *product, used map[*model.Variable]bool) {
	isUsed := func(v *model.Variable) bool { return used[v] }
	kernels, scales := f.behind(p.weights)
	others, otherScales := f.behind(p.state)
	switch {
	case len(others) == 0 || slices.ContainsFunc(kernels, isUsed):
	case len(kernels) == 0 || slices.ContainsFunc(others, isUsed):
		p.state, p.weights = p.weights, p.state
		kernels, others, scales, otherScales = others, kernels, otherScales, scales
	default:
		return
	}
	p.kernels, p.scales = kernels, scales
	for _, v := range slices.Concat(others, otherScales) {
		f.state[v] = p.node
	}
}

// behind lists the variables from which x is computed; x is not data. kernels are
// the variables that give x its elements. scales only scale or shift many elements
// at once, such as the lengths of weight normalization.
func (f *forward) behind(x *Node) (kernels, scales []*model.Variable) {
	type visit struct {
		*Node
		scale bool
	}
	seen := map[visit]bool{}
	for stack := []visit{{x, false}}; len(stack) > 0; {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		if v := f.variable[at.Node]; v != nil {
			if at.scale {
				scales = append(scales, v)
			} else {
				kernels = append(kernels, v)
			}
			continue
		}
		if isProduct(at.Node) {
			f.prepared[at.Node] = true
		}
		for i, in := range f.inputs(at.Node) {
			if at.Type() == NodeTypeRNGBitGenerator || at.Type() == NodeTypeWhere && i == 0 {
				continue // weights are dropped at random, not computed from the random numbers
			}
			stack = append(stack, visit{in, at.scale || spreads(at.Node, in)})
		}
	}
	kernels = uniqueVariables(kernels)
	scales = slices.DeleteFunc(uniqueVariables(scales), func(v *model.Variable) bool { return slices.Contains(kernels, v) })
	return kernels, scales
}

// spreads reports whether n uses elements of x more than once, or sums them up.
func spreads(n, x *Node) bool {
	switch t := n.Type(); {
	case isProduct(n):
		return false
	case t == NodeTypeBroadcastInDim || elementwise[t] != nil:
		return elements(x) < elements(n)
	default:
		return strings.HasPrefix(t.String(), "Reduce")
	}
}

// elements is how many elements n has; an axis of unknown length counts as one.
func elements(n *Node) int {
	count := 1
	for _, d := range n.Shape().Dimensions {
		count *= max(1, d)
	}
	return count
}

func isProduct(n *Node) bool {
	t := n.Type()
	return t == NodeTypeDotGeneral || t == NodeTypeConvGeneral
}

// uniqueVariables sorts variables by path and drops repeats.
func uniqueVariables(vs []*model.Variable) []*model.Variable {
	slices.SortFunc(vs, func(a, b *model.Variable) int { return strings.Compare(a.Path(), b.Path()) })
	return slices.Compact(vs)
}

// isLinear reports whether n is a part or a multiple of a product's result, or a
// sum of such nodes. n is not a product itself.
func (f *forward) isLinear(n *Node) bool {
	inputs := f.inputs(n)
	lines, fixed := 0, 0
	for _, in := range inputs {
		switch {
		case f.linear[in.Id()]:
			lines++
		case !f.data[in.Id()]:
			fixed++
		}
	}
	switch {
	case f.isLayout(n) || isPart(n):
		return lines == 1
	case n.Type() == NodeTypeAdd || n.Type() == NodeTypeSub:
		return lines > 0 && lines+fixed == 2
	case n.Type() == NodeTypeMul:
		return lines == 1 && fixed == 1
	case n.Type() == NodeTypeDiv:
		return f.linear[inputs[0].Id()] && fixed == 1
	}
	return false
}

// isLayout reports whether n has exactly the elements of its only input.
func (f *forward) isLayout(n *Node) bool {
	switch n.Type() {
	case NodeTypeReshape, NodeTypeDynamicReshape, NodeTypeTranspose, NodeTypeIdentity,
		NodeTypeOptimizationBarrier, NodeTypeSchedulingBarrier:
		return true
	case NodeTypeFusedDense:
		return f.twin[n] != nil
	case NodeTypeConvertDType:
		return n.DType().IsFloat() && n.Inputs()[0].DType().IsFloat()
	}
	return false
}

// isPart reports whether n has some of its input's elements.
func isPart(n *Node) bool { return n.Type() == NodeTypeSlice || n.Type() == NodeTypeSplitNode }
