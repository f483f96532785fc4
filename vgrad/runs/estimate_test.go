package runs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

func TestEstimate(t *testing.T) {
	s := openTemp(t)
	for _, m := range []vgrad.Measure{{}, {Quantities: []vgrad.Quantity{vgrad.MeanAbsGrad}, Every: 10, HistogramEvery: -1}, {HistogramEvery: -1}} {
		e := vgrad.Experiment{Measure: m}
		w := create(t, s, e)
		feeder := &vgrad.Feeder{To: w}
		for step := 0; step < 2500; step++ {
			var samples []vgrad.Sample
			for _, sample := range articleStep(step) {
				if full := e.WithDefaults().Measure; full.Measures(sample.Quantity) && (step%full.Every == 0 || sample.Hist != nil) {
					samples = append(samples, sample)
				}
			}
			if err := feeder.Put(step, samples); err != nil {
				t.Fatal(err)
			}
		}
		finish(t, w)
		size := int64(0)
		for _, name := range []string{experimentName, recordName, samplesName} {
			info, err := os.Stat(filepath.Join(w.dir(), name))
			if err != nil {
				t.Fatal(err)
			}
			size += info.Size()
		}
		if got := Estimate(e); got < size*3/4 || got > size*5/4 {
			t.Errorf("%+v: estimated %d bytes; it takes %d", m, got, size)
		} else {
			t.Logf("%+v: estimated %d bytes; it takes %d", m, got, size)
		}
	}
}
