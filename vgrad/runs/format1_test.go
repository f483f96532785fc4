package runs

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/vgradtest"
)

// A store that a version before format 2 recorded loads: its runs keep their names,
// are found by their experiments, and hold the values that the version itself wrote
// as CSV.
func TestFormat1(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/format1")); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/format1/*.csv")
	if err != nil || len(files) != 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".csv")
		run, err := s.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		var csv bytes.Buffer
		if err := run.WriteCSV(&csv); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(csv.Bytes(), want) {
			t.Errorf("%s: the values are not those that were recorded (%v)", name, err)
		}
		if found, err := s.Load(run.Experiment); err != nil || found.Name != name {
			t.Errorf("%s is not found by its experiment: %v", name, err)
		}
		if missing, err := s.Missing(run.Experiment); err != nil || len(missing) > 0 {
			t.Errorf("%s is missing: %v", name, err)
		}
	}
}

// The sites of format 1 get the roles and activations that they had.
func TestRolesOfFormat1(t *testing.T) {
	s := &Store{dir: "testdata/format1"}
	run, err := s.Get("relu-depth-3")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, site := range run.Sites() {
		got = append(got, string(site.Role)+" "+site.Activation)
	}
	if want := "kernel |units relu|kernel |units relu|kernel |units identity"; strings.Join(got, "|") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// An experiment that was changed by hand is not shown as the one that was run.
func TestChangedExperiment(t *testing.T) {
	s := openTemp(t)
	e := vgrad.Experiment{Depth: 3}
	w := create(t, s, e)
	put(t, w, 3)
	finish(t, w)
	path := filepath.Join(s.path(w.Name()), experimentName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(text, []byte(`"depth": 3`), []byte(`"depth": 4`), 1)
	if bytes.Equal(changed, text) {
		t.Fatalf("no depth in %s", text)
	}
	if err := os.WriteFile(path, changed, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(w.Name()); err == nil || !strings.Contains(err.Error(), "was changed") || !strings.Contains(err.Error(), experimentName) {
		t.Errorf("Get: %v", err)
	}
	if _, err := s.Load(e); err == nil {
		t.Error("Load of what was asked: no error")
	}
	if _, err := s.Load(vgrad.Experiment{Depth: 4}); err == nil {
		t.Error("Load of what it was changed to: no error")
	}
	list, err := s.List()
	if err != nil || len(list) != 1 || list[0].Problem == nil {
		t.Errorf("list %+v, %v", list, err)
	}
}

// A follower gives what is recorded, in the order in which it comes, once.
func TestFollower(t *testing.T) {
	s := openTemp(t)
	w := create(t, s, vgrad.Experiment{})
	f := s.Follow(w.Name())
	var got []vgrad.Sample
	sink := vgrad.OnStep(func(_ int, samples []vgrad.Sample) error {
		got = append(got, samples...)
		return nil
	})
	feeder := &vgrad.Feeder{To: w}
	var want []vgrad.Sample
	for step, samples := range vgradtest.Steps() {
		if err := feeder.Put(step, samples); err != nil {
			t.Fatal(err)
		}
		if step%2 == 0 {
			if err := f.Read(sink); err != nil {
				t.Fatal(err)
			}
		}
		want = append(want, samples...)
	}
	for range 2 {
		if err := f.Read(sink); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d samples, want %d", len(got), len(want))
	}
	run := load(t, s, vgrad.Experiment{})
	for _, q := range vgrad.Quantities() {
		for have := range run.Samples(q) {
			found := false
			for _, g := range got {
				found = found || g.Step == have.Step && g.Site == have.Site && g.Quantity == have.Quantity
			}
			if !found {
				t.Errorf("%s of %s at step %d was not followed", q, have.Site.Path, have.Step)
			}
		}
	}
	if err := s.Follow("not there").Read(sink); err != nil {
		t.Errorf("a run that has not begun: %v", err)
	}
}
