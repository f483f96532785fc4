// # Finding the units behind weights
//
// A model that taps nothing is read as it lies in the graph. [Find] starts at
// the loss and looks at what that is computed from: gradients, metrics and
// running means, which are built on the same graph, are not there for it. A
// node is data if it is computed from what the model is fed, else it is
// weights, constants or noise. From there:
//
//   - A product is a matrix product or a convolution of data with something
//     that is no data. The variables behind that are its kernels, whatever was
//     done to them: reshaping, transposing, conversion, masking, StopGradient,
//     normalization, a product with others as in LoRA.
//   - The pre-activation is the product, and what is added to it: a bias, or
//     another product, as in x·W + h·U + b. An addition of anything else, such
//     as a skip connection, is behind the units.
//   - The function behind it is all that is computed elementwise from z, up to
//     a node through which everything goes that depends on z. It is named by
//     its values: it is evaluated on the host at a few points, and compared
//     with the activations that [NewActivation] and GoMLX know. So it does not
//     matter from which operations it is built.
//   - Where a normalization stands between them, z is what comes out of it. A
//     normalization without a function behind it is not part of the units.
//   - Parts of a product, cut out by slicing, are units of their own if they have a
//     function, a bias or another product of their own, as an LSTM's gates do.
//
// Not looked into are loops, branches and functions ([graph.While], [graph.If],
// [graph.Function]); kernels that depend on the data, such as an expert's that
// a router selects; and products written as a multiplication and a sum. Find
// says of every variable without units why that is so. The function is not
// found behind a Concatenate of several products, behind a sum of normalized
// ones, behind a skip connection, behind a normalization that data masks, and
// where something else reads z too, such as a penalty. The units then have the
// identity; their δ is right.
package nets

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// Found is what the graph shows of the units behind one weight variable. A
// variable that is used several times, or whose product is cut into gates, is
// found once for each; several variables whose products are summed are found
// with the same Z, A and Path.
type Found struct {
	// Path names the units: "/dense/units", "/lstm/gate2[3]". It is unique but for
	// what has the same Z.
	Path string
	// Layer is the place in forward order, from 1. Variables that go into the
	// same units share it, and so do gates with what they are gates of.
	Layer int
	// Variable is the weights.
	Variable *model.Variable
	// KernelRole is RecurrentKernel where the weights multiply what was computed
	// from the same units, one time step before, else Kernel.
	KernelRole vgrad.Role
	// Bias is added behind the product; of several, the first. Nil: there is none.
	Bias *model.Variable
	// Linear is the sum of products and bias. It is Z unless a normalization, a
	// multiplication by a number or a reshaping is between them.
	Linear *Node
	// Z is the pre-activations, and A what the function behind them gives, of
	// the same shape and dtype. They are the same node where there is none.
	Z, A *Node
	// Activation is the function: the identity where there is none. Where its
	// name is unknown, Name is "", Apply is nil, MaxSlope is 0, and Slope is
	// derived from the graph: it takes Z and A themselves.
	Activation Activation
	// Role is Gate where the units multiply others elementwise: sigmoids, and
	// the side of a gated linear unit that has the function. Else it is Units.
	Role vgrad.Role
	// Time is the unrolled time step, from 1, where units are computed from
	// earlier ones of the same weights. Zero: they are not.
	Time int
	// Use numbers the units of the same weights, and the same time step, from 1,
	// where these are not computed from each other, as in a siamese network.
	// Zero: there is one.
	Use int

	product product
	part    string
	summed  bool
	fused   *Node // in whose decomposed twin Z is; nil: none
}

// Distinct leaves out what has the same units as an entry before, such as the
// recurrent kernel of an LSTM, whose products are summed with the input kernel's.
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

// Slope returns |φ′(z)|/sup|φ′|, in the shape of Z; of a function whose name
// is unknown, |φ′(z)|.
func (u Found) Slope() *Node {
	slope := Abs(u.Activation.Slope(u.Z, u.A))
	if u.Activation.MaxSlope > 0 {
		slope = DivScalar(slope, u.Activation.MaxSlope)
	}
	return slope
}

// Unfound is a variable behind which no units were found.
type Unfound struct {
	Variable *model.Variable
	Role     vgrad.Role // Bias, Scale; "": neither
	Reason   string     // "is added behind /dense/weights"
}

// Find lists the units behind each of the variables that loss depends on, in
// forward order, and the variables without. Loss is the model's loss, or any
// other result; variables are all of the model's, whatever they are for, so that
// a bias is not taken for data.
//
// It adds no node to the graph. It takes time in proportion to the number of
// nodes, and, where weights are used several times, to that of these nodes for
// each gate. It may be called once the forward pass is built, before or after
// gradients are.
func Find(loss *Node, variables []*model.Variable) ([]Found, []Unfound) {
	f := look(loss, variables)
	found := f.units()
	classes := byClass(found)
	for _, class := range classes {
		f.time(found, class)
	}
	settleKernels(found)
	numberLayers(found, classes, f.gates(found, classes))
	nameUnits(found, classes)
	return found, f.unfound(found, variables)
}

// settleKernels gives every use of a variable the role of any, and all that
// goes into the same units their bias.
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

// Deltas returns δ = ∂loss/∂z of all that was found, each in the shape of Z. A
// single call of Gradient serves all.
//
// Gradient itself gives zeros for a Z inside a fused dense product that applies
// the activation too, unless something before that product is asked for as
// well; so Deltas asks for the product's input.
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
