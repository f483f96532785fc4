package chart

import (
	"fmt"
	"math"

	"github.com/vgrad/lab/vgrad"
)

// sited is a source whose sites are given.
type sited struct {
	fake
	sites []vgrad.Site
}

func (s *sited) Sites() []vgrad.Site { return s.sites }

// site adds a site, and of a quantity a value at each of so many steps.
func (s *sited) site(at vgrad.Site, steps int, values map[vgrad.Quantity]float64) {
	s.sites = append(s.sites, at)
	for q, v := range values {
		for step := range steps {
			s.samples[q] = append(s.samples[q], vgrad.Sample{Step: step, Site: at, Quantity: q, Value: v * (1 + 0.1*float64(step))})
		}
	}
}

// inSteps puts the samples of each quantity into step order.
func (s *sited) inSteps() *sited {
	for q, all := range s.samples {
		var sorted []vgrad.Sample
		for step := range 1000 {
			for _, x := range all {
				if x.Step == step {
					sorted = append(sorted, x)
				}
			}
			if len(sorted) == len(all) {
				break
			}
		}
		s.samples[q] = sorted
	}
	return s
}

func newSited(label string) *sited {
	return &sited{fake: fake{label: label, samples: map[vgrad.Quantity][]vgrad.Sample{}}}
}

// recurrent imitates a recurrent layer that is unrolled for so many time steps,
// in which δ falls a thousandfold a step, and a linear layer behind it.
func recurrent(label string, times int) *sited {
	s := newSited(label)
	grad := func(v float64) map[vgrad.Quantity]float64 {
		return map[vgrad.Quantity]float64{vgrad.MeanAbsGrad: v}
	}
	s.site(vgrad.Site{Path: "/rnn/weights", Layer: 1, Role: vgrad.Kernel, Size: 100}, 5, grad(1e-4))
	s.site(vgrad.Site{Path: "/rnn/recurrent", Layer: 1, Role: vgrad.RecurrentKernel, Size: 100}, 5, grad(1e-5))
	for t := 1; t <= times; t++ {
		s.site(vgrad.Site{Path: fmt.Sprintf("/rnn/units[%d]", t), Layer: 1, Time: t, Role: vgrad.Units, Activation: "tanh", Size: 100}, 5,
			map[vgrad.Quantity]float64{vgrad.RMSDelta: math.Pow(1000, float64(t-times)) * 1e-2})
	}
	s.site(vgrad.Site{Path: "/out/weights", Layer: 2, Role: vgrad.Kernel, Size: 100}, 5, grad(1e-2))
	s.site(vgrad.Site{Path: "/out/units", Layer: 2, Role: vgrad.Units, Activation: "identity", Size: 100}, 5, map[vgrad.Quantity]float64{vgrad.RMSDelta: 0.1})
	return s.inSteps()
}

// highway imitates a highway network: each hidden layer has units, a gate and a
// stream, and weights of both kinds; the first is frozen.
func highway(depth int) *sited {
	s := newSited("highway")
	for l := 1; l <= depth; l++ {
		frozen := l == 1
		path := fmt.Sprintf("/layer%d", l)
		g := math.Pow(0.5, float64(depth-l))
		s.site(vgrad.Site{Path: path + "/weights", Layer: l, Role: vgrad.Kernel, Frozen: frozen}, 5, map[vgrad.Quantity]float64{vgrad.MeanAbsGrad: g * 1e-2})
		if 1 < l && l < depth {
			s.site(vgrad.Site{Path: path + "/gate/weights", Layer: l, Role: vgrad.Kernel}, 5, map[vgrad.Quantity]float64{vgrad.MeanAbsGrad: g * 1e-3})
			s.site(vgrad.Site{Path: path + "/gate/units", Layer: l, Role: vgrad.Gate, Activation: "sigmoid"}, 5, map[vgrad.Quantity]float64{vgrad.RMSDelta: g * 1e-3})
			s.site(vgrad.Site{Path: path + "/stream", Layer: l, Role: vgrad.Stream}, 5, map[vgrad.Quantity]float64{vgrad.RMSDelta: 0.02})
		}
		if l != 3 {
			s.site(vgrad.Site{Path: path + "/units", Layer: l, Role: vgrad.Units, Activation: "tanh", Frozen: frozen}, 5, map[vgrad.Quantity]float64{vgrad.RMSDelta: g * 1e-2})
		}
	}
	return s.inSteps()
}

// encoder imitates a transformer of so many blocks, with six kernels each, all
// layers of their own, some of them in trouble.
func encoder(blocks int) *sited {
	s := newSited("encoder")
	layer := 0
	for b := range blocks {
		for k, name := range []string{"attention/query", "attention/key", "attention/value", "attention/output", "dense/up", "dense/down"} {
			layer++
			v := 1e-3 * math.Exp(-0.05*float64(blocks-b)) * math.Exp(0.4*math.Sin(float64(7*layer)))
			if b == 17 && k == 1 {
				v = 0
			}
			if b == 30 && k == 4 {
				v = nan
			}
			s.site(vgrad.Site{Path: fmt.Sprintf("/encoder/%d/%s/weights", b, name), Layer: layer, Role: vgrad.Kernel, Size: 100}, 5, map[vgrad.Quantity]float64{vgrad.MeanAbsGrad: v})
			s.site(vgrad.Site{Path: fmt.Sprintf("/encoder/%d/%s/units", b, name), Layer: layer, Role: vgrad.Units, Size: 100}, 5, map[vgrad.Quantity]float64{vgrad.RMSDelta: 10 * v})
		}
	}
	return s.inSteps()
}

// zeros is a source whose histograms at three steps count so many zeros, and
// beside them so many small values that are not.
func zeros(zero, other int) *fake {
	f := &fake{label: "deep", layers: 1, samples: map[vgrad.Quantity][]vgrad.Sample{}}
	for step := range 3 {
		xs := make([]float32, zero, zero+other)
		for i := range other {
			xs = append(xs, float32(i+1)*1e-6)
		}
		f.samples[vgrad.Gradients] = append(f.samples[vgrad.Gradients],
			vgrad.Sample{Step: 50 * step, Site: site(1), Quantity: vgrad.Gradients, Value: nan, Hist: vgrad.HistogramOf(xs)})
	}
	return f
}
