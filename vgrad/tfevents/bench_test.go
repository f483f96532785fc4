package tfevents

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

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
