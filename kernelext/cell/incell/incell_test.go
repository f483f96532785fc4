package incell_test

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/vgrad/lab/kernelext/cell/incell"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/attach"
	"github.com/vgrad/lab/vgrad/backend"
)

// mine is the network of a cell.
func mine(scope *model.Scope, x *Node) *Node {
	x = Tanh(layers.Dense(scope.In("hidden"), x, true, 8))
	return layers.Dense(scope.In("out"), x, true, 10)
}

// said runs f in an empty folder, with an empty store and the Go backend, and returns what it wrote.
func said(t *testing.T, f func()) (out, complaint string) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("GOMLX_BACKEND", "go")
	stdout, stderr := os.Stdout, os.Stderr
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	read := func(file **os.File) func() string {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		*file = w
		text := make(chan string)
		go func() { b, _ := io.ReadAll(r); text <- string(b) }()
		return func() string { w.Close(); return <-text }
	}
	o, e := read(&os.Stdout), read(&os.Stderr)
	f()
	return o(), e()
}

// The same call trains, and then loads, with the same figure.
func TestTrain(t *testing.T) {
	t.Setenv("VGRAD_RUNS", filepath.Join(t.TempDir(), "runs"))
	e := vgrad.Experiment{Data: "synthetic", Steps: 12}
	out, complaint := said(t, func() {
		if run := incell.Train("mine", mine, e); !run.Finished || run.LastStep != 12 {
			t.Errorf("run %+v", run)
		}
	})
	if !strings.Contains(out, "Training loss") || !strings.Contains(complaint, "Trained mine data=synthetic steps=12 for 12 steps. The run is recorded; the next time it is loaded.") {
		t.Errorf("it said %q and %q", out, complaint)
	}
	_, complaint = said(t, func() { incell.Train("mine", mine, e) })
	if !strings.Contains(complaint, "Loaded mine data=synthetic steps=12, recorded earlier: 12 steps.") {
		t.Errorf("the second time it said %q", complaint)
	}
}

// noise is a data set of random numbers, of three classes.
type noise struct{}

func (noise) Name() string { return "noise" }

func (noise) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for i := 0; ; i++ {
			inputs := tensors.FromValue([][]float32{{0, float32(i % 2)}, {1, 0.5}, {0.3, 0.2}})
			labels := tensors.FromValue([][]int32{{0}, {1}, {2}})
			if !yield(train.Batch{Inputs: []*tensors.Tensor{inputs}, Labels: []*tensors.Tensor{labels}}, nil) {
				return
			}
		}
	}
}

func newLoop(t testing.TB) *train.Loop {
	b, err := backend.Open(t.Context(), "go", nil)
	if err != nil {
		t.Fatal(err)
	}
	return train.NewLoop(train.NewTrainer(b.Backend, model.NewStore(), mine, loss.SparseCategoricalCrossEntropyLogits, optimizer.Adam().Done(), nil, nil))
}

// A trainer of the cell's own is trained each time, and its findings are shown.
func TestRunSteps(t *testing.T) {
	t.Setenv("VGRAD_RUNS", filepath.Join(t.TempDir(), "runs"))
	for range 2 {
		out, complaint := said(t, func() {
			run := incell.RunSteps(newLoop(t), noise{}, 10, attach.Options{Name: "cnn"})
			if !run.Finished || run.LastStep != 10 {
				t.Errorf("run %+v", run)
			}
		})
		if !strings.Contains(out, "Training loss") || !strings.Contains(out, "cnn: ") || !strings.Contains(complaint, "Trained cnn for 10 steps. The run is recorded.") {
			t.Errorf("it said %q and %q", out, complaint)
		}
	}
}

// A loop that fails ends the cell with one line, and says what is recorded.
func TestLoopFails(t *testing.T) {
	if os.Getenv("VGRAD_TEST_FAILS") != "" {
		loop := newLoop(t)
		incell.Run(loop, attach.Options{Name: "cnn", Steps: 9}, func() error {
			if _, err := loop.RunSteps(noise{}, 4); err != nil {
				return err
			}
			return errors.New("the data has gone")
		})
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=TestLoopFails")
	cmd.Env = append(os.Environ(), "VGRAD_TEST_FAILS=1", "VGRAD_RUNS="+filepath.Join(t.TempDir(), "runs"))
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "Stopped after 4 of 9 steps; what was measured is recorded.") || !strings.Contains(string(out), "vgrad: the data has gone\n") {
		t.Errorf("%v: %s", err, out)
	}
}

// A cell that trains a network of its own; outside a notebook the figures are files.
func ExampleTrain() {
	run := incell.Train("mine", mine, vgrad.Experiment{Steps: 300})
	for _, site := range vgrad.Measured(run, vgrad.RMSDelta) {
		fmt.Println(site.Layer, site.Path, site.Activation)
	}
}
