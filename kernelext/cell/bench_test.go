package cell

import (
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
)

// BenchmarkUpdate is what a live figure costs the cell each time it is drawn.
func BenchmarkUpdate(b *testing.B) {
	var sources []vgrad.Source
	for _, label := range []string{"sigmoid", "relu", "leaky_relu"} {
		r := &recording{label: label}
		feeder := &vgrad.Feeder{To: r}
		for step := range 2500 {
			if err := feeder.Put(step, samplesOf(step)); err != nil {
				b.Fatal(err)
			}
		}
		sources = append(sources, r)
	}
	for b.Loop() {
		if _, err := chart.Update("live", trainingFigures(sources)); err != nil {
			b.Fatal(err)
		}
	}
}
