package nets

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// unfound lists the variables that are not in found, each with the reason.
func (f *forward) unfound(found []Found, variables []*model.Variable) []Unfound {
	is, bias, scale := map[*model.Variable]bool{}, map[*model.Variable]string{}, map[*model.Variable]string{}
	for _, u := range found {
		is[u.Variable] = true
		if u.Bias != nil && bias[u.Bias] == "" {
			bias[u.Bias] = u.Variable.Path()
		}
		for _, v := range u.product.scales {
			scale[v] = u.Variable.Path()
		}
	}
	var without []Unfound
	inside := f.readInside()
	for _, v := range variables {
		switch {
		case is[v]:
		case bias[v] != "":
			without = append(without, Unfound{v, vgrad.Bias, "is added behind " + bias[v]})
		case scale[v] != "":
			without = append(without, Unfound{v, vgrad.Scale, "scales " + scale[v]})
		default:
			role, reason := f.why(v, inside)
			without = append(without, Unfound{v, role, reason})
		}
	}
	return without
}

// why is the role of v and the reason why it has no units. It depends on the first
// node that combines v with data.
func (f *forward) why(v *model.Variable, inside map[*Node]bool) (vgrad.Role, string) {
	nodes := holders(f.graph, v)
	at := slices.DeleteFunc(slices.Clone(nodes), func(n *Node) bool { return int(n.Id()) >= len(f.alive) || !f.alive[n.Id()] })
	switch {
	case f.state[v] != nil:
		return "", "is a state that weights are multiplied with"
	case !v.DType().IsFloat():
		return "", "holds no floating-point numbers"
	case len(nodes) == 0:
		return "", "is not in the graph"
	case slices.ContainsFunc(nodes, func(n *Node) bool { return inside[n] }):
		return "", "is read inside a loop, a branch or a function; Find does not look inside these"
	case len(at) == 0:
		return "", "is not among what the loss is computed from"
	}
	seen := map[*Node]bool{}
	for ; len(at) > 0; at = at[1:] {
		for _, r := range f.readers[at[0].Id()] {
			if f.data[r.Id()] {
				return meets(r, slices.Index(f.inputs(r), at[0]))
			}
			if !seen[r] {
				seen[r] = true
				at = append(at, r)
			}
		}
	}
	return "", "is combined with no data on its way to the loss, as in a regularization"
}

// meets describes how n combines data with a variable, which is the given input of n.
func meets(n *Node, input int) (vgrad.Role, string) {
	switch t := n.Type(); t {
	case NodeTypeAdd, NodeTypeSub:
		return vgrad.Bias, "is added elementwise"
	case NodeTypeMul, NodeTypeDiv:
		return vgrad.Scale, "multiplies elementwise"
	case NodeTypeGather:
		return "", "is a table whose rows are looked up"
	case NodeTypeBatchNormForTraining, NodeTypeBatchNormForInference, NodeTypeFusedLayerNorm:
		if input == 1 {
			return vgrad.Scale, "multiplies elementwise"
		}
		return vgrad.Bias, "is added elementwise"
	case NodeTypeWhile, NodeTypeIf, NodeTypeCall:
		return "", "is read inside a loop, a branch or a function; Find does not look inside these"
	default:
		return "", fmt.Sprintf("meets data in %s, which is no product", t)
	}
}

// readInside are the nodes that are read inside loops, branches and functions.
func (f *forward) readInside() map[*Node]bool {
	read := map[*Node]bool{}
	here := f.nodes[len(f.nodes)-1].Function()
	for _, n := range f.graph.Nodes() {
		if n.Function() != here && here.IsAncestorOf(n.Function()) {
			for _, in := range n.Inputs() {
				read[in] = true
			}
		}
	}
	return read
}
