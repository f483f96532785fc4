package attach_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/attach"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/runs"
)

// Bad options are refused before anything is done, each in a line that names the field, the
// value and what is allowed.
func TestRefused(t *testing.T) {
	sink := (&recording{}).sink()
	for _, c := range []struct {
		o    attach.Options
		want string
	}{
		{attach.Options{}, `attach: name is ""; a run is recorded under the name of its model; only with Sinks alone it may be empty`},
		{attach.Options{Sinks: []vgrad.Sink{sink}, Store: newStore(t)}, `attach: name is "";`},
		{attach.Options{Name: "x", Steps: -1}, "attach: steps is -1; it must be at least 1, or 0 for what the loop is to reach"},
		{attach.Options{Name: "x", Sinks: []vgrad.Sink{nil}}, "attach: sinks[0] is nil; it must be a sink"},
		{attach.Options{Name: "x", Measure: vgrad.Measure{Every: -1}}, "attach: measure.every is -1; it must be at least 1"},
		{attach.Options{Name: "x", Measure: vgrad.Measure{Sites: "["}}, `attach: measure.sites is "["; it must be patterns`},
		{attach.Options{Name: "x", Measure: vgrad.Measure{Quantities: []vgrad.Quantity{"nope"}}}, `"nope"`},
	} {
		loop := seeded(t, backendtest.Go(t), everything, sgd(0.1))
		_, err := attach.To(loop, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%+v: error %v; want %s", c.o, err, c.want)
		}
	}
	if _, err := attach.To(nil, attach.Options{Name: "x"}); err == nil {
		t.Error("no error of a nil loop")
	}
	loop := seeded(t, backendtest.Go(t), everything, sgd(0.1))
	attached(t, loop, attach.Options{Sinks: []vgrad.Sink{sink}})
	if _, err := attach.To(train.NewLoop(loop.Trainer), attach.Options{Sinks: []vgrad.Sink{sink}}); err == nil || !strings.Contains(err.Error(), "measured already") {
		t.Errorf("attached twice: %v", err)
	}
}

// A pattern that matches nothing fails before the first step, and names what there is.
func TestNoSuchSite(t *testing.T) {
	loop, got := seeded(t, backendtest.Go(t), everything, sgd(0.1)), &recording{}
	attached(t, loop, attach.Options{Measure: vgrad.Measure{Sites: "/third/**"}, Sinks: []vgrad.Sink{got.sink()}})
	_, err := loop.RunSteps(batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 1)
	if err == nil || !strings.Contains(err.Error(), `measure.sites is "/third/**"; no site of the network has such a path: it has ["/first/dense/weights"`) {
		t.Errorf("error %v", err)
	}
}

// Sites are chosen by patterns; the others are listed and not measured.
func TestSites(t *testing.T) {
	loop, got := seeded(t, backendtest.Go(t), everything, sgd(0.1)), &recording{}
	attached(t, loop, attach.Options{Measure: vgrad.Measure{Sites: "/second/**"}, Sinks: []vgrad.Sink{got.sink()}})
	run(t, loop, batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 1)
	for _, s := range got.samples {
		if s.Site != vgrad.NetworkSite && !strings.HasPrefix(s.Site.Path, "/second/") {
			t.Errorf("%s of %s is measured", s.Quantity, s.Site.Path)
		}
	}
	if len(got.sites) != 6 || len(got.values(vgrad.RMSDelta)) != 1 || len(got.values(vgrad.RMSGrad)) != 1 {
		t.Errorf("%d sites, δ %v, gradients %v", len(got.sites), got.values(vgrad.RMSDelta), got.values(vgrad.RMSGrad))
	}
}

// The record says what is known of the training, and is read as any run; an equal
// training is refused before its first step, unless it is to replace the earlier.
func TestRecord(t *testing.T) {
	store := newStore(t)
	ds := vgrad.Experiment{Data: "synthetic", Batch: 20}
	record := func(rate float64, replace bool) (*runs.Run, error) {
		m := model.NewStore()
		evaluated := []metric.Interface{metric.NewSparseCategoricalAccuracy("accuracy", "acc")}
		loop := train.NewLoop(train.NewTrainer(backendtest.Go(t).Backend, m, everything, loss.SparseCategoricalCrossEntropyLogits, sgd(rate), accuracy(), evaluated))
		validation := &epoch{batchesOf(t, ds), 2}
		a := attached(t, loop, attach.Options{Name: "mine", Seed: 4, Store: store, Replace: replace, Validation: validation})
		if _, err := loop.RunSteps(batchesOf(t, ds), 5); err != nil {
			return nil, errors.Join(err, a.Close())
		}
		if err := a.Close(); err != nil {
			return nil, err
		}
		return a.Run()
	}
	r, err := record(0.125, false)
	if err != nil {
		t.Fatal(err)
	}
	e := r.Experiment
	want := vgrad.Experiment{Label: "mine", Network: vgrad.Model("mine"), Data: "synthetic", Batch: 20, Loss: "cross_entropy", Optimizer: "sgd", LearningRate: 0.125, Steps: 5, Seed: 4}
	if e.Hash() != want.Hash() || r.Label() != "mine" || r.Provenance.Backend != backendtest.Go(t).Name() {
		t.Errorf("recorded %+v of %+v", e.WithDefaults(), r.Provenance)
	}
	for _, q := range []vgrad.Quantity{vgrad.Loss, vgrad.TrainAccuracy, vgrad.ValLoss, vgrad.ValAccuracy} {
		if v, ok := r.Value(q, 0); !ok || !(v >= 0) {
			t.Errorf("%s is %v, %v", q, v, ok)
		}
	}
	if info, _ := r.Describe(vgrad.Loss); info.Unit != "nats" {
		t.Errorf("the loss is in %q", info.Unit)
	}
	if _, err := record(0.125, false); !errors.Is(err, runs.ErrRecorded) || !strings.Contains(err.Error(), "set Replace") {
		t.Errorf("again: %v", err)
	}
	if _, err := record(0.125, true); err != nil {
		t.Errorf("to replace it: %v", err)
	}
	if _, err := record(0.25, false); err != nil {
		t.Errorf("with another learning rate: %v", err)
	}
}

// The trainer's own metrics are recorded beside the loss.
func TestMetrics(t *testing.T) {
	moving := metric.NewMovingAverageSparseCategoricalAccuracy("Moving Accuracy", "~acc", 0.1)
	loop := train.NewLoop(train.NewTrainer(backendtest.Go(t).Backend, model.NewStore(), everything, loss.SparseCategoricalCrossEntropyLogits, sgd(0.1), append(accuracy(), moving), nil))
	got := &recording{}
	attached(t, loop, attach.Options{Measure: vgrad.Measure{Every: 2}, Sinks: []vgrad.Sink{got.sink()}})
	last, err := loop.RunSteps(batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 5)
	if err != nil {
		t.Fatal(err)
	}
	accuracies, averages := got.values(vgrad.TrainAccuracy), got.values("metric_moving_accuracy")
	if len(accuracies) != 3 || len(averages) != 3 {
		t.Fatalf("accuracies %v, their averages %v; want three", accuracies, averages)
	}
	if want := float64(last[3].Value().(float32)); averages["/@4"] != want {
		t.Errorf("the average at the last step is %v; the trainer says %v", averages["/@4"], want)
	}
}

// failing is a sink that fails, or panics, at a step.
type failing struct {
	at     int
	panics bool
}

var errSink = errors.New("the disk is full")

func (failing) Begin(vgrad.Schema) error { return nil }

func (f failing) Put(step int, _ []vgrad.Row) error {
	if step == f.at && f.panics {
		panic("out of bounds")
	}
	if step == f.at {
		return errSink
	}
	return nil
}

// A sink that fails stops the training with an error that says at which step.
func TestSinkFails(t *testing.T) {
	for _, f := range []failing{{2, false}, {2, true}} {
		loop := seeded(t, backendtest.Go(t), everything, sgd(0.1))
		attached(t, loop, attach.Options{Sinks: []vgrad.Sink{f}})
		_, err := loop.RunSteps(batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 5)
		if err == nil || !strings.Contains(err.Error(), "attach: step 2: ") || !f.panics && !errors.Is(err, errSink) || loop.LoopStep != 2 {
			t.Errorf("%+v: at step %d: %v", f, loop.LoopStep, err)
		}
	}
}

// watched is a sink that is closed with the run.
type watched struct {
	vgrad.Sink
	closed int
}

func (w *watched) Close() error {
	w.closed++
	return nil
}

// Who watches is asked once, with the experiment as it is recorded, and told of the end.
func TestWatch(t *testing.T) {
	var of []vgrad.Experiment
	w := &watched{Sink: (&recording{}).sink()}
	loop := seeded(t, backendtest.Go(t), everything, sgd(0.1))
	a := attached(t, loop, attach.Options{Name: "watched", Store: newStore(t), Watch: func(e vgrad.Experiment) vgrad.Sink {
		of = append(of, e)
		return w
	}})
	run(t, loop, batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 3)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if len(of) != 1 || of[0].Name() != "watched" || of[0].Steps != 3 || w.closed != 1 {
		t.Errorf("asked with %v, closed %d times", of, w.closed)
	}
}

// Unfound says of what no units were found.
func TestUnfound(t *testing.T) {
	loop := seeded(t, backendtest.Go(t), func(s *model.Scope, x *Node) *Node {
		return Mul(everything(s, x), ScalarOne(x.Graph(), x.DType()))
	}, sgd(0.1))
	a := attached(t, loop, attach.Options{Sinks: []vgrad.Sink{(&recording{}).sink()}})
	if u := a.Unfound(); u != nil {
		t.Errorf("before the first step %v", u)
	}
	run(t, loop, batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 1)
	for _, u := range a.Unfound() {
		if u.Reason == "" || u.Variable.Path() == "/first/dense/weights" {
			t.Errorf("%s %s", u.Variable.Path(), u.Reason)
		}
	}
}

// A graph for batches of any size is refused before the first step.
func TestDynamicAxes(t *testing.T) {
	build := func(s *model.Scope, x *Node) *Node {
		return Tanh(MatMul(x, s.In("layer").VariableWithShape("weights", shapes.Make(x.DType(), x.Shape().Dim(-1), 1)).NodeValue(x)))
	}
	small := func(_, predictions []*Node) *Node { return ReduceAllMean(Abs(predictions[0])) }
	loop := train.NewLoop(train.NewTrainer(backendtest.Go(t).Backend, model.NewStore(), build, small, sgd(0.1), nil, nil).
		WithInputsDynamicAxes([]string{"batch", ""}).WithLabelsDynamicAxes([]string{"batch", ""}))
	a := attached(t, loop, attach.Options{Sinks: []vgrad.Sink{(&recording{}).sink()}})
	_, err := loop.RunSteps(batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 1)
	if err == nil || !strings.Contains(err.Error(), "leave out WithInputsDynamicAxes") {
		t.Errorf("error %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, loop, batchesOf(t, vgrad.Experiment{Data: "synthetic"}), 1)
}
