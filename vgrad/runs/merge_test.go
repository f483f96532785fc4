package runs

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

	"github.com/vgrad/lab/vgrad"
)

// full makes a store in a folder of that name with a finished run for each seed.
func full(t testing.TB, name string, seeds ...uint64) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), name))
	if err != nil {
		t.Fatal(err)
	}
	for _, seed := range seeds {
		w := create(t, s, vgrad.Experiment{Seed: seed})
		put(t, w, 6)
		finish(t, w)
	}
	return s
}

// merge merges and fails the test where that fails.
func merge(t testing.TB, s, from *Store) Merged {
	t.Helper()
	m, err := s.Merge(t.Context(), from.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMerge(t *testing.T) {
	a, b := full(t, "a", 1, 2, 3), full(t, "b, with a space", 3, 4)
	was := load(t, a, vgrad.Experiment{Seed: 3}).Provenance.Finished
	m := merge(t, a, b)
	if fmt.Sprint(m.Added) != fmt.Sprint([]string{Name(vgrad.Experiment{Seed: 4})}) || m.Known != 1 || m.Left != nil {
		t.Errorf("merged %+v", m)
	}
	if now := load(t, a, vgrad.Experiment{Seed: 3}).Provenance.Finished; !now.Equal(was) {
		t.Error("a run that was there was replaced")
	}
	here, there := load(t, a, vgrad.Experiment{Seed: 4}), load(t, b, vgrad.Experiment{Seed: 4})
	if here.Provenance.Host != there.Provenance.Host || !here.Provenance.Finished.Equal(there.Provenance.Finished) {
		t.Errorf("provenance %+v", here.Provenance)
	}
	var x, y bytes.Buffer
	if err := errors.Join(here.WriteCSV(&x), there.WriteCSV(&y)); err != nil || x.String() != y.String() || x.Len() == 0 {
		t.Errorf("samples differ; %v", err)
	}
	if m := merge(t, a, b); m.Added != nil || m.Known != 2 {
		t.Errorf("again: %+v", m)
	}
	if _, err := a.Create(vgrad.Experiment{Seed: 4}, Provenance{}); !errors.Is(err, ErrRecorded) {
		t.Errorf("Create of a merged run: %v", err)
	}
}

// A finished run takes the place of unfinished attempts, whatever their label.
func TestMergeOverUnfinished(t *testing.T) {
	a, b := full(t, "a"), full(t, "b", 5)
	for _, label := range []string{"", "mine"} {
		w := create(t, a, vgrad.Experiment{Seed: 5, Label: label})
		put(t, w, 3)
		w.Close()
	}
	if m := merge(t, a, b); len(m.Added) != 1 {
		t.Errorf("merged %+v", m)
	}
	list, err := a.List()
	if err != nil || len(list) != 1 || !list[0].Finished {
		t.Errorf("the store has %+v, %v", list, err)
	}
}

// What cannot be merged is named, and hinders nothing else.
func TestMergeLeavesOut(t *testing.T) {
	b := full(t, "b", 1, 2, 3, 4, 5, 6, 7)
	at := func(seed uint64, file string) string {
		return filepath.Join(b.path(Name(vgrad.Experiment{Seed: seed})), file)
	}
	data, err := os.ReadFile(at(1, samplesName))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(data)
	flipped[len(data)/2] ^= 4
	other, err := os.ReadFile(at(7, experimentName))
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		os.WriteFile(at(1, samplesName), flipped, 0o666),
		os.WriteFile(at(2, samplesName), data[:len(data)-9], 0o666),
		os.WriteFile(at(3, recordName), []byte("{"), 0o666),
		os.WriteFile(at(4, experimentName), other, 0o666),
		os.Remove(at(5, samplesName)), os.Symlink("/dev/zero", at(5, samplesName)),
	)
	if err != nil {
		t.Fatal(err)
	}
	w := create(t, b, vgrad.Experiment{Seed: 20})
	put(t, w, 2)
	w.Close()
	going := create(t, b, vgrad.Experiment{Seed: 21})
	defer going.Close()
	a := full(t, "a")
	writing := create(t, a, vgrad.Experiment{Seed: 6})
	defer writing.Close()

	m := merge(t, a, b)
	if fmt.Sprint(m.Added) != fmt.Sprint([]string{Name(vgrad.Experiment{Seed: 7})}) {
		t.Errorf("added %v", m.Added)
	}
	want := map[uint64]string{
		1: "damaged", 2: "when the run finished", 3: recordName, 4: "it was changed", 5: "", 6: ErrLocked.Error(),
		20: ErrUnfinished.Error(), 21: ErrLocked.Error(),
	}
	if len(m.Left) != len(want) || len(m.Damaged()) != 5 {
		t.Errorf("%d are left out, %d of them damaged", len(m.Left), len(m.Damaged()))
	}
	for seed, says := range want {
		found := false
		for _, l := range m.Left {
			if l.Name == Name(vgrad.Experiment{Seed: seed}) {
				found = strings.Contains(l.Why.Error(), says)
			}
		}
		if !found {
			t.Errorf("seed %d is not left out with %q: %v", seed, says, m.Left)
		}
	}
	checkStore(t, a)
}

// checkStore wants no problem and no trace of a copy in a store.
func checkStore(t *testing.T, s *Store) []Entry {
	t.Helper()
	list, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Problem != nil {
			t.Errorf("%s: %v", e.Name, e.Problem)
		} else if r, err := s.Get(e.Name); err != nil || r.Finished && r.LastStep < 5 {
			t.Errorf("%s: %v", e.Name, err)
		}
	}
	return list
}

// A damaged run here is nothing that a merge may throw away.
func TestMergeOverDamage(t *testing.T) {
	a, b := full(t, "a", 1), full(t, "b", 1)
	path := filepath.Join(a.path(Name(vgrad.Experiment{Seed: 1})), recordName)
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	m := merge(t, a, b)
	if d := m.Damaged(); len(d) != 1 || !strings.Contains(d[0].Why.Error(), "delete it to merge the other") {
		t.Errorf("merged %+v", m)
	}
}

func TestMergeFails(t *testing.T) {
	a, b := full(t, "a"), full(t, "b", 1)
	ended, stop := context.WithCancel(t.Context())
	stop()
	file := filepath.Join(t.TempDir(), "file")
	newer := full(t, "newer")
	blocked := full(t, "blocked")
	if err := errors.Join(
		os.WriteFile(file, nil, 0o666),
		writeJSON(newer.path(storeName), map[string]int{"format": 9}, unsynced),
		os.WriteFile(blocked.path(locksName), nil, 0o666), // in the place of a folder that is needed
	); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		ctx  context.Context
		to   *Store
		from string
		says string
	}{
		{"nothing there", t.Context(), a, filepath.Join(t.TempDir(), "x"), "it is no store of runs"},
		{"no store", t.Context(), a, t.TempDir(), "it is no store of runs"},
		{"a file", t.Context(), a, file, "not a directory"},
		{"itself", t.Context(), a, filepath.Join(a.Dir(), "..", "a"), "it is this store itself"},
		{"newer", t.Context(), a, newer.Dir(), "update the program"},
		{"interrupted", ended, a, b.Dir(), "context canceled"},
		{"unwritable", t.Context(), blocked, b.Dir(), locksName},
	} {
		if m, err := c.to.Merge(c.ctx, c.from); err == nil || !strings.Contains(err.Error(), c.says) || m.Added != nil {
			t.Errorf("%s: merged %v, error %v; want it to say %q", c.name, m, err, c.says)
		}
	}
	if _, err := os.Stat(filepath.Join(t.TempDir(), "x")); err == nil {
		t.Error("a store was made where none was")
	}
}

// A merge that is killed leaves whole runs and nothing else, and is done again.
func TestMergeKilled(t *testing.T) {
	var seeds []uint64
	for seed := range uint64(60) {
		seeds = append(seeds, seed)
	}
	a, b := full(t, "a"), full(t, "b", seeds...)
	kills := 0
	for wait := time.Millisecond; ; wait += wait / 2 {
		p := startWith(t, childMerge+"="+b.Dir(), childStore+"="+a.Dir())
		p.until("merging")
		time.Sleep(wait)
		before := len(checkStore(t, a))
		p.Process.Kill()
		if !p.said.Scan() || !strings.HasPrefix(p.said.Text(), "merged") {
			kills++
		}
		p.Wait()
		if n := len(checkStore(t, a)); n < before {
			t.Fatalf("%d runs after %d", n, before)
		} else if n == len(seeds) {
			break
		}
	}
	t.Logf("killed %d times", kills)
	if kills == 0 {
		t.Error("no merge was killed before its end")
	}
	if m := merge(t, a, b); m.Known != len(seeds) {
		t.Errorf("in the end: %+v", m)
	}
	if left, err := filepath.Glob(a.path(".new-*")); err != nil || len(left) > 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestMissing(t *testing.T) {
	s := full(t, "a", 1, 2)
	w := create(t, s, vgrad.Experiment{Seed: 3})
	put(t, w, 2)
	w.Close()
	missing, err := s.Missing(vgrad.Experiment{Seed: 3}, vgrad.Experiment{Seed: 2, Label: "another"}, vgrad.Experiment{Seed: 4}, vgrad.Experiment{Seed: 1})
	if err != nil || len(missing) != 2 || missing[0].Seed != 3 || missing[1].Seed != 4 {
		t.Errorf("missing %v, %v", missing, err)
	}
}
