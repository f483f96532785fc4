package attach_test

import (
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/attach"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
)

// mnistCNN is the network of GoMLX's example for MNIST: two convolutions with
// max-pooling, and a dense layer.
func mnistCNN(s *model.Scope, images *Node) *Node {
	s = s.In("model")
	x := Reshape(images, -1, 28, 28, 1)
	for i, channels := range []int{32, 64} {
		x = layers.Convolution(s.In("%03d_conv", 2*i), x).Channels(channels).KernelSize(3).PadSame().Done()
		x = activation.Relu(x)
		x = MaxPool(x).Window(2).Done()
	}
	return layers.Dense(s, Reshape(x, x.Shape().Dimensions[0], -1), true, 10)
}

// fixed yields one batch again and again, so that steps alone are timed.
func fixed(t testing.TB, e vgrad.Experiment) *batches {
	b := batchesOf(t, e).next()
	own := func(x *tensors.Tensor) []*tensors.Tensor {
		c, err := x.LocalClone()
		if err != nil {
			t.Fatal(err)
		}
		return []*tensors.Tensor{c}
	}
	return &batches{"fixed", func() train.Batch { return train.Batch{Inputs: own(b.Inputs[0]), Labels: own(b.Labels[0])} }}
}

// What a step costs that is measured, in steps that are not (x-step): with the scalars
// at every step and at every tenth, with everything that the zero value measures, and
// after Close. "x-step:unmeasured" is another trainer that is not measured: how far it is
// from 1 is the noise. Run it with
//
//	go test ./vgrad/attach -run - -bench Cost -benchtime 1x
func BenchmarkCost(b *testing.B) {
	xla := backendtest.XLA(b)
	ds := fixed(b, vgrad.Experiment{Batch: 32})
	names := []string{"", "unmeasured", "scalars", "every_10", "zero_value", "closed"}
	measures := map[string]vgrad.Measure{"scalars": {HistogramEvery: -1}, "every_10": {HistogramEvery: -1, Every: 10}, "zero_value": {}, "closed": {}}
	var loops []*train.Loop
	for _, name := range names {
		loop := newLoop(xla, mnistCNN, optimizer.Adam().Done())
		if m, measured := measures[name]; measured {
			a := attached(b, loop, attach.Options{Name: "cnn", Store: newStore(b), Steps: 1000, Measure: m})
			run(b, loop, ds, 1)
			if name == "closed" {
				if err := a.Close(); err != nil {
					b.Fatal(err)
				}
			}
		}
		loops = append(loops, loop)
	}
	for b.Loop() {
		for i, ratio := range ratios(b, ds, loops) {
			if i > 0 {
				b.ReportMetric(ratio, "x-step:"+names[i])
			}
		}
	}
}

// ratios times ten steps at a time of loops that take turns, and divides by the first's.
// The lower quartile counts: what else the machine does only ever adds to a step.
func ratios(b *testing.B, ds train.Dataset, loops []*train.Loop) []float64 {
	times := make([][]float64, len(loops))
	for turn := range 25 {
		for i := range loops {
			i = (i + turn) % len(loops) // each follows each
			run(b, loops[i], ds, 10)
			took := 0.0
			for _, d := range loops[i].TrainStepDurations {
				took += d.Seconds() / 10
			}
			if turn > 0 { // the first compiles
				times[i] = append(times[i], took)
			}
		}
	}
	var of []float64
	for _, t := range times {
		slices.Sort(t)
		of = append(of, t[len(t)/4])
	}
	b.Logf("a step takes %.3f ms", 1e3*of[0])
	for i := range of[1:] {
		of[i+1] /= of[0]
	}
	return of
}
