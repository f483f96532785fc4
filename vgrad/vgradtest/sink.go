package vgradtest

import (
	"math"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// TestSink tests a sink; open returns a new one for each test. The sink must accept the
// steps of a training in order, with gaps between steps, a step in several parts, a step
// without samples, and values such as NaN. It must return no error and must not change
// the samples that it gets.
//
// [TestSource] tests what a sink keeps, by the source that reads it back.
func TestSink(t *testing.T, open func(t *testing.T) vgrad.Sink) {
	t.Run("takes a training", func(t *testing.T) {
		sink := &vgrad.Feeder{To: open(t)}
		steps, untouched := Steps(), Steps()
		for step, samples := range steps {
			put(t, sink, step, samples)
		}
		for step, samples := range steps {
			for i := range samples {
				if d := difference(samples[i], untouched[step][i]); d != "" {
					t.Errorf("the sink changed its samples: step %d: %s", step, d)
				}
			}
		}
	})
	t.Run("takes a reused slice", func(t *testing.T) {
		sink := &vgrad.Feeder{To: open(t)}
		var buffer []vgrad.Sample // trainers reuse it once Put has returned
		for step, samples := range Steps() {
			buffer = append(buffer[:0], samples...)
			put(t, sink, step, buffer)
			spoil([][]vgrad.Sample{buffer})
		}
	})
	t.Run("takes steps that are left out and in parts", func(t *testing.T) {
		sink := &vgrad.Feeder{To: open(t)}
		for step, samples := range Steps() {
			for i := range samples {
				samples[i].Step = 200 * step
			}
			half := len(samples) / 2
			put(t, sink, 200*step, samples[:half])
			put(t, sink, 200*step, samples[half:])
		}
	})
	t.Run("takes nothing", func(t *testing.T) {
		sink := open(t)
		put(t, &vgrad.Feeder{To: sink}, 0, nil)
		if err := sink.Put(1, []vgrad.Row{}); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("takes another schema", func(t *testing.T) {
		sink := open(t)
		put(t, &vgrad.Feeder{To: sink}, 0, Steps()[0][:3])
		put(t, &vgrad.Feeder{To: sink}, 1, Steps()[1][1:])
	})
	t.Run("takes a quantity it does not know", func(t *testing.T) {
		put(t, &vgrad.Feeder{To: open(t)}, 0, []vgrad.Sample{{Site: vgrad.NetworkSite, Quantity: "my_own", Value: math.Pi}})
	})
}

func put(t *testing.T, sink *vgrad.Feeder, step int, samples []vgrad.Sample) {
	t.Helper()
	if err := sink.Put(step, samples); err != nil {
		t.Fatalf("step %d: %v", step, err)
	}
}
