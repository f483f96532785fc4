package lab_test

import (
	"slices"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/runs"
)

// BenchmarkCheckpoints compares the time of trainings of the article's network with
// checkpoints as often as the engine takes them, which is far more often than every five
// seconds, to that without: the median of the ratios of pairs.
func BenchmarkCheckpoints(b *testing.B) {
	for _, kind := range []*backend.Backend{backendtest.XLA(b), backendtest.Go(b)} {
		b.Run(kind.Kind, func(b *testing.B) {
			l, _ := newLab(b)
			l.Backend = kind.Kind
			e := vgrad.Experiment{Data: "synthetic", Steps: 20_000}
			seconds := func(every time.Duration) float64 {
				l.CheckpointEvery = every
				run, err := l.Train(b.Context(), e)
				if err != nil {
					b.Fatal(err)
				}
				if err := l.Store.Delete(runs.Name(e)); err != nil {
					b.Fatal(err)
				}
				return run.Provenance.Seconds
			}
			seconds(-1) // compiles
			var ratios []float64
			for b.Loop() {
				none := seconds(-1)
				ratios = append(ratios, seconds(time.Nanosecond)/none)
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "with/without")
		})
	}
}
