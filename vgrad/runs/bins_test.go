package runs

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// A histogram with bins of its own is stored with its edges, also after one with raw bins.
func TestBins(t *testing.T) {
	store, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e := vgrad.Experiment{Network: vgrad.Model("imported")}
	w, err := store.Create(e, Provenance{})
	if err != nil {
		t.Fatal(err)
	}
	hists := []*vgrad.Histogram{
		vgrad.HistogramOf([]float32{-3, 0, 1e-30, 7, float32(math.NaN())}),
		{Bins: []vgrad.Bin{{Low: -0.1, High: 0.1, Count: 3}, {Low: 0.1, High: math.Pi, Count: 1 << 40}}, Zero: 1, NaN: 2, PosInf: 3, NegInf: 4},
		{},
		{Bins: []vgrad.Bin{{Low: 1, High: 2, Count: 1}}},
	}
	site := vgrad.Site{Path: "/layer1/weights", Layer: 1}
	feeder := &vgrad.Feeder{To: w}
	for step, h := range hists {
		if err := feeder.Put(step, []vgrad.Sample{{Site: site, Quantity: vgrad.Weights, Hist: h}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(Provenance{}); err != nil {
		t.Fatal(err)
	}
	run, err := store.Load(e)
	if err != nil {
		t.Fatal(err)
	}
	var got []*vgrad.Histogram
	for s := range run.Samples(vgrad.Weights) {
		s.Hist.Bins = slices.Clip(s.Hist.Bins)
		got = append(got, s.Hist)
	}
	for i := range hists {
		if len(hists[i].Bins)+len(got[i].Bins) > 0 && !reflect.DeepEqual(got[i], hists[i]) {
			t.Errorf("step %d: %+v, want %+v", i, got[i], hists[i])
		}
	}
}

// What is cut off or changed is an error or other numbers, not a panic or much memory.
func FuzzReadBins(f *testing.F) {
	data, err := appendBins(nil, &vgrad.Histogram{Bins: []vgrad.Bin{{Low: 1, High: 2, Count: 300}}, NaN: 5})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte{0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, data []byte) {
		if h, rest, err := readBins(data); err == nil && len(h.Bins)*binSize+len(rest) > len(data) {
			t.Errorf("%d bins of %d bytes", len(h.Bins), len(data))
		}
	})
}
