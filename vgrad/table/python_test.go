package table_test

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/table"
)

// One line of pandas or polars reads each format, and finds the same in all of them.
func TestPandasAndPolars(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what needs pandas and polars")
	}
	python := os.Getenv("VGRAD_PYTHON")
	if python == "" {
		t.Fatal("VGRAD_PYTHON names no Python; this test needs one with pandas and polars: python3 -m venv V && V/bin/pip install -r vgrad/tfevents/testdata/python.txt && export VGRAD_PYTHON=$PWD/V/bin/python")
	}
	rs := two(t)
	args := []string{filepath.Join("testdata", "read.py")}
	for _, format := range []table.Format{table.Parquet, table.CSV, table.JSONLines} {
		name := filepath.Join(t.TempDir(), "runs."+string(format))
		file, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := table.Write(file, format, rs[0], rs[1]); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	cmd := exec.Command(python, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	type summary struct {
		Rows, Infinite, Count int
		Weights, Depths       []float64
	}
	var got map[string]summary
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	want := summary{Weights: []float64{0.25, 0.5, 0.75}, Depths: []float64{3, 4}}
	for c, n := range wantRows(rs...) {
		want.Rows += n
		want.Count += c.n * n
		if c.infinite {
			want.Infinite += n
		}
	}
	for name, s := range got {
		if !reflect.DeepEqual(s, want) {
			t.Errorf("%s: %+v, want %+v", name, s, want)
		}
	}
	if len(got) != 6 {
		t.Errorf("%d ways of reading", len(got))
	}
}

// rowKind is what the sums need of a row.
type rowKind struct {
	n        int // values in the bin
	infinite bool
}

// wantRows counts the rows of runs by kind, from the samples themselves.
func wantRows(all ...*runs.Run) map[rowKind]int {
	kinds := map[rowKind]int{}
	for _, r := range all {
		for s := range table.Samples(r) {
			if s.Hist == nil {
				kinds[rowKind{0, math.IsInf(s.Value, 0)}]++
				continue
			}
			for _, b := range s.Hist.Bins {
				kinds[rowKind{b.Count, false}]++
			}
			for _, n := range []int{s.Hist.Zero, s.Hist.NaN, s.Hist.PosInf, s.Hist.NegInf} {
				if n > 0 {
					kinds[rowKind{n, false}]++
				}
			}
		}
	}
	return kinds
}
