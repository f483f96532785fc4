package engine

import (
	"math"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/internal/reference"
)

// machine is what an objective's first step computes for layer 2 of a small sigmoid net.
type machine struct {
	v, h, w, b, c, u                []float64 // input, units, weights, biases, visible biases, random numbers
	gradW, gradB, gradC             []float64
	total                           float64
	inputs, units, examples, states int
}

// firstStep evaluates an objective at the first step, with gain 2 so that the units differ.
func objectiveAt(t *testing.T, b *backend.Backend, objective string) machine {
	t.Helper()
	e := vgrad.Experiment{Depth: 3, Width: 7, Gain: 2, Data: "synthetic", Stages: []vgrad.Stage{{Steps: 1, Objective: objective, Layer: 2}, {Steps: 1}}}
	p, err := newPlan(b, Job{Experiment: e, Data: synthetic(t)})
	if err != nil {
		t.Fatal(err)
	}
	g := NewGraph(p.target, "objective")
	defer g.Finalize()
	state := p.parameters(g)
	s := p.forward(g, batchOf(p, g, upTo(p.exp.Batch)), true)
	grads, _ := p.gradients(s, state)
	w, err := p.layerOf(s.Layout, p.stage.Stage)
	if err != nil {
		t.Fatal(err)
	}
	var drawn *Node = w.A
	noise := p.helpers[w.scope+"/visible/noise"]
	if noise != nil { // the machine has advanced it; the same numbers again
		noise.SetNodeValue(state[slices.Index(p.variables, noise)])
		drawn = p.uniform(w)
	}
	of := func(v *model.Variable) *Node { return grads[slices.Index(p.variables, v)] }
	c := p.helpers[w.scope+"/visible/biases"]
	out := []*Node{w.Input, w.A, w.Kernel.NodeValue(g), w.bias.NodeValue(g), c.NodeValue(g), drawn, of(w.Kernel), of(w.bias), of(c), s.total}
	if err := g.Compile(out...); err != nil {
		t.Fatal(err)
	}
	var x [][]float64
	for _, value := range g.Run(p.donate(p.initial(), 0)...) {
		x = append(x, reference.Float64s(tensors.MustCopyFlatData[float32](value)))
	}
	return machine{v: x[0], h: x[1], w: x[2], b: x[3], c: x[4], u: x[5], gradW: x[6], gradB: x[7], gradC: x[8], total: x[9][0],
		inputs: len(x[4]), units: len(x[3]), examples: p.exp.Batch, states: len(p.variables)}
}

func sigma(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// up is σ(v·W + b), down is h·Wᵀ + c, of one example.
func (m machine) up(v []float64) []float64 {
	h := slices.Clone(m.b)
	for k := range h {
		for i, x := range v {
			h[k] += x * m.w[i*m.units+k]
		}
		h[k] = sigma(h[k])
	}
	return h
}

func (m machine) down(h []float64) []float64 {
	z := slices.Clone(m.c)
	for i := range z {
		for k, x := range h {
			z[i] += x * m.w[i*m.units+k]
		}
	}
	return z
}

// The gradient of the pseudo-loss is the statistics of CD-1: what the data give minus what
// the machine gives back after one draw of its hidden units.
func TestContrastiveDivergence(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		m := objectiveAt(t, b, vgrad.RBM)
		w, bias, visibleBias := make([]float64, len(m.w)), make([]float64, m.units), make([]float64, m.inputs)
		ones := 0
		for n := range m.examples {
			v, u := m.v[n*m.inputs:][:m.inputs], m.u[n*m.units:][:m.units]
			h, drawn := m.up(v), make([]float64, m.units)
			for k := range drawn {
				if u[k] < h[k] {
					drawn[k] = 1
					ones++
				}
			}
			again := m.down(drawn)
			for i := range again {
				again[i] = sigma(again[i])
			}
			back := m.up(again)
			for i := range v {
				visibleBias[i] -= (v[i] - again[i]) / float64(m.examples)
				for k := range h {
					w[i*m.units+k] -= (v[i]*h[k] - again[i]*back[k]) / float64(m.examples)
				}
			}
			for k := range h {
				bias[k] -= (h[k] - back[k]) / float64(m.examples)
			}
		}
		if ones == 0 || ones == m.examples*m.units {
			t.Fatalf("%d of %d units are drawn as 1", ones, m.examples*m.units)
		}
		elementwise(t, "∂W", m.gradW, w)
		elementwise(t, "∂b", m.gradB, bias)
		elementwise(t, "∂c", m.gradC, visibleBias)
	})
}

func elementwise(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d values, want %d", what, len(got), len(want))
	}
	for i, x := range got {
		if math.Abs(x-want[i]) > 1e-6+1e-5*math.Abs(want[i]) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, x, want[i])
		}
	}
}

// The random numbers of both backends are the same, spread evenly over [0, 1).
func TestNoise(t *testing.T) {
	var all [][]float64
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		u := objectiveAt(t, b, vgrad.RBM).u
		all = append(all, u)
		sum, squares := 0.0, 0.0
		for _, x := range u {
			if x < 0 || x >= 1 {
				t.Fatalf("%v is drawn", x)
			}
			sum, squares = sum+x, squares+x*x
		}
		n := float64(len(u)) // 210: a mean of ½ ± 4·√(1/12/n), a mean square of ⅓ ± 4·√(4/45/n)
		if math.Abs(sum/n-0.5) > 4*math.Sqrt(1.0/12/n) || math.Abs(squares/n-1.0/3) > 4*math.Sqrt(4.0/45/n) {
			t.Errorf("mean %v, mean square %v of %v numbers", sum/n, squares/n, n)
		}
	})
	if len(all) == 2 && !slices.Equal(all[0], all[1]) {
		t.Error("the backends draw different numbers")
	}
}

// The autoencoder's gradient is the central difference of its float64 loss. The weights are
// in it twice.
func TestAutoencoder(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		m := objectiveAt(t, b, vgrad.Autoencoder)
		loss := func() float64 {
			sum := 0.0
			for n := range m.examples {
				v := m.v[n*m.inputs:][:m.inputs]
				for i, z := range m.down(m.up(v)) {
					sum += -v[i]*math.Log(sigma(z)) - (1-v[i])*math.Log(1-sigma(z))
				}
			}
			return sum / float64(m.examples*m.inputs)
		}
		elementwise(t, "loss", []float64{m.total}, []float64{loss()})
		for _, part := range []struct {
			name    string
			x, grad []float64
		}{{"∂W", m.w, m.gradW}, {"∂b", m.b, m.gradB}, {"∂c", m.c, m.gradC}} {
			var want []float64
			for i, x := range part.x {
				part.x[i] = x + 1e-5
				above := loss()
				part.x[i] = x - 1e-5
				want = append(want, (above-loss())/2e-5)
				part.x[i] = x
			}
			elementwise(t, part.name, part.grad, want)
		}
	})
}

// greedy is a sigmoid net whose hidden layers are trained one after another.
func greedy(objective string) vgrad.Experiment {
	return vgrad.Experiment{Depth: 3, Data: "synthetic", Measure: vgrad.Measure{HistogramEvery: 20},
		Stages: append(vgrad.Greedy(vgrad.Stage{Objective: objective, Steps: 40}, 2), vgrad.Stage{Name: "fine-tuning", Steps: 40})}
}

// Stages with objectives give the same on every backend and driver, as lanes, and after an
// interruption. They train their layer only, their loss falls, and nothing is said of
// layers that they do not reach.
func TestObjectives(t *testing.T) {
	for _, objective := range vgrad.Objectives() {
		t.Run(objective, func(t *testing.T) {
			e := greedy(objective)
			want := trained(t, backendtest.Go(t), Host, e)
			loss := want.scalars["loss 0"]
			if len(loss) != 120 || !(loss[39] < loss[0]) {
				t.Errorf("the loss goes from %v to %v over the first stage; %d are recorded", loss[0], loss[39], len(loss))
			}
			for key, steps := range map[string][2]int{"rms_delta 1": {0, 80}, "rms_delta 2": {40, 80}, "mean_abs_grad 2": {40, 120}, "rms_delta 3": {80, 40}} {
				got := want.steps[key]
				if first := got[0]; first != steps[0] {
					t.Errorf("%s is first recorded at step %d, want %d", key, first, steps[0])
				}
			}
			if w := want.scalars["mean_abs_weight 3"]; w[0] != w[79] || w[79] == w[119] {
				t.Errorf("mean |W| of layer 3 is %v, after the stages of the others %v, in the end %v", w[0], w[79], w[119])
			}
			if w := want.scalars["mean_abs_weight 1"]; w[0] == w[39] || w[40] != w[79] {
				t.Errorf("mean |W| of layer 1 is %v, %v, %v, %v", w[0], w[39], w[40], w[79])
			}
			drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
				got := trained(t, b, d, e)
				agree(t, got, want, 1e-3)
				again, _ := checkpointed(t, b, d, longer(e), nil, 203)
				equal(t, again, trained(t, b, d, longer(e)))
				seeds := []vgrad.Experiment{e, e}
				seeds[1].Seed = 5
				for i, lane := range trainLanes(t, b, d, seeds...) {
					agree(t, lane, trained(t, b, d, seeds[i]), 1e-3)
				}
			})
		})
	}
}

// longer has stages that are longer than a call of the device loop.
func longer(e vgrad.Experiment) vgrad.Experiment {
	e.Stages = slices.Clone(e.Stages)
	e.Stages[0].Steps, e.Stages[1].Steps = 200, 250
	return e
}

// What an objective cannot train is an error that says what it can.
func TestObjectivesThatCannotBe(t *testing.T) {
	eng := &Engine{Backend: backendtest.Go(t)}
	defer eng.Close()
	stage := func(objective string, layer int) []vgrad.Stage {
		return []vgrad.Stage{{Steps: 2, Objective: objective, Layer: layer}}
	}
	for _, c := range []struct {
		e     vgrad.Experiment
		model modelFn
		want  string
	}{
		{vgrad.Experiment{Stages: stage("dream", 1)}, nil, `stages[0].objective is "dream"; the objectives are autoencoder, rbm, supervised`},
		{vgrad.Experiment{Stages: stage(vgrad.RBM, 0)}, nil, "stages[0].layer is 0; the objective rbm needs one of the layers 1 to 6"},
		{vgrad.Experiment{Stages: []vgrad.Stage{{Steps: 2, Layer: 2}}}, nil, "stages[0].layer is 2 without an objective"},
		{vgrad.Experiment{Activation: "relu", Stages: stage(vgrad.RBM, 2)}, nil, "a Boltzmann machine needs sigmoid units and an input between 0 and 1; layer 2 has relu units"},
		{vgrad.Experiment{Network: vgrad.Model("mine"), Stages: stage(vgrad.Autoencoder, 1)},
			func(s *model.Scope, x *Node) *Node { return layers.Dense(s.In("a"), x, true, 10) }, "needs one of the laboratory's networks"},
	} {
		c.e.Data = "synthetic"
		if _, err := eng.Train(t.Context(), Job{Experiment: c.e, Data: synthetic(t), Model: c.model}, record()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v; want %q", err, c.want)
		}
	}
}
