package diagnose_test

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/diagnose"
)

// made is a source made by hand: of each quantity a value a step and layer.
type made struct {
	experiment vgrad.Experiment
	values     map[vgrad.Quantity]func(step, layer int) float64
	steps      int
	depth      int
}

func (m made) Label() string         { return "made" }
func (m made) Ran() vgrad.Experiment { return m.experiment }
func (m made) Sites() (sites []vgrad.Site) {
	for l := 1; l <= m.depth; l++ {
		sites = append(sites, vgrad.Site{Path: fmt.Sprintf("/layer%d", l), Layer: l, Size: 4})
	}
	return sites
}

func (m made) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	sites := m.Sites()
	if info, err := q.Info(); err == nil && info.Of == vgrad.WholeNetwork {
		sites = []vgrad.Site{vgrad.NetworkSite}
	}
	return func(yield func(vgrad.Sample) bool) {
		for step := 0; m.values[q] != nil && step < m.steps; step++ {
			for _, s := range sites {
				if !yield(vgrad.Sample{Step: step, Site: s, Quantity: q, Value: m.values[q](step, s.Layer)}) {
					return
				}
			}
		}
	}
}

type values = map[vgrad.Quantity]func(step, layer int) float64

// healthy is a run of six layers in which nothing is wrong.
func healthy() made {
	return made{steps: 400, depth: 6, values: values{
		vgrad.Loss:        func(step, _ int) float64 { return 2.3 * math.Exp(-float64(step)/200) },
		vgrad.MeanAbsGrad: func(_, layer int) float64 { return 1e-3 * float64(layer) },
		vgrad.RMSDelta:    func(_, layer int) float64 { return 1e-2 * math.Pow(0.72, float64(6-layer)) },
		vgrad.Saturated:   func(int, int) float64 { return 0.1 },
		vgrad.Dead:        func(int, int) float64 { return 0 },
		vgrad.UpdateRatio: func(int, int) float64 { return 1e-3 },
	}}
}

// Each rule fires where what it is for is planted, at the right layer and step, and on
// that alone.
func TestRules(t *testing.T) {
	if r := diagnose.Of(healthy()); len(r.Findings) > 0 || len(r.Unjudged) > 0 || len(r.Silent) != 7 {
		t.Errorf("a healthy run: %v", r)
	}
	for _, c := range []struct {
		name  string
		plant func(*made)
		rule  string
		where string
		says  []string
	}{
		{"a quarter a layer", func(m *made) {
			m.values[vgrad.RMSDelta] = func(_, l int) float64 { return 1e-2 * math.Pow(0.25, float64(6-l)) }
		},
			"vanishing gradient", "layer 1, step 0", []string{"divided by 4 at each layer", "layer 1 gets 1/1024 of what layer 6 has", "0.25 a layer at step 399"}},
		{"it recovers", func(m *made) {
			m.values[vgrad.RMSDelta] = func(s, l int) float64 { return math.Pow(0.25+float64(s)/532, float64(6-l)) }
		},
			"vanishing gradient", "layer 1, step 0", []string{"a factor of 0.25 a layer; 1 a layer at step 399"}},
		{"nothing arrives", func(m *made) {
			m.values[vgrad.RMSDelta] = func(_, l int) float64 { return max(0, float64(l-3)) }
		},
			"vanishing gradient", "layer 3, step 0", []string{"No gradient at all arrives at layer 3"}},
		{"without taps", func(m *made) {
			delete(m.values, vgrad.RMSDelta)
			m.values[vgrad.MeanAbsGrad] = func(_, l int) float64 { return math.Pow(10, float64(l)) }
		}, "vanishing gradient", "layer 2, step 0", []string{"mean |∂L/∂W|", "divided by 10"}},
		{"growing", func(m *made) {
			m.values[vgrad.RMSDelta] = func(_, l int) float64 { return math.Pow(3, float64(6-l)) }
		},
			"exploding gradient", "layer 1, step 0", []string{"layer 1 gets 243 times"}},
		{"growing later", func(m *made) {
			m.values[vgrad.RMSDelta] = func(s, l int) float64 { return math.Pow(1+float64(s)/100, float64(6-l)) }
		},
			"exploding gradient", "layer 1, step 399", nil},
		{"a NaN", func(m *made) {
			m.values[vgrad.MeanAbsGrad] = func(s, l int) float64 {
				if s >= 7 && l == 4 {
					return math.NaN()
				}
				return 1
			}
		}, "NaN or infinity", "layer 4, step 7", []string{"From step 7 on"}},
		{"an infinite loss", func(m *made) {
			m.values[vgrad.Loss] = func(s, _ int) float64 { return 1 / float64(max(0, 3-s)) }
		},
			"NaN or infinity", "step 3", []string{"training loss is +Inf"}},
		{"dead", func(m *made) {
			m.values[vgrad.Dead] = func(s, l int) float64 { return map[bool]float64{true: 0.8}[s > 200 && (l == 2 || l == 5)] }
		},
			"dead units", "layer 2, step 399", []string{"80 % of the units of layer 2", "in 2 of 6 layers"}},
		{"saturated", func(m *made) { m.values[vgrad.Saturated] = func(_, l int) float64 { return 0.15 * float64(l) } },
			"saturated units", "layer 6, step 399", []string{"90 %", "in 3 of 6 layers"}},
		{"hasty", func(m *made) {
			m.values[vgrad.UpdateRatio] = func(_, l int) float64 { return math.Pow(10, float64(l)-3.5) }
		},
			"update size", "layer 5, step 399", []string{"32 times their size", "smaller learning rate"}},
		{"motionless", func(m *made) {
			m.values[vgrad.UpdateRatio] = func(_, l int) float64 { return math.Pow(10, 4*float64(l)-13) }
		},
			"update size", "layer 1, step 399", []string{"layer 1 do not move", "larger learning rate"}},
		{"stalled", func(m *made) {
			m.values[vgrad.Loss] = func(s, _ int) float64 { return 2.3 + 0.1*math.Exp(-float64(s)) }
		},
			"loss that does not fall", "step 399", []string{"2.300 nats in the end"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := healthy()
			c.plant(&m)
			found := diagnose.Of(m).Findings
			if len(found) != 1 || found[0].Rule != c.rule || found[0].Where() != c.where {
				t.Fatalf("found %v; want %s at %s", found, c.rule, c.where)
			}
			for _, want := range append(c.says, "rule: ", "try: ") {
				if !strings.Contains(found[0].String(), want) {
					t.Errorf("it does not say %q: %v", want, found[0])
				}
			}
		})
	}
}

// A plain ReLU is flat half of the time: that is no finding.
func TestReLUIsNotSaturated(t *testing.T) {
	m := healthy()
	m.experiment.Activation = "relu"
	m.values[vgrad.Saturated] = func(int, int) float64 { return 0.6 }
	if r := diagnose.Of(m); len(r.Findings) > 0 {
		t.Error(r)
	}
}

// What was not recorded is told, not passed over.
func TestUnjudged(t *testing.T) {
	m := healthy()
	m.values = values{vgrad.Loss: m.values[vgrad.Loss]}
	r := diagnose.Of(m)
	if len(r.Unjudged) != 5 || !strings.Contains(r.String(), "Not judged: dead units, because it needs dead, not recorded here.") {
		t.Errorf("%v", r)
	}
	m.steps = 0
	if r := diagnose.Of(m); len(r.Unjudged) != 7 || len(r.Silent) > 0 {
		t.Errorf("of an empty run: %v", r)
	}
}

// A NaN at every place a rule reads makes none of them panic or speak of NaN as a number.
func TestAllNaN(t *testing.T) {
	m := healthy()
	for q := range m.values {
		m.values[q] = func(int, int) float64 { return math.NaN() }
	}
	var rules []string
	for _, f := range diagnose.Of(m).Findings {
		rules = append(rules, f.Rule)
	}
	if !slices.Equal(rules, []string{"NaN or infinity"}) {
		t.Errorf("%v", rules)
	}
}

func ExampleOf() {
	src := made{steps: 1, depth: 3, values: values{
		vgrad.RMSDelta: func(_, layer int) float64 { return math.Pow(10, float64(layer-5)) },
	}}
	fmt.Println(diagnose.Of(src).Findings[0])
	// Output:
	// vanishing gradient (layer 1, step 0): On its way back from the loss the gradient is divided by 10 at each layer: layer 1 gets 1/100 of what layer 3 has.
	//   seen: RMS of δ = ∂L/∂z at step 0 is 0.01 in layer 3 and 0.0001 in layer 1, a factor of 0.1 a layer
	//   rule: the signal is less than half as large with each layer on its way back, by a line through the logarithms of RMS δ (relative to depth, as √χ of mean-field theory: Schoenholz et al. 2017, arXiv:1611.01232)
	//   try: an activation with slope 1 where it is active (relu, leaky_relu, tanh), larger first weights (gain, he_normal with ReLU), or fewer layers
}
