package main

import (
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
)

func TestExecutedHow(t *testing.T) {
	dir := t.TempDir()
	s, err := runs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(3) {
		for _, backend := range []string{"Go", "XLA"} {
			e := vgrad.Experiment{Seed: seed, Steps: len(backend)}
			w, err := s.Create(e, runs.Provenance{Backend: strings.ToLower(backend), Description: backend + " in words (/a folder/plugin.so) v1"})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Finish(runs.Provenance{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	x := executedHow(dir)
	if x.Backend != "Go in words (plugin.so) v1; XLA in words (plugin.so) v1" || x.Seeds != "0 to 2" || x.Version == "" || !strings.HasSuffix(x.Executed, time.Now().UTC().Format("2006")) {
		t.Errorf("%+v", x)
	}
	if x := executedHow(t.TempDir()); x.Backend != "" || x.Seeds != "" || x.Executed == "" {
		t.Errorf("nothing recorded: %+v", x)
	}
	for _, c := range []struct {
		seeds []uint64
		want  string
	}{{nil, ""}, {[]uint64{7}, "7"}, {[]uint64{0, 1}, "0, 1"}, {[]uint64{0, 2, 3}, "0, 2, 3"}, {[]uint64{2, 3, 4, 5}, "2 to 5"}} {
		if got := spans(c.seeds); got != c.want {
			t.Errorf("%v: %q", c.seeds, got)
		}
	}
}
