package lab_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/engine"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/runs"
)

// lasting is an experiment that can be interrupted, also in the device loop, of which a
// call takes up to 200 steps.
var lasting = vgrad.Experiment{Data: "synthetic", Depth: 3, Steps: 620, Activation: "relu", Measure: vgrad.Measure{HistogramEvery: 10}}

// interrupt trains until some step of the first experiment is recorded.
func interrupt(t *testing.T, l *lab.Lab, at int, es ...vgrad.Experiment) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	watch := l.Watch
	defer func() { l.Watch = watch }()
	l.Watch = func(e vgrad.Experiment) vgrad.Sink {
		if e.Hash() != es[0].Hash() {
			return nil
		}
		return vgrad.OnStep(func(step int, _ []vgrad.Sample) error {
			if step >= at {
				cancel()
			}
			return nil
		})
	}
	if _, err := l.All(ctx, es...); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v; want canceled", err)
	}
}

// samples reads the samples' file of a finished run.
func samples(t *testing.T, l *lab.Lab, e vgrad.Experiment) []byte {
	t.Helper()
	run, err := l.Store.Load(e)
	if err != nil || !run.Finished {
		t.Fatalf("%s is not finished: %v", e.Name(), err)
	}
	dir := filepath.Join(l.Store.Dir(), run.Name)
	if left, _ := filepath.Glob(filepath.Join(dir, "checkpoint*")); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	data, err := os.ReadFile(filepath.Join(dir, "samples.bin"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// train trains to the end.
func train(t *testing.T, l *lab.Lab, es ...vgrad.Experiment) {
	t.Helper()
	if _, err := l.All(t.Context(), es...); err != nil {
		t.Fatal(err)
	}
}

// same fails unless two laboratories have recorded the same, byte for byte.
func same(t *testing.T, a, b *lab.Lab, es ...vgrad.Experiment) {
	t.Helper()
	for _, e := range es {
		if !bytes.Equal(samples(t, a, e), samples(t, b, e)) {
			t.Errorf("%s: the samples differ from those of an undisturbed run", e.Name())
		}
	}
}

func checkpointFile(l *lab.Lab, e vgrad.Experiment) string {
	return filepath.Join(l.Store.Dir(), runs.Name(e), "checkpoint.bin")
}

// A run that was interrupted goes on where it stopped, several times, and its file is that
// of an undisturbed run.
func TestContinued(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		l, said := newLab(t)
		undisturbed, _ := newLab(t)
		l.Backend, undisturbed.Backend = b.Kind, b.Kind
		train(t, undisturbed, lasting)
		interrupt(t, l, 3, lasting)
		kept, err := l.Store.Load(lasting)
		if err != nil || kept.Finished || kept.LastStep < 3 {
			t.Fatalf("kept %+v, %v; want an unfinished run", kept, err)
		}
		first := kept.LastStep + 1
		interrupt(t, l, 215, lasting)
		var steps []int
		var at lab.Continued
		l.Watch = func(e vgrad.Experiment) vgrad.Sink {
			at = l.Continued(e)
			return vgrad.OnStep(func(step int, _ []vgrad.Sample) error { steps = append(steps, step); return nil })
		}
		train(t, l, lasting)
		same(t, l, undisturbed, lasting)
		all := strings.Join(*said, "\n")
		if want := fmt.Sprintf("continued at step %d of 620 (interrupted ", first); strings.Count(all, "continued at") != 2 || !strings.Contains(all, want) {
			t.Errorf("said %q; want %q and a later step", *said, want)
		}
		if at.Step <= 215 || at.Steps != 620 || time.Since(at.Stopped) > time.Minute {
			t.Errorf("continued %+v", at)
		}
		for i, step := range steps {
			if step != i || len(steps) != 621 {
				t.Fatalf("the sink got steps %v; want each once, also the earlier ones", steps)
			}
		}
	})
}

// The lanes of a program go on together, and so do the groups of a sweep.
func TestContinuedLanes(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		l, said := newLab(t)
		undisturbed, _ := newLab(t)
		l.Backend, undisturbed.Backend = b.Kind, b.Kind
		var es []vgrad.Experiment
		for _, v := range []string{"relu", "sigmoid", "tanh", "depth=4", "depth=4 seed=1"} {
			e, err := lasting.Vary(v)
			if err != nil {
				t.Fatal(err)
			}
			es = append(es, e)
		}
		train(t, undisturbed, es...)
		interrupt(t, l, 3, es...)
		interrupt(t, l, 215, es...)
		train(t, l, es...)
		same(t, l, undisturbed, es...)
		if !strings.Contains(strings.Join(*said, "\n"), "trained with it: continued at step") {
			t.Errorf("said %q", *said)
		}
	})
}

// A group that was not begun when others ended is trained as in one undisturbed call.
func TestUntouchedGroup(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		l, _ := newLab(t)
		undisturbed, _ := newLab(t)
		l.Backend, undisturbed.Backend = b.Kind, b.Kind
		var es []vgrad.Experiment
		for _, v := range []string{"relu", "relu depth=4", "relu depth=4 seed=1", "relu depth=4 seed=2"} {
			e, err := lasting.Vary(v)
			if err != nil {
				t.Fatal(err)
			}
			es = append(es, e)
		}
		train(t, undisturbed, es...)
		train(t, l, es[0])
		train(t, l, es...)
		same(t, l, undisturbed, es...)
	})
}

// Of lanes of which most are asked for these go on; fewer start again.
func TestContinuedSomeLanes(t *testing.T) {
	xla := backendtest.XLA(t)
	l, said := newLab(t)
	undisturbed, _ := newLab(t)
	l.Backend, undisturbed.Backend = xla.Kind, xla.Kind
	var es []vgrad.Experiment
	for seed := range uint64(5) {
		e := lasting
		e.Seed = seed
		es = append(es, e)
	}
	train(t, undisturbed, es...)
	interrupt(t, l, 3, es...)
	some := []vgrad.Experiment{es[0], es[2], es[4]}
	train(t, l, some...)
	same(t, l, undisturbed, some...)
	for _, e := range []vgrad.Experiment{es[1], es[3]} {
		if run, err := l.Store.Load(e); err != nil || run.Finished {
			t.Errorf("seed %d: %+v, %v; want it unfinished", e.Seed, run, err)
		}
	}
	if err := l.Store.Delete(runs.Name(es[0])); err != nil {
		t.Fatal(err)
	}
	l.Store.Delete(runs.Name(es[1]))
	l.Store.Delete(runs.Name(es[2]))
	l.Store.Delete(runs.Name(es[3]))
	l.Store.Delete(runs.Name(es[4]))
	interrupt(t, l, 3, es...)
	*said = nil
	train(t, l, es[0])
	if text := strings.Join(*said, "\n"); !strings.Contains(text, "it starts again, because its checkpoint cannot be used: most of the 4 runs") {
		t.Errorf("said %q", *said)
	}
	train(t, l, es...)
}

// What a checkpoint does not fit starts again, with a note that says why.
func TestCheckpointRefused(t *testing.T) {
	undisturbed, _ := newLab(t)
	train(t, undisturbed, lasting)
	for name, c := range map[string]struct {
		do   func(l *lab.Lab)
		want string
	}{
		"truncated": {func(l *lab.Lab) { os.Truncate(checkpointFile(l, lasting), 10) }, "it is not complete"},
		"head":      {func(l *lab.Lab) { flip(checkpointFile(l, lasting), 60) }, "the checksum of its head is wrong"},
		"state":     {func(l *lab.Lab) { flip(checkpointFile(l, lasting), -100) }, "its checksum is wrong"},
		"samples": {func(l *lab.Lab) {
			flip(filepath.Join(filepath.Dir(checkpointFile(l, lasting)), "samples.bin"), 3000)
		}, "samples"},
		"driver":    {func(l *lab.Lab) { l.Driver = engine.Device }, "its loop ran on the host"},
		"from zero": {func(l *lab.Lab) { l.FromZero = true }, "it starts again"},
	} {
		t.Run(name, func(t *testing.T) {
			kind := "go"
			if name == "driver" {
				kind = backendtest.XLA(t).Kind
			}
			first, _ := newLab(t)
			first.Backend, first.Driver = kind, engine.Host
			interrupt(t, first, 3, lasting)
			l, said := newLab(t)
			l.Store, l.Backend = first.Store, kind
			c.do(l)
			if name == "samples" { // a damaged run has to be deleted, as before
				if _, err := l.Train(t.Context(), lasting); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v", err)
				}
				return
			}
			train(t, l, lasting)
			if text := strings.Join(*said, "\n"); !strings.Contains(text, "it starts again") || !strings.Contains(text, c.want) {
				t.Errorf("said %q; want %q", *said, c.want)
			}
			if kind == "go" {
				same(t, l, undisturbed, lasting)
			}
		})
	}
	t.Run("backend", func(t *testing.T) {
		xla := backendtest.XLA(t)
		first, _ := newLab(t)
		interrupt(t, first, 3, lasting)
		l, said := newLab(t)
		l.Store, l.Backend = first.Store, xla.Kind
		train(t, l, lasting)
		if text := strings.Join(*said, "\n"); !strings.Contains(text, "it starts again, because its checkpoint cannot be used: its backend was go") {
			t.Errorf("said %q", *said)
		}
	})
}

// flip changes a byte of a file; at below 0 counts from the end.
func flip(path string, at int) {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	if at < 0 {
		at += len(data)
	}
	data[at] ^= 1
	if err := os.WriteFile(path, data, 0o666); err != nil {
		panic(err)
	}
}

// A checkpoint that cannot be written is a note, and the training goes on.
func TestCheckpointCannotBeWritten(t *testing.T) {
	l, said := newLab(t)
	l.CheckpointEvery = time.Nanosecond
	l.Watch = func(e vgrad.Experiment) vgrad.Sink {
		if err := os.Symlink("/dev/full", filepath.Join(l.Store.Dir(), runs.Name(e), "checkpoint.new")); err != nil {
			t.Skipf("no /dev/full: %v", err)
		}
		return nil
	}
	train(t, l, lasting)
	if text := strings.Join(*said, "\n"); strings.Count(text, "its state cannot be stored") != 1 || !strings.Contains(text, "no space left") {
		t.Errorf("said %q", *said)
	}
}

// A short training writes no checkpoint, and one without them none at an interrupt.
func TestNoCheckpoint(t *testing.T) {
	l, _ := newLab(t)
	l.CheckpointEvery = -1
	interrupt(t, l, 3, lasting)
	if _, err := os.Stat(checkpointFile(l, lasting)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a checkpoint: %v", err)
	}
}

// A model function of the caller's goes on while it computes the same; a changed one
// starts again.
func TestContinuedModel(t *testing.T) {
	with := func(factor float64) func(*model.Scope, *graph.Node) *graph.Node {
		return func(scope *model.Scope, x *graph.Node) *graph.Node {
			x = layers.DropoutStatic(scope.In("drop"), graph.Tanh(layers.Dense(scope.In("a"), x, true, 12)), 0.25)
			return graph.MulScalar(layers.Dense(scope.In("b"), x, true, 10), factor)
		}
	}
	e := vgrad.Experiment{Network: vgrad.Model("own"), Data: "synthetic", Steps: 420}
	undisturbed, _ := newLab(t)
	undisturbed.Model = with(2)
	train(t, undisturbed, e)
	for _, factor := range []float64{1, 2} {
		l, said := newLab(t)
		l.Model = with(factor)
		interrupt(t, l, 100, e)
		l.Model = with(2)
		train(t, l, e)
		same(t, l, undisturbed, e)
		if text := strings.Join(*said, "\n"); strings.Contains(text, "its model computes something else") != (factor == 1) || strings.Contains(text, "continued at") != (factor == 2) {
			if factor == 2 || !strings.Contains(text, "it starts again") {
				t.Errorf("factor %v: said %q", factor, *said)
			}
		}
	}
}
