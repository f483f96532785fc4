package tfevents

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
)

// weights returns values as a layer's weights have them.
func weights(n int) []float32 {
	r := rand.New(rand.NewPCG(1, 1))
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(r.NormFloat64() / 10)
	}
	return values
}

func BenchmarkWriteHistogram(b *testing.B) {
	w, err := Create(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	site := vgrad.Site{Path: "/layer1/weights", Layer: 1}
	if err := w.Begin(vgrad.Schema{Sites: []vgrad.Site{site}, Tables: []vgrad.Table{{Columns: []vgrad.Column{{Site: site, Quantity: vgrad.Weights}}, Histograms: true}}}); err != nil {
		b.Fatal(err)
	}
	rows := []vgrad.Row{{Hists: []*vgrad.Histogram{vgrad.HistogramOf(weights(7840))}}}
	b.ReportMetric(float64(len(rows[0].Hists[0].Bins)), "bins")
	b.ResetTimer()
	for i := range b.N {
		if err := w.Put(i, rows); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

// scalars writes so many steps of six scalars and returns the folder and its bytes.
func scalars(tb testing.TB, steps int) (string, int64) {
	dir := tb.TempDir()
	w, err := Create(dir, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	var t vgrad.Table
	var s vgrad.Schema
	row := vgrad.Row{Values: make([]float64, 6)}
	for i := range row.Values {
		site := vgrad.Site{Path: "/layer" + string(rune('1'+i)) + "/weights", Layer: i + 1}
		s.Sites = append(s.Sites, site)
		t.Columns = append(t.Columns, vgrad.Column{Site: site, Quantity: vgrad.MeanAbsGrad})
	}
	s.Tables = []vgrad.Table{t}
	if err := w.Begin(s); err != nil {
		tb.Fatal(err)
	}
	for step := range steps {
		for i := range row.Values {
			row.Values[i] = 1 / float64(step+i+1)
		}
		if err := w.Put(step, []vgrad.Row{row}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	info, err := os.Stat(w.Path())
	if err != nil {
		tb.Fatal(err)
	}
	return dir, info.Size()
}

func BenchmarkReadScalars(b *testing.B) {
	dir, size := scalars(b, 200000)
	benchmarkRead(b, dir, size)
}

func BenchmarkReadHistograms(b *testing.B) {
	dir := b.TempDir()
	w, err := Create(dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	site := vgrad.Site{Path: "/layer1/weights", Layer: 1}
	if err := w.Begin(vgrad.Schema{Sites: []vgrad.Site{site}, Tables: []vgrad.Table{{Columns: []vgrad.Column{{Site: site, Quantity: vgrad.Weights}}, Histograms: true}}}); err != nil {
		b.Fatal(err)
	}
	rows := []vgrad.Row{{Hists: []*vgrad.Histogram{vgrad.HistogramOf(weights(7840))}}}
	for i := range 10000 {
		if err := w.Put(i, rows); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(w.Path())
	if err != nil {
		b.Fatal(err)
	}
	benchmarkRead(b, dir, info.Size())
}

func benchmarkRead(b *testing.B, dir string, size int64) {
	b.SetBytes(size)
	for b.Loop() {
		if _, err := Open(filepath.Clean(dir)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBesideRivals writes and reads beside tensorboardX and EventAccumulator, in turns
// on the same files; VGRAD_PYTHON names a Python that has both. It prints how many times
// longer the rivals take.
func BenchmarkBesideRivals(b *testing.B) {
	python := os.Getenv("VGRAD_PYTHON")
	if python == "" {
		b.Skip("VGRAD_PYTHON names no Python with tensorboard and tensorboardX; see testdata/python.txt")
	}
	dir, size := scalars(b, 20000)
	out, err := exec.Command(python, filepath.Join("testdata", "rivals.py"), dir).Output()
	if err != nil {
		b.Fatal(err)
	}
	var rivals struct {
		Histogram float64 `json:"write_histogram"`
		Scalar    float64 `json:"write_scalar"`
		Read      float64
	}
	if err := json.Unmarshal(out, &rivals); err != nil {
		b.Fatal(err)
	}
	values := weights(7840)
	w, err := Create(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	site := vgrad.Site{Path: "/layer1/weights", Layer: 1}
	columns := func(q vgrad.Quantity) []vgrad.Column { return []vgrad.Column{{Site: site, Quantity: q}} }
	if err := w.Begin(vgrad.Schema{Sites: []vgrad.Site{site}, Tables: []vgrad.Table{{Columns: columns(vgrad.Weights), Histograms: true}, {Columns: columns(vgrad.MeanAbsGrad)}}}); err != nil {
		b.Fatal(err)
	}
	put := func(step int, row vgrad.Row) {
		if err := w.Put(step, []vgrad.Row{row}); err != nil {
			b.Fatal(err)
		}
	}
	hist := vgrad.HistogramOf(values)
	for b.Loop() {
		counted := least(func() {
			for i := range 100 {
				put(i, vgrad.Row{Hists: []*vgrad.Histogram{vgrad.HistogramOf(values)}})
			}
		}) / 100
		written := least(func() {
			for i := range 100 {
				put(i, vgrad.Row{Hists: []*vgrad.Histogram{hist}})
			}
		}) / 100
		scalar := least(func() {
			for i := range 1000 {
				put(i, vgrad.Row{Table: 1, Values: []float64{0.5}})
			}
		}) / 1000
		read := least(func() {
			if _, err := Open(dir); err != nil {
				b.Fatal(err)
			}
		})
		b.ReportMetric(written*1e6, "µs/histogram")
		b.ReportMetric(counted*1e6, "µs/histogram-of-values")
		b.ReportMetric(rivals.Histogram/counted, "tensorboardX/histogram-of-values")
		b.ReportMetric(rivals.Scalar/scalar, "tensorboardX/scalar")
		b.ReportMetric(float64(size)/1e6/read, "MB/s")
		b.ReportMetric(float64(size)/1e6/rivals.Read, "MB/s-EventAccumulator")
		b.ReportMetric(rivals.Read/read, "EventAccumulator/read")
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

// least is the least time of five calls, in seconds.
func least(f func()) float64 {
	best := math.Inf(1)
	for range 5 {
		start := time.Now()
		f()
		best = min(best, time.Since(start).Seconds())
	}
	return best
}
