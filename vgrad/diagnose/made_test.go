package diagnose_test

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// made is a source made by hand: of each quantity a value a step and site.
type made struct {
	experiment vgrad.Experiment
	sites      []vgrad.Site
	values     values
	steps      int
	every      int // how many steps from one that is recorded to the next
}

type values = map[vgrad.Quantity]func(step int, s vgrad.Site) float64

func (m made) Label() string         { return "made" }
func (m made) Ran() vgrad.Experiment { return m.experiment }
func (m made) Sites() []vgrad.Site   { return m.sites }

func (m made) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for step := 0; m.values[q] != nil && step < m.steps; step += m.every {
			for _, s := range m.at(q) {
				if !yield(vgrad.Sample{Step: step, Site: s, Quantity: q, Value: m.values[q](step, s)}) {
					return
				}
			}
		}
	}
}

// at lists the sites that have a quantity.
func (m made) at(q vgrad.Quantity) []vgrad.Site {
	info, err := q.Info()
	switch {
	case err != nil || info.Subject == vgrad.WholeNetwork:
		return []vgrad.Site{vgrad.NetworkSite}
	case info.Subject == vgrad.LayerWeights:
		return m.having(func(s vgrad.Site) bool { return s.Role.IsVariable() })
	}
	return m.having(func(s vgrad.Site) bool { return !s.Role.IsVariable() })
}

func (m made) having(ok func(vgrad.Site) bool) []vgrad.Site {
	return slices.DeleteFunc(slices.Clone(m.sites), func(s vgrad.Site) bool { return !ok(s) })
}

// layers are dense layers of ten units with a batch of 30, the last of them linear.
func layers(depth int, activation string) (sites []vgrad.Site) {
	for l := 1; l <= depth; l++ {
		if l == depth {
			activation = "identity"
		}
		sites = append(sites,
			vgrad.Site{Path: fmt.Sprintf("/layer%d/weights", l), Layer: l, Role: vgrad.Kernel, Size: 100},
			vgrad.Site{Path: fmt.Sprintf("/layer%d/units", l), Layer: l, Role: vgrad.Units, Activation: activation, Size: 300})
	}
	return sites
}

// sluggish is a run of six layers in which nothing is wrong but that it is not done:
// its loss falls, and is far from low.
func sluggish() made {
	always := func(x float64) func(int, vgrad.Site) float64 {
		return func(int, vgrad.Site) float64 { return x }
	}
	return made{steps: 400, every: 1, sites: layers(6, "tanh"), values: values{
		vgrad.Loss:           func(step int, _ vgrad.Site) float64 { return 2.3 * math.Exp(-float64(step)/1000) },
		vgrad.TrainAccuracy:  func(step int, _ vgrad.Site) float64 { return 0.1 + 0.4*min(1, float64(step)/400) },
		vgrad.ValAccuracy:    always(0.5),
		vgrad.MeanAbsGrad:    func(_ int, s vgrad.Site) float64 { return 1e-3 * float64(s.Layer) },
		vgrad.MeanAbsWeight:  always(0.1),
		vgrad.RMSDelta:       func(_ int, s vgrad.Site) float64 { return 1e-2 * math.Pow(0.72, float64(6-s.Layer)) },
		vgrad.SlopeFactor:    always(0.72),
		vgrad.WeightFactor:   always(1),
		vgrad.InputSize:      always(0.5),
		vgrad.MeanActivation: always(0.1),
		vgrad.StdActivation:  always(0.5),
		vgrad.Saturated:      always(0.1),
		vgrad.Dead:           always(0),
		vgrad.UpdateRatio:    always(1e-3),
	}}
}

// healthy is one that has learned.
func healthy() made {
	m := sluggish()
	m.values[vgrad.Loss] = func(step int, _ vgrad.Site) float64 { return 2.3 * math.Exp(-float64(step)/100) }
	m.values[vgrad.TrainAccuracy] = func(step int, _ vgrad.Site) float64 { return 1 - 0.9*math.Exp(-float64(step)/50) }
	m.values[vgrad.ValAccuracy] = func(int, vgrad.Site) float64 { return 0.95 }
	return m
}

// recurrent is a recurrent layer that is unrolled over some time steps, behind a dense
// layer and before the output.
func recurrent(steps int) made {
	m := sluggish()
	m.sites = []vgrad.Site{
		{Path: "/in/weights", Layer: 1, Role: vgrad.Kernel, Size: 100},
		{Path: "/in/units", Layer: 1, Role: vgrad.Units, Activation: "tanh", Size: 300},
		{Path: "/rnn/weights", Layer: 2, Role: vgrad.Kernel, Size: 100},
		{Path: "/rnn/recurrent", Layer: 2, Role: vgrad.RecurrentKernel, Size: 100},
	}
	for t := 1; t <= steps; t++ {
		m.sites = append(m.sites, vgrad.Site{Path: fmt.Sprintf("/rnn/units[%d]", t), Layer: 2, Time: t, Role: vgrad.Units, Activation: "tanh", Size: 300})
	}
	m.sites = append(m.sites,
		vgrad.Site{Path: "/out/weights", Layer: 3, Role: vgrad.Kernel, Size: 100},
		vgrad.Site{Path: "/out/units", Layer: 3, Role: vgrad.Units, Activation: "identity", Size: 300})
	m.values[vgrad.RMSDelta] = func(int, vgrad.Site) float64 { return 1e-2 }
	return m
}

// gated is a network of six layers whose inner ones have a gate and a stream, as a
// highway network's.
func gated() made {
	m := sluggish()
	for l := 2; l < 6; l++ {
		m.sites = append(m.sites,
			vgrad.Site{Path: fmt.Sprintf("/layer%d/gate/weights", l), Layer: l, Role: vgrad.Kernel, Size: 100},
			vgrad.Site{Path: fmt.Sprintf("/layer%d/gate/units", l), Layer: l, Role: vgrad.Gate, Activation: "sigmoid", Size: 300},
			vgrad.Site{Path: fmt.Sprintf("/layer%d/stream", l), Layer: l, Role: vgrad.Stream, Size: 300})
	}
	slices.SortStableFunc(m.sites, func(a, b vgrad.Site) int { return a.Layer - b.Layer })
	return m
}

// older is a source as runs were recorded before sites had roles.
type older struct{ made }

func (o older) Sites() (sites []vgrad.Site) {
	for _, s := range o.made.Sites() {
		sites = append(sites, stripped(s))
	}
	return sites
}

func (o older) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for s := range o.made.Samples(q) {
			s.Site = stripped(s.Site)
			if !yield(s) {
				return
			}
		}
	}
}

func stripped(s vgrad.Site) vgrad.Site {
	return vgrad.Site{Path: s.Path, Layer: s.Layer, Size: s.Size}
}
