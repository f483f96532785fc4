package vgradtest_test

import (
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/vgradtest"
)

// memory is the least that is both a sink and a source.
type memory struct {
	schema  vgrad.Schema
	samples []vgrad.Sample
}

func (m *memory) Begin(s vgrad.Schema) error {
	m.schema = s
	return nil
}

func (m *memory) Put(step int, rows []vgrad.Row) error {
	m.schema.EachSample(step, rows, func(s vgrad.Sample) {
		if s.Hist != nil {
			h := *s.Hist
			h.Bins = slices.Clone(h.Bins)
			s.Hist = &h
		}
		m.samples = append(m.samples, s)
	})
	return nil
}

func (m *memory) Label() string { return "memory" }

func (m *memory) Sites() []vgrad.Site {
	var sites []vgrad.Site
	for _, s := range m.samples {
		if s.Site != vgrad.NetworkSite && !slices.Contains(sites, s.Site) {
			sites = append(sites, s.Site)
		}
	}
	return sites
}

func (m *memory) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for _, s := range m.samples {
			if s.Quantity == q && !yield(s) {
				return
			}
		}
	}
}

func TestMemoryIsASink(t *testing.T) {
	vgradtest.TestSink(t, func(*testing.T) vgrad.Sink { return &memory{} })
}

func TestMemoryIsASource(t *testing.T) {
	vgradtest.TestSource(t, func(t *testing.T, steps [][]vgrad.Sample) vgrad.Source {
		m := &memory{}
		feeder := &vgrad.Feeder{To: m}
		for step, samples := range steps {
			if err := feeder.Put(step, samples); err != nil {
				t.Fatal(err)
			}
		}
		return m
	})
}

func ExampleSteps() {
	for step, samples := range vgradtest.Steps() {
		fmt.Println(step, len(samples), samples[0].Quantity, samples[0].Value)
	}
	// Output:
	// 0 17 loss 2.5
	// 1 11 loss 2.25
	// 2 17 loss 2
	// 3 11 loss 1.75
	// 4 11 loss 1.5
	// 5 2 val_loss 1.75
}
