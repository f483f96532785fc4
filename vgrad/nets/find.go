// # Finding the units of the weights
//
// [Find] reads the units of a model without taps from its graph. It starts at the
// loss and visits the nodes from which the loss is computed. Gradients, metrics
// and running means are in the same graph, but the loss does not depend on them,
// so Find ignores them. A node is data if it is computed from the model's inputs.
// All other nodes are weights, constants or noise.
//
//   - A product is a matrix product or a convolution of data with a node that is
//     not data. Its kernels are the variables from which that node is computed, by
//     any operations: reshaping, transposing, conversion, masking, StopGradient,
//     normalization, or a product with other variables as in LoRA.
//   - The pre-activation z is the product plus its summands: a bias, or another
//     product, as in x·W + h·U + b. Any other addition, such as a skip connection,
//     comes after the units.
//   - The activation is computed elementwise from z. It ends at a node through
//     which everything that depends on z passes. Find names it by its values: it
//     evaluates it on the host at a few points, and compares it with the
//     activations that [NewActivation] and GoMLX know. So the operations from
//     which it is built do not matter.
//   - If a normalization is between the product and the activation, z is the
//     output of the normalization. A normalization without an activation after it
//     is not part of the units.
//   - Slices of a product are units of their own if one of them has its own
//     activation, bias or further product, as an LSTM's gates do.
//
// Find does not look inside loops, branches and functions ([graph.While],
// [graph.If], [graph.Function]). It does not find kernels that depend on the data,
// such as an expert's that a router selects, or products that are written as a
// multiplication and a sum. It reports each variable without units, with the
// reason.
//
// Find does not find the activation in these cases: after a Concatenate of several
// products, after a sum of normalized products, after a skip connection, after a
// normalization that is masked by data, and if another node reads z too, such as a
// penalty. The units then have the identity; their δ is right.
package nets

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// Found describes the units of one weight variable. A variable that is used
// several times has an entry for each use, and one whose product is sliced into
// gates has an entry for each gate. Variables whose products are summed have
// entries with the same Z, A and Path.
type Found struct {
	// Path names the units: "/dense/units", "/lstm/gate2[3]". Only entries with
	// the same Z have the same Path.
	Path string
	// Layer is the place in forward order, from 1. Variables of the same units
	// share it, and so do gates and the units that they multiply.
	Layer int
	// Variable is the weights.
	Variable *model.Variable
	// KernelRole is RecurrentKernel if the weights multiply values computed from
	// the same units one time step before, else Kernel.
	KernelRole vgrad.Role
	// Bias is the variable that is added to the product, the first if there are
	// several. Nil: there is none.
	Bias *model.Variable
	// Linear is the sum of products and bias. It is Z unless a normalization, a
	// multiplication by a number or a reshaping is between them.
	Linear *Node
	// Input is the node that the weights multiply, if only this product reads it and
	// the weights are used only once. Else ∂loss/∂Input would not be what passes back
	// through these weights alone, and Input is nil.
	Input *Node
	// InputIsData says that Input is not computed from variables.
	InputIsData bool
	// Z is the pre-activations and A the activations, of the same shape and
	// dtype. They are the same node if there is no activation function.
	Z, A *Node
	// Activation is the function from Z to A, the identity if there is none. If
	// its name is unknown, Name is "", Apply is nil, MaxSlope is 0, and Slope is
	// derived from the graph: its arguments must be Z and A.
	Activation Activation
	// Role is Gate if the units multiply others elementwise: sigmoids, and the
	// side of a gated linear unit that has the function. Else it is Units.
	Role vgrad.Role
	// Time is the unrolled time step, from 1. Zero: the units are not computed
	// from earlier units of the same weights.
	Time int
	// Use numbers the units of the same weights and time step, from 1, if they
	// are not computed from each other, as in a siamese network. Zero: there is
	// only one use.
	Use int

	product product
	part    string
	summed  bool
	fused   *Node // the fused dense product whose decomposed twin contains Z; nil: none
}

// Distinct returns the first entry for each Z. It leaves out the recurrent kernel
// of an LSTM, for example, because its product is summed with the input kernel's.
func Distinct(found []Found) []Found {
	seen := map[*Node]bool{}
	var distinct []Found
	for _, u := range found {
		if !seen[u.Z] {
			seen[u.Z] = true
			distinct = append(distinct, u)
		}
	}
	return distinct
}

// Slope returns |φ′(z)|/sup|φ′|, in the shape of Z. If sup|φ′| is not known, it
// returns |φ′(z)|.
func (u Found) Slope() *Node {
	slope := Abs(u.Activation.Slope(u.Z, u.A))
	if u.Activation.MaxSlope > 0 {
		slope = DivScalar(slope, u.Activation.MaxSlope)
	}
	return slope
}

// Unfound is a variable for which no units were found.
type Unfound struct {
	Variable *model.Variable
	Role     vgrad.Role // Bias, Scale; "": neither
	Reason   string     // "is added behind /dense/weights"
}

// Find lists the units of the variables on which loss depends, in forward order,
// and the variables without units. loss is the model's loss or any other result.
// variables must be all of the model's variables; Find would take the missing ones
// for data.
//
// Find adds no node to the graph. Its time is proportional to the number of nodes.
// If weights are used several times, it visits the nodes between the uses once more
// for each gate. Call it after the forward pass is built, before or after the
// gradients.
func Find(loss *Node, variables []*model.Variable) ([]Found, []Unfound) {
	f := look(loss, variables)
	found := f.units()
	classes := byClass(found)
	for _, class := range classes {
		f.time(found, class)
	}
	settleKernels(found)
	f.settleInputs(found)
	numberLayers(found, classes, f.gates(found, classes))
	nameUnits(found, classes)
	return found, f.unfound(found, variables)
}

// settleKernels makes a variable a recurrent kernel at all uses if it is one at
// any. It gives all variables of the same units the same bias.
func settleKernels(found []Found) {
	recurrent, bias := map[*model.Variable]bool{}, map[*Node]*model.Variable{}
	for _, u := range found {
		recurrent[u.Variable] = recurrent[u.Variable] || u.KernelRole == vgrad.RecurrentKernel
		if bias[u.Z] == nil {
			bias[u.Z] = u.Bias
		}
	}
	for i := range found {
		u := &found[i]
		u.Bias = bias[u.Z]
		if recurrent[u.Variable] {
			u.KernelRole = vgrad.RecurrentKernel
		}
	}
}

// settleInputs fills in the inputs.
func (f *forward) settleInputs(found []Found) {
	uses := map[*model.Variable]int{}
	for _, u := range found {
		uses[u.Variable]++
	}
	for i := range found {
		u := &found[i]
		x := u.product.state
		if fused := f.within[u.product.node]; fused != nil {
			x = fused.Inputs()[0]
		}
		if uses[u.Variable] == 1 && len(u.product.kernels) == 1 && len(f.readers[x.Id()]) == 1 {
			u.Input, u.InputIsData = x, !f.learned[x.Id()]
		}
	}
}

// Deltas returns the backpropagated signal δ = ∂loss/∂z for each entry of found,
// in the shape of its Z, with one call of Gradient.
//
// Z may be inside a fused dense product that applies the activation too. Gradient
// alone would return zeros for it. Deltas therefore also requests the gradient of
// the product's input, and drops it.
func Deltas(loss *Node, found []Found) []*Node {
	var of []*Node
	for _, u := range found {
		of = append(of, u.Z)
	}
	for _, u := range found {
		if u.fused != nil {
			of = append(of, u.fused.Inputs()[0])
		}
	}
	return Gradient(loss, of...)[:len(found)]
}
