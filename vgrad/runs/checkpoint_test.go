package runs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/vgradtest"
)

// trainer puts steps of all kinds of values into writers, as an engine does.
type trainer struct {
	*testing.T
	ws    []*Writer
	feeds []*vgrad.Feeder
}

func newTrainer(t *testing.T, ws ...*Writer) *trainer {
	tr := &trainer{T: t, ws: ws}
	for _, w := range ws {
		tr.feeds = append(tr.feeds, &vgrad.Feeder{To: w})
	}
	return tr
}

func (t *trainer) train(from, to int) {
	t.Helper()
	for step := from; step < to; step++ {
		for i, f := range t.feeds {
			if t.ws[i] == nil {
				continue
			}
			samples := vgradtest.Steps()[0]
			samples[0].Value = float64(step*10+i) / 3 // a float64
			if step%2 == 0 {
				samples[0].Value = float64(step)
			}
			if err := f.Put(step, samples); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (t *trainer) checkpoint(step int) Checkpoint {
	c := Checkpoint{Step: step, State: bytes.Repeat([]byte{1, 2, byte(step)}, 1000), Provenance: Provenance{Backend: "go", DataSum: "sum"}}
	for _, w := range t.ws {
		c.Lanes = append(c.Lanes, w.Mark())
	}
	return c
}

func (t *trainer) save(step int) {
	t.Helper()
	if err := SaveCheckpoint(t.checkpoint(step), t.ws); err != nil {
		t.Fatal(err)
	}
}

func checkpointsOf(t *testing.T, s *Store, es ...vgrad.Experiment) []*Checkpoint {
	t.Helper()
	cs, err := s.Checkpoints(es...)
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

func samplesOf(t *testing.T, s *Store, e vgrad.Experiment) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.path(Name(e)), samplesName))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A run that goes on from its checkpoint is, byte for byte, the undisturbed one.
func TestContinue(t *testing.T) {
	e := vgrad.Experiment{Label: "first"}
	undisturbed := openTemp(t)
	w := create(t, undisturbed, e)
	newTrainer(t, w).train(0, 20)
	finish(t, w)

	s := openTemp(t)
	tr := newTrainer(t, create(t, s, e))
	tr.train(0, 7)
	tr.save(7)
	tr.train(7, 12)
	started := tr.ws[0].record.Started
	if err := tr.ws[0].Close(); err != nil {
		t.Fatal(err)
	}
	e.Label = "renamed"
	cs := checkpointsOf(t, s, vgrad.Experiment{Depth: 3}, e)
	if len(cs) != 1 || cs[0].Problem != nil || cs[0].Step != 7 || cs[0].State != nil {
		t.Fatalf("checkpoints %+v", cs)
	}
	ws, c, err := s.Continue(cs[0], e)
	if err != nil {
		t.Fatal(err)
	}
	if want := tr.checkpoint(7).State; !bytes.Equal(c.State, want) || time.Since(c.Stopped) > time.Minute || c.Provenance.Backend != "go" {
		t.Errorf("checkpoint %+v", c)
	}
	if r := load(t, s, e); r.LastStep != 6 || r.Name != Name(e) || r.Finished {
		t.Errorf("while it goes on: %+v", r)
	}
	var steps []int
	if err := ws[0].Earlier(vgrad.OnStep(func(step int, samples []vgrad.Sample) error {
		if len(samples) != len(vgradtest.Steps()[0]) {
			t.Errorf("step %d has %d samples", step, len(samples))
		}
		steps = append(steps, step)
		return nil
	})); err != nil || fmt.Sprint(steps) != "[0 1 2 3 4 5 6]" {
		t.Errorf("earlier steps %v, %v", steps, err)
	}
	newTrainer(t, ws...).train(7, 20)
	finish(t, ws[0])
	if !bytes.Equal(samplesOf(t, s, e), samplesOf(t, undisturbed, vgrad.Experiment{Label: "first"})) {
		t.Error("the samples differ from those of an undisturbed run")
	}
	if r := load(t, s, e); !r.Finished || !r.Provenance.Started.Equal(started) {
		t.Errorf("finished: %+v", r)
	}
	if files, err := os.ReadDir(s.path(Name(e))); err != nil || len(files) != 3 {
		t.Errorf("files %v, %v; the checkpoint goes with the end of the run", files, err)
	}
	if cs := checkpointsOf(t, s, e); len(cs) != 0 {
		t.Errorf("checkpoints %+v", cs)
	}
}

// A run that is recorded anew has no checkpoint, and neither has what was moved aside.
func TestCheckpointGoesWithANewRun(t *testing.T) {
	s, e := openTemp(t), vgrad.Experiment{}
	tr := newTrainer(t, create(t, s, e))
	tr.train(0, 7)
	tr.save(7)
	tr.ws[0].Close()
	create(t, s, e)
	if found, _ := filepath.Glob(filepath.Join(s.dir, "*", "checkpoint*")); len(found) > 0 {
		t.Errorf("found %q", found)
	}
}

// A checkpoint that is damaged anywhere, or does not belong to the samples, is refused and
// leaves the run as it was.
func TestDamagedCheckpoint(t *testing.T) {
	s, e := openTemp(t), vgrad.Experiment{}
	tr := newTrainer(t, create(t, s, e))
	tr.train(0, 7)
	tr.save(7)
	tr.train(7, 12)
	tr.ws[0].Close()
	c := checkpointsOf(t, s, e)[0]
	path, samples := filepath.Join(s.path(Name(e)), checkpointName), filepath.Join(s.path(Name(e)), samplesName)
	whole, before := read(t, path), read(t, samples)
	refused := func(what string) {
		t.Helper()
		ws, _, err := s.Continue(c, e)
		if err == nil {
			t.Fatalf("%s: continued", what)
		}
		if ws != nil {
			t.Errorf("%s: writers %v", what, ws)
		}
		if w, _, err := s.reopen(e); err != nil {
			t.Errorf("%s: the lock is held: %v", what, err)
		} else {
			w.lock.Unlock()
		}
	}
	for at := 0; at < len(whole); at += 1 + at/50 {
		bad := bytes.Clone(whole)
		bad[at] ^= 4
		write(t, path, bad)
		refused(fmt.Sprint("byte ", at))
		write(t, path, whole[:at])
		refused(fmt.Sprint("cut at ", at))
		if cs := checkpointsOf(t, s, e); len(cs) != 1 || at < 20 && cs[0].Problem == nil {
			t.Errorf("cut at %d: %+v", at, cs[0])
		}
	}
	write(t, path, append(bytes.Clone(whole), 0))
	refused("a byte more")
	newer := bytes.Clone(whole)
	newer[len(checkpointMagic)] = 2
	write(t, path, newer)
	if p := checkpointsOf(t, s, e)[0].Problem; p == nil || !strings.Contains(p.Error(), "format 2") {
		t.Errorf("a newer format: %v", p)
	}
	write(t, path, whole)
	for at := 0; at < int(c.Lanes[0].Bytes); at += 97 {
		bad := bytes.Clone(before)
		bad[at] ^= 4
		write(t, samples, bad)
		refused(fmt.Sprint("samples, byte ", at))
		write(t, samples, before[:at])
		refused(fmt.Sprint("samples, cut at ", at))
	}
	write(t, samples, before)
	if _, _, err := s.Continue(c, vgrad.Experiment{Depth: 5}); err == nil {
		t.Error("the run is not wanted: continued")
	}
	ws, _, err := s.Continue(c, e)
	if err != nil {
		t.Fatal(err)
	}
	ws[0].Close()
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// Lanes go on together. One that was trained otherwise since is left out, and so is one
// that another process writes.
func TestContinueLanes(t *testing.T) {
	s := openTemp(t)
	var es []vgrad.Experiment
	var ws []*Writer
	for seed := range uint64(5) {
		es = append(es, vgrad.Experiment{Seed: seed})
		ws = append(ws, create(t, s, es[seed]))
	}
	tr := newTrainer(t, ws...)
	tr.train(0, 5)
	tr.save(5)
	tr.train(5, 6)
	for _, w := range ws {
		w.Close()
	}
	alone := create(t, s, es[1]) // lane 1 is trained anew, up to step 9
	newTrainer(t, alone).train(0, 9)
	alone.Close()
	held, _, err := s.reopen(es[2])
	if err != nil {
		t.Fatal(err)
	}
	done := create(t, s, es[4])
	finish(t, done)
	cs := checkpointsOf(t, s, es...)
	if len(cs) != 1 || len(cs[0].Lanes) != 5 {
		t.Fatalf("checkpoints %+v", cs)
	}
	got, _, err := s.Continue(cs[0], es...)
	if err != nil {
		t.Fatal(err)
	}
	var open []int
	for i, w := range got {
		if w != nil {
			open = append(open, i)
		}
	}
	if fmt.Sprint(open) != "[0 3]" {
		t.Errorf("lanes %v are continued; want 0 and 3", open)
	}
	for _, i := range open {
		if r := load(t, s, es[i]); r.LastStep != 4 {
			t.Errorf("lane %d: up to step %d", i, r.LastStep)
		}
		got[i].Close()
	}
	if r := load(t, s, es[1]); r.LastStep != 8 {
		t.Errorf("lane 1: up to step %d", r.LastStep)
	}
	held.lock.Unlock()
	first, _, err := s.reopen(es[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Continue(cs[0], es...); !errors.Is(err, ErrLocked) {
		t.Errorf("the first is locked: %v", err)
	}
	first.lock.Unlock()
}

// A checkpoint of other circumstances is foreign.
func TestForeign(t *testing.T) {
	p := Provenance{Backend: "go", DataSum: "sum"}
	for name, change := range map[string]func(*Provenance){
		"backend": func(p *Provenance) { p.Backend = "xla" },
		"data":    func(p *Provenance) { p.DataSum = "other" },
		"go1.1":   func(p *Provenance) { p.GoVersion = "go1.1" },
		"example": func(p *Provenance) { p.Modules = map[string]string{"example": "v1"} },
	} {
		here := p.withHere(time.Now())
		here.Modules = map[string]string{"example": "v2"}
		c := &Checkpoint{Provenance: here}
		if err := c.Foreign(Provenance{Backend: "go", DataSum: "sum", Modules: map[string]string{"example": "v2", "more": "v1"}}); err != nil {
			t.Errorf("at home: %v", err)
		}
		change(&c.Provenance)
		if err := c.Foreign(Provenance{Backend: "go", DataSum: "sum", Modules: map[string]string{"example": "v2"}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// When there is no room for a new checkpoint, the one before stays, and recording goes on.
func TestNoRoomForACheckpoint(t *testing.T) {
	s, e := openTemp(t), vgrad.Experiment{}
	tr := newTrainer(t, create(t, s, e))
	tr.train(0, 3)
	tr.save(3)
	if err := os.Symlink("/dev/full", filepath.Join(tr.ws[0].dir(), newCheckpointName)); err != nil {
		t.Skipf("no /dev/full: %v", err)
	}
	tr.train(3, 5)
	if err := SaveCheckpoint(tr.checkpoint(5), tr.ws); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v; want no space", err)
	}
	tr.train(5, 7)
	tr.ws[0].Close()
	if cs := checkpointsOf(t, s, e); len(cs) != 1 || cs[0].Step != 3 || cs[0].Problem != nil {
		t.Errorf("checkpoints %+v", cs)
	}
	ws, _, err := s.Continue(checkpointsOf(t, s, e)[0], e)
	if err != nil {
		t.Fatal(err)
	}
	newTrainer(t, ws...).train(3, 8)
	finish(t, ws[0])
}
