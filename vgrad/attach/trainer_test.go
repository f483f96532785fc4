package attach_test

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/graph/nanlogger"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/dataset"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/layers/norm"
	"github.com/gomlx/gomlx/ml/layers/regularizer"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/checkpoint"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/attach"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
)

// everything is a network with all that a trainer does beside gradients: batch
// normalization, dropout, regularization and a constraint after each update.
func everything(s *model.Scope, x *Node) *Node {
	g := x.Graph()
	x = layers.Dense(s.In("first"), x, true, 16)
	x = activation.Relu(norm.BatchNorm(s.In("norm"), x, -1).UseBackendInference(false).Done())
	x = layers.DropoutNormalize(s, x, Scalar(g, x.DType(), 0.3), true)
	x = Tanh(layers.Dense(s.In("second"), x, true, 12))
	regularizer.L2(1e-3)(g, s.Store().GetVariable("/second/dense/weights"))
	train.AddPerStepUpdateGraphFn(s, g, func(s *model.Scope, g *Graph) {
		v := s.Store().GetVariable("/second/dense/weights")
		v.SetNodeValue(ClipScalar(v.NodeValue(g), -0.2, 0.2))
	})
	return layers.Dense(s.In("logits"), x, true, 10)
}

// seeded is a loop whose initial weights, dropout and all are drawn from a seed.
func seeded(t testing.TB, b *backend.Backend, build func(*model.Scope, *Node) *Node, o optimizer.Interface) *train.Loop {
	t.Helper()
	loop := newLoop(b, build, o)
	if err := loop.Trainer.Store().SetRNGStateFromSeed(7); err != nil {
		t.Fatal(err)
	}
	return loop
}

// variables are the values of a store's, by path, converted to float64.
func variables(t testing.TB, loop *train.Loop) map[string][]float64 {
	t.Helper()
	all := map[string][]float64{}
	for v := range loop.Trainer.Store().IterVariables() {
		if strings.HasPrefix(v.Path(), "/metrics") || !v.DType().IsFloat() {
			continue // the trainer's metrics have random names
		}
		x, err := v.Value()
		if err != nil {
			t.Fatal(err)
		}
		wide := MustExecOnce(loop.Trainer.Backend(), func(x *Node) *Node { return ConvertDType(x, dtypes.Float64) }, x)
		values, err := tensors.CopyFlatData[float64](wide)
		if err != nil {
			t.Fatal(err)
		}
		all[v.Path()] = values
	}
	return all
}

// sameVariables compares variables; tolerance is relative to the largest of each.
func sameVariables(t *testing.T, got, want map[string][]float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d variables; want %d", len(got), len(want))
	}
	for path, values := range want {
		largest := 0.0
		for _, x := range values {
			largest = max(largest, math.Abs(x))
		}
		for i, x := range values {
			if math.Abs(got[path][i]-x) > tolerance*largest {
				t.Errorf("%s[%d] is %v; without probes it is %v", path, i, got[path][i], x)
				break
			}
		}
	}
}

// ulps is what XLA's rounding amounts to after 20 steps: it fuses operations
// otherwise where their results are measured too, which changes last bits.
const ulps = 2e-5

// A training goes the same way with and without probes: to the bit on the Go
// backend, on XLA up to the rounding of float32.
func TestSameWeights(t *testing.T) {
	optimizers := map[string]func() optimizer.Interface{
		"sgd":      func() optimizer.Interface { return sgd(0.1) },
		"adam":     func() optimizer.Interface { return optimizer.Adam().Done() },
		"composed": func() optimizer.Interface { return composed{} },
	}
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		for name, o := range optimizers {
			if b.Kind == backend.XLA && name != "adam" {
				continue // XLA compiles for seconds
			}
			t.Run(name, func(t *testing.T) {
				ds := vgrad.Experiment{Data: "synthetic", Seed: 1}
				plain, probed := seeded(t, b, everything, o()), seeded(t, b, everything, o())
				a := attached(t, probed, attach.Options{Measure: vgrad.Measure{Every: 2, HistogramEvery: 5}, Sinks: []vgrad.Sink{(&recording{}).sink()}})
				run(t, plain, batchesOf(t, ds), 20)
				run(t, probed, batchesOf(t, ds), 20)
				tolerance := 0.0
				if b.Kind == backend.XLA {
					tolerance = ulps
				}
				sameVariables(t, variables(t, probed), variables(t, plain), tolerance)
				if err := a.Close(); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

// composed has an optimizer for each part of the network, and takes no gradients.
type composed struct{}

func (composed) UpdateGraph(s *model.Scope, g *Graph, loss *Node) {
	sgd(0.1).UpdateGraph(s.Store().Scope("/first"), g, loss)
	optimizer.Adam().Done().UpdateGraph(s.Store().Scope("/second"), g, loss)
}

func (composed) Clear(*model.Scope) error { return nil }

// Of several optimizers on one store each changes its own weights.
func TestComposedOptimizers(t *testing.T) {
	loop, got := seeded(t, backendtest.Go(t), everything, composed{}), &recording{}
	attached(t, loop, attach.Options{Sinks: []vgrad.Sink{got.sink()}})
	run(t, loop, batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 2)
	moved := got.values(vgrad.UpdateRatio)
	if moved["/first/dense/weights@1"] == 0 || moved["/second/dense/weights@1"] == 0 || moved["/logits/dense/weights@1"] != 0 {
		t.Errorf("update ratios %v; want those of the first two layers alone", moved)
	}
	if got.values(vgrad.MeanAbsGrad)["/logits/dense/weights@1"] == 0 {
		t.Error("the weights that no optimizer takes have no gradient")
	}
}

// What is not due is not computed: such a step is the trainer's own, node by node. Every
// other program is built once for each shape of batch, and Close brings those back that the
// trainer had.
func TestNotDueIsNotComputed(t *testing.T) {
	var nodes []int
	count := metric.NewBaseMetric("nodes", "nodes", "nodes", func(_ *model.Scope, _, predictions []*Node) *Node {
		g := predictions[0].Graph()
		nodes = append(nodes, len(g.Nodes()))
		return ScalarZero(g, dtypes.Float32)
	}, nil)
	loop := train.NewLoop(train.NewTrainer(backendtest.Go(t).Backend, model.NewStore(), everything, loss.SparseCategoricalCrossEntropyLogits, sgd(0.1), []metric.Interface{count}, nil))
	ds := batchesOf(t, vgrad.Experiment{Data: "synthetic"})
	run(t, loop, ds, 1)
	got := &recording{}
	a := attached(t, loop, attach.Options{Measure: vgrad.Measure{Every: 3, HistogramEvery: 6}, Sinks: []vgrad.Sink{got.sink()}})
	run(t, loop, ds, 12) // steps 1 to 12
	if want := []int{3, 6, 9, 12}; !slices.Equal(got.steps, want) {
		t.Errorf("recorded steps %v; want %v", got.steps, want)
	}
	if len(nodes) != 3 || nodes[1] <= nodes[0] || nodes[2] <= nodes[1] {
		t.Fatalf("graphs of %v nodes; want the trainer's own, one with scalars, one with histograms too", nodes)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, loop, ds, 3)
	if len(nodes) != 3 {
		t.Errorf("graphs of %v nodes; after Close none is built anew", nodes)
	}
	if n := len(got.steps); n != 5 { // with the final mean |W|
		t.Errorf("%d steps were recorded; none after Close", n)
	}
}

// Accumulated gradients are measured when they are applied: they are those of one large
// batch, if the network treats examples alike.
func TestAccumulatedGradients(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		build := modelOf(t, vgrad.Experiment{Seed: 2})
		large, small := newLoop(b, build, sgd(0.1)), newLoop(b, build, sgd(0.1))
		want, got := &recording{}, &recording{}
		attached(t, large, attach.Options{Sinks: []vgrad.Sink{want.sink()}})
		a := attached(t, small, attach.Options{Name: "accumulated", Store: newStore(t), Sinks: []vgrad.Sink{got.sink()}})
		if err := small.Trainer.AccumulateGradients(3); err != nil {
			t.Fatal(err)
		}
		e := vgrad.Experiment{Data: "synthetic", Batch: 30}
		run(t, large, batchesOf(t, e), 4)
		run(t, small, parts(batchesOf(t, e), 3), 12)
		if !slices.Equal(got.steps, []int{0, 1, 2, 3}) {
			t.Errorf("recorded steps %v; want the four updates", got.steps)
		}
		for _, q := range []vgrad.Quantity{vgrad.MeanAbsGrad, vgrad.RMSGrad, vgrad.MaxAbsGrad, vgrad.UpdateRatio, vgrad.MeanAbsWeight} {
			for at, w := range want.values(q) {
				if g := got.values(q)[at]; math.Abs(g-w) > 1e-4*w {
					t.Errorf("%s of %s is %v; with whole batches %v", q, at, g, w)
				}
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		record, err := a.Run()
		if err != nil || record.Experiment.Steps != 4 || record.Experiment.Batch != 30 || !record.Finished {
			t.Errorf("recorded %+v, %v; want 4 steps of 30 examples", record.Experiment, err)
		}
	})
}

// parts yields each batch of a data set in n parts.
func parts(of *batches, n int) *batches {
	var rest []train.Batch
	return &batches{of.name, func() train.Batch {
		if rest == nil {
			b := of.next()
			inputs, labels := tensors.MustCopyFlatData[float32](b.Inputs[0]), tensors.MustCopyFlatData[int32](b.Labels[0])
			for i := range n {
				rest = append(rest, train.Batch{
					Inputs: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(inputs[i*len(inputs)/n:][:len(inputs)/n], len(labels)/n, len(inputs)/len(labels))},
					Labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(labels[i*len(labels)/n:][:len(labels)/n], len(labels)/n, 1)},
				})
			}
		}
		b := rest[0]
		if rest = rest[1:]; len(rest) == 0 {
			rest = nil
		}
		return b
	}}
}

// Two trainers train parts of one store in turn, each with its own loss: each attachment
// sees what its trainer does.
func TestTwoTrainers(t *testing.T) {
	b, store := backendtest.Go(t), model.NewStore()
	loopOf := func(build func(*model.Scope, *Node) *Node) *train.Loop {
		return train.NewLoop(train.NewTrainer(b.Backend, store, build, loss.SparseCategoricalCrossEntropyLogits, sgd(0.1), nil, nil))
	}
	body := func(s *model.Scope, x *Node) *Node { return Tanh(layers.Dense(s.In("body"), x, true, 8)) }
	one := loopOf(func(s *model.Scope, x *Node) *Node { return layers.Dense(s.In("one"), body(s, x), true, 10) })
	two := loopOf(func(s *model.Scope, x *Node) *Node { return layers.Dense(s.In("two"), body(s, x), true, 10) })
	ofOne, ofTwo := &recording{}, &recording{}
	attached(t, one, attach.Options{Sinks: []vgrad.Sink{ofOne.sink()}})
	attached(t, two, attach.Options{Sinks: []vgrad.Sink{ofTwo.sink()}})
	ds := batchesOf(t, vgrad.Experiment{Data: "synthetic"})
	for range 3 {
		run(t, one, ds, 1)
		run(t, two, ds, 1)
	}
	for _, r := range []*recording{ofOne, ofTwo} {
		if !slices.Equal(r.steps, []int{0, 1, 2}) || len(r.values(vgrad.RMSDelta)) != 6 {
			t.Errorf("steps %v, δ %v", r.steps, r.values(vgrad.RMSDelta))
		}
	}
	if w1, w2 := ofOne.values(vgrad.MeanAbsWeight), ofTwo.values(vgrad.MeanAbsWeight); w1["/body/dense/weights@1"] == w2["/body/dense/weights@0"] {
		t.Error("the second trainer's step did not change the shared weights")
	}
}

// A layer that is frozen in the middle of a training, as GoMLX does it, is frozen in every
// program; sites say so from then on, and the sinks are told once.
func TestFreezing(t *testing.T) {
	loop, got := seeded(t, backendtest.Go(t), everything, sgd(0.1)), &recording{}
	attached(t, loop, attach.Options{Measure: vgrad.Measure{Every: 2}, Sinks: []vgrad.Sink{got.sink()}})
	ds := batchesOf(t, vgrad.Experiment{Data: "synthetic"})
	run(t, loop, ds, 4)
	before := variables(t, loop)["/first/dense/weights"]
	loop.Trainer.Store().GetVariable("/first/dense/weights").SetTrainable(false)
	loop.Trainer.ResetComputationGraphs()
	run(t, loop, ds, 4)
	if !slices.Equal(variables(t, loop)["/first/dense/weights"], before) {
		t.Error("the frozen weights have changed")
	}
	grads := got.values(vgrad.MeanAbsGrad)
	if _, ok := grads["/first/dense/weights@2"]; !ok {
		t.Error("no gradient of the weights before they were frozen")
	}
	if _, ok := grads["/first/dense/weights@4"]; ok {
		t.Error("a gradient of weights that are frozen")
	}
	if d := got.values(vgrad.RMSDelta)["/first/dense/units@6"]; d == 0 {
		t.Error("no δ at the units of the frozen layer")
	}
	frozen := slices.IndexFunc(got.sites, func(s vgrad.Site) bool { return s.Path == "/first/dense/units" && s.Frozen })
	if frozen < 0 || got.begun != 2 {
		t.Errorf("sites %v, told %d times; want the first layer's units frozen", got.sites, got.begun)
	}
}

// A reset that a hook of the loop's asks for reaches every program, whichever is in use.
func TestResetInALoop(t *testing.T) {
	for _, at := range []int{2, 3} { // a step that is measured, and one that is not
		loop := seeded(t, backendtest.Go(t), everything, sgd(0.1))
		attached(t, loop, attach.Options{Measure: vgrad.Measure{Every: 2}, Sinks: []vgrad.Sink{(&recording{}).sink()}})
		var then []float64
		loop.OnStep("freeze", 10, func(loop *train.Loop, _ []*tensors.Tensor) error {
			if loop.LoopStep == at {
				loop.Trainer.Store().GetVariable("/first/dense/weights").SetTrainable(false)
				loop.Trainer.ResetComputationGraphs()
				then = variables(t, loop)["/first/dense/weights"]
			}
			return nil
		})
		run(t, loop, batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 8)
		if !slices.Equal(variables(t, loop)["/first/dense/weights"], then) {
			t.Errorf("reset at step %d: the frozen weights have changed", at)
		}
	}
}

// A data set may ask for several networks in turn, by its Spec: each has sites of its own,
// and a sink is told of the columns once for each.
func TestSpecs(t *testing.T) {
	build := func(s *model.Scope, spec any, inputs []*Node) []*Node {
		x := Tanh(layers.Dense(s.In("body"), inputs[0], true, 8))
		return []*Node{layers.Dense(s.In("%s", spec), x, true, 10)}
	}
	got := &recording{}
	loop := train.NewLoop(train.NewTrainer(backendtest.Go(t).Backend, model.NewStore(), build, loss.SparseCategoricalCrossEntropyLogits, sgd(0.1), nil, nil))
	attached(t, loop, attach.Options{Sinks: []vgrad.Sink{got.sink()}})
	ds, n := batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 0
	run(t, loop, &batches{"two tasks", func() train.Batch {
		b := ds.next()
		b.Spec = []string{"one", "two"}[n%2]
		n++
		return b
	}}, 6)
	one, two := 0, 0
	for at := range got.values(vgrad.RMSDelta) {
		if strings.HasPrefix(at, "/one/") {
			one++
		} else if strings.HasPrefix(at, "/two/") {
			two++
		}
	}
	if one != 3 || two != 3 || got.begun != 2 || len(got.sites) != 6 {
		t.Errorf("δ of one task %d times, of the other %d times; told of columns %d times; sites %v", one, two, got.begun, got.sites)
	}
}

// A trainer may evaluate between its steps.
func TestEvaluationInALoop(t *testing.T) {
	loop, got := seeded(t, backendtest.Go(t), everything, sgd(0.1)), &recording{}
	attached(t, loop, attach.Options{Sinks: []vgrad.Sink{got.sink()}})
	ds := vgrad.Experiment{Data: "synthetic"}
	loop.OnStep("evaluate", 0, func(loop *train.Loop, _ []*tensors.Tensor) error {
		_, err := loop.Trainer.Eval(&epoch{batchesOf(t, ds), 1})
		return err
	})
	run(t, loop, batchesOf(t, ds), 3)
	if !slices.Equal(got.steps, []int{0, 1, 2}) {
		t.Errorf("steps %v", got.steps)
	}
}

// GoMLX's own XLA backend will do, without what package backend puts around it.
func TestPlainBackend(t *testing.T) {
	backendtest.XLA(t)
	plugin, err := assets.XLAPlugin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	plain, err := compute.NewWithConfig("xla:" + plugin)
	if err != nil {
		t.Fatal(err)
	}
	got := &recording{}
	loop := newLoop(&backend.Backend{Backend: plain}, everything, sgd(0.1))
	attached(t, loop, attach.Options{Sinks: []vgrad.Sink{got.sink()}})
	run(t, loop, batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 2)
	if len(got.values(vgrad.RMSDelta)) != 6 {
		t.Errorf("δ %v", got.values(vgrad.RMSDelta))
	}
}

// Weights that are used twice are one site; each use has units of its own.
func TestSharedWeights(t *testing.T) {
	got := &recording{}
	loop := seeded(t, backendtest.Go(t), func(s *model.Scope, x *Node) *Node {
		x = Tanh(layers.Dense(s.In("in"), x, true, 8))
		for range 2 {
			x = Tanh(layers.Dense(s.Store().Scope("/shared"), x, true, 8))
		}
		return layers.Dense(s.In("out"), x, true, 10)
	}, sgd(0.1))
	attached(t, loop, attach.Options{Sinks: []vgrad.Sink{got.sink()}})
	run(t, loop, batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 1)
	if n := len(got.values(vgrad.MeanAbsGrad)); n != 3 {
		t.Errorf("%d gradients; want 3", n)
	}
	if n := len(got.values(vgrad.RMSDelta)); n != 4 {
		t.Errorf("δ at %v; want four units", got.values(vgrad.RMSDelta))
	}
}

// The last batch of an epoch may be smaller: it is measured at the same sites.
func TestSmallerLastBatch(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		loop, got := seeded(t, b, everything, sgd(0.1)), &recording{}
		a := attached(t, loop, attach.Options{Name: "epochs", Store: newStore(t), Steps: 6, Sinks: []vgrad.Sink{got.sink()}})
		if _, err := loop.RunEpochs(&epoch{batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 2}, 2); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if got.begun != 1 || len(got.values(vgrad.RMSDelta)) != 3*6 {
			t.Errorf("told of columns %d times, %d values of δ; want once, and 18", got.begun, len(got.values(vgrad.RMSDelta)))
		}
		if w := got.values(vgrad.MeanAbsWeight); len(w) != 3*7 {
			t.Errorf("mean |W| %v; want seven, the last after the training", w)
		}
	})
}

// epoch is some batches and one of half their size.
type epoch struct {
	*batches
	whole int
}

func (e *epoch) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for range e.whole {
			if !yield(e.next(), nil) {
				return
			}
		}
		yield(parts(e.batches, 2).next(), nil)
	}
}

// Without Steps an experiment of RunEpochs would say nothing of its length.
func TestEpochsNeedSteps(t *testing.T) {
	loop := seeded(t, backendtest.Go(t), everything, sgd(0.1))
	attached(t, loop, attach.Options{Name: "epochs", Store: newStore(t)})
	_, err := loop.RunEpochs(&epoch{batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 2}, 2)
	if err == nil || !strings.Contains(err.Error(), "steps is 0; RunEpochs") {
		t.Errorf("error %v", err)
	}
	if n := loop.Trainer.Store().NumVariables(); n > 3 {
		t.Errorf("the training has begun: %d variables", n)
	}
}

// A loop that is run twice is one run, whose steps go on; it is finished when it is closed.
func TestLoopRunTwice(t *testing.T) {
	loop := seeded(t, backendtest.Go(t), everything, sgd(0.1))
	a := attached(t, loop, attach.Options{Name: "twice", Store: newStore(t)})
	ds := batchesOf(t, vgrad.Experiment{Data: "synthetic"})
	run(t, loop, ds, 5)
	first, err := a.Run()
	if err != nil || first.Finished || first.LastStep != 4 {
		t.Fatalf("after the first run %+v, %v", first, err)
	}
	run(t, loop, ds, 5)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	both, err := a.Run()
	if err != nil || !both.Finished || both.LastStep != 10 {
		t.Fatalf("after both %+v, %v", both, err)
	}
	if steps, _ := vgrad.Series(both, vgrad.Loss, 0); !slices.Equal(steps, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("the loss of steps %v", steps)
	}
}

// A run that fails keeps what was recorded, and stays unfinished.
func TestFailedRun(t *testing.T) {
	loop := seeded(t, backendtest.Go(t), everything, sgd(0.1))
	a := attached(t, loop, attach.Options{Name: "failed", Store: newStore(t), Steps: 10})
	broken := errors.New("broken")
	loop.OnStep("break", 0, func(loop *train.Loop, _ []*tensors.Tensor) error {
		if loop.LoopStep == 3 {
			return broken
		}
		return nil
	})
	if _, err := loop.RunSteps(batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 10); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if record, err := a.Run(); err != nil || record.Finished || record.LastStep != 3 {
		t.Errorf("recorded %+v, %v; want an unfinished run up to step 3", record, err)
	}
}

// A training that is resumed from a checkpoint is one run, with the steps of both
// processes; the checkpoint has the variables that it has without probes.
func TestResume(t *testing.T) {
	store, dir, bare := newStore(t), t.TempDir(), t.TempDir()
	ds := batchesOf(t, vgrad.Experiment{Data: "synthetic"})
	begin := func(dir string) (*train.Loop, *checkpoint.Handler) {
		s := model.NewStore()
		handler, err := checkpoint.Build(s).Dir(dir).Done()
		if err != nil {
			t.Fatal(err)
		}
		return train.NewLoop(train.NewTrainer(backendtest.Go(t).Backend, s, everything, loss.SparseCategoricalCrossEntropyLogits, sgd(0.1), nil, nil)), handler
	}
	options := attach.Options{Name: "resumed", Store: store, Steps: 10}

	loop, handler := begin(dir)
	a := attached(t, loop, options)
	run(t, loop, ds, 4)
	if err := handler.Save(); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	loop.OnStep("break", 0, func(loop *train.Loop, _ []*tensors.Tensor) error {
		if loop.LoopStep == 6 {
			return broken
		}
		return nil
	})
	if _, err := loop.RunSteps(ds, 6); !errors.Is(err, broken) { // steps 4 to 6 are lost
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}

	loop, _ = begin(dir)
	a = attached(t, loop, options)
	if _, err := loop.RunToGlobalStep(ds, 10); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	record, err := a.Run()
	if err != nil {
		t.Fatal(err)
	}
	if steps, _ := vgrad.Series(record, vgrad.Loss, 0); !slices.Equal(steps, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) || !record.Finished {
		t.Errorf("the loss of steps %v, finished %v", steps, record.Finished)
	}

	plain, handler := begin(bare)
	run(t, plain, ds, 4)
	if err := handler.Save(); err != nil {
		t.Fatal(err)
	}
	of := func(dir string) (paths []string) {
		loop, _ := begin(dir)
		for v := range loop.Trainer.Store().IterVariables() {
			if !strings.HasPrefix(v.Path(), "/metrics") {
				paths = append(paths, fmt.Sprint(v.Path(), v.Shape()))
			}
		}
		slices.Sort(paths)
		return paths
	}
	if got, want := of(dir), of(bare); !slices.Equal(got, want) {
		t.Errorf("the checkpoint has %q; without probes %q", got, want)
	}
}

// Statistics of a network in half precision are taken in float32. The Go backend
// trains none.
func TestHalfPrecision(t *testing.T) {
	b := backendtest.XLA(t)
	for _, dtype := range []dtypes.DType{dtypes.BFloat16, dtypes.Float16} {
		t.Run(dtype.String(), func(t *testing.T) {
			build := func(s *model.Scope, x *Node) *Node {
				x = ConvertDType(x, dtype)
				x = Tanh(layers.Dense(s.In("hidden"), x, true, 32))
				return ConvertDType(layers.Dense(s.In("out"), x, true, 10), dtypes.Float32)
			}
			loop, got := seeded(t, b, build, sgd(1e-4)), &recording{}
			attached(t, loop, attach.Options{Sinks: []vgrad.Sink{got.sink()}})
			run(t, loop, batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 3)
			for _, q := range []vgrad.Quantity{vgrad.Loss, vgrad.RMSGrad, vgrad.UpdateRatio, vgrad.RMSDelta, vgrad.StdActivation} {
				for at, v := range got.values(q) {
					if !(v > 0) || math.IsInf(v, 0) {
						t.Errorf("%s of %s = %v", q, at, v)
					}
				}
			}
			// An update far below the precision of the weights is measured all the same:
			// rate·‖∂L/∂W‖/‖W‖.
			ratio := got.values(vgrad.UpdateRatio)["/hidden/dense/weights@0"]
			rms := got.values(vgrad.RMSGrad)["/hidden/dense/weights@0"]
			weight := got.values(vgrad.MeanAbsWeight)["/hidden/dense/weights@0"]
			if want := 1e-4 * rms / weight; ratio < want/2 || ratio > want*2 {
				t.Errorf("update ratio %v; want about %v", ratio, want)
			}
		})
	}
}

// Training that is spread over devices measures the whole batch: its numbers are
// those of one device.
func TestDistributed(t *testing.T) {
	b := backendtest.XLA(t)
	if b.NumDevices() < 2 {
		t.Skipf("the backend shows %d device", b.NumDevices()) // a GPU machine with one
	}
	build := modelOf(t, vgrad.Experiment{Seed: 2})
	e := vgrad.Experiment{Data: "synthetic", Batch: 32}
	want, got := &recording{}, &recording{}
	one, spread := newLoop(b, build, sgd(0.1)), newLoop(b, build, sgd(0.1))
	attached(t, one, attach.Options{Sinks: []vgrad.Sink{want.sink()}})
	a := attached(t, spread, attach.Options{Sinks: []vgrad.Sink{got.sink()}, Measure: vgrad.Measure{HistogramEvery: 2}})
	run(t, one, batchesOf(t, e), 3)
	run(t, spread, sharded(t, b, parts(batchesOf(t, e), 2), distributed.AutoSharding), 3)
	for _, q := range vgrad.Quantities() {
		for at, w := range want.values(q) {
			if g, ok := got.values(q)[at]; !math.IsNaN(w) && (!ok || math.Abs(g-w) > 1e-4*math.Abs(w)+1e-6) {
				t.Errorf("%s of %s is %v; on one device %v", q, at, g, w)
			}
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	attached(t, spread, attach.Options{Sinks: []vgrad.Sink{got.sink()}})
	_, err := spread.RunSteps(sharded(t, b, parts(batchesOf(t, e), 2), distributed.SPMD), 1)
	if err == nil || !strings.Contains(err.Error(), "SPMD") {
		t.Errorf("error %v", err)
	}
}

// sharded spreads the batches of a data set over two devices.
func sharded(t *testing.T, b *backend.Backend, ds train.Dataset, s distributed.Strategy) train.Dataset {
	t.Helper()
	mesh, err := distributed.NewDeviceMesh([]int{2}, []string{"data"})
	if err != nil {
		t.Fatal(err)
	}
	spec, err := distributed.BuildSpec(mesh).S("data").Done()
	if err != nil {
		t.Fatal(err)
	}
	specs := []*distributed.ShardingSpec{spec}
	d, err := dataset.NewDistributedAccumulator(b.Backend, ds, s, specs, specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Other loggers of nodes get what is theirs, whether they come before or after us: GoMLX's own
// finds the NaN that the model traces.
func TestNanlogger(t *testing.T) {
	for _, first := range []bool{true, false} {
		var seen [][]string
		l := nanlogger.New().WithHandler(func(at *nanlogger.Trace) { seen = append(seen, at.Scope) })
		build := func(s *model.Scope, x *Node) *Node {
			x = layers.Dense(s.In("hidden"), x, true, 8)
			l.TraceFirstNaN(x, "fine")
			x = layers.Dense(s.In("out"), Log(Sub(x, x)), true, 10)
			l.TraceFirstNaN(x, "not fine")
			return Where(IsNaN(x), ZerosLike(x), ZerosLike(x))
		}
		loop, got := seeded(t, backendtest.Go(t), build, sgd(0.1)), &recording{}
		if first {
			l.AttachToTrainer(loop.Trainer)
		}
		attached(t, loop, attach.Options{Measure: vgrad.Measure{Every: 2}, Sinks: []vgrad.Sink{got.sink()}})
		if !first {
			l.AttachToTrainer(loop.Trainer)
		}
		run(t, loop, batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 4)
		if len(seen) != 4 || seen[0][0] != "not fine" || len(got.values(vgrad.Loss)) != 2 {
			t.Errorf("nanlogger first %v: it saw %v; losses %v", first, seen, got.values(vgrad.Loss))
		}
	}
}
