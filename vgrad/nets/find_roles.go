package nets

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// groups is a union-find structure: each element points to another of its group,
// and the first to itself.
type groups[T comparable] map[T]T

// of is the first of x's group. It shortens the path as it goes; otherwise an LSTM
// of thousands of steps would make a chain of thousands of elements.
func (g groups[T]) of(x T) T {
	for {
		up, ok := g[x]
		if !ok || up == x {
			return x
		}
		if above, ok := g[up]; ok {
			g[x] = above
		}
		x = up
	}
}

func (g groups[T]) join(x, y T) {
	if a, b := g.of(x), g.of(y); a != b {
		g[b] = a
	}
}

// kind is a part of a variable: the weights of one gate, say.
type kind struct {
	variable *model.Variable
	part     string
}

// byClass lists the indices of found, class by class, in forward order. A class is
// the same units at every time step, or at every use. All products that are summed
// to one pre-activation are in one class. So a part of a precomputed x·W gets the
// class of its gate.
func byClass(found []Found) [][]int {
	same := groups[kind]{}
	byZ := map[*Node]kind{}
	for _, u := range found {
		k := kind{u.Variable, u.part}
		if first, ok := byZ[u.Z]; ok {
			same.join(first, k)
		} else {
			byZ[u.Z] = k
		}
	}
	var classes [][]int
	at := map[kind]int{}
	for i, u := range found {
		c := same.of(kind{u.Variable, u.part})
		if _, ok := at[c]; !ok {
			at[c] = len(classes)
			classes = append(classes, nil)
		}
		classes[at[c]] = append(classes[at[c]], i)
	}
	return classes
}

// time numbers the units of one class: by time step if some are computed from
// others of the class, else by use. A kernel is recurrent if it multiplies values
// that are computed from units of its class.
func (f *forward) time(found []Found, class []int) {
	steps := f.unrolled(found, class)
	last := 0
	uses := map[int]int{}
	numbered := map[*Node]int{}
	for _, i := range class {
		u := &found[i]
		u.Time = steps(u.Z)
		last = max(last, u.Time)
		if numbered[u.Z] == 0 {
			uses[u.Time]++
			numbered[u.Z] = uses[u.Time]
		}
		if steps(u.product.state) > 0 {
			u.KernelRole = vgrad.RecurrentKernel
		}
	}
	for _, i := range class {
		u := &found[i]
		if uses[u.Time] > 1 {
			u.Use = numbered[u.Z]
		}
		if last == 1 {
			u.Time = 0
		}
	}
}

// unrolled returns a function of a node: the largest number of units of the class on
// a path to the node, the node included. It ignores nodes before the first units of
// the class and after its last, because no path from one to another has them.
func (f *forward) unrolled(found []Found, class []int) func(n *Node) int {
	from, to := found[class[0]].Z.Id(), found[class[len(class)-1]].Z.Id()
	isUnits, steps := make([]int, to-from+1), make([]int, to-from+1)
	for _, i := range class {
		isUnits[found[i].Z.Id()-from] = 1
	}
	of := func(n *Node) int {
		if n.Id() < from || n.Id() > to {
			return 0
		}
		return steps[n.Id()-from]
	}
	start, _ := slices.BinarySearchFunc(f.nodes, from, func(n *Node, id NodeId) int { return int(n.Id() - id) })
	for _, n := range f.nodes[start:] {
		if n.Id() > to {
			break
		}
		before := 0
		for _, in := range f.inputs(n) {
			before = max(before, of(in))
		}
		steps[n.Id()-from] = before + isUnits[n.Id()-from]
	}
	return of
}

// gates gives units that multiply others the role Gate, at every time step if at
// any. It returns pairs of variables that belong to one layer: a gate's variable and
// that of the units it multiplies.
func (f *forward) gates(found []Found, classes [][]int) (pairs [][2]*model.Variable) {
	unitsAt := map[*Node][]int{}
	for i, u := range found {
		unitsAt[u.A] = append(unitsAt[u.A], i)
	}
	fed := fedBy(found)
	for _, class := range classes {
		isGate := false
		for _, i := range class {
			u := found[i]
			for _, m := range f.multiplied(u) {
				units := unitsAt[f.origin(m.other, unitsAt)]
				if !f.letsThrough(u, m, found, units) {
					continue
				}
				isGate = true
				for _, k := range slices.Concat(units, fed[m.product]) {
					if f.isBeside(u, found[k]) {
						pairs = append(pairs, [2]*model.Variable{u.Variable, found[k].Variable})
					}
				}
			}
		}
		for _, i := range class {
			if isGate {
				found[i].Role = vgrad.Gate
			}
		}
	}
	return pairs
}

// letsThrough reports whether u is a gate for the other factor of m. Either u is
// between 0 and 1 and the other is a state, or u has a function and the other units
// have none, as in a gated linear unit.
func (f *forward) letsThrough(u Found, m multiplication, found []Found, units []int) bool {
	if f.bounded(u) && f.isState(m.other, u.A) {
		return true
	}
	return len(units) > 0 && found[units[0]].A == found[units[0]].Z
}

// bounded reports whether the values of units are between 0 and 1.
func (f *forward) bounded(u Found) bool {
	return u.Activation.Name == "sigmoid" || u.Activation.Name == "hard_sigmoid"
}

// multiplication is a product, element by element, of units and something else.
type multiplication struct{ product, other *Node }

// farthest is how many operations may lie between units and what they multiply.
const farthest = 8

// multiplied lists the multiplications of u.A, or of 1 − u.A, by data. It is nil if
// the units have no function.
func (f *forward) multiplied(u Found) []multiplication {
	if u.A == u.Z {
		return nil
	}
	var ms []multiplication
	seen := map[*Node]bool{u.A: true}
	for at := []*Node{u.A}; len(at) > 0 && len(seen) < farthest*farthest; at = at[1:] {
		for _, r := range f.readers[at[0].Id()] {
			other := otherInput(f.inputs(r), at[0])
			if r.Type() == NodeTypeMul && other != nil && other != at[0] && (f.data[other.Id()] || f.isFirstState(other, r)) {
				ms = append(ms, multiplication{r, other})
			} else if f.passes(r, at[0]) && !seen[r] {
				seen[r] = true
				at = append(at, r)
			}
		}
	}
	return ms
}

// passes reports whether r is n rearranged, broadcast, scaled, shifted or masked.
func (f *forward) passes(r, n *Node) bool {
	switch r.Type() {
	case NodeTypeBroadcastInDim, NodeTypeNeg:
		return true
	case NodeTypeAdd, NodeTypeSub, NodeTypeMul, NodeTypeDiv, NodeTypeWhere:
		return !slices.ContainsFunc(f.inputs(r), func(in *Node) bool { return in != n && f.data[in.Id()] })
	}
	return f.isLayout(r) || isPart(r)
}

// isFirstState reports whether n is zeros with as many elements as the product, such
// as the state that an LSTM's forget gate multiplies at the first time step.
func (f *forward) isFirstState(n, product *Node) bool {
	if f.data[n.Id()] || f.learned[n.Id()] || n.Rank() == 0 || elements(n) != elements(product) {
		return false
	}
	zeros := values{}.of(f, n)
	return zeros != nil && zeros[0] == 0
}

// isState reports whether n is computed from units, but not from a: p·(1 − p) is not
// a gate. A mask from the data is not a state.
func (f *forward) isState(n, a *Node) bool {
	if !f.data[n.Id()] {
		return true // see isFirstState
	}
	return f.learned[n.Id()] && !f.dependsOn(n, a)
}

// dependsOn reports whether n is computed from a: it looks at the nodes between them.
func (f *forward) dependsOn(n, a *Node) bool {
	seen := map[*Node]bool{n: true}
	for at := []*Node{n}; len(at) > 0; at = at[1:] {
		if at[0] == a {
			return true
		}
		for _, in := range f.inputs(at[0]) {
			if in.Id() >= a.Id() && !seen[in] {
				seen[in] = true
				at = append(at, in)
			}
		}
	}
	return false
}

// origin goes back from n through layout, scaling and masking to units; n itself if
// there are none.
func (f *forward) origin(n *Node, units map[*Node][]int) *Node {
	at := n
	for range farthest {
		if units[at] != nil {
			return at
		}
		var from *Node
		for _, in := range f.inputs(at) {
			if f.data[in.Id()] {
				from = in
			}
		}
		if from == nil || !f.passes(at, from) {
			return n
		}
		at = from
	}
	return n
}

// fedBy lists the recurrent units by the node that their kernels multiply. It finds
// the units of a GRU's reset gate: they read the gate's product.
func fedBy(found []Found) map[*Node][]int {
	fed := map[*Node][]int{}
	for i, u := range found {
		if u.Time > 0 {
			fed[unshaped(u.product.state)] = append(fed[unshaped(u.product.state)], i)
		}
	}
	return fed
}

// isBeside reports whether two units are at the same place of the network: at the
// same time step, or without time steps after the same number of products.
func (f *forward) isBeside(u, other Found) bool {
	return u.Time == other.Time && (u.Time > 0 || f.depth[u.product.node.Id()] == f.depth[other.product.node.Id()])
}

// numberLayers numbers the layers. Variables of the same units share a layer, and so
// do gates and the units that they multiply.
func numberLayers(found []Found, classes [][]int, gates [][2]*model.Variable) {
	same := groups[*model.Variable]{}
	for _, class := range classes {
		for _, i := range class {
			same.join(found[class[0]].Variable, found[i].Variable)
		}
	}
	for _, pair := range gates {
		same.join(pair[0], pair[1])
	}
	numbers := map[*model.Variable]int{}
	for i := range found {
		of := same.of(found[i].Variable)
		if numbers[of] == 0 {
			numbers[of] = len(numbers) + 1
		}
		found[i].Layer = numbers[of]
	}
}

// nameUnits gives the units their paths: the scope of their first variable, then
// "units" or "gate", with a number if a scope has several, then the time step in
// brackets, then "@" and the use.
func nameUnits(found []Found, classes [][]int) {
	severalLayers := shared(found)
	kinds := map[string]int{} // number of classes with that path
	path, number := make([]string, len(classes)), make([]int, len(classes))
	for c, class := range classes {
		path[c] = pathOf(found[class[0]], severalLayers)
		kinds[path[c]]++
		number[c] = kinds[path[c]]
	}
	for c, class := range classes {
		for _, i := range class {
			u := &found[i]
			u.Path = path[c]
			if kinds[path[c]] > 1 {
				u.Path += fmt.Sprint(number[c])
			}
			if u.Time > 0 {
				u.Path += fmt.Sprintf("[%d]", u.Time)
			}
			if u.Use > 0 {
				u.Path += fmt.Sprintf("@%d", u.Use)
			}
		}
	}
}

// pathOf is the path of units without numbers. If a scope has the variables of
// several layers, the path includes the variable's name.
func pathOf(u Found, severalLayers map[string]bool) string {
	scope := u.Variable.Scope()
	if severalLayers[scope] {
		scope = u.Variable.Path()
	}
	return model.JoinPath(scope, string(u.Role))
}

// shared returns the scopes that have variables of several layers.
func shared(found []Found) map[string]bool {
	several, layer := map[string]bool{}, map[string]int{}
	for _, u := range found {
		scope := u.Variable.Scope()
		several[scope] = several[scope] || layer[scope] != 0 && layer[scope] != u.Layer
		layer[scope] = u.Layer
	}
	return several
}
