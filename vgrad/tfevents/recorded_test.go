package tfevents_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/tfevents"
)

// What other programs have written is read value by value as TensorBoard reads it;
// testdata/record.py made the files.
func TestRecorded(t *testing.T) {
	for _, writer := range []string{"tensorflow1", "tensorflow2", "restarted", "pytorch", "tensorboardx", "clu", "lightning"} {
		t.Run(writer, func(t *testing.T) { testRecorded(t, "testdata", writer) })
	}
}

func testRecorded(t *testing.T, dir, writer string) {
	text, err := os.ReadFile(filepath.Join(dir, writer+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][][2]json.RawMessage
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	run := open(t, filepath.Join(dir, writer)).Runs()[0]
	if faults := run.Faults(); faults != nil {
		t.Error(faults)
	}
	if len(want) == 0 || len(run.Tags()) != len(want) {
		t.Errorf("%d tags, want %d", len(run.Tags()), len(want))
	}
	for tag, points := range want {
		i := 0
		for p := range run.Points(tag) {
			if i == len(points) {
				t.Fatalf("%s: more than %d points", tag, len(points))
			}
			testPoint(t, tag, p, points[i])
			i++
		}
		if i != len(points) {
			t.Errorf("%s: %d points, want %d", tag, i, len(points))
		}
	}
}

func testPoint(t *testing.T, tag string, p tfevents.Point, want [2]json.RawMessage) {
	t.Helper()
	if string(want[0]) != strconv.FormatInt(p.Step, 10) {
		t.Errorf("%s: step %d, want %s", tag, p.Step, want[0])
	}
	var text string
	if json.Unmarshal(want[1], &text) == nil {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		if p.Hist != nil || p.Value != x && !(math.IsNaN(x) && math.IsNaN(p.Value)) {
			t.Errorf("%s at step %d: %v, want %v", tag, p.Step, p.Value, x)
		}
		return
	}
	var buckets [][3]float64
	if err := json.Unmarshal(want[1], &buckets); err != nil {
		t.Fatal(err)
	}
	if p.Hist == nil {
		t.Fatalf("%s at step %d is no histogram", tag, p.Step)
	}
	testBuckets(t, tag, p.Hist, buckets)
}

// testBuckets compares bins with TensorBoard's buckets, which it rounds to float32 where
// they were written as a HistogramProto. Bins are without the empty buckets.
func testBuckets(t *testing.T, tag string, h *vgrad.Histogram, buckets [][3]float64) {
	t.Helper()
	bins := h.Bins
	for _, b := range buckets {
		switch {
		case b[2] == 0:
		case b[0] == 0 && b[1] == 0:
			if h.Zero != int(b[2]) {
				t.Errorf("%s: %d zeros, want %v", tag, h.Zero, b[2])
			}
		case len(bins) == 0:
			t.Errorf("%s: no bin for %v", tag, b)
		default:
			got := [3]float64{float64(float32(bins[0].Low)), float64(float32(bins[0].High)), float64(bins[0].Count)}
			want := [3]float64{float64(float32(b[0])), float64(float32(b[1])), b[2]}
			if got != want {
				t.Errorf("%s: bin %v, want %v", tag, got, want)
			}
			bins = bins[1:]
		}
	}
	if len(bins) > 0 {
		t.Errorf("%s: bins %v too many", tag, bins)
	}
}
