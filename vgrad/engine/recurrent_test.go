package engine

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
)

//go:embed testdata/recurrent.json
var recurrentText []byte

// recurrentCase is what PyTorch computes for one network; see testdata/recurrent.py.
type recurrentCase struct {
	Name      string
	X         [][][]float64 // [batch, time, features]
	Labels    []uint8
	Loss      float64
	Variables map[string]struct{ Value, Grad any }
	States    [][][]float64 // ∂L/∂h after each time step, [time, batch, units]
}

// flat lists the numbers of nested lists.
func flat(x any) (all []float64) {
	switch x := x.(type) {
	case float64:
		return []float64{x}
	case []any:
		for _, y := range x {
			all = append(all, flat(y)...)
		}
	}
	return all
}

func recurrentCases(t *testing.T) []recurrentCase {
	t.Helper()
	var all struct{ Cases []recurrentCase }
	if err := json.Unmarshal(recurrentText, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Cases) != 4 {
		t.Fatalf("%d cases", len(all.Cases))
	}
	return all.Cases
}

// set is the case's batch as a data set.
func (c recurrentCase) set() *data.Set {
	s := &data.Set{Name: c.Name, Input: []int{len(c.X[0]), len(c.X[0][0])}, Classes: 3, Outputs: 3, Loss: data.CrossEntropy, GuessLoss: 1, Sum: c.Name}
	s.Features = s.Input[0] * s.Input[1]
	for i, x := range c.X {
		for _, row := range x {
			for _, v := range row {
				s.Train.Numbers = append(s.Train.Numbers, float32(v))
			}
		}
		s.Train.Labels = append(s.Train.Labels, c.Labels[i])
	}
	s.Validation = s.Train
	return s
}

func (c recurrentCase) network() vgrad.Network {
	units := len(c.States[0][0])
	switch c.Name {
	case "lstm":
		return vgrad.LSTM{Width: units}
	case "gru":
		return vgrad.GRU{Width: units}
	case "rnn relu":
		return vgrad.RNN{Width: units, Activation: "relu"}
	}
	return vgrad.RNN{Width: units}
}

// plan is the case's network with PyTorch's weights.
func (c recurrentCase) plan(t *testing.T, b *backend.Backend) *plan {
	t.Helper()
	e := vgrad.Experiment{Network: c.network(), Batch: len(c.X)}
	p, err := newPlan(b, Job{Experiment: e, Data: c.set()})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.variables) != len(c.Variables) {
		t.Fatalf("%s: %d variables; PyTorch has %d", c.Name, len(p.variables), len(c.Variables))
	}
	for _, v := range p.variables {
		var values []float32
		for _, x := range flat(c.Variables[v.Path()].Value) {
			values = append(values, float32(x))
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// lossAndGradients computes the loss, ∂L/∂v of each variable and δ of each unit.
func lossAndGradients(t *testing.T, p *plan) (loss float64, grads, deltas [][]float32, units []string) {
	t.Helper()
	g := NewGraph(p.target, "gradients")
	defer g.Finalize()
	state := p.parameters(g)
	s := p.forward(g, batchOf(p, g, upTo(p.exp.Batch)), true)
	gs, signals := p.gradients(s, state)
	var ds []*Node
	for _, signal := range signals {
		ds = append(ds, signal.Delta)
	}
	if err := g.Compile(append(append([]*Node{s.loss}, gs...), ds...)...); err != nil {
		t.Fatal(err)
	}
	for _, u := range s.Units {
		units = append(units, u.Path)
	}
	out := g.Run(p.donate(p.initial(), 0)...)
	for _, x := range out[1:] {
		grads = append(grads, tensors.MustCopyFlatData[float32](x))
	}
	return float64(tensors.ToScalar[float32](out[0])), grads[:len(gs)], grads[len(gs):], units
}

// near fails unless got is within tolerance of want, relative to want's largest value.
func near(t *testing.T, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	size := 0.0
	for _, w := range want {
		size = max(size, math.Abs(w))
	}
	if len(got) != len(want) || size == 0 {
		t.Fatalf("%s: %d values of size %v, want %d", what, len(got), size, len(want))
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i])-w) <= tolerance*size) {
			t.Errorf("%s [%d] is %v, want %v", what, i, got[i], w)
			return
		}
	}
}

// Loss and all gradients agree with PyTorch's for the same weights, ∂L/∂h_t at every
// time step among them. PyTorch computed in float64, so the tolerance is float32's.
func TestRecurrentAgreesWithTorch(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		for _, c := range recurrentCases(t) {
			p := c.plan(t, b)
			loss, grads, deltas, units := lossAndGradients(t, p)
			if math.Abs(loss-c.Loss) > 1e-6 {
				t.Errorf("%s: loss %v; PyTorch's is %v", c.Name, loss, c.Loss)
			}
			for i, v := range p.variables {
				near(t, c.Name+" ∂L/∂"+v.Path(), grads[i], flat(c.Variables[v.Path()].Grad), 1e-5)
			}
			states := 0
			for i, path := range units {
				var step int
				if n, _ := fmt.Sscanf(path, "/layer1/state[%d]", &step); n == 1 {
					states++
					near(t, c.Name+" ∂L/∂h "+path, deltas[i], slices.Concat(c.States[step-1]...), 1e-5)
				}
			}
			if states != 6 { // lags 0 to 4, and the first time step's, 6
				t.Errorf("%s: %d states are measured", c.Name, states)
			}
		}
	})
}

// recurrentLoss is the mean cross-entropy of a recurrent network in float64, written
// from the equations in the families' documentation. w has the values of each variable.
// nudge is added to h after the time step at.
func recurrentLoss(c recurrentCase, w map[string][]float64, at int, nudge [][]float64) float64 {
	n := len(c.States[0][0])
	sigmoid := func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
	times := func(x []float64, m []float64, cols, col int) (sum float64) {
		for i := range x {
			sum += x[i] * m[i*cols+col]
		}
		return sum
	}
	loss := 0.0
	for k, xs := range c.X {
		h, cell := make([]float64, n), make([]float64, n)
		for t, x := range xs {
			next := make([]float64, n)
			blocks := len(w["/layer1/biases"]) / n
			zx := func(b, j int) float64 {
				return times(x, w["/layer1/weights"], blocks*n, b*n+j) + w["/layer1/biases"][b*n+j]
			}
			zh := func(b, j int) float64 { return times(h, w["/layer1/recurrent"], blocks*n, b*n+j) }
			for j := range n {
				switch c.Name {
				case "rnn":
					next[j] = math.Tanh(zx(0, j) + zh(0, j))
				case "rnn relu":
					next[j] = max(0, zx(0, j)+zh(0, j))
				case "lstm":
					i, f, o := sigmoid(zx(0, j)+zh(0, j)), sigmoid(zx(1, j)+zh(1, j)), sigmoid(zx(3, j)+zh(3, j))
					cell[j] = f*cell[j] + i*math.Tanh(zx(2, j)+zh(2, j))
					next[j] = o * math.Tanh(cell[j])
				case "gru":
					r, z := sigmoid(zx(0, j)+zh(0, j)), sigmoid(zx(1, j)+zh(1, j))
					candidate := math.Tanh(zx(2, j) + r*(zh(2, j)+w["/layer1/candidate_biases"][j]))
					next[j] = (1-z)*candidate + z*h[j]
				}
			}
			if h = next; t == at {
				for j := range h {
					h[j] += nudge[k][j]
				}
			}
		}
		sum, logits := 0.0, make([]float64, 3)
		for j := range logits {
			logits[j] = times(h, w["/layer2/weights"], 3, j) + w["/layer2/biases"][j]
			sum += math.Exp(logits[j])
		}
		loss += math.Log(sum) - logits[c.Labels[k]]
	}
	return loss / float64(len(c.X))
}

// All gradients agree with central differences of an independent forward pass in
// float64, and so do those of the states.
func TestRecurrentGradients(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		for _, c := range recurrentCases(t) {
			const h = 1e-5
			p := c.plan(t, b)
			loss, grads, deltas, units := lossAndGradients(t, p)
			w := map[string][]float64{}
			for _, v := range p.variables {
				w[v.Path()] = flat(c.Variables[v.Path()].Value)
			}
			if want := recurrentLoss(c, w, -1, nil); math.Abs(loss-want) > 1e-6 {
				t.Errorf("%s: loss %v, want %v", c.Name, loss, want)
			}
			for i, v := range p.variables {
				var want []float64
				for k := range w[v.Path()] {
					at := &w[v.Path()][k]
					old := *at
					*at = old + h
					above := recurrentLoss(c, w, -1, nil)
					*at = old - h
					want = append(want, (above-recurrentLoss(c, w, -1, nil))/(2*h))
					*at = old
				}
				near(t, c.Name+" ∂L/∂"+v.Path(), grads[i], want, 1e-4)
			}
			for i, path := range units {
				var step int
				if n, _ := fmt.Sscanf(path, "/layer1/state[%d]", &step); n != 1 {
					continue
				}
				nudge := make([][]float64, len(c.X))
				for k := range nudge {
					nudge[k] = make([]float64, len(c.States[0][0]))
				}
				var want []float64
				for k := range nudge {
					for j := range nudge[k] {
						nudge[k][j] = h
						above := recurrentLoss(c, w, step-1, nudge)
						nudge[k][j] = -h
						want = append(want, (above-recurrentLoss(c, w, step-1, nudge))/(2*h))
						nudge[k][j] = 0
					}
				}
				near(t, c.Name+" ∂L/∂h "+path, deltas[i], want, 1e-4)
			}
		}
	})
}

// trainedOn trains an experiment on its own data.
func trainedOn(t *testing.T, b *backend.Backend, d Driver, e vgrad.Experiment) *recording {
	t.Helper()
	set, err := data.Load(t.Context(), data.Of(e))
	if err != nil {
		t.Fatal(err)
	}
	r := record()
	if _, err := kept(b, d).Train(t.Context(), Job{Experiment: e, Data: set}, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Lanes of recurrent networks give what each gives alone, on both backends and in the
// device loop, for data of every kind: one answer, several, and numbers.
func TestRecurrentLanes(t *testing.T) {
	for _, c := range []struct {
		data  string
		seeds []uint64
		es    []vgrad.Network
	}{
		{"synthetic", []uint64{1, 1}, []vgrad.Network{vgrad.RNN{Width: 6}, vgrad.RNN{Width: 6, Activation: "relu", Recurrent: "identity", RecurrentGain: 0.9}}},
		{"copy/1", []uint64{1, 2}, []vgrad.Network{vgrad.LSTM{Width: 6}, vgrad.LSTM{Width: 6, ForgetBias: 3}}},
		{"adding/6", []uint64{1, 1}, []vgrad.Network{vgrad.GRU{Width: 6}, vgrad.GRU{Width: 6, UpdateBias: 1, Recurrent: "glorot_uniform"}}},
	} {
		name, length := c.data, 0
		if set, n, ok := strings.Cut(c.data, "/"); ok {
			name = set
			fmt.Sscan(n, &length)
		}
		if testing.Short() && name != "copy" {
			continue // the other two are left out, because each compiles for ten seconds
		}
		t.Run(c.data, func(t *testing.T) {
			var es []vgrad.Experiment
			for i, n := range c.es {
				es = append(es, vgrad.Experiment{Network: n, Seed: c.seeds[i], Data: name, Length: length, Batch: 4, Steps: 12, Measure: vgrad.Measure{HistogramEvery: 6}})
			}
			each := func(t *testing.T, b *backend.Backend, d Driver) (rs []*recording) {
				for i, r := range trainLanes(t, b, d, es...) {
					alone := trainedOn(t, b, d, es[i])
					agree(t, r, alone, 1e-3)
					if !slices.Equal(r.schema.Sites, alone.schema.Sites) {
						t.Errorf("lane %d: sites %+v, alone %+v", i, r.schema.Sites, alone.schema.Sites)
					}
					rs = append(rs, r)
				}
				return rs
			}
			host := each(t, backendtest.Go(t), Host)
			for i, r := range each(t, backendtest.XLA(t), Device) {
				agree(t, r, host[i], 1e-3)
			}
		})
	}
}
