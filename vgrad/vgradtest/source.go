// Package vgradtest tests implementations of vgrad's interfaces. Every [vgrad.Sink] and
// every [vgrad.Source] passes the same suite, as slog's handlers pass testing/slogtest.
//
//	func TestWriter(t *testing.T) {
//		vgradtest.TestSink(t, func(t *testing.T) vgrad.Sink { … })
//	}
//
//	func TestRun(t *testing.T) {
//		vgradtest.TestSource(t, func(t *testing.T, steps [][]vgrad.Sample) vgrad.Source { … })
//	}
package vgradtest

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// Steps returns the samples of a small training of three layers, one slice for each step.
// Every step has scalars of the whole network, of weights and of units; their values
// include zero, the smallest float32, NaN and the infinities. Steps 0 and 2 have
// histograms of different shapes. The last step has two final values. All values are
// exact in float32. The caller may change the slices.
func Steps() [][]vgrad.Sample {
	var steps [][]vgrad.Sample
	for step := range 5 {
		samples := []vgrad.Sample{
			{Step: step, Site: vgrad.NetworkSite, Quantity: vgrad.Loss, Value: 2.5 - float64(step)/4},
			{Step: step, Site: vgrad.NetworkSite, Quantity: vgrad.TrainAccuracy, Value: float64(step) / 8},
		}
		for layer := 1; layer <= 3; layer++ {
			samples = append(samples, layerSamples(step, layer)...)
		}
		steps = append(steps, samples)
	}
	last := len(steps)
	return append(steps, []vgrad.Sample{
		{Step: last, Site: vgrad.NetworkSite, Quantity: vgrad.ValLoss, Value: 1.75},
		{Step: last, Site: vgrad.NetworkSite, Quantity: vgrad.ValAccuracy, Value: 0.5},
	})
}

// awkward are values that a careless format loses.
var awkward = []float64{0, math.SmallestNonzeroFloat32, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat32, 1e-33}

func layerSamples(step, layer int) []vgrad.Sample {
	weights, units := site("weights", layer, 100*layer), site("activation", layer, 300)
	value := float64(float32(awkward[(step*3+layer)%len(awkward)]))
	samples := []vgrad.Sample{
		{Step: step, Site: weights, Quantity: vgrad.MeanAbsGrad, Value: value},
		{Step: step, Site: weights, Quantity: vgrad.MeanAbsWeight, Value: 0.25 * float64(layer)},
		{Step: step, Site: units, Quantity: vgrad.RMSDelta, Value: math.Ldexp(1, -40*layer-step)},
	}
	if step%2 == 0 && step < 4 {
		samples = append(samples,
			vgrad.Sample{Step: step, Site: weights, Quantity: vgrad.Weights, Value: math.NaN(), Hist: histogram(step, layer)},
			vgrad.Sample{Step: step, Site: units, Quantity: vgrad.Activations, Value: math.NaN(), Hist: histogram(step+7, layer)})
	}
	return samples
}

func site(what string, layer, size int) vgrad.Site {
	return vgrad.Site{Path: fmt.Sprintf("/layer%d/%s", layer, what), Layer: layer, Size: size}
}

// histogram counts values of both signs and many magnitudes. For layer 2 they include NaN
// and the infinities; for layer 3 it is empty.
func histogram(seed, layer int) *vgrad.Histogram {
	var values []float32
	for i := range 50 * (3 - layer) {
		values = append(values, float32(math.Ldexp(float64((i*7919+seed)%13-6), -i%60)))
	}
	if layer == 2 {
		nan, inf := float32(math.NaN()), float32(math.Inf(1))
		values = append(values, nan, inf, inf, -inf)
	}
	return vgrad.HistogramOf(values)
}

// TestSource tests a source of recorded steps, as [Steps] returns them. record puts each
// slice as one step and returns the source that reads them back. Before it reads, the
// suite overwrites the slices and histograms that it gave to record.
//
// The source must return every sample with its value exact to the last bit of a float32.
// Samples are in step order, and within a step in the forward order of their sites. Sites
// must list the layers' sites in forward order, without the whole network. The source must
// return the same to every reader, also to several at once and after one that stops early.
func TestSource(t *testing.T, record func(t *testing.T, steps [][]vgrad.Sample) vgrad.Source) {
	given := Steps()
	src := record(t, given)
	spoil(given)
	want := slices.Concat(Steps()...)

	t.Run("label", func(t *testing.T) {
		if src.Label() == "" {
			t.Error("the label is empty; figures need one")
		}
	})
	t.Run("sites", func(t *testing.T) { testSites(t, src, want) })
	for _, q := range vgrad.Quantities() {
		t.Run(string(q), func(t *testing.T) { testSamples(t, src, want, q) })
	}
	t.Run("unknown quantity", func(t *testing.T) {
		for s := range src.Samples("no_such_quantity") {
			t.Errorf("yields %v", s)
		}
	})
	t.Run("stops early", func(t *testing.T) {
		for range src.Samples(vgrad.MeanAbsGrad) {
			break
		}
		testSamples(t, src, want, vgrad.MeanAbsGrad)
	})
	t.Run("many readers", func(t *testing.T) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for _, q := range vgrad.Quantities() {
					testSamples(t, src, want, q)
				}
			})
		}
		all.Wait()
	})
	t.Run("nothing recorded", func(t *testing.T) {
		empty := record(t, nil)
		if sites := empty.Sites(); len(sites) != 0 {
			t.Errorf("sites %v", sites)
		}
		for s := range empty.Samples(vgrad.Loss) {
			t.Errorf("yields %v", s)
		}
	})
}

// spoil overwrites samples that a sink must have copied.
func spoil(steps [][]vgrad.Sample) {
	for _, samples := range steps {
		for i := range samples {
			if h := samples[i].Hist; h != nil {
				clear(h.Bins)
				h.Zero, h.NaN = -1, -1
			}
			samples[i] = vgrad.Sample{Step: -1, Quantity: "spoilt"}
		}
	}
}

func testSites(t *testing.T, src vgrad.Source, samples []vgrad.Sample) {
	got := src.Sites()
	var want []vgrad.Site
	for _, s := range samples {
		if s.Site != vgrad.NetworkSite && !slices.Contains(want, s.Site) {
			want = append(want, s.Site)
		}
	}
	slices.SortStableFunc(want, func(a, b vgrad.Site) int { return cmp.Compare(a.Layer, b.Layer) })
	if !slices.Equal(got, want) {
		t.Errorf("sites\n%v, want\n%v", got, want)
	}
	clear(got)
	if !slices.Equal(src.Sites(), want) {
		t.Error("a caller that changes the slice changes the source")
	}
	if vgrad.Depth(src) != 3 {
		t.Errorf("depth %d, want 3", vgrad.Depth(src))
	}
}

func testSamples(t *testing.T, src vgrad.Source, samples []vgrad.Sample, q vgrad.Quantity) {
	want := slices.DeleteFunc(slices.Clone(samples), func(s vgrad.Sample) bool { return s.Quantity != q })
	got := slices.Collect(src.Samples(q))
	if len(got) != len(want) {
		t.Errorf("%s: %d samples, want %d", q, len(got), len(want))
		return
	}
	for i := range got {
		if d := difference(got[i], want[i]); d != "" {
			t.Errorf("%s: sample %d of %d: %s", q, i, len(got), d)
		}
	}
}

// difference says how two samples differ, or "" if they do not; NaN equals NaN here.
func difference(got, want vgrad.Sample) string {
	switch {
	case got.Step != want.Step || got.Site != want.Site || got.Quantity != want.Quantity:
		return fmt.Sprintf("%s of %v at step %d, want %s of %v at step %d", got.Quantity, got.Site, got.Step, want.Quantity, want.Site, want.Step)
	case math.Float32bits(float32(got.Value)) != math.Float32bits(float32(want.Value)) && !(math.IsNaN(got.Value) && math.IsNaN(want.Value)):
		return fmt.Sprintf("value %v, want %v", got.Value, want.Value)
	case (got.Hist == nil) != (want.Hist == nil):
		return fmt.Sprintf("histogram %v, want %v", got.Hist, want.Hist)
	case got.Hist != nil && !reflect.DeepEqual(normal(got.Hist), normal(want.Hist)):
		return fmt.Sprintf("histogram %+v, want %+v", got.Hist, want.Hist)
	}
	return ""
}

// normal returns a copy of a histogram in which nil bins are an empty slice.
func normal(h *vgrad.Histogram) vgrad.Histogram {
	n := *h
	n.Bins = append([]vgrad.Bin{}, h.Bins...)
	return n
}
