package probe

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/vgrad/lab/vgrad"
)

// Probe says how a quantity is measured in the training step, and at which sites.
// Exactly one of Graph, Count and Fetch is set. [vgrad.Measure] says how often it
// is measured.
type Probe struct {
	Quantity vgrad.Quantity
	// At reports whether the quantity is measured at a site.
	At func(vgrad.Site) bool
	// Graph computes a number in the graph.
	Graph func(*View) Formula
	// Count gives the tensor whose values a histogram counts.
	Count func(*View) *Node
	// Fetch gives a tensor, [dims…] or [lanes, dims…], that is copied to the
	// host when it is due. Host then computes a number from each lane's values.
	Fetch func(*View) *Node
	Host  func(values []float32, dims []int) float64
}

// probes lists the laboratory's own, in the order of vgrad's catalogue.
var probes = []Probe{
	{Quantity: vgrad.MeanAbsGrad, At: trained, Graph: meanAbsGrad},
	{Quantity: vgrad.RMSGrad, At: trained, Graph: rmsGrad},
	{Quantity: vgrad.MaxAbsGrad, At: trained, Graph: maxAbsGrad},
	{Quantity: vgrad.UpdateRatio, At: trained, Graph: updateRatio},
	{Quantity: vgrad.MeanAbsWeight, At: weights, Graph: meanAbsWeight},
	{Quantity: vgrad.SpectralNorm, At: recurrent, Fetch: (*View).W, Host: spectralNorm},
	{Quantity: vgrad.RMSDelta, At: signals, Graph: rmsDelta},
	{Quantity: vgrad.SlopeFactor, At: passed, Graph: slopeFactor},
	{Quantity: vgrad.NormFactor, At: normalized, Graph: normFactor},
	{Quantity: vgrad.WeightFactor, At: passing, Graph: weightFactor},
	{Quantity: vgrad.InputSize, At: fed, Graph: inputSize},
	{Quantity: vgrad.MeanActivation, At: units, Graph: meanActivation},
	{Quantity: vgrad.StdActivation, At: units, Graph: stdActivation},
	{Quantity: vgrad.Saturated, At: sloped, Graph: saturated},
	{Quantity: vgrad.Dead, At: units, Graph: dead},
	{Quantity: vgrad.Weights, At: weights, Count: (*View).W},
	{Quantity: vgrad.Gradients, At: trained, Count: (*View).Grad},
	{Quantity: vgrad.Activations, At: units, Count: (*View).A},
}

// added are the probes from other modules.
var added []Probe

// Register adds a probe from another module, for the whole process, with the
// description of its quantity. It panics if the quantity is known already.
func Register(p Probe, info vgrad.Info) {
	info.Histogram = p.Count != nil
	vgrad.Describe(p.Quantity, info)
	added = append(added, p)
}

// Find returns the probe of a quantity. It fails if there is none. The quantities
// of the whole network have none, because the training step computes them.
func Find(q vgrad.Quantity) (Probe, error) {
	for _, list := range [][]Probe{probes, added} {
		for _, p := range list {
			if p.Quantity == q {
				return p, nil
			}
		}
	}
	return Probe{}, fmt.Errorf("probe: nothing measures %q", q)
}

// All returns the laboratory's own probes and then those from other modules.
func All() []Probe { return append(probes[:len(probes):len(probes)], added...) }

// weights reports whether a site is a kernel or a recurrent kernel.
func weights(s vgrad.Site) bool { return s.Role == vgrad.Kernel || s.Role == vgrad.RecurrentKernel }

// trained reports whether a site has weights that have a gradient.
func trained(s vgrad.Site) bool { return weights(s) && !s.Frozen }

// units reports whether a site has units, which are computed from variables.
func units(s vgrad.Site) bool {
	return s.Role == vgrad.Units || s.Role == vgrad.Gate || s.Role == vgrad.Stream
}

// signals reports whether δ can be measured at a site: at units, and where a
// residual block's branch begins.
func signals(s vgrad.Site) bool { return units(s) || s.Role == vgrad.Branch }

// sloped reports whether a site has units with a known activation, and so a
// known slope φ′.
func sloped(s vgrad.Site) bool { return units(s) && s.Activation != "" && s.Role != vgrad.Stream }

// normalized reports whether a normalization is before the units' activation.
func normalized(s vgrad.Site) bool { return units(s) && s.Normalized }

// fed reports whether a site has weights whose input is known.
func fed(s vgrad.Site) bool { return weights(s) && s.Input }

// passing reports whether a site has weights and it is known what passes back
// through them.
func passing(s vgrad.Site) bool { return weights(s) && s.Back }

// passed reports whether a site has units of which it is known what arrives at their
// activations. Of the time steps of a recurrent layer it is not.
func passed(s vgrad.Site) bool { return sloped(s) && s.Time == 0 }
