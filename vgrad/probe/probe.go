package probe

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/vgrad/lab/vgrad"
)

// Weights is what a probe sees of one weight variable in one step.
type Weights struct {
	Lanes
	W      *Node // the weights before the update
	Grad   *Node // ∂L/∂W, in the shape of W
	Update *Node // ΔW, what the optimizer adds to W

	absGrad *Node // |∂L/∂W|
}

// Units is what a probe sees of one layer's units in one step.
type Units struct {
	Lanes
	A     *Node // activations, [batch, …]
	Delta *Node // δ = ∂L/∂z, L being the mean over the batch
	Slope *Node // |φ′(z)|/sup|φ′|, z being the pre-activations
}

// weightProbes are the quantities of a layer's weights.
var weightProbes = map[vgrad.Quantity]func(Weights) formula{
	vgrad.MeanAbsGrad:   meanAbsGrad,
	vgrad.RMSGrad:       rmsGrad,
	vgrad.MaxAbsGrad:    maxAbsGrad,
	vgrad.UpdateRatio:   updateRatio,
	vgrad.MeanAbsWeight: meanAbsWeight,
}

// unitProbes are the quantities of a layer's units.
var unitProbes = map[vgrad.Quantity]func(Units) formula{
	vgrad.RMSDelta:       rmsDelta,
	vgrad.MeanActivation: meanActivation,
	vgrad.StdActivation:  stdActivation,
	vgrad.Saturated:      saturated,
	vgrad.Dead:           dead,
}

// histograms says which tensor each histogram counts; nil where the site has none.
var histograms = map[vgrad.Quantity]func(*Weights, *Units) *Node{
	vgrad.Weights:     func(w *Weights, _ *Units) *Node { return w.W },
	vgrad.Gradients:   func(w *Weights, _ *Units) *Node { return w.Grad },
	vgrad.Activations: func(_ *Weights, u *Units) *Node { return u.A },
}

// OfWeights returns the nodes of quantities of weights, each a scalar or [lanes].
// The sums over the weights themselves, from which some of them come, are ofW: a step
// takes these before it updates the weights. It panics on a quantity that is none.
func OfWeights(qs []vgrad.Quantity, w Weights) (values, ofW []*Node) {
	w.absGrad = Abs(w.Grad)
	var fs []formula
	for _, q := range qs {
		fs = append(fs, weightProbes[q](w))
	}
	return w.values(fs)
}

// OfUnits returns the nodes of quantities of units, each a scalar or [lanes]. It
// panics on a quantity that is none.
func OfUnits(qs []vgrad.Quantity, u Units) []*Node {
	var fs []formula
	for _, q := range qs {
		fs = append(fs, unitProbes[q](u))
	}
	values, _ := u.values(fs)
	return values
}

// Counted returns the tensor that a histogram quantity counts. The argument
// of the other kind of site may be nil.
func Counted(q vgrad.Quantity, w *Weights, u *Units) *Node { return histograms[q](w, u) }
