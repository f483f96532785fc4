package probe

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/nets"
)

// part is one of the tensors that a view may hold.
type part int

const (
	weightsPart part = iota
	gradPart
	updatePart
	zPart
	aPart
	deltaPart
	arrivingPart
	linearPart
	leavingPart
	inputPart
	parts
)

// View holds the tensors of one site in one step, for a probe. It may hold several
// sites of one shape side by side; to a probe these are lanes. It builds a node
// only when a probe calls for it.
type View struct {
	Lanes
	Site vgrad.Site

	nodes      [parts]*Node
	asked      Parts
	activation nets.Activation
	side       []*View // the sites that stand side by side; nil: this is one
	absGrad    *Node
	slope      *Node
}

// OfVariable returns the view of a variable: w before the update, grad = ∂L/∂w,
// and the optimizer's update = Δw, all of one shape. For a frozen variable grad
// and update are nil.
func OfVariable(site vgrad.Site, lanes Lanes, w, grad, update *Node) *View {
	return &View{Lanes: lanes, Site: site, nodes: [parts]*Node{weightsPart: w, gradPart: grad, updatePart: update}}
}

// OfUnits returns the view of units: pre-activations z and activations a = φ(z),
// [batch, …], and the signal that passes back through them, L being the mean loss of
// the batch.
func OfUnits(site vgrad.Site, lanes Lanes, z, a *Node, s nets.Signal, act nets.Activation) *View {
	v := &View{Lanes: lanes, Site: site, nodes: [parts]*Node{zPart: z, aPart: a, deltaPart: s.Delta, arrivingPart: s.Arriving}, activation: act}
	if site.Normalized {
		v.nodes[linearPart] = s.Linear
	}
	return v
}

// Passing adds what a kernel's view needs for the signal that passes back through
// it: the layer's input x, [batch, …], or with lanes [1, batch, …] if they share it,
// and the signal s at the units. x is nil if it is not known.
func (v *View) Passing(x *Node, s nets.Signal) *View {
	v.nodes[inputPart], v.nodes[leavingPart] = x, s.Leaving
	if s.Leaving != nil {
		v.nodes[linearPart] = s.Linear
	}
	return v
}

// W is the weights before the update.
func (v *View) W() *Node { return v.node(weightsPart) }

// Grad is ∂L/∂W, in the shape of W.
func (v *View) Grad() *Node { return v.node(gradPart) }

// Update is ΔW, what the optimizer adds to W.
func (v *View) Update() *Node { return v.node(updatePart) }

// Z is the pre-activations, [batch, …].
func (v *View) Z() *Node { return v.node(zPart) }

// A is the activations, in the shape of Z.
func (v *View) A() *Node { return v.node(aPart) }

// Delta is δ = ∂L/∂z, L being the mean over the batch.
func (v *View) Delta() *Node { return v.node(deltaPart) }

// Arriving is ∂L/∂a, in the shape of A.
func (v *View) Arriving() *Node { return v.node(arrivingPart) }

// Linear is ∂L/∂(x·W + b): of units behind a normalization, and of a kernel.
func (v *View) Linear() *Node { return v.node(linearPart) }

// Leaving is ∂L/∂x through the kernel alone, [batch, inputs].
func (v *View) Leaving() *Node { return v.node(leavingPart) }

// Input is the layer's input x, in the shape of Leaving. With lanes that share their
// batch its first axis may be 1.
func (v *View) Input() *Node { return v.node(inputPart) }

// AbsGrad is |∂L/∂W|.
func (v *View) AbsGrad() *Node {
	if v.absGrad == nil {
		v.absGrad = Abs(v.Grad())
	}
	return v.absGrad
}

// Slope is |φ′(z)|/sup|φ′|, in the shape of Z.
func (v *View) Slope() *Node {
	switch {
	case v.slope != nil:
	case v.side != nil:
		v.slope = v.beside((*View).Slope)
	default:
		v.slope = nets.Tapped{Z: v.Z(), A: v.A(), Activation: v.activation}.Slope()
	}
	return v.slope
}

// node is a part, converted to float32. Statistics are taken in float32 for every
// dtype of the network.
func (v *View) node(p part) *Node {
	v.asked[p] = true
	if v.nodes[p] == nil && v.side != nil {
		v.nodes[p] = v.beside(func(one *View) *Node { return one.node(p) })
	}
	if x := v.nodes[p]; x != nil && x.DType() != dtypes.Float32 {
		v.nodes[p] = ConvertDType(x, dtypes.Float32)
	}
	return v.nodes[p]
}

// beside joins f's results for the sites on the first axis. With lanes that is the
// lane axis, [sites·lanes, …]; without, it is new, [sites, …].
func (v *View) beside(f func(*View) *Node) *Node {
	var all []*Node
	for _, one := range v.side {
		x := f(one)
		if !one.Lanes {
			x = InsertAxes(x, 0)
		}
		all = append(all, x)
	}
	return Concatenate(all, 0)
}

// stackedBelow is the largest number of elements per lane of a site that is joined
// with others. Joining copies the elements. For small sites that is cheaper than
// operations for each.
const stackedBelow = 10_000

// SideBySide joins neighbouring small views with the same parts and shapes into
// one, because on a small network the cost of a probe is its number of operations,
// not their size. Each of the views is one site. same reports whether two sites
// have the same probes. width is the number of lanes, 1 without lanes.
func SideBySide(views []*View, width int, same func(a, b vgrad.Site) bool) []*View {
	var joined []*View
	for i, v := range views {
		last := len(joined) - 1
		if i > 0 && v.alike(views[i-1]) && v.size() <= stackedBelow*width && same(v.Site, views[i-1].Site) {
			if joined[last].side == nil {
				joined[last] = &View{Lanes: true, Site: views[i-1].Site, side: []*View{views[i-1]}}
			}
			joined[last].side = append(joined[last].side, v)
			continue
		}
		joined = append(joined, v)
	}
	return joined
}

// size is the number of elements of the largest part.
func (v *View) size() int {
	most := 0
	for _, x := range v.nodes {
		if x != nil {
			most = max(most, x.Shape().Size())
		}
	}
	return most
}

// alike reports whether two views have the same parts in the same shapes.
func (v *View) alike(o *View) bool {
	for p := range parts {
		a, b := v.nodes[p], o.nodes[p]
		if (a == nil) != (b == nil) || a != nil && !a.Shape().Equal(b.Shape()) {
			return false
		}
	}
	return true
}

// Parts is a set of the tensors that a view may hold.
type Parts [parts]bool

// Asked returns the parts that probes have read from the view.
func (v *View) Asked() Parts { return v.asked }

// Operands lists the view's tensors for a set of parts.
func (v *View) Operands(of Parts) []*Node {
	var xs []*Node
	for p, wanted := range of {
		if wanted && v.nodes[p] != nil {
			xs = append(xs, v.nodes[p])
		}
	}
	return xs
}

// With returns a view of the same site whose parts in the set are the given nodes,
// in the order of [View.Operands]. It also returns the nodes that are left. A
// loop's body uses it to view the site through its own parameters.
func (v *View) With(of Parts, xs []*Node) (*View, []*Node) {
	w := &View{Lanes: v.Lanes, Site: v.Site, activation: v.activation}
	for p, wanted := range of {
		if wanted && v.nodes[p] != nil {
			w.nodes[p], xs = xs[0], xs[1:]
		}
	}
	return w, xs
}

// Fresh returns a view of the same parts from which nothing was read yet.
func (v *View) Fresh() *View {
	return &View{Lanes: v.Lanes, Site: v.Site, nodes: v.nodes, activation: v.activation}
}
