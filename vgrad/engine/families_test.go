package engine

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/layers/norm"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
)

// highwayLoss is a highway network's mean cross-entropy in float64, written from
// the paper's equation alone. w has a layer's matrix, [in][out], by its path.
func highwayLoss(w map[string][][]float64, n vgrad.Highway, b map[string][]float64, xs [][]float64, labels []int) float64 {
	dense := func(path string, x []float64, f func(float64) float64) []float64 {
		out := slices.Clone(b[path])
		for i, row := range w[path] {
			for j := range row {
				out[j] += x[i] * row[j]
			}
		}
		for j := range out {
			out[j] = f(out[j])
		}
		return out
	}
	sigmoid := func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
	identity := func(z float64) float64 { return z }
	loss := 0.0
	for k, x := range xs {
		y := dense("/layer1", x, math.Tanh)
		for l := 2; l < n.Depth; l++ {
			h, t := dense(fmt.Sprintf("/layer%d", l), y, math.Tanh), dense(fmt.Sprintf("/layer%d/gate", l), y, sigmoid)
			next := make([]float64, len(y))
			for i := range y {
				next[i] = t[i]*h[i] + (1-t[i])*y[i]
			}
			y = next
		}
		logits := dense(fmt.Sprintf("/layer%d", n.Depth), y, identity)
		sum := 0.0
		for _, z := range logits {
			sum += math.Exp(z)
		}
		loss += math.Log(sum) - logits[labels[k]]
	}
	return loss / float64(len(xs))
}

// The gradients of a highway network, gates included, agree with central
// differences of an independent float64 forward pass.
func TestHighwayGradients(t *testing.T) {
	e := vgrad.Experiment{Network: vgrad.Highway{Depth: 4, Width: 6, GateBias: -1}, Data: "synthetic", Batch: 5}
	set := synthetic(t)
	p, err := newPlan(backendtest.Go(t), Job{Experiment: e, Data: set})
	if err != nil {
		t.Fatal(err)
	}
	batch := upTo(5)
	grads := gradientsOf(p, batch)
	weights, biases := map[string][][]float64{}, map[string][]float64{}
	for _, v := range p.variables {
		values, path := tensors.MustCopyFlatData[float32](must(v.Value())), strings.TrimSuffix(strings.TrimSuffix(v.Path(), "/weights"), "/biases")
		if v.Shape().Rank() == 1 {
			for _, x := range values {
				biases[path] = append(biases[path], float64(x))
			}
			if strings.HasSuffix(path, "/gate") && values[0] != -1 {
				t.Errorf("%s starts at %v, want the gate bias", v.Path(), values[0])
			}
			continue
		}
		for i := range v.Shape().Dim(0) {
			var row []float64
			for j := range v.Shape().Dim(1) {
				row = append(row, float64(values[i*v.Shape().Dim(1)+j]))
			}
			weights[path] = append(weights[path], row)
		}
	}
	in := referenceBatch(set.Train, set.Features, batch)
	n := e.Resolved().(vgrad.Highway)
	xs := slices.Collect(slices.Chunk(in.X, set.Features))
	loss := func() float64 { return highwayLoss(weights, n, biases, xs, in.Labels) }
	for k, v := range weightsOf(p) {
		path := strings.TrimSuffix(p.variables[v].Path(), "/weights")
		cols := p.variables[v].Shape().Dim(1)
		for i := 0; i < len(grads[k]); i += 1 + len(grads[k])/20 {
			const h = 1e-5
			w := &weights[path][i/cols][i%cols]
			old := *w
			*w = old + h
			above := loss()
			*w = old - h
			below := loss()
			*w = old
			if want := (above - below) / (2 * h); math.Abs(float64(grads[k][i])-want) > 1e-4*math.Abs(want)+1e-6 {
				t.Errorf("∂L/∂W of %s [%d] is %v; the finite difference is %v", path, i, grads[k][i], want)
			}
		}
	}
	var roles []string
	for _, s := range p.sites {
		if s.Layer == 2 {
			roles = append(roles, s.Path+" "+string(s.Role)+" "+s.Activation)
		}
	}
	want := []string{"/layer2/weights kernel ", "/layer2/biases bias ", "/layer2/gate/weights kernel ", "/layer2/gate/biases bias ",
		"/layer2/units units tanh", "/layer2/gate/units gate sigmoid", "/layer2/stream stream identity"}
	if !slices.Equal(roles, want) {
		t.Errorf("sites of layer 2: %q", roles)
	}
}

// Lanes of a highway network give what each gives alone, with gate biases and
// activations of their own, and each lane's schema names its own activation.
func TestHighwayLanes(t *testing.T) {
	var es []vgrad.Experiment
	for i, n := range []vgrad.Highway{{GateBias: -1}, {GateBias: -3, Activation: "relu"}, {Activation: "relu", Gain: 0.5}} {
		n.Depth, n.Width = 5, 8
		es = append(es, vgrad.Experiment{Network: n, Seed: uint64(i), Data: "synthetic", Steps: 30})
	}
	each := func(t *testing.T, b *backend.Backend, d Driver) {
		for i, r := range trainLanes(t, b, d, es...) {
			alone := trained(t, b, d, es[i])
			for key, want := range alone.scalars {
				for k := range want {
					if got := r.scalars[key][k]; math.Abs(got-want[k]) > 1e-4*math.Abs(want[k])+1e-6 {
						t.Fatalf("lane %d: %s at step %d is %v, alone %v", i, key, k, got, want[k])
					}
				}
			}
			for k, s := range r.schema.Sites {
				if s != alone.schema.Sites[k] {
					t.Errorf("lane %d: site %+v, alone %+v", i, s, alone.schema.Sites[k])
				}
			}
		}
	}
	t.Run("go", func(t *testing.T) { each(t, backendtest.Go(t), Host) })
	t.Run("xla", func(t *testing.T) { each(t, backendtest.XLA(t), Device) })
}

// What is due at every third or tenth step has the values that it has when it is
// measured at each, whichever way the step is driven, and nothing else is recorded.
func TestCadence(t *testing.T) {
	base := vgrad.Experiment{Activation: "tanh", Depth: 3, Data: "synthetic", Steps: 25, Measure: vgrad.Measure{HistogramEvery: 5}}
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
		all := trained(t, b, d, base)
		some := base
		some.Measure = vgrad.Measure{Every: 3, HistogramEvery: 10}
		got := trained(t, b, d, some)
		for key, steps := range got.steps {
			q, _, _ := strings.Cut(key, " ")
			for i, step := range steps {
				if step%3 != 0 && step != 25 {
					t.Fatalf("%s is recorded at step %d", key, step)
				}
				at := slices.Index(all.steps[key], step)
				if want := all.scalars[key][at]; math.Abs(got.scalars[key][i]-want) > 1e-5*math.Abs(want)+1e-7 {
					t.Errorf("%s at step %d is %v, want %v", q, step, got.scalars[key][i], want)
				}
			}
			if !strings.HasPrefix(key, "val_") && len(steps) < 9 {
				t.Errorf("%s is recorded at %v", key, steps)
			}
		}
		if len(got.hists) != 3*3*3 {
			t.Errorf("%d histograms; want 3 quantities × 3 layers × steps 0, 10, 20", len(got.hists))
		}
		for key, h := range got.hists {
			same(t, h, all.hists[key])
		}
	})
}

// Stages train what they say, one after another: what a stage leaves alone does
// not change and is frozen in its schema, steps go on, and the last is as long as
// all of them together.
func TestStages(t *testing.T) {
	e := vgrad.Experiment{Activation: "tanh", Depth: 3, Data: "synthetic", Optimizer: "sgd", LearningRate: 0.1, Measure: vgrad.Measure{HistogramEvery: -1},
		Stages: []vgrad.Stage{{Name: "first layer", Steps: 7, Train: "/layer1/*"}, {Steps: 9, LearningRate: 0.05}}}
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
		r := trained(t, b, d, e)
		if steps := r.steps["loss 0"]; len(steps) != 16 || steps[15] != 15 {
			t.Errorf("the loss is recorded at %v", steps)
		}
		if got := r.steps["mean_abs_grad 2"]; !slices.Equal(got, []int{7, 8, 9, 10, 11, 12, 13, 14, 15}) {
			t.Errorf("the gradient of layer 2, which is frozen at first, is recorded at %v", got)
		}
		w := r.scalars["mean_abs_weight 2"]
		if w[0] != w[7] || w[7] == w[8] {
			t.Errorf("mean |W| of layer 2 over the steps: %v", w)
		}
		if w := r.scalars["mean_abs_weight 1"]; w[0] == w[1] {
			t.Error("layer 1 is not trained in the first stage")
		}
		// The first stage is what the same steps are alone.
		alone := e
		alone.Stages, alone.Steps = e.Stages[:1], 0
		if first := trained(t, b, d, alone); !slices.Equal(first.scalars["loss 0"][:7], r.scalars["loss 0"][:7]) {
			t.Error("a first stage is not what it is alone")
		}
	})
	bad := e
	bad.Stages = []vgrad.Stage{{Steps: 3, Train: "/layr1/*"}}
	if _, err := kept(backendtest.Go(t), Host).Train(t.Context(), Job{Experiment: bad, Data: synthetic(t)}); err == nil || !strings.Contains(err.Error(), `"/layr1/*"`) {
		t.Errorf("a stage that trains nothing: %v", err)
	}
}

// A plain regression learns: the loss falls far below guessing, which is 1, and
// there is no accuracy.
func TestRegression(t *testing.T) {
	set, err := data.Load(t.Context(), "regression")
	if err != nil {
		t.Fatal(err)
	}
	e := vgrad.Experiment{Activation: "tanh", Depth: 3, Width: 32, Data: "regression", Steps: 600, LearningRate: 0.01, Measure: vgrad.Measure{Every: 20, HistogramEvery: -1}}
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
		r := record()
		if _, err := kept(b, d).Train(t.Context(), Job{Experiment: e, Data: set}, r); err != nil {
			t.Fatal(err)
		}
		if first, last := r.scalars["loss 0"][0], r.scalars["val_loss 0"][0]; first < 0.5 || first > 3 || last > 0.25 {
			t.Errorf("loss %v at first, of the validation set %v at the end", first, last)
		}
		if r.scalars["train_accuracy 0"] != nil || r.scalars["val_accuracy 0"] != nil {
			t.Error("a regression has an accuracy")
		}
	})
	e.Loss = "cross_entropy"
	if _, err := kept(backendtest.Go(t), Host).Train(t.Context(), Job{Experiment: e, Data: set}); err == nil || !strings.Contains(err.Error(), "mean_squared_error") {
		t.Errorf("a cross-entropy of numbers: %v", err)
	}
}

// A validation set that is taken in parts has the loss and the accuracy of the whole.
func TestValidationInParts(t *testing.T) {
	set := *synthetic(t)
	e := vgrad.Experiment{Data: "synthetic", Steps: 3, Measure: vgrad.Measure{Quantities: []vgrad.Quantity{}}}
	b := backendtest.Go(t)
	whole := record()
	if _, err := kept(b, Host).Train(t.Context(), Job{Experiment: e, Data: &set}, whole); err != nil {
		t.Fatal(err)
	}
	p, err := newPlan(b, Job{Experiment: e, Data: &set})
	if err != nil {
		t.Fatal(err)
	}
	tr := &training{plan: p, engine: &Engine{Backend: b}, ctx: t.Context(), sinks: [][]vgrad.Sink{nil}}
	defer tr.release()
	loss, accuracy := make([]float64, 1), make([]float64, 1)
	n := set.Validation.Len()
	for _, part := range [][2]int{{0, 7}, {7, n / 2}, {n / 2, n}} {
		if err := tr.validatePart(set.Validation.Slice(part[0], part[1]), float64(part[1]-part[0])/float64(n), loss, accuracy); err != nil {
			t.Fatal(err)
		}
	}
	all, right, err := tr.validate()
	if err != nil || math.Abs(all[0]-loss[0]) > 1e-5 || math.Abs(right[0]-accuracy[0]) > 1e-6 {
		t.Errorf("in parts %v, %v; whole %v, %v; %v", loss, accuracy, all, right, err)
	}
}

// A model of GoMLX's layers needs no taps; what it adds to the loss, its running
// means, its own random numbers and what it asks to be run after each step work as
// in GoMLX's trainer.
func TestOwnModel(t *testing.T) {
	limit := func(scope *model.Scope, g *Graph) { // weights are kept within ±0.2
		v := scope.Store().GetVariable("/a/dense/weights")
		v.SetNodeValue(ClipScalar(v.NodeValue(g), -0.2, 0.2))
	}
	batchNorm := false // GoMLX 0.28's Go backend has none for training
	net := func(scope *model.Scope, x *Node) *Node {
		g := x.Graph()
		x = layers.Dense(scope.In("a"), x, true, 12)
		if batchNorm {
			x = norm.BatchNorm(scope.In("norm"), x, -1).Done()
		} else {
			x = norm.LayerNorm(scope.In("norm"), x, -1).Done()
		}
		x = activation.Relu(x)
		x = layers.DropoutStatic(scope.In("drop"), x, 0.25)
		if scope.Store().IsTraining(g) {
			w := scope.Store().GetVariable("/a/dense/weights").NodeValue(g)
			train.AddRegularizationLoss(MulScalar(ReduceAllSum(Square(w)), 0.5))
			train.AddPerStepUpdateGraphFn(scope, g, limit)
		}
		return layers.Dense(scope.In("b"), x, true, 10)
	}
	e := vgrad.Experiment{Network: vgrad.Model("own"), Data: "synthetic", Steps: 40, LearningRate: 0.01, Measure: vgrad.Measure{HistogramEvery: -1}}
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
		batchNorm = b.Kind == "xla"
		r := record()
		eng := &Engine{Backend: b, Driver: d}
		defer eng.Close()
		res, err := eng.Train(t.Context(), Job{Experiment: e, Data: synthetic(t), Model: net}, r)
		if err != nil {
			t.Fatal(err)
		}
		var sites []string
		for _, s := range r.schema.Sites {
			sites = append(sites, fmt.Sprint(s.Layer, s.Path, " ", s.Role, " ", s.Activation))
		}
		want := []string{"1/a/dense/weights kernel ", "1/a/dense/units units relu", "2/b/dense/weights kernel ", "2/b/dense/units units identity"}
		if !slices.Equal(sites, want) {
			t.Errorf("sites %q", sites)
		}
		loss := r.scalars["loss 0"]
		if loss[0] < 4 { // ln 10 and half the squares of 768 Glorot weights
			t.Errorf("the first loss is %v: it lacks the regularization", loss[0])
		}
		largest := 0.0
		for v := range res.Store.IterVariables() {
			values, _ := floats(must(v.Value()))
			switch {
			case v.Path() == "/a/dense/weights":
				for _, x := range values {
					largest = max(largest, math.Abs(float64(x)))
				}
			case strings.HasSuffix(v.Path(), "mean_average") || strings.HasSuffix(v.Path(), "/mean"):
				if !slices.ContainsFunc(values, func(x float32) bool { return x != 0 }) {
					t.Errorf("%s stays zero: batch normalization has no running mean", v.Path())
				}
			}
		}
		if largest > 0.2000001 || largest < 0.05 {
			t.Errorf("the largest weight is %v; the constraint is 0.2", largest)
		}
		again := record()
		if _, err := eng.Train(t.Context(), Job{Experiment: e, Data: synthetic(t), Model: net}, again); err != nil || !slices.Equal(again.scalars["loss 0"], loss) {
			t.Errorf("the same run again is another: %v", err)
		}
	})
}

// A frozen layer keeps its place, says that it is frozen, and its units are measured.
func TestFrozenLayer(t *testing.T) {
	net := func(scope *model.Scope, x *Node) *Node {
		x = activation.Apply(activation.TypeTanh, layers.Dense(scope.In("one"), x, true, 8))
		for v := range scope.Store().IterVariables() {
			if strings.HasPrefix(v.Path(), "/one/") {
				v.SetTrainable(false)
			}
		}
		x = activation.Apply(activation.TypeTanh, layers.Dense(scope.In("two"), x, true, 8))
		return layers.Dense(scope.In("three"), x, true, 10)
	}
	e := vgrad.Experiment{Network: vgrad.Model("frozen"), Data: "synthetic", Steps: 5}
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
		r := record()
		eng := &Engine{Backend: b, Driver: d}
		defer eng.Close()
		if _, err := eng.Train(t.Context(), Job{Experiment: e, Data: synthetic(t), Model: net}, r); err != nil {
			t.Fatal(err)
		}
		for _, s := range r.schema.Sites {
			if s.Frozen != strings.HasPrefix(s.Path, "/one/") || s.Layer != map[byte]int{'o': 1, 't': 2}[s.Path[1]] && s.Path[1:6] != "three" {
				t.Errorf("site %+v", s)
			}
		}
		if r.scalars["rms_delta 1"] == nil || r.scalars["saturated 1"] == nil || r.scalars["mean_abs_grad 1"] != nil || r.scalars["mean_abs_weight 1"] == nil {
			t.Error("of a frozen layer the units and weights are measured, and no gradient")
		}
	})
}

// A group whose steps are built apart has the values that it has otherwise,
// whether calls begin with a step at which it is due (stride) or anywhere.
func TestApart(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(e *vgrad.Experiment)
		stride int // of the last stage
	}{
		{"calls that begin with a measured step", func(e *vgrad.Experiment) {}, 4},
		{"more steps between than a call may be bound to", func(e *vgrad.Experiment) {
			e.Measure.Every, e.Measure.HistogramEvery, e.Steps = maxStride+1, maxStride+1, 50
		}, 1},
		{"a stage that begins with a step not measured", func(e *vgrad.Experiment) {
			e.Stages = []vgrad.Stage{{Name: "first", Steps: 14}, {Name: "second", Steps: 11}}
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := vgrad.Experiment{Activation: "relu", Depth: 3, Data: "synthetic", Steps: 25, Measure: vgrad.Measure{Every: 4, HistogramEvery: 10}}
			c.change(&e)
			apart(t, e, c.stride)
		})
	}
}

func apart(t *testing.T, e vgrad.Experiment, stride int) {
	b := backendtest.XLA(t)
	want := trained(t, b, Device, e)
	defer func(n int) { apartAbove = n }(apartAbove)
	apartAbove = 0
	p, err := newPlan(b, Job{Experiment: e, Data: synthetic(t)})
	if err == nil {
		err = p.enter(len(p.exp.InStages()) - 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	if p.stride() != stride {
		t.Errorf("a call is a multiple of %d steps, want %d", p.stride(), stride)
	}
	got := record()
	eng := &Engine{Backend: b, Driver: Device}
	defer eng.Close()
	if _, err := eng.Train(t.Context(), Job{Experiment: e, Data: synthetic(t)}, got); err != nil {
		t.Fatal(err)
	}
	for key, values := range want.scalars {
		if !slices.Equal(got.steps[key], want.steps[key]) {
			t.Fatalf("%s is recorded at %v, want %v", key, got.steps[key], want.steps[key])
		}
		for i, v := range values {
			if math.Abs(got.scalars[key][i]-v) > 1e-5*math.Abs(v)+1e-7 {
				t.Errorf("%s at step %d is %v, want %v", key, want.steps[key][i], got.scalars[key][i], v)
			}
		}
	}
	for key, h := range want.hists {
		same(t, got.hists[key], h)
	}
}
