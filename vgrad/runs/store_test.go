package runs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/vgradtest"
)

func openTemp(t testing.TB) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "a folder", "runs"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func create(t testing.TB, s *Store, e vgrad.Experiment) *Writer {
	t.Helper()
	w, err := s.Create(e, Provenance{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// put records a loss at each of the first n steps.
func put(t testing.TB, w *Writer, n int) {
	t.Helper()
	feeder := &vgrad.Feeder{To: w}
	for step := range n {
		if err := feeder.Put(step, []vgrad.Sample{{Step: step, Site: vgrad.NetworkSite, Quantity: vgrad.Loss, Value: float64(step)}}); err != nil {
			t.Fatal(err)
		}
	}
}

func finish(t testing.TB, w *Writer) {
	t.Helper()
	if err := w.Finish(Provenance{}); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, s *Store, e vgrad.Experiment) *Run {
	t.Helper()
	r, err := s.Load(e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWriterIsASink(t *testing.T) {
	vgradtest.TestSink(t, func(t *testing.T) vgrad.Sink { return create(t, openTemp(t), vgrad.Experiment{}) })
}

func TestRunIsASource(t *testing.T) {
	for _, finished := range []bool{true, false} {
		t.Run(fmt.Sprintf("finished=%v", finished), func(t *testing.T) {
			vgradtest.TestSource(t, func(t *testing.T, steps [][]vgrad.Sample) vgrad.Source {
				s := openTemp(t)
				w := create(t, s, vgrad.Experiment{})
				feeder := &vgrad.Feeder{To: w}
				for step, samples := range steps {
					if err := feeder.Put(step, samples); err != nil {
						t.Fatal(err)
					}
				}
				if finished {
					finish(t, w)
				}
				return load(t, s, vgrad.Experiment{})
			})
		})
	}
}

// Samples of one step that came in parts stand in forward order all the same.
func TestPartsOfAStep(t *testing.T) {
	s := openTemp(t)
	w := create(t, s, vgrad.Experiment{})
	feeder := &vgrad.Feeder{To: w}
	sample := func(layer int) []vgrad.Sample {
		return []vgrad.Sample{{Site: vgrad.Site{Path: fmt.Sprint("/l", layer), Layer: layer}, Quantity: vgrad.MeanAbsGrad, Value: 1 / float64(layer)}}
	}
	for _, layer := range []int{3, 1, 2} {
		if err := feeder.Put(5, sample(layer)); err != nil {
			t.Fatal(err)
		}
	}
	var layers []int
	for got := range load(t, s, vgrad.Experiment{}).Samples(vgrad.MeanAbsGrad) {
		layers = append(layers, got.Site.Layer)
		if got.Value != 1/float64(got.Site.Layer) {
			t.Errorf("layer %d: %v is not %v to the last bit of a float64", got.Site.Layer, got.Value, 1/float64(got.Site.Layer))
		}
	}
	if fmt.Sprint(layers) != "[1 2 3]" {
		t.Errorf("layers %v", layers)
	}
}

func TestLifeOfARun(t *testing.T) {
	s, e := openTemp(t), vgrad.Experiment{Activation: "relu", Label: "first"}
	if _, err := s.Load(e); !errors.Is(err, ErrNotRecorded) || !strings.Contains(err.Error(), "first") {
		t.Fatalf("before: %v", err)
	}
	w := create(t, s, e)
	put(t, w, 3)
	if r := load(t, s, e); r.Finished || r.LastStep != 2 || r.Truncated != "" {
		t.Errorf("while it goes: %+v", r)
	}
	if list, err := s.List(); err != nil || len(list) != 1 || !list[0].Running || list[0].LastStep != -1 {
		t.Errorf("list while it goes: %+v, %v", list, err)
	}
	finish(t, w)
	for range 2 {
		if err := w.Close(); err != nil {
			t.Errorf("Close after Finish: %v", err)
		}
	}
	if err := w.Put(3, nil); err == nil {
		t.Error("Put after Finish: no error")
	}
	if err := w.Finish(Provenance{}); err == nil {
		t.Error("Finish after Finish: no error")
	}
	r := load(t, s, e)
	if !r.Finished || r.LastStep != 2 || r.Provenance.Backend != "go" || r.Provenance.Finished.IsZero() || r.Provenance.Modules == nil {
		t.Errorf("after: %+v", r)
	}
	if r.Experiment.Steps != 2500 || r.Experiment.Hash() != e.Hash() {
		t.Errorf("experiment %+v is not written out", r.Experiment)
	}
	// Another label is the same experiment.
	renamed := e
	renamed.Label = "second"
	if got := load(t, s, renamed); got.Label() != "second" || got.Name != r.Name {
		t.Errorf("under another label: %s, %s", got.Label(), got.Name)
	}
	if _, err := s.Create(renamed, Provenance{}); !errors.Is(err, ErrRecorded) {
		t.Errorf("create again: %v", err)
	}
	if err := s.Delete(r.Name); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(e); !errors.Is(err, ErrNotRecorded) {
		t.Errorf("after Delete: %v", err)
	}
	if err := s.Delete(r.Name); !errors.Is(err, ErrNotRecorded) {
		t.Errorf("second Delete: %v", err)
	}
}

// Of unfinished attempts the longest stays, until one finishes.
func TestUnfinishedIsKeptAside(t *testing.T) {
	s, e := openTemp(t), vgrad.Experiment{}
	aside := func(want int) {
		t.Helper()
		r, err := s.Get(Name(e) + asideSuffix)
		switch {
		case want < 0 && !errors.Is(err, ErrNotRecorded):
			t.Fatalf("kept aside: %v, %v; want nothing", r, err)
		case want >= 0 && (err != nil || r.LastStep != want):
			t.Fatalf("kept aside: %v, %v; want steps up to %d", r, err, want)
		}
	}
	attempt := func(n int) *Writer {
		w := create(t, s, e)
		put(t, w, n)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return w
	}
	attempt(0)
	attempt(5)
	aside(-1) // the first had nothing
	attempt(3)
	aside(4)
	attempt(1)
	aside(4)
	if r, err := s.Get("sigmoid"); err != nil || r.LastStep != 0 {
		t.Errorf("a prefix finds %+v, %v; want the run, not what is aside", r, err)
	}
	w := create(t, s, e)
	put(t, w, 9)
	finish(t, w)
	aside(-1)
	if r := load(t, s, e); !r.Finished || r.LastStep != 8 {
		t.Errorf("%+v", r)
	}
}

func TestLocked(t *testing.T) {
	s, e := openTemp(t), vgrad.Experiment{}
	w := create(t, s, e)
	put(t, w, 1)
	var held *LockedError
	if _, err := s.Create(e, Provenance{}); !errors.As(err, &held) || held.PID != os.Getpid() {
		t.Errorf("Create: %v", err)
	}
	if err := s.Delete(w.Name()); !errors.Is(err, ErrLocked) {
		t.Errorf("Delete: %v", err)
	}
	other := create(t, s, vgrad.Experiment{Seed: 1}) // another experiment does not care
	finish(t, other)

	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Wait(short, e); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait: %v", err)
	}
	time.AfterFunc(50*time.Millisecond, func() { w.Finish(Provenance{}) })
	if err := s.Wait(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if r := load(t, s, e); !r.Finished {
		t.Error("Wait returned before the run was finished")
	}
}

func TestGet(t *testing.T) {
	s := openTemp(t)
	for seed := range uint64(3) {
		finish(t, create(t, s, vgrad.Experiment{Seed: seed}))
	}
	if _, err := s.Get("sigmoid"); err == nil || !strings.Contains(err.Error(), "3 runs match: sigmoid-seed0-") {
		t.Errorf("ambiguous: %v", err)
	}
	for _, missing := range []string{"", "tanh", "..", "/", ".locks"} {
		if _, err := s.Get(missing); !errors.Is(err, ErrNotRecorded) {
			t.Errorf("%q: %v", missing, err)
		}
		if err := s.Delete(missing); !errors.Is(err, ErrNotRecorded) {
			t.Errorf("delete %q: %v", missing, err)
		}
	}
	want := vgrad.Experiment{Seed: 2}
	for _, prefix := range []string{Name(want), "sigmoid-seed2", want.Hash()[:5]} {
		if r, err := s.Get(prefix); err != nil || r.Provenance.Seed != 2 {
			t.Errorf("%q: %v, %v", prefix, r, err)
		}
	}
}

// The name of a run keeps the signs of values. Names without a negative value, and those
// of labels, are what they were.
func TestNameKeepsSigns(t *testing.T) {
	for _, c := range []struct {
		e    vgrad.Experiment
		want string
	}{
		{vgrad.Experiment{Network: vgrad.Highway{GateBias: -1}, Seed: 1}, "highway-gate_bias--1-seed1-"},
		{vgrad.Experiment{Network: vgrad.Highway{GateBias: 1}, Seed: 1}, "highway-gate_bias-1-seed1-"},
		{vgrad.Experiment{Network: vgrad.Highway{Depth: 20, GateBias: -2.5}}, "highway-depth-20-gate_bias--2-5-seed0-"},
		{vgrad.Experiment{LearningRate: 1e-5}, "sigmoid-learning_rate-1e-05-seed0-"},
		{vgrad.Experiment{Label: "x=-1 -- y"}, "x-1-y-seed0-"},
	} {
		if got := Name(c.e); got != c.want+c.e.Hash()[:hashDigits] {
			t.Errorf("%s; want %s…", got, c.want)
		}
	}
}

// A run that was recorded before names kept signs is found under its old name.
func TestRunWithFormerName(t *testing.T) {
	s := openTemp(t)
	e := vgrad.Experiment{Network: vgrad.Highway{GateBias: -1}}
	finish(t, create(t, s, e))
	former := "highway-gate_bias-1-seed0-" + e.Hash()[:hashDigits]
	if err := os.Rename(s.path(Name(e)), s.path(former)); err != nil {
		t.Fatal(err)
	}
	if r := load(t, s, e); r.Name != former || !r.Finished {
		t.Errorf("loaded %s, finished %t", r.Name, r.Finished)
	}
	if missing, err := s.Missing(e); err != nil || len(missing) != 0 {
		t.Errorf("missing %v, %v", missing, err)
	}
	if _, err := s.Create(e, Provenance{}); !errors.Is(err, ErrRecorded) {
		t.Errorf("Create: %v", err)
	}
}

// What is wrong with one folder is told in the list and stops nothing else.
func TestListTellsProblems(t *testing.T) {
	s := openTemp(t)
	damage := map[string]func(dir string) error{
		"run.json":        func(dir string) error { return os.Remove(filepath.Join(dir, recordName)) },
		"experiment.json": func(dir string) error { return os.WriteFile(filepath.Join(dir, experimentName), []byte("{"), 0o666) },
		"samples.bin":     func(dir string) error { return os.Remove(filepath.Join(dir, samplesName)) },
		"later version": func(dir string) error {
			return writeJSON(filepath.Join(dir, recordName), map[string]any{"format": 9, "status": "finished"}, unsynced)
		},
		"status": func(dir string) error {
			return writeJSON(filepath.Join(dir, recordName), map[string]any{"format": 1, "status": "odd"}, unsynced)
		},
	}
	seed := uint64(0)
	for name, f := range damage {
		seed++
		e := vgrad.Experiment{Label: name, Seed: seed}
		finish(t, create(t, s, e))
		if err := f(s.path(Name(e))); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(e); err == nil || errors.Is(err, ErrNotRecorded) {
			t.Errorf("%s: Load: %v", name, err)
		}
		if _, err := s.Create(e, Provenance{}); err == nil || !strings.Contains(err.Error(), "delete "+Name(e)) {
			t.Errorf("%s: Create: %v", name, err)
		}
		if name == "later version" {
			if _, err := s.Load(e); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "format 9, this program reads up to 2") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	finish(t, create(t, s, vgrad.Experiment{}))
	list, err := s.List()
	if err != nil || len(list) != len(damage)+1 {
		t.Fatalf("%d entries, %v", len(list), err)
	}
	for _, e := range list {
		if good := strings.HasPrefix(e.Name, "sigmoid"); good != (e.Problem == nil) {
			t.Errorf("%s: problem %v", e.Name, e.Problem)
		}
		if err := s.Delete(e.Name); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
	}
}

func TestNewerStore(t *testing.T) {
	s := openTemp(t)
	if err := writeJSON(s.path(storeName), map[string]int{"format": 3}, unsynced); err != nil {
		t.Fatal(err)
	}
	_, err := Open(s.Dir())
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "format 3, this program reads up to 2") || !strings.Contains(err.Error(), s.Dir()) {
		t.Errorf("error %v", err)
	}
}

// An unwritable folder is an error before anything is trained. A file in the way stands
// in for missing rights, which root does not miss.
func TestUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "runs")} {
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("Open(%s): %v", dir, err)
		}
	}
	s := openTemp(t)
	if err := os.WriteFile(s.path(locksName), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(vgrad.Experiment{}, Provenance{}); err == nil || !strings.Contains(err.Error(), s.Dir()) {
		t.Errorf("Create: %v", err)
	}
}

func TestCreateRefusesBadExperiments(t *testing.T) {
	s := openTemp(t)
	for _, e := range []vgrad.Experiment{{Depth: -1}, {LearningRate: math.NaN()}, {Gain: math.Inf(1)}} {
		if _, err := s.Create(e, Provenance{}); err == nil {
			t.Errorf("%+v: no error", e)
		}
	}
	if names, err := s.names(); err != nil || len(names) != 0 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

func TestStepsMustNotFall(t *testing.T) {
	for _, step := range []int{-1, 3} {
		w := create(t, openTemp(t), vgrad.Experiment{})
		put(t, w, 5)
		if err := w.Put(step, nil); err == nil || !strings.Contains(err.Error(), "4") {
			t.Errorf("step %d after 4: %v", step, err)
		}
		if err := w.Finish(Provenance{}); err == nil {
			t.Error("Finish after an error: no error")
		}
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, label := range []string{"a/b", "../../etc", "..", "CON", "nul.txt", "日本語", "x\x00y", "  ", "-", strings.Repeat("long ", 100), "ReLU (α=0.2)", "c:\\x"} {
		s := openTemp(t)
		e := vgrad.Experiment{Label: label}
		finish(t, create(t, s, e))
		r := load(t, s, e)
		if strings.Trim(r.Name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" || len(r.Name) > 80 || filepath.Dir(s.path(r.Name)) != s.Dir() {
			t.Errorf("%q became %q", label, r.Name)
		}
		if label == "ReLU (α=0.2)" && r.Label() != label {
			t.Errorf("label %q came back as %q", label, r.Label())
		}
		seen[r.Name] = true
	}
	if len(seen) < 7 {
		t.Errorf("names %v", seen)
	}
}

func TestDir(t *testing.T) {
	t.Setenv("VGRAD_RUNS", "here")
	if dir, err := Dir(); err != nil || !filepath.IsAbs(dir) || filepath.Base(dir) != "here" {
		t.Errorf("%s, %v", dir, err)
	}
	t.Setenv("VGRAD_RUNS", "")
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("HOME", "")
	t.Setenv("LocalAppData", "")
	if dir, err := Dir(); err == nil || !strings.Contains(err.Error(), "VGRAD_RUNS") {
		t.Errorf("%s, %v", dir, err)
	}
}

// fullDisk takes so many bytes and then no more.
type fullDisk struct {
	samplesWriter
	room int
}

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	n, err := d.samplesWriter.Write(p[:n])
	if err == nil && n < len(p) {
		err = syscall.ENOSPC
	}
	return n, err
}

func TestDiskFull(t *testing.T) {
	s, e := openTemp(t), vgrad.Experiment{}
	w := create(t, s, e)
	w.file = &fullDisk{w.file, 500}
	feeder := &vgrad.Feeder{To: w}
	var err error
	step := 0
	for ; err == nil; step++ {
		err = feeder.Put(step, vgradtest.Steps()[5])
	}
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), w.Name()) {
		t.Fatalf("error %v", err)
	}
	if err := w.Put(step, nil); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("next Put: %v", err)
	}
	if err := w.Finish(Provenance{}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Finish: %v", err)
	}
	r := load(t, s, e)
	if r.Finished || r.Truncated != "" || r.LastStep != step-2 || r.LastStep < 1 {
		t.Errorf("after %d steps: %+v", step, r)
	}
}

func TestProvenance(t *testing.T) {
	s, e := openTemp(t), vgrad.Experiment{Seed: 5}
	started := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w, err := s.Create(e, Provenance{Backend: "xla", Started: started, Seed: 99})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(Provenance{Description: "xla:cpu", Seconds: 0.5, DataSum: "abc"}); err != nil {
		t.Fatal(err)
	}
	p := load(t, s, e).Provenance
	if p.Backend != "xla" || p.Description != "xla:cpu" || p.Seconds != 0.5 || p.DataSum != "abc" || !p.Started.Equal(started) || p.Seed != 5 || p.CPUs < 1 {
		t.Errorf("%+v", p)
	}
	text, err := os.ReadFile(filepath.Join(s.path(Name(e)), recordName))
	var onDisk struct {
		Backend, Status, Hash string
		Format                int
	}
	if err != nil || json.Unmarshal(text, &onDisk) != nil || onDisk.Backend != "xla" || onDisk.Status != "finished" || onDisk.Format != 2 || onDisk.Hash != e.Hash() {
		t.Errorf("run.json: %+v, %v\n%s", onDisk, err, text)
	}
}

func TestWriteCSV(t *testing.T) {
	s := openTemp(t)
	w := create(t, s, vgrad.Experiment{})
	h := vgrad.HistogramOf([]float32{-1, 0, 0, 1.5, float32(math.Inf(1)), float32(math.NaN())})
	err := (&vgrad.Feeder{To: w}).Put(0, []vgrad.Sample{
		{Site: vgrad.Site{Path: "/a,b", Layer: 1}, Quantity: vgrad.Weights, Hist: h},
		{Site: vgrad.NetworkSite, Quantity: vgrad.Loss, Value: math.NaN()},
		{Site: vgrad.NetworkSite, Quantity: "my_own", Value: 1e-33},
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := load(t, s, vgrad.Experiment{}).WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	want := `quantity,step,layer,site,value,low,high,count
loss,0,0,/,NaN,,,
weights,0,1,"/a,b",,-1.25,-1,1
weights,0,1,"/a,b",,0,0,2
weights,0,1,"/a,b",,1.5,1.75,1
weights,0,1,"/a,b",,+Inf,+Inf,1
weights,0,1,"/a,b",,NaN,NaN,1
my_own,0,0,/,1e-33,,,
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
