package chart

import (
	"fmt"
	"iter"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/summary"
)

// Chain draws the chain rule of a run, layer by layer: the factors by which the signal
// δ changes on its way from the next layer, their product, and the size of the layer's
// input, the other factor of ∂L/∂W (see [summary.Link]). It opens on the mean over all
// recorded steps, and its slider has single steps. Factors that are 1 everywhere, such
// as a skip connection's in a network without any, are left out.
//
// Chain fails as [summary.Chain] does, and for a network of one layer.
func Chain(source vgrad.Source) (*Figure, error) {
	links, err := summary.Chain(source)
	if err == nil && len(links) < 2 {
		err = fmt.Errorf("the network has one layer; there is nothing to pass back")
	}
	if err != nil {
		return nil, fmt.Errorf("chart: chain: %q: %w", source.Label(), err)
	}
	var sources []vgrad.Source
	for _, f := range factors {
		if s := (factorSource{f, links}); !s.isOne() {
			sources = append(sources, s)
		}
	}
	fig, err := GradientFlow(sources, chainFactor)
	if err != nil {
		return nil, err
	}
	fig.Title = "The chain rule, layer by layer: " + source.Label()
	fig.Caption = "δ of a layer is δ of the next layer times the factors drawn at this layer; each is a ratio of root mean squares, so their product is exact. Below 1 the signal shrinks there. " +
		"∂L/∂W is δ times the layer's input, whose size is the last line."
	return fig, nil
}

// chainFactor is the quantity of the figure's lines.
const chainFactor vgrad.Quantity = "chain_factor"

// namedFactor is a line of the figure.
type namedFactor struct {
	name string
	of   func(l summary.Link, step int) float64
	last bool // the last layer has it too
}

var factors = []namedFactor{
	{"slopes φ′(z)", func(l summary.Link, i int) float64 { return l.Slopes[i] }, false},
	{"weights", func(l summary.Link, i int) float64 { return l.Weights[i] }, false},
	{"normalization", func(l summary.Link, i int) float64 { return l.Norm[i] }, false},
	{"skip connection", func(l summary.Link, i int) float64 { return l.Skip[i] }, false},
	{"gate", func(l summary.Link, i int) float64 { return l.Gate[i] }, false},
	{"all together", summary.Link.Product, false},
	{"size of the input", func(l summary.Link, i int) float64 { return l.Input[i] }, true},
}

// factorSource is a factor of a run as a source of its own.
type factorSource struct {
	namedFactor
	links []summary.Link
}

func (s factorSource) Label() string { return s.name }

func (s factorSource) Sites() []vgrad.Site {
	var sites []vgrad.Site
	for i, l := range s.links {
		if s.last || i+1 < len(s.links) {
			sites = append(sites, l.Site)
		}
	}
	return sites
}

func (s factorSource) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		if q != chainFactor {
			return
		}
		for i, step := range s.links[0].Steps {
			for k, site := range s.Sites() {
				if !yield(vgrad.Sample{Step: step, Site: site, Quantity: q, Value: s.of(s.links[k], i)}) {
					return
				}
			}
		}
	}
}

// Describe describes the figure's quantity.
func (s factorSource) Describe(q vgrad.Quantity) (vgrad.Info, bool) {
	return vgrad.Info{Title: "factor, or size of the input", Subject: vgrad.LayerUnits, Log: true}, q == chainFactor
}

// isOne reports whether the factor is 1 everywhere, but for rounding.
func (s factorSource) isOne() bool {
	for x := range s.Samples(chainFactor) {
		if x.Value < 1-1e-4 || x.Value > 1+1e-4 {
			return false
		}
	}
	return true
}
