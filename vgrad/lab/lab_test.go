package lab_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/runs"
)

// quick is an experiment of a blink.
var quick = vgrad.Experiment{Data: "synthetic", Steps: 60, Activation: "relu"}

// newLab is a laboratory with a store of its own, on the Go backend; what it
// says is collected.
func newLab(t testing.TB) (*lab.Lab, *[]string) {
	t.Helper()
	store, err := runs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	l := &lab.Lab{Store: store, Backend: "go", Say: func(s string) { said = append(said, s) }}
	t.Cleanup(l.Close)
	return l, &said
}

func TestTrainThenLoad(t *testing.T) {
	l, said := newLab(t)
	trained, err := l.Train(t.Context(), quick)
	if err != nil {
		t.Fatal(err)
	}
	if !trained.Finished || trained.LastStep != 60 || trained.Provenance.Backend != "go" || len(trained.Provenance.DataSum) != 64 {
		t.Errorf("run %+v", trained)
	}
	if len(*said) != 1 || !strings.Contains((*said)[0], "pure-Go backend") {
		t.Errorf("said %q; want one line about the backend", *said)
	}
	// A second laboratory finds it, and opens neither data nor backend.
	again := &lab.Lab{Store: l.Store, Backend: "nope"}
	start := time.Now()
	loaded, err := again.Train(t.Context(), quick)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("loaded in %v", time.Since(start))
	if loaded.Name != trained.Name || fmt.Sprint(loaded.Value(vgrad.ValAccuracy, 0)) != fmt.Sprint(trained.Value(vgrad.ValAccuracy, 0)) {
		t.Errorf("loaded %s; want what was trained, %s", loaded.Name, trained.Name)
	}
}

// A run that was interrupted keeps what it recorded, and goes on from there.
func TestInterrupted(t *testing.T) {
	l, said := newLab(t)
	ctx, cancel := context.WithCancel(t.Context())
	l.Watch = func(vgrad.Experiment) vgrad.Sink {
		return vgrad.OnStep(func(step int, _ []vgrad.Sample) error {
			if step == 25 {
				cancel()
			}
			return nil
		})
	}
	if _, err := l.Train(ctx, quick); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v; want canceled", err)
	}
	kept, err := l.Store.Load(quick)
	if err != nil || kept.Finished || kept.LastStep != 25 {
		t.Fatalf("kept %+v, %v; want an unfinished run up to step 25", kept, err)
	}
	l.Watch = nil
	run, err := l.Train(t.Context(), quick)
	if err != nil || !run.Finished {
		t.Fatalf("again: %v", err)
	}
	if !strings.Contains(strings.Join(*said, "\n"), "continued at step 26 of 60 (interrupted ") {
		t.Errorf("said %q", *said)
	}
}

// Two laboratories that train the same experiment at once: one trains, the
// other waits and loads.
func TestTwoAtOnce(t *testing.T) {
	dir := t.TempDir()
	var trainings, waits sync.Map
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			store, err := runs.Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			l := &lab.Lab{Store: store, Backend: "go",
				Say: func(s string) {
					if strings.Contains(s, "waiting for it") {
						waits.Store(i, s)
					}
				},
				Watch: func(vgrad.Experiment) vgrad.Sink { trainings.Store(i, true); return nil }}
			defer l.Close()
			long := quick
			long.Steps = 1500
			run, err := l.Train(t.Context(), long)
			if err != nil || !run.Finished || run.LastStep != 1500 {
				t.Errorf("laboratory %d: %v", i, err)
			}
		}()
	}
	wg.Wait()
	if n := size(&trainings); n != 1 {
		t.Errorf("%d of two trained; want one (waited: %d)", n, size(&waits))
	}
}

func size(m *sync.Map) int {
	n := 0
	m.Range(func(any, any) bool { n++; return true })
	return n
}

func TestCompare(t *testing.T) {
	l, _ := newLab(t)
	c, err := l.Compare(t.Context(), quick, "relu", "activation=tanh depth=3", "seed=4")
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, r := range c.Runs() {
		labels = append(labels, r.Label())
	}
	if got := strings.Join(labels, "; "); got != "relu data=synthetic steps=60; tanh depth=3 data=synthetic steps=60; relu data=synthetic steps=60" {
		t.Errorf("labels %q", got)
	}
	if _, err := chart.Accuracy(c); err != nil {
		t.Errorf("a figure of the comparison: %v", err)
	}
	if c.Run("nothing") != nil || c.Run(labels[1]) == nil {
		t.Error("Run finds runs by their label")
	}
}

// Bad input is an error before anything is trained or written.
func TestBadInput(t *testing.T) {
	l, _ := newLab(t)
	l.Watch = func(vgrad.Experiment) vgrad.Sink { t.Error("training started"); return nil }
	for variant, want := range map[string]string{
		"relo":            "leaky_relu",
		"width=-1":        "width is -1",
		"depht=3":         "no field \"depht\"",
		"depth=x":         "depth",
		"batch=1000000":   "1000000",
		"data=cifar":      "mnist",
		"optimizer=magic": "adam",
		"":                "empty variant",
	} {
		_, err := l.Compare(t.Context(), quick, "relu", variant)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("variant %q: error %v; want it to say %q", variant, err, want)
		}
	}
	l.Model = func(*model.Scope, *graph.Node) *graph.Node { return nil }
	if _, err := l.Train(t.Context(), quick); err == nil || !strings.Contains(err.Error(), "needs a name") {
		t.Errorf("a model without a name: %v", err)
	}
	if entries, err := l.Store.List(); err != nil || len(entries) != 0 {
		t.Errorf("%d runs were begun; %v", len(entries), err)
	}
}

func TestUnwritableStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("VGRAD_RUNS", filepath.Join(file, "runs"))
	l := &lab.Lab{Backend: "go"}
	if _, err := l.Train(t.Context(), quick); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v; want it to name %s", err, file)
	}
}

// A GoMLX model of one's own, with layers from GoMLX and one tap.
func ExampleLab_model() {
	dir, err := os.MkdirTemp("", "vgrad-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store, err := runs.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	mine := func(scope *model.Scope, x *graph.Node) *graph.Node {
		z := layers.Dense(scope.In("hidden"), x, true, 32)
		a := activation.Relu(z)
		nets.Tap(scope, "hidden", z, a, nets.MustActivation("relu", 0))
		return layers.Dense(scope.In("logits"), a, true, 10)
	}
	l := &lab.Lab{Store: store, Backend: "go", Model: mine}
	defer l.Close()
	run, err := l.Train(context.Background(), vgrad.Experiment{Network: vgrad.Model("mine"), Data: "synthetic", Steps: 400, LearningRate: 0.01})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, site := range run.Sites() {
		fmt.Println(site.Layer, site.Path)
	}
	accuracy, _ := run.Value(vgrad.ValAccuracy, 0)
	fmt.Println("learns:", accuracy > 0.9)
	// Output:
	// 1 /hidden/dense/weights
	// 1 /hidden
	// 2 /logits/dense/weights
	// 2 /logits/dense/units
	// learns: true
}
