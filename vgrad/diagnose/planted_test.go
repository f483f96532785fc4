package diagnose_test

import (
	"math"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/diagnose"
)

// fault is something that is planted into a source made by hand.
type fault struct {
	name  string
	base  func() made
	plant func(*made)
	rule  string
	where string
	path  string // of the site
	says  []string
}

func layerIs(l int, there, elsewhere float64) func(int, vgrad.Site) float64 {
	return func(_ int, s vgrad.Site) float64 {
		if s.Layer == l {
			return there
		}
		return elsewhere
	}
}

func nanFrom(step int, at func(vgrad.Site) bool) func(int, vgrad.Site) float64 {
	return func(s int, site vgrad.Site) float64 {
		if s >= step && at(site) {
			return math.NaN()
		}
		return 0.5
	}
}

func quantity(q vgrad.Quantity, f func(int, vgrad.Site) float64) func(*made) {
	return func(m *made) { m.values[q] = f }
}

// faults are the kinds of faults that are planted, each at a place and a step.
var faults = []fault{
	{"a quarter a layer", sluggish, quantity(vgrad.RMSDelta, func(_ int, s vgrad.Site) float64 { return 1e-2 * math.Pow(0.25, float64(6-s.Layer)) }),
		"vanishing gradient", "layer 1, step 0", "/layer1/units",
		[]string{"divided by 4 at each layer", "layer 1 gets 1/1024 of what layer 6 has", "0.25 a layer at step 399"}},
	{"a quarter a layer at first", sluggish, quantity(vgrad.RMSDelta, func(step int, s vgrad.Site) float64 { return math.Pow(0.25+float64(step)/532, float64(6-s.Layer)) }),
		"vanishing gradient", "layer 1, step 0", "/layer1/units", []string{"a factor of 0.25 a layer; 0.96 a layer at step 399"}},
	{"a quarter a layer in the end", sluggish, quantity(vgrad.RMSDelta, func(step int, s vgrad.Site) float64 { return math.Pow(1-float64(step)/532, float64(6-s.Layer)) }),
		"vanishing gradient", "layer 1, step 399", "/layer1/units", []string{"gets 1/"}},
	{"one layer that lets nothing through", sluggish, quantity(vgrad.RMSDelta, func(_ int, s vgrad.Site) float64 { return max(0, float64(s.Layer-3)) }),
		"vanishing gradient", "layer 3, step 0", "/layer3/units", []string{"No gradient at all arrives at layer 3"}},
	{"vanishing, without units", sluggish, func(m *made) {
		m.sites = m.having(func(s vgrad.Site) bool { return s.Role.IsVariable() })
		m.values[vgrad.MeanAbsGrad] = func(_ int, s vgrad.Site) float64 { return math.Pow(10, float64(s.Layer)) }
	}, "vanishing gradient", "layer 2, step 0", "/layer2/weights", []string{"∂L/∂W", "divided by 10"}},
	{"a thousandth a time step", func() made { return recurrent(4) }, quantity(vgrad.RMSDelta, func(_ int, s vgrad.Site) float64 {
		if s.Time == 0 {
			return 1
		}
		return math.Pow(1e-3, float64(4-s.Time))
	}), "vanishing gradient", "layer 2 at time step 1, step 0", "/rnn/units[1]",
		[]string{"through time", "of layer 2 is divided by 1000 at each time step", "time step 1 gets 1/1e9 of what time step 4 has"}},
	{"time steps that let nothing through", func() made { return recurrent(4) }, quantity(vgrad.RMSDelta, func(_ int, s vgrad.Site) float64 {
		if s.Time == 0 {
			return 1
		}
		return max(0, float64(s.Time-2))
	}), "vanishing gradient", "layer 2 at time step 2, step 0", "/rnn/units[2]", []string{"No gradient at all arrives", "shorter sequences"}},
	{"growing back through time", func() made { return recurrent(6) }, quantity(vgrad.RMSDelta, func(_ int, s vgrad.Site) float64 {
		if s.Time == 0 {
			return 1
		}
		return math.Pow(4, float64(6-s.Time))
	}), "exploding gradient", "layer 2 at time step 1, step 0", "/rnn/units[1]", []string{"time step 1 gets 1024 times what time step 6 has"}},
	{"a stream that vanishes", gated, quantity(vgrad.RMSDelta, func(_ int, s vgrad.Site) float64 {
		if s.Role == vgrad.Stream || s.Layer == 1 {
			return math.Pow(0.2, float64(6-s.Layer))
		}
		return 1 // the branches beside it
	}), "vanishing gradient", "layer 1, step 0", "/layer1/units", []string{"divided by 5 at each layer"}},
	{"growing", sluggish, quantity(vgrad.RMSDelta, func(_ int, s vgrad.Site) float64 { return math.Pow(3, float64(6-s.Layer)) }),
		"exploding gradient", "layer 1, step 0", "/layer1/units", []string{"layer 1 gets 243 times"}},
	{"growing later", sluggish, quantity(vgrad.RMSDelta, func(step int, s vgrad.Site) float64 { return math.Pow(1+float64(step)/100, float64(6-s.Layer)) }),
		"exploding gradient", "layer 1, step 399", "/layer1/units", nil},
	{"activations that overflow", sluggish, func(m *made) {
		m.values[vgrad.MeanActivation] = nanFrom(7, func(s vgrad.Site) bool { return s.Layer >= 4 })
		m.values[vgrad.StdActivation] = m.values[vgrad.MeanActivation]
		m.values[vgrad.Loss] = nanFrom(7, func(vgrad.Site) bool { return true })
		m.values[vgrad.RMSDelta] = m.values[vgrad.Loss]
		m.values[vgrad.MeanAbsGrad] = m.values[vgrad.Loss]
		m.values[vgrad.Dead] = func(step int, _ vgrad.Site) float64 { return float64(step / 7) } // as XLA had it once
		m.values[vgrad.Saturated] = m.values[vgrad.Dead]
	}, "NaN or infinity", "layer 4, step 7", "/layer4/units", []string{"From step 7 on", "begin at layer 4, the first in forward order", "mean activation is NaN"}},
	{"gradients that overflow", sluggish, func(m *made) {
		m.values[vgrad.RMSDelta] = nanFrom(9, func(s vgrad.Site) bool { return s.Layer <= 3 })
		m.values[vgrad.MeanAbsGrad] = m.values[vgrad.RMSDelta]
	}, "NaN or infinity", "layer 3, step 9", "/layer3/units", []string{"the first on the way back from the loss"}},
	{"one gradient that is NaN", sluggish, quantity(vgrad.MeanAbsGrad, nanFrom(7, func(s vgrad.Site) bool { return s.Layer == 4 })),
		"NaN or infinity", "layer 4, step 7", "/layer4/weights", []string{"From step 7 on"}},
	{"a NaN that passes", sluggish, quantity(vgrad.Loss, func(step int, _ vgrad.Site) float64 {
		if step == 5 {
			return math.NaN()
		}
		return 2.3 * math.Exp(-float64(step)/1000)
	}), "NaN or infinity", "step 5", "/", []string{"At step 5", "later they are finite again"}},
	{"an infinite loss", sluggish, quantity(vgrad.Loss, func(step int, _ vgrad.Site) float64 { return 1 / float64(max(0, 3-step)) }),
		"NaN or infinity", "step 3", "/", []string{"training loss is +Inf", "where in the network it begins is not recorded"}},
	{"dead layers", sluggish, quantity(vgrad.Dead, func(step int, s vgrad.Site) float64 {
		return map[bool]float64{true: 0.8}[step > 200 && (s.Layer == 2 || s.Layer == 5)]
	}), "dead units", "layer 2, step 399", "/layer2/units", []string{"80 % of the units of layer 2", "fewer than 1.7 % of all examples", "in 2 of 6 layers"}},
	{"a layer that is dead altogether", sluggish, quantity(vgrad.Dead, layerIs(3, 1, 0)),
		"dead units", "layer 3, step 399", "/layer3/units", []string{"All units of layer 3 are zero on each of the 1200 examples seen last"}},
	{"saturated layers", sluggish, quantity(vgrad.Saturated, func(_ int, s vgrad.Site) float64 { return 0.15 * float64(s.Layer%6) }),
		"saturated units", "layer 5, step 399", "/layer5/units", []string{"75 %", "in 2 of 6 layers"}},
	{"a gate that never opens", gated, quantity(vgrad.Saturated, func(_ int, s vgrad.Site) float64 {
		return map[bool]float64{true: 0.97}[s.Role == vgrad.Gate && s.Layer == 3] + map[bool]float64{true: 0.6}[s.Role == vgrad.Gate && s.Layer == 4]
	}), "saturated units", "the gate of layer 3, step 399", "/layer3/gate/units", []string{"97 % of what the units of the gate of layer 3 compute"}},
	{"steps larger than the weights", sluggish, quantity(vgrad.UpdateRatio, layerIs(5, 32, 1e-3)),
		"update size", "layer 5, step 399", "/layer5/weights", []string{"32 times their size", "smaller learning rate"}},
	{"a first step larger than the weights", sluggish, quantity(vgrad.UpdateRatio, func(step int, s vgrad.Site) float64 { return 5 / float64(1+step*step) }),
		"update size", "layer 1, step 0", "/layer1/weights", []string{"5 times their size", "smaller learning rate"}},
	{"a layer that does not move", sluggish, quantity(vgrad.UpdateRatio, layerIs(3, 1e-9, 1e-3)),
		"update size", "layer 3, step 399", "/layer3/weights", []string{"layer 3 do not move", "larger learning rate"}},
	{"a learning rate too small", sluggish, quantity(vgrad.UpdateRatio, func(int, vgrad.Site) float64 { return 5e-6 }),
		"update size", "step 399", "/", []string{"The weights of all layers together stay what they were", "0.2 % of its size in 400 steps"}},
	{"weights without a gradient", sluggish, quantity(vgrad.MeanAbsGrad, layerIs(3, 0, 1e-3)),
		"weights without a gradient", "layer 3, step 0", "/layer3/weights", []string{"layer 3 never get a gradient"}},
	{"weights that are all zero", sluggish, quantity(vgrad.MeanAbsWeight, func(step int, s vgrad.Site) float64 { return float64(step) }),
		"weights that are all zero", "layer 1, step 0", "/layer1/weights", []string{"in 6 of 6 weights"}},
	{"first weights too large", sluggish, quantity(vgrad.StdActivation, func(_ int, s vgrad.Site) float64 { return math.Pow(4, float64(s.Layer)) }),
		"size of the first weights", "layer 5, step 0", "/layer5/units", []string{"grow from layer to layer by a factor of 4", "4 in layer 1 and 1024 in layer 5"}},
	{"a loss that stops falling", sluggish, quantity(vgrad.Loss, func(step int, _ vgrad.Site) float64 { return 1.5 + 0.8*math.Exp(-float64(step)/20) }),
		"loss that does not fall", "step 399", "/", []string{"it is 1.500 in the last quarter"}},
	{"a loss that stays at guessing", sluggish, quantity(vgrad.Loss, func(step int, _ vgrad.Site) float64 { return 2.3 + 0.01*math.Sin(float64(step)) }),
		"loss that does not fall", "step 399", "/", []string{"Up to step 399 the network is no better than guessing", "guessing among 10 classes costs 2.303"}},
	{"a loss that rises", sluggish, quantity(vgrad.Loss, func(step int, _ vgrad.Site) float64 { return 1.5 + float64(step)/800 }),
		"loss that does not fall", "step 399", "/", []string{"was 1.8"}},
	{"a loss that explodes", sluggish, quantity(vgrad.Loss, func(step int, _ vgrad.Site) float64 { return 2.4 + float64(step) }),
		"loss that explodes", "step 399", "/", []string{"has grown from 2.4 to 381"}},
	{"learned by heart", healthy, quantity(vgrad.ValAccuracy, func(int, vgrad.Site) float64 { return 0.6 }),
		"overfitting", "step 399", "/", []string{"right on 100 % of them and on 60 % of others"}},
}

// Each fault is found at its place and step, as the only finding.
func TestPlantedFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			m := f.base()
			delete(m.values, vgrad.SlopeFactor) // a fault in δ alone contradicts the factors
			delete(m.values, vgrad.WeightFactor)
			f.plant(&m)
			r := diagnose.Of(m)
			if len(r.Findings) != 1 || r.Findings[0].Rule != f.rule || r.Findings[0].Where() != f.where || r.Findings[0].Site != f.path || len(r.Notes) > 0 {
				t.Fatalf("%v\nwant %s at %s (%s)", r, f.rule, f.where, f.path)
			}
			for _, want := range append(f.says, "rule: ", "try: ") {
				if !strings.Contains(r.Findings[0].String(), want) {
					t.Errorf("it does not say %q: %v", want, r.Findings[0])
				}
			}
		})
	}
}

// Where the network learns, what is no harm is a note and says so.
func TestNotes(t *testing.T) {
	for _, f := range faults[:1] {
		m := healthy()
		delete(m.values, vgrad.SlopeFactor) // as above
		delete(m.values, vgrad.WeightFactor)
		f.plant(&m)
		r := diagnose.Of(m)
		if len(r.Findings) > 0 || len(r.Notes) != 1 || r.Notes[0].Severity != diagnose.Note {
			t.Fatalf("%s: %v", f.name, r)
		}
		if text := r.String(); !strings.HasPrefix(text, "note: "+f.rule) || !strings.Contains(text, "The network learns all the same: its training accuracy is 100 %.") {
			t.Errorf("%s: %s", f.name, text)
		}
	}
}
