package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
)

// checkpointed trains e up to an interrupt at about a step, and again from the last state
// that was stored. It returns what the two trainings recorded together, with the rows of
// the first from the state on left out, and the step at which the second began.
func checkpointed(t *testing.T, b *backend.Backend, d Driver, e vgrad.Experiment, m modelFn, at int) (*recording, int) {
	t.Helper()
	var last State
	r := record()
	save := Checkpoints{Take: func() func(State) {
		return func(s State) { last = State{s.Step, slices.Clone(s.Bytes)} }
	}, Every: time.Hour}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stop := vgrad.OnStep(func(step int, _ []vgrad.Sample) error {
		if step >= at {
			cancel()
		}
		return nil
	})
	job := Job{Experiment: e, Data: synthetic(t), Model: m, Checkpoints: save}
	eng := kept(b, d)
	if _, err := eng.Train(ctx, job, r, stop); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v; want canceled", err)
	}
	if last.Step <= at || last.Step >= e.WithDefaults().Steps {
		t.Fatalf("the state is of step %d; interrupted at %d", last.Step, at)
	}
	r.cut(last.Step)
	job.From = &last
	if _, err := eng.Train(t.Context(), job, r); err != nil {
		t.Fatal(err)
	}
	return r, last.Step
}

type modelFn = func(*model.Scope, *Node) *Node

// cut drops what was recorded from a step on.
func (r *recording) cut(step int) {
	for key, steps := range r.steps {
		n, _ := slices.BinarySearch(steps, step)
		r.steps[key], r.scalars[key] = steps[:n], r.scalars[key][:n]
	}
}

// equal fails unless two recordings are the same to the bit.
func equal(t *testing.T, got, want *recording) {
	t.Helper()
	if !reflect.DeepEqual(got.steps, want.steps) {
		t.Fatalf("other steps or quantities are recorded")
	}
	for key, values := range want.scalars {
		for i, v := range values {
			if math.Float64bits(v) != math.Float64bits(got.scalars[key][i]) {
				t.Fatalf("%s at step %d is %v, undisturbed %v", key, want.steps[key][i], got.scalars[key][i], v)
			}
		}
	}
	if len(got.hists) != len(want.hists) || len(want.hists) == 0 {
		t.Fatalf("%d histograms, undisturbed %d", len(got.hists), len(want.hists))
	}
	for key, h := range want.hists {
		if !reflect.DeepEqual(got.hists[key].Raw(), h.Raw()) {
			t.Fatalf("%s is another histogram", key)
		}
	}
}

// A training that was interrupted and goes on gives, to the bit, what an undisturbed one
// gives, of every optimizer, schedule, family and stage.
func TestContinued(t *testing.T) {
	measure := vgrad.Measure{HistogramEvery: 10}
	stages := []vgrad.Stage{{Steps: 250, Train: "/layer1/*,/layer2/*", Optimizer: "momentum"}, {Steps: 250}}
	dropout := func(scope *model.Scope, x *Node) *Node {
		x = activation.Relu(layers.Dense(scope.In("a"), x, true, 12))
		x = layers.DropoutStatic(scope.In("drop"), x, 0.25)
		return layers.Dense(scope.In("b"), x, true, 10)
	}
	const steps = 420
	for name, c := range map[string]struct {
		vgrad.Experiment
		model modelFn
		at    int // the interrupt; a call of the device loop that has begun goes on
	}{
		"sigmoid, sgd":    {vgrad.Experiment{Depth: 3, Optimizer: "sgd", LearningRate: 0.1, Steps: steps, Measure: measure}, nil, 3},
		"adam":            {vgrad.Experiment{Depth: 3, Activation: "relu", Steps: steps, Measure: measure}, nil, 3},
		"every tenth":     {vgrad.Experiment{Depth: 3, Steps: steps, Measure: vgrad.Measure{Every: 10, HistogramEvery: 10}}, nil, 5},
		"a tall layer":    {vgrad.Experiment{Depth: 3, Width: 110, Steps: steps, Measure: measure}, nil, 3},
		"the first stage": {vgrad.Experiment{Depth: 3, Stages: stages, Measure: measure}, nil, 3},
		"a later stage":   {vgrad.Experiment{Depth: 3, Stages: stages, Measure: measure}, nil, 253},
		"between stages":  {vgrad.Experiment{Depth: 3, Stages: stages, Measure: measure}, nil, 249},
		"highway":         {vgrad.Experiment{Network: vgrad.Highway{Depth: 4}, Optimizer: "momentum", Steps: steps, Measure: measure}, nil, 3},
		"dropout":         {vgrad.Experiment{Network: vgrad.Model("dropout"), Steps: steps, Measure: measure}, dropout, 3},
	} {
		t.Run(name, func(t *testing.T) {
			drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
				c.Data = "synthetic"
				undisturbed := record()
				if _, err := kept(b, d).Train(t.Context(), Job{Experiment: c.Experiment, Data: synthetic(t), Model: c.model}, undisturbed); err != nil {
					t.Fatal(err)
				}
				got, from := checkpointed(t, b, d, c.Experiment, c.model, c.at)
				t.Logf("interrupted at step %d, continued at %d", c.at, from)
				equal(t, got, undisturbed)
			})
		})
	}
}

// A step with a measurement and one without are built separately above a size; a call of
// the loop then begins with a measured step, also after an interruption.
func TestContinuedAtAStride(t *testing.T) {
	defer func(n int) { apartAbove = n }(apartAbove)
	apartAbove = 1
	b := backendtest.XLA(t)
	for _, every := range []int{10, 25} {
		e := vgrad.Experiment{Data: "synthetic", Depth: 3, Steps: 420, Measure: vgrad.Measure{Every: every, HistogramEvery: 50}}
		undisturbed := trained(t, b, Device, e)
		got, _ := checkpointed(t, b, Device, e, nil, 5)
		equal(t, got, undisturbed)
	}
}

// Lanes go on together, on one device and spread over several.
func TestContinuedLanes(t *testing.T) {
	var es []vgrad.Experiment
	for _, v := range []string{"relu seed=1", "relu seed=2 learning_rate=0.01", "sigmoid seed=3", "sigmoid seed=4"} {
		e, err := vgrad.Experiment{Data: "synthetic", Depth: 3, Steps: 420, Measure: vgrad.Measure{HistogramEvery: 20}}.Vary(v)
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, e)
	}
	check := func(t *testing.T, eng *Engine) {
		defer eng.Close()
		train := func(ctx context.Context, c Checkpoints, rs []*recording, at int, stop func()) error {
			var lanes []Lane
			for i, e := range es {
				lanes = append(lanes, Lane{e, []vgrad.Sink{rs[i], vgrad.OnStep(func(step int, _ []vgrad.Sample) error {
					if at >= 0 && step >= at {
						stop()
					}
					return nil
				})}})
			}
			_, err := eng.TrainLanesFrom(ctx, synthetic(t), c, lanes...)
			return err
		}
		recordings := func() (rs []*recording) {
			for range es {
				rs = append(rs, record())
			}
			return rs
		}
		undisturbed, got := recordings(), recordings()
		if err := train(t.Context(), Checkpoints{}, undisturbed, -1, nil); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var last State
		c := Checkpoints{Take: func() func(State) { return func(s State) { last = State{s.Step, slices.Clone(s.Bytes)} } }}
		if err := train(ctx, c, got, 3, cancel); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		for _, r := range got {
			r.cut(last.Step)
		}
		if err := train(t.Context(), Checkpoints{From: &last}, got, -1, nil); err != nil {
			t.Fatal(err)
		}
		for i := range es {
			equal(t, got[i], undisturbed[i])
		}
	}
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) { check(t, &Engine{Backend: b, Driver: d}) })
	t.Run("spread", func(t *testing.T) { check(t, &Engine{Backend: backendtest.XLA(t), Spread: 2}) })
}

// States are taken while a training goes on, when all sinks have the rows before them and
// no others, and any of them continues it.
func TestStatesOnTheWay(t *testing.T) {
	e := vgrad.Experiment{Data: "synthetic", Depth: 3, Steps: 600, Measure: vgrad.Measure{Every: 1, HistogramEvery: 100}}
	drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
		undisturbed := record()
		var states []State
		seen := -1
		count := vgrad.OnStep(func(step int, _ []vgrad.Sample) error { seen = step; return nil })
		job := Job{Experiment: e, Data: synthetic(t), Checkpoints: Checkpoints{Every: time.Nanosecond, Take: func() func(State) {
			before := seen
			return func(s State) {
				if before != s.Step-1 {
					t.Errorf("a state of step %d after the rows of step %d", s.Step, before)
				}
				states = append(states, State{s.Step, slices.Clone(s.Bytes)})
			}
		}}}
		if _, err := kept(b, d).Train(t.Context(), job, undisturbed, count); err != nil {
			t.Fatal(err)
		}
		if len(states) == 0 {
			t.Fatal("no states")
		}
		t.Logf("%d states", len(states))
		for _, s := range []State{states[0], states[len(states)-1]} {
			job.Checkpoints = Checkpoints{From: &s}
			r := record()
			if _, err := kept(b, d).Train(t.Context(), job, r); err != nil {
				t.Fatal(err)
			}
			whole := record()
			for key, steps := range undisturbed.steps {
				n, _ := slices.BinarySearch(steps, s.Step)
				if n < len(steps) {
					whole.steps[key], whole.scalars[key] = steps[n:], undisturbed.scalars[key][n:]
				}
			}
			for key := range r.hists {
				whole.hists[key] = undisturbed.hists[key]
			}
			if len(r.hists) == 0 {
				whole.hists["none"], r.hists["none"] = &vgrad.Histogram{}, &vgrad.Histogram{}
			}
			equal(t, r, whole)
		}
	})
}

// A state of another training is refused before a sink is called.
func TestOtherState(t *testing.T) {
	b := backendtest.Go(t)
	e := vgrad.Experiment{Data: "synthetic", Depth: 3, Steps: 40}
	var last State
	take := Checkpoints{Take: func() func(State) { return func(s State) { last = State{s.Step, slices.Clone(s.Bytes)} } }}
	scaled := func(factor float64) modelFn {
		return func(scope *model.Scope, x *Node) *Node {
			return MulScalar(layers.Dense(scope.In("a"), x, true, 10), factor)
		}
	}
	stopped := func(job Job) State {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		job.Data, job.Checkpoints = synthetic(t), take
		stop := vgrad.OnStep(func(int, []vgrad.Sample) error { cancel(); return nil })
		if _, err := kept(b, Host).Train(ctx, job, stop); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		return last
	}
	own := vgrad.Experiment{Data: "synthetic", Network: vgrad.Model("own"), Steps: 40}
	of, ofOwn := stopped(Job{Experiment: e}), stopped(Job{Experiment: own, Model: scaled(2)})
	other := *synthetic(t)
	other.Sum = "other"
	longer := e
	longer.Steps = 50
	begun := vgrad.OnStep(func(int, []vgrad.Sample) error { t.Error("a sink was called"); return nil })
	for name, c := range map[string]struct {
		job  Job
		from State
		want string
	}{
		"experiment": {Job{Experiment: longer, Data: synthetic(t)}, of, "its experiments are others"},
		"data":       {Job{Experiment: e, Data: &other}, of, "its data"},
		"truncated":  {Job{Experiment: e, Data: synthetic(t)}, State{of.Step, of.Bytes[:len(of.Bytes)-1]}, "not complete"},
		"empty":      {Job{Experiment: e, Data: synthetic(t)}, State{}, "not complete"},
		"model":      {Job{Experiment: own, Data: synthetic(t), Model: scaled(3)}, ofOwn, "computes something else"},
	} {
		c.job.From = &c.from
		_, err := kept(b, Host).Train(t.Context(), c.job, begun)
		if !errors.Is(err, ErrOtherState) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: error %v; want %q", name, err, c.want)
		}
	}
	same := Job{Experiment: own, Data: synthetic(t), Model: scaled(2), Checkpoints: Checkpoints{From: &ofOwn}}
	if _, err := kept(b, Host).Train(t.Context(), same, record()); err != nil {
		t.Errorf("the same function: %v", err)
	}
}
