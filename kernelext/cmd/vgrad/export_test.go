package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/tfevents"
)

// A run that is written while it trains and one that is exported have the same values, and
// so has the run that is imported from them.
func TestEventFilesThereAndBack(t *testing.T) {
	alone(t)
	live, dir := t.TempDir(), t.TempDir()
	if code, _, errs := program(t, "walkthrough", "-data", "synthetic", "-steps", "30", "-activations", "sigmoid,relu", "-quiet", "-out", filepath.Join(dir, "page.html"), "-open=false", "-tensorboard", live); code != 0 {
		t.Fatal(errs)
	}
	exported := filepath.Join(dir, "logs")
	for range 2 { // the second time it replaces what it wrote
		if code, _, errs := program(t, "export", "-tensorboard", exported, "*"); code != 0 {
			t.Fatal(errs)
		}
	}
	imported := filepath.Join(dir, "imported")
	for i, folder := range []string{live, exported} {
		code, out, errs := program(t, "import", "-store", imported, "-prefix", []string{"live/", "exported/"}[i], folder)
		if code != 0 || strings.Count(out, "\n") != 2 {
			t.Fatal(out, errs)
		}
	}
	if code, _, errs := program(t, "import", "-store", imported, "-prefix", "live/", live); code != 1 || !strings.Contains(errs, "-replace") {
		t.Errorf("imported twice: exit status %d, %s", code, errs)
	}
	if code, _, errs := program(t, "import", "-store", imported, "-prefix", "live/", "-replace", live); code != 0 {
		t.Error(errs)
	}
	ours := open(t, "")
	entries, err := ours.List()
	if err != nil || len(entries) != 2 {
		t.Fatal(len(entries), err)
	}
	for _, e := range entries {
		run, err := ours.Get(e.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, prefix := range []string{"live/", "exported/"} {
			e := vgrad.Experiment{Network: vgrad.Model("tensorboard:" + prefix + run.Name), Steps: run.LastStep}
			back, err := open(t, imported).Load(e)
			if err != nil {
				t.Fatal(err)
			}
			sameRuns(t, back, run)
		}
	}
}

func open(t *testing.T, dir string) *runs.Store {
	t.Helper()
	store, err := runs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// sameRuns compares all samples of two runs, scalars as float32.
func sameRuns(t *testing.T, got, want *runs.Run) {
	t.Helper()
	for _, q := range want.Quantities() {
		a, b := slices.Collect(got.Samples(q)), slices.Collect(want.Samples(q))
		if len(a) != len(b) || len(b) == 0 {
			t.Errorf("%s: %d samples, want %d", q, len(a), len(b))
			continue
		}
		for i := range a {
			same := float32(a[i].Value) == float32(b[i].Value) || a[i].Hist != nil && slices.Equal(a[i].Hist.Bins, b[i].Hist.Bins) && a[i].Hist.Zero == b[i].Hist.Zero
			if a[i].Step != b[i].Step || a[i].Site != b[i].Site || !same {
				t.Fatalf("%s: %+v, want %+v", q, a[i], b[i])
			}
		}
	}
}

// TestExportTable writes a sweep as a table with a column for the field that varies.
func TestExportTable(t *testing.T) {
	alone(t)
	if code, _, errs := program(t, "sweep", "sigmoid", "depth=2,3", "data=synthetic", "steps=20", "-quiet"); code != 0 {
		t.Fatal(errs)
	}
	code, out, errs := program(t, "export", "-csv", "-", "*")
	if code != 0 {
		t.Fatal(errs)
	}
	lines, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	depths := map[string]int{}
	for _, l := range lines[1:] {
		depths[l[len(l)-1]]++
	}
	if lines[0][len(lines[0])-1] != "depth" || depths["2.0"] == 0 || depths["3.0"] == 0 || len(depths) != 2 {
		t.Errorf("columns %v; rows by depth %v", lines[0], depths)
	}
	file := filepath.Join(t.TempDir(), "runs.parquet")
	if code, _, errs := program(t, "export", "-parquet", file, "*"); code != 0 {
		t.Fatal(errs)
	}
	if text, err := os.ReadFile(file); err != nil || string(text[:4]) != "PAR1" {
		t.Errorf("%.4s, %v", text, err)
	}
	for _, args := range [][]string{{"export", "*"}, {"export", "-csv", "-"}, {"export", "-csv", "-", "-tags", "mine", "*"}, {"import"}, {"import", "-tag", "a=b", "."}} {
		if args[len(args)-1] == "*" && len(args) > 4 {
			args = append([]string{"export", "-tensorboard", t.TempDir()}, args[3:]...)
		}
		if code, _, errs := program(t, args...); code != 2 {
			t.Errorf("%q: exit status %d, %s", args, code, errs)
		}
	}
	if code, _, errs := program(t, "export", "-csv", "-", "tanh-*"); code != 1 || !strings.Contains(errs, "no run") {
		t.Errorf("no run matches: exit status %d, %s", code, errs)
	}
}

// vgrad tensorboard starts the program on event files of the store; a script stands for it.
func TestTensorboard(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in is a shell script")
	}
	alone(t)
	if code, _, errs := program(t, "sweep", "sigmoid", "data=synthetic", "steps=20", "-quiet"); code != 0 {
		t.Fatal(errs)
	}
	copied := t.TempDir()
	script := filepath.Join(t.TempDir(), "tensorboard")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ncp -r \"$2\"/* "+copied+"\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := program(t, "tensorboard", "-program", script); code != 0 {
		t.Fatal(errs)
	}
	log, err := tfevents.Open(copied)
	if err != nil {
		t.Fatal(err)
	}
	if steps, _ := vgrad.Series(log.Runs()[0], vgrad.MeanAbsGrad, 1); len(steps) == 0 {
		t.Error("the event file has no mean_1")
	}
	if code, _, errs := program(t, "tensorboard", "-program", "no-such-program"); code != 1 || !strings.Contains(errs, "pip install tensorboard") {
		t.Errorf("not installed: exit status %d, %s", code, errs)
	}
}
