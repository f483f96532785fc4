package runs

import (
	"fmt"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// articleStep returns one step's samples of the article's network: 2 of the whole network,
// 56 of its layers, and every 200th step 18 histograms.
func articleStep(step int) []vgrad.Sample {
	samples := []vgrad.Sample{{Site: vgrad.NetworkSite, Quantity: vgrad.Loss}, {Site: vgrad.NetworkSite, Quantity: vgrad.TrainAccuracy}}
	for layer := 1; layer <= 6; layer++ {
		weights := vgrad.Site{Path: fmt.Sprintf("/layer%d/weights", layer), Layer: layer, Size: 100}
		units := vgrad.Site{Path: fmt.Sprintf("/layer%d/units", layer), Layer: layer, Size: 300}
		for _, q := range vgrad.Quantities() {
			info, err := q.Info()
			site := map[vgrad.Subject]vgrad.Site{vgrad.LayerWeights: weights, vgrad.LayerUnits: units}[info.Subject]
			s := vgrad.Sample{Step: step, Site: site, Quantity: q, Value: float64(float32(0.01) * float32(layer*step))}
			switch {
			case err != nil || info.Subject == vgrad.WholeNetwork || info.Histogram && step%200 != 0:
				continue
			case info.Histogram:
				values := make([]float32, 1000)
				for i := range values {
					values[i] = float32(i-500) / 300
				}
				s.Hist = vgrad.HistogramOf(values)
			}
			samples = append(samples, s)
		}
	}
	return samples
}

func recordArticle(b testing.TB, s *Store, e vgrad.Experiment) (size int64) {
	w, err := s.Create(e, Provenance{})
	if err != nil {
		b.Fatal(err)
	}
	feeder := &vgrad.Feeder{To: w}
	defer w.Close()
	samples := articleStep(1)
	for step := range 2500 {
		put := samples
		if step%200 == 0 {
			put = articleStep(step)
		}
		if err := feeder.Put(step, put); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Finish(Provenance{}); err != nil {
		b.Fatal(err)
	}
	return w.size
}

func BenchmarkRecord2500(b *testing.B) {
	s := openTemp(b)
	for b.Loop() {
		b.ReportMetric(float64(recordArticle(b, s, vgrad.Experiment{}))/1e3, "kB")
		if err := s.Delete(Name(vgrad.Experiment{})); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad2500(b *testing.B) {
	s := openTemp(b)
	recordArticle(b, s, vgrad.Experiment{})
	for b.Loop() {
		if _, err := s.Load(vgrad.Experiment{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSeries2500(b *testing.B) {
	s := openTemp(b)
	recordArticle(b, s, vgrad.Experiment{})
	r, err := s.Load(vgrad.Experiment{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if steps, _ := vgrad.Series(r, vgrad.MeanAbsGrad, 6); len(steps) != 2500 {
			b.Fatal(len(steps))
		}
	}
}

// How the store does with the runs of a sweep.
func BenchmarkStoreOf1000(b *testing.B) {
	s := openTemp(b)
	for seed := range uint64(1000) {
		w, err := s.Create(vgrad.Experiment{Seed: seed}, Provenance{})
		if err != nil {
			b.Fatal(err)
		}
		if err := w.Finish(Provenance{}); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("List", func(b *testing.B) {
		for b.Loop() {
			if list, err := s.List(); err != nil || len(list) != 1000 {
				b.Fatal(len(list), err)
			}
		}
	})
	b.Run("Load", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Load(vgrad.Experiment{Seed: 500}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("LoadMissing", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Load(vgrad.Experiment{Seed: 5000}); err == nil {
				b.Fatal("no error")
			}
		}
	})
}
