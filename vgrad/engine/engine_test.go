package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/internal/reference"
	"github.com/vgrad/lab/vgrad/meter"
	"github.com/vgrad/lab/vgrad/nets"
)

// recording is a sink that keeps everything.
type recording struct {
	scalars map[string][]float64 // by quantity and layer, in step order
	steps   map[string][]int
	hists   map[string]*vgrad.Histogram // by quantity, layer and step
	failAt  int                         // Put fails at this step; 0: never
	schema  vgrad.Schema
}

func record() *recording {
	return &recording{scalars: map[string][]float64{}, steps: map[string][]int{}, hists: map[string]*vgrad.Histogram{}}
}

var errFull = errors.New("no space left on device")

func (r *recording) Begin(s vgrad.Schema) error {
	r.schema = s
	return nil
}

func (r *recording) Put(step int, rows []vgrad.Row) error {
	if r.failAt > 0 && step == r.failAt {
		return errFull
	}
	r.schema.EachSample(step, rows, func(s vgrad.Sample) {
		if s.Hist != nil {
			h := *s.Hist
			r.hists[fmt.Sprint(s.Quantity, " ", s.Site.Layer, " ", step)] = &h
			return
		}
		key := keyOf(s.Quantity, s.Site.Layer)
		r.scalars[key] = append(r.scalars[key], s.Value)
		r.steps[key] = append(r.steps[key], step)
	})
	return nil
}

func keyOf(q vgrad.Quantity, layer int) string { return fmt.Sprint(q, " ", layer) }

func synthetic(t testing.TB) *data.Set {
	t.Helper()
	set, err := data.Load(t.Context(), "synthetic")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func trained(t *testing.T, b *backend.Backend, d Driver, e vgrad.Experiment) *recording {
	t.Helper()
	r := record()
	if _, err := kept(b, d).Train(t.Context(), Job{Experiment: e, Data: synthetic(t)}, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// engines are kept from test to test: most of their time goes into compiling.
var engines = map[string]*Engine{}

// kept is the engine of a backend and a driver.
func kept(b *backend.Backend, d Driver) *Engine {
	key := fmt.Sprintf("%p %d", b.Backend, d)
	if engines[key] == nil {
		engines[key] = &Engine{Backend: b, Driver: d}
	}
	return engines[key]
}

// drivers runs f for every way there is to run a step; -short leaves out the
// one that nobody gets without asking for it.
func drivers(t *testing.T, f func(t *testing.T, b *backend.Backend, d Driver)) {
	t.Run("go host", func(t *testing.T) { f(t, backendtest.Go(t), Host) })
	if !testing.Short() {
		t.Run("xla host", func(t *testing.T) { f(t, backendtest.XLA(t), Host) })
	}
	t.Run("xla device", func(t *testing.T) { f(t, backendtest.XLA(t), Device) })
}

// The float64 reference for an experiment on the synthetic data, with the same
// initial weights and the same batches.
func referenceRun(t *testing.T, e vgrad.Experiment) []reference.Measures {
	t.Helper()
	e = e.WithDefaults()
	set := synthetic(t)
	net := referenceNet(t, e, set)
	opt, err := reference.NewOptimizer(e.Optimizer, e.LearningRate)
	if err != nil {
		t.Fatal(err)
	}
	shuffle, err := data.Batches(set.Train.Len(), e.Batch, e.Seed)
	if err != nil {
		t.Fatal(err)
	}
	var batches []reference.Batch
	for range e.Steps {
		batches = append(batches, referenceBatch(set.Train, set.Features, shuffle.Next()))
	}
	all, err := reference.Train(net, batches, opt, e.Steps)
	if err != nil {
		t.Fatal(err)
	}
	final, err := net.Final(referenceBatch(set.Validation, set.Features, upTo(set.Validation.Len())))
	if err != nil {
		t.Fatal(err)
	}
	return append(all, final)
}

func referenceNet(t *testing.T, e vgrad.Experiment, set *data.Set) *reference.Net {
	t.Helper()
	init, err := nets.NewInitializer(e.Initializer, e.Gain)
	if err != nil {
		t.Fatal(err)
	}
	net := &reference.Net{Sizes: []int{set.Features}, Activation: e.Activation, Slope: e.Slope}
	for l := 1; l <= e.Depth; l++ {
		out := e.Width
		if l == e.Depth {
			out = set.Classes
		}
		in := net.Sizes[l-1]
		w := init(nets.Stream(e.Seed, fmt.Sprintf("/layer%d/weights", l)), []int{in, out})
		net.Sizes = append(net.Sizes, out)
		net.W = append(net.W, reference.Float64s(w))
		net.B = append(net.B, make([]float64, out))
	}
	return net
}

func referenceBatch(s data.Split, features int, indices []int32) reference.Batch {
	some := task{set: &data.Set{Train: s, Features: features, Outputs: 1}}.gather(indices)
	var b reference.Batch
	for _, x := range some.Images {
		b.X = append(b.X, float64(float32(x)/255))
	}
	for _, y := range some.Labels {
		b.Labels = append(b.Labels, int(y))
	}
	return b
}

func upTo(n int) []int32 {
	var is []int32
	for i := range n {
		is = append(is, int32(i))
	}
	return is
}

// Every scalar quantity of every step agrees with the float64 reference, for
// every activation and on every driver. Five steps are few enough that float32
// rounding (6e-8 an operation, some hundred operations a value) does not grow
// beyond 2e-4; a fraction may differ by one element at a threshold.
func TestQuantitiesAgreeWithReference(t *testing.T) {
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
		names := nets.Activations()
		if d == Host && b.Loops {
			names = []string{"sigmoid", "leaky_relu"} // XLA compiles for seconds; TestDriversAgree covers the rest
		}
		for _, activation := range names {
			t.Run(activation, func(t *testing.T) {
				e := vgrad.Experiment{Activation: activation, Data: "synthetic", Steps: 5, Seed: 7}
				compare(t, trained(t, b, d, e), referenceRun(t, e), 2e-4)
			})
		}
		t.Run("wide", func(t *testing.T) { // weights large enough that each is updated and measured by itself
			e := vgrad.Experiment{Activation: "tanh", Width: 110, Data: "synthetic", Steps: 5, Seed: 7}
			compare(t, trained(t, b, d, e), referenceRun(t, e), 2e-4)
		})
	})
}

func compare(t *testing.T, got *recording, want []reference.Measures, tolerance float64) {
	t.Helper()
	last := len(want) - 1
	for _, q := range vgrad.Quantities() {
		info, _ := q.Info()
		if info.Histogram {
			continue
		}
		layers := []int{0}
		if info.Subject != vgrad.WholeNetwork {
			layers = []int{1, 2, 3, 4, 5, 6}
		}
		switch q {
		case vgrad.WeightFactor:
			layers = layers[1:] // what passes to the data is not computed
		case vgrad.NormFactor, vgrad.SpectralNorm:
			continue // the network has no normalization and no recurrent weights
		}
		for _, layer := range layers {
			values, steps := got.scalars[keyOf(q, layer)], got.steps[keyOf(q, layer)]
			count := last
			if info.Final {
				count = 1
			} else if q == vgrad.MeanAbsWeight {
				count = last + 1
			}
			if len(values) != count {
				t.Errorf("%s of layer %d: %d values; want %d", q, layer, len(values), count)
			}
			for i, step := range steps {
				wanted := want[step][q][max(0, layer-1)]
				slack := 0.0
				if q == vgrad.Saturated || q == vgrad.Dead || q == vgrad.TrainAccuracy || q == vgrad.ValAccuracy {
					slack = 1.0 / 300 * 1.01
				}
				if math.Abs(values[i]-wanted) > slack+tolerance*math.Abs(wanted)+1e-7 && !small(q, wanted, values[i]) {
					t.Errorf("%s of layer %d at step %d = %v; the reference has %v", q, layer, step, values[i], wanted)
				}
			}
		}
	}
}

// small reports whether the difference is float32's own: a mean of activations
// near zero is a sum that cancels.
func small(q vgrad.Quantity, want, got float64) bool {
	return q == vgrad.MeanActivation && math.Abs(want-got) < 2e-6
}

// Each optimizer's updates agree with the reference.
func TestOptimizersAgreeWithReference(t *testing.T) {
	if got, want := sorted(Optimizers()), sorted(reference.OptimizerNames()); !slices.Equal(got, want) {
		t.Fatalf("optimizers %v; the reference knows %v", got, want)
	}
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
		names := Optimizers()
		if d == Host && b.Loops {
			names = []string{"adam"}
		}
		for _, o := range names {
			t.Run(o, func(t *testing.T) {
				e := vgrad.Experiment{Activation: "tanh", Optimizer: o, Data: "synthetic", Steps: 6, LearningRate: 0.01}
				compare(t, trained(t, b, d, e), referenceRun(t, e), 1e-3)
			})
		}
	})
}

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return names
}

// The gradient of each weight and each δ, element by element, agrees with the
// central finite difference of the float64 loss.
func TestGradientsAgreeWithFiniteDifferences(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		e := vgrad.Experiment{Activation: "tanh", Depth: 3, Data: "synthetic", Gain: 2}.WithDefaults()
		set := synthetic(t)
		p, err := newPlan(b, Job{Experiment: e, Data: set})
		if err != nil {
			t.Fatal(err)
		}
		batch := upTo(e.Batch)
		grads := gradientsOf(p, batch)
		net := referenceNet(t, e, set)
		in := referenceBatch(set.Train, set.Features, batch)
		for l := range net.W {
			for i := 0; i < len(net.W[l]); i += 1 + len(net.W[l])/40 {
				checkDifference(t, net, in, l, i, float64(grads[l][i]))
			}
		}
	})
}

// weightsOf lists the variables that are kernels.
func weightsOf(p *plan) (is []int) {
	for _, s := range p.sites {
		if s.Role == vgrad.Kernel {
			is = append(is, s.variable)
		}
	}
	return is
}

// batchOf is a batch as constants.
func batchOf(p *plan, g *Graph, indices []int32) batch {
	inputs, targets := p.task.tensors(p.gather(indices), p.batched)
	return batch{ConstTensor(g, inputs), ConstTensor(g, targets)}
}

// gradientsOf evaluates ∂L/∂W of each layer on a batch, with the initial weights.
func gradientsOf(p *plan, indices []int32) [][]float32 {
	g := NewGraph(p.target, "gradients")
	defer g.Finalize()
	state := p.parameters(g)
	grads, _ := p.gradients(p.forward(g, batchOf(p, g, indices), true), state)
	var out []*Node
	for _, i := range weightsOf(p) {
		out = append(out, grads[i])
	}
	if err := g.Compile(out...); err != nil {
		panic(err)
	}
	var flat [][]float32
	for _, x := range g.Run(p.donate(p.initial(), 0)...) {
		flat = append(flat, tensors.MustCopyFlatData[float32](x))
	}
	return flat
}

func checkDifference(t *testing.T, net *reference.Net, in reference.Batch, l, i int, got float64) {
	t.Helper()
	const h = 1e-5
	loss := func(dw float64) float64 {
		old := net.W[l][i]
		net.W[l][i] += dw
		defer func() { net.W[l][i] = old }()
		pass, err := net.Forward(in)
		if err != nil {
			t.Fatal(err)
		}
		return pass.Loss
	}
	want := (loss(h) - loss(-h)) / (2 * h)
	if math.Abs(got-want) > 1e-4*math.Abs(want)+1e-6 {
		t.Errorf("∂L/∂W%d[%d] = %v; the finite difference is %v", l+1, i, got, want)
	}
}

// Norms near 1e-33 survive float32: a sigmoid net of 50 layers.
func TestTinyGradients(t *testing.T) {
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
		e := vgrad.Experiment{Depth: 50, Data: "synthetic", Steps: 1, Seed: 1}
		got, want := trained(t, b, d, e), referenceRun(t, e)[0]
		for _, q := range []vgrad.Quantity{vgrad.MeanAbsGrad, vgrad.RMSGrad, vgrad.MaxAbsGrad, vgrad.RMSDelta} {
			for layer := 1; layer <= 50; layer++ {
				g, w := got.scalars[keyOf(q, layer)][0], want[q][layer-1]
				if math.Abs(g-w) > 1e-3*w {
					t.Errorf("%s of layer %d = %v; the reference has %v", q, layer, g, w)
				}
			}
		}
		if rms := got.scalars[keyOf(vgrad.RMSGrad, 1)][0]; rms > 1e-31 || rms < 1e-36 {
			t.Errorf("RMS of ∂L/∂W1 is %v; this test wants it near 1e-33", rms)
		}
	})
}

// Histograms hold the weights and gradients of the step, counted exactly.
func TestHistograms(t *testing.T) {
	e := vgrad.Experiment{Activation: "relu", Data: "synthetic", Steps: 23, Seed: 3, Measure: vgrad.Measure{HistogramEvery: 10}}
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
		got := trained(t, b, d, e)
		if len(got.hists) != 3*6*3 {
			t.Errorf("%d histograms; want 3 quantities × 6 layers × 3 steps", len(got.hists))
		}
		p, err := newPlan(b, Job{Experiment: e, Data: synthetic(t)})
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range weightsOf(p) {
			values := tensors.MustCopyFlatData[float32](must(p.variables[w].Value()))
			same(t, got.hists[fmt.Sprintf("weights %d 0", i+1)], vgrad.HistogramOf(values))
		}
		shuffle, err := data.Batches(p.Data.Train.Len(), p.exp.Batch, p.exp.Seed)
		if err != nil {
			t.Fatal(err)
		}
		for i, grad := range gradientsOf(p, shuffle.Next()) {
			h := got.hists[fmt.Sprintf("gradients %d 0", i+1)]
			if h.Count() != len(grad) || h.Zero != vgrad.HistogramOf(grad).Zero {
				t.Errorf("gradients of layer %d: %d values, %d zeros; want %d and %d", i+1, h.Count(), h.Zero, len(grad), vgrad.HistogramOf(grad).Zero)
			}
			near := h.Quantile(0.9) / vgrad.HistogramOf(grad).Quantile(0.9)
			if math.Abs(near-1) > 0.05 {
				t.Errorf("gradients of layer %d: 90 %% quantile off by a factor %v", i+1, near)
			}
		}
		for _, step := range []int{0, 10, 20} {
			if h := got.hists[fmt.Sprintf("activations 2 %d", step)]; h.Count() != 300 {
				t.Errorf("step %d: %d activations of layer 2; want 30 × 10", step, h.Count())
			}
		}
	})
}

func same(t *testing.T, got, want *vgrad.Histogram) {
	t.Helper()
	if got == nil || !slices.Equal(got.Bins, want.Bins) || got.Zero != want.Zero || got.NaN != want.NaN {
		t.Errorf("histogram %+v; want %+v", got, want)
	}
}

// The two drivers give the same samples on XLA, whatever the schedule and
// however the loop is cut into calls. They run the same operations; what may
// differ is how XLA fuses them, so the first steps agree to rounding.
func TestDriversAgree(t *testing.T) {
	for _, m := range []vgrad.Measure{{}, {Every: 7, HistogramEvery: 3}, {HistogramEvery: -1, Quantities: []vgrad.Quantity{vgrad.Dead}}, {HistogramEvery: 1}} {
		e := vgrad.Experiment{Activation: "elu", Data: "synthetic", Steps: 41, Measure: m}
		host, device := trained(t, backendtest.XLA(t), Host, e), trained(t, backendtest.XLA(t), Device, e)
		agree(t, host, device, 1e-5)
		if len(host.hists) != len(device.hists) {
			t.Errorf("%+v: %d histograms from the host, %d from the device", m, len(host.hists), len(device.hists))
		}
	}
}

// XLA and the Go backend agree step by step from the same seed, on the
// article's experiment: every scalar of 500 steps to 2e-5. They draw the same
// weights and batches and differ in float32 rounding alone, 6e-8 an operation,
// which Adam carries along without amplifying it. That lasts until a
// pre-activation next to a ReLU's kink falls on the other side: from then on
// the two are different, equally good draws. For seed 0 that happens between
// steps 500 and 1,000; with sigmoid, which has no kink, it never does, and all
// 2,500 steps agree to 1e-5.
func TestBackendsAgree(t *testing.T) {
	set, err := data.Load(t.Context(), "mnist")
	if err != nil {
		t.Fatal(err)
	}
	for _, activation := range []string{"sigmoid", "relu", "leaky_relu"} {
		t.Run(activation, func(t *testing.T) {
			var got []*recording
			for _, b := range []*backend.Backend{backendtest.Go(t), backendtest.XLA(t)} {
				r := record()
				eng := &Engine{Backend: b}
				defer eng.Close()
				job := Job{Experiment: vgrad.Experiment{Activation: activation, Steps: 500}, Data: set}
				if _, err := eng.Train(t.Context(), job, r); err != nil {
					t.Fatal(err)
				}
				got = append(got, r)
			}
			agree(t, got[0], got[1], 2e-5)
		})
	}
}

// agree compares what two runs recorded within a relative tolerance; fractions
// may differ by one element of the batch.
func agree(t *testing.T, a, b *recording, tolerance float64) {
	t.Helper()
	if len(a.scalars) != len(b.scalars) {
		t.Fatalf("%d columns and %d", len(a.scalars), len(b.scalars))
	}
	for key, xs := range a.scalars {
		ys := b.scalars[key]
		if !slices.Equal(a.steps[key], b.steps[key]) {
			t.Errorf("%s: recorded at steps %v and %v", key, a.steps[key], b.steps[key])
			continue
		}
		for i, step := range a.steps[key] {
			q, _, _ := strings.Cut(key, " ")
			slack := 1e-9
			switch vgrad.Quantity(q) {
			case vgrad.Saturated, vgrad.TrainAccuracy, vgrad.ValAccuracy:
				slack = 1.0 / 30 * 1.01 // one example, or ten of 300 at a threshold
			case vgrad.MeanActivation:
				slack = 1e-6 // a sum that cancels
			}
			if math.Abs(xs[i]-ys[i]) > slack+tolerance*max(math.Abs(xs[i]), math.Abs(ys[i])) {
				t.Errorf("%s at step %d: %v and %v", key, step, xs[i], ys[i])
				break
			}
		}
	}
}

// A run that diverges is recorded as it is: NaN is a measurement.
func TestDivergence(t *testing.T) {
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
		e := vgrad.Experiment{Activation: "relu", Optimizer: "sgd", LearningRate: 1e25, Data: "synthetic", Steps: 20, Measure: vgrad.Measure{HistogramEvery: 19}}
		got := trained(t, b, d, e)
		loss := got.scalars[keyOf(vgrad.Loss, 0)]
		if !math.IsNaN(loss[len(loss)-1]) {
			t.Errorf("loss ends at %v; want NaN", loss[len(loss)-1])
		}
		for _, q := range []vgrad.Quantity{vgrad.MeanAbsGrad, vgrad.RMSGrad, vgrad.MaxAbsGrad, vgrad.RMSDelta} {
			if v := got.scalars[keyOf(q, 1)][19]; !math.IsNaN(v) {
				t.Errorf("%s = %v in a net of NaN; want NaN", q, v)
			}
		}
		if h := got.hists["weights 1 19"]; h.NaN != h.Count() {
			t.Errorf("%d of %d weights counted as NaN", h.NaN, h.Count())
		}
	})
}

// Any GoMLX model function serves; its variables and taps become sites.
func TestModelHandedIn(t *testing.T) {
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
		custom := func(scope *model.Scope, x *Node) *Node {
			w := scope.In("hidden").VariableWithShape("kernel", shapes.Make(x.DType(), x.Shape().Dimensions[1], 12))
			z := Dot(x, w.NodeValue(x)).Product()
			a := Tanh(z)
			nets.Tap(scope, "hidden", z, a, nets.MustActivation("tanh", 0))
			v := scope.In("logits").VariableWithShape("kernel", shapes.Make(x.DType(), 12, 10))
			return Dot(a, v.NodeValue(x)).Product()
		}
		r := record()
		eng := &Engine{Backend: b, Driver: d}
		defer eng.Close()
		e := vgrad.Experiment{Network: vgrad.Model("mine"), Data: "synthetic", Steps: 300, LearningRate: 0.01}
		if _, err := eng.Train(t.Context(), Job{Experiment: e, Data: synthetic(t), Model: custom}, r); err != nil {
			t.Fatal(err)
		}
		if acc := r.scalars[keyOf(vgrad.ValAccuracy, 0)][0]; acc < 0.8 {
			t.Errorf("validation accuracy %v; it does not learn", acc)
		}
		if n := len(r.scalars[keyOf(vgrad.MeanAbsGrad, 2)]); n != 300 {
			t.Errorf("%d values of layer 2's gradient; want 300", n)
		}
		if n := len(r.scalars[keyOf(vgrad.RMSDelta, 1)]); n != 300 {
			t.Errorf("%d values of layer 1's δ; want 300", n)
		}
	})
}

func TestErrors(t *testing.T) {
	b := backendtest.Go(t)
	panics := func(*model.Scope, *Node) *Node { panic("a bug in the model") }
	short := func(s *model.Scope, x *Node) *Node { return x }
	for _, c := range []struct {
		name string
		job  Job
		want string
	}{
		{"activation", Job{Experiment: vgrad.Experiment{Activation: "relo"}}, "leaky_relu"},
		{"initializer", Job{Experiment: vgrad.Experiment{Initializer: "x"}}, "glorot_uniform"},
		{"optimizer", Job{Experiment: vgrad.Experiment{Optimizer: "x"}}, "adam"},
		{"network", Job{Experiment: vgrad.Experiment{Network: vgrad.Model("x")}}, "mlp"},
		{"data", Job{Experiment: vgrad.Experiment{Data: "x"}}, "mnist"},
		{"batch", Job{Experiment: vgrad.Experiment{Data: "synthetic", Batch: 1e6}}, "1000000"},
		{"width", Job{Experiment: vgrad.Experiment{Width: -3}}, "width is -3"},
		{"rate", Job{Experiment: vgrad.Experiment{LearningRate: math.NaN()}}, "learning_rate is NaN"},
		{"quantity", Job{Experiment: vgrad.Experiment{Measure: vgrad.Measure{Quantities: []vgrad.Quantity{"x"}}}}, "mean_abs_grad"},
		{"panic", Job{Experiment: vgrad.Experiment{Network: vgrad.Model("x"), Data: "synthetic"}, Model: panics}, "a bug in the model"},
		{"shape", Job{Experiment: vgrad.Experiment{Network: vgrad.Model("x"), Data: "synthetic"}, Model: short}, "[30 10]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.job.Data = synthetic(t)
			_, err := (&Engine{Backend: b}).Train(t.Context(), c.job)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v; want it to say %q", err, c.want)
			}
		})
	}
	if _, err := (&Engine{Backend: b, Driver: Device}).Train(t.Context(), Job{Data: synthetic(t), Experiment: vgrad.Experiment{Data: "synthetic"}}); err == nil {
		t.Error("a device loop on the Go backend: no error")
	}
}

// A sink that fails stops the training, and so does the context.
func TestStops(t *testing.T) {
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
		r := record()
		r.failAt = 30
		eng := &Engine{Backend: b, Driver: d}
		defer eng.Close()
		job := Job{Experiment: vgrad.Experiment{Data: "synthetic", Steps: 1000}, Data: synthetic(t)}
		if _, err := eng.Train(t.Context(), job, r); !errors.Is(err, errFull) {
			t.Errorf("error %v; want the sink's", err)
		}
		if n := len(r.scalars[keyOf(vgrad.Loss, 0)]); n != 30 {
			t.Errorf("%d losses kept; want 30", n)
		}
		ctx, cancel := context.WithCancel(t.Context())
		stop := vgrad.OnStep(func(step int, _ []vgrad.Sample) error {
			if step == 50 {
				cancel()
			}
			return nil
		})
		if _, err := eng.Train(ctx, job, stop); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v; want it canceled", err)
		}
	})
}

// A run does not depend on what the engine ran before.
func TestEngineReuse(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		e := vgrad.Experiment{Data: "synthetic", Steps: 50, Seed: 1}
		alone := trained(t, b, Auto, e)
		eng := &Engine{Backend: b}
		defer eng.Close()
		after := record()
		for _, j := range []struct {
			e vgrad.Experiment
			r *recording
		}{
			{vgrad.Experiment{Data: "synthetic", Steps: 20, Seed: 9, LearningRate: 0.1, Initializer: "orthogonal"}, record()},
			{vgrad.Experiment{Data: "synthetic", Steps: 20, Activation: "relu"}, record()},
			{e, after},
		} {
			if _, err := eng.Train(t.Context(), Job{Experiment: j.e, Data: synthetic(t)}, j.r); err != nil {
				t.Fatal(err)
			}
		}
		agree(t, alone, after, 0)
	})
}

// Runs that go side by side share the data on the device, which one of them puts there.
func TestRunsSideBySide(t *testing.T) {
	b := backendtest.XLA(t)
	e := vgrad.Experiment{Data: "synthetic", Steps: 1}
	small := synthetic(t)
	eng := &Engine{Backend: b}
	defer eng.Close()
	for range 20 {
		// A set of its own, and so large that putting it there takes a while.
		set := &data.Set{Input: small.Input, Features: small.Features, Classes: small.Classes, Outputs: small.Outputs, Loss: small.Loss, Validation: small.Validation}
		for set.Train.Len() < 100_000 {
			set.Train.Images = append(set.Train.Images, small.Train.Images...)
			set.Train.Labels = append(set.Train.Labels, small.Train.Labels...)
		}
		var all sync.WaitGroup
		for seed := range uint64(8) {
			all.Go(func() {
				e := e
				e.Seed = seed
				if _, err := eng.Train(t.Context(), Job{Experiment: e, Data: set}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
}

// However often histograms are due, a call takes no more steps than it has room
// to count, and no fewer where nothing is due.
func TestRoomForHistograms(t *testing.T) {
	for _, c := range []struct {
		name        string
		every       int
		histograms  int
		step, chunk int
		rows, want  int
	}{
		{"none", 1, 0, 0, 200, 200, 200},
		{"every 10th", 10, 12, 0, 200, 20, 200},
		{"every 10th, from the middle", 10, 12, 15, 200, 20, 200},
		{"every 300th", 300, 12, 299, 200, 1, 200},
		{"every 3rd", 3, 12, 1, 200, 67, 200},
		{"each", 1, 12, 7, 200, 162, 162},
		{"each of many", 1, 3000, 7, 200, 1, 1},
		{"every 7th of many", 7, 1000, 8, 200, 1, 13},
	} {
		t.Run(c.name, func(t *testing.T) {
			sites := make([]vgrad.Site, c.histograms)
			for i := range sites {
				sites[i] = vgrad.Site{Path: fmt.Sprint("/", i), Layer: i + 1, Role: vgrad.Kernel, Size: 1}
			}
			m := meter.New(vgrad.Measure{Quantities: []vgrad.Quantity{vgrad.Weights}, HistogramEvery: c.every}, sites,
				meter.Options{Network: []vgrad.Quantity{vgrad.Loss}})
			p := &plan{stage: stage{meter: m}}
			group := m.Groups()[len(m.Groups())-1]
			n := p.most(c.step, c.chunk)
			due := 0
			for step := c.step; step < c.step+n; step++ {
				if group.Due(step) {
					due++
				}
			}
			if n != c.want || p.rows(group) != c.rows || due > p.rows(group) || due != dueIn(group, c.step, n) {
				t.Errorf("%d steps, %d due, room for %d; want %d steps, room for %d", n, due, p.rows(group), c.want, c.rows)
			}
		})
	}
}
