package attach_test

import (
	"fmt"
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
	clone := func(xs []*tensors.Tensor) []*tensors.Tensor {
		var own []*tensors.Tensor
		for _, x := range xs {
			c, err := x.LocalClone()
			if err != nil {
				t.Fatal(err)
			}
			own = append(own, c)
		}
		return own
	}
	return &batches{"fixed", func() train.Batch { return train.Batch{Inputs: clone(b.Inputs), Labels: clone(b.Labels)} }}
}

// What a step costs that is measured, in steps that are not: x-step. The trainers take turns,
// and the median of a hundred turns counts. Measured with scalars alone, at every
// step and at every tenth, with everything the zero value measures, and after Close.
func BenchmarkCost(b *testing.B) {
	xla := backendtest.XLA(b)
	for _, batch := range []int{32, 128} {
		ds := fixed(b, vgrad.Experiment{Batch: batch})
		newCNN := func() *train.Loop { return newLoop(xla, mnistCNN, optimizer.Adam().Done()) }
		measured := func(m vgrad.Measure) *train.Loop {
			loop := newCNN()
			attached(b, loop, attach.Options{Name: "cnn", Store: newStore(b), Steps: 1000, Measure: m})
			return loop
		}
		closed := newCNN()
		a := attached(b, closed, attach.Options{Sinks: []vgrad.Sink{(&recording{}).sink()}})
		run(b, closed, ds, 1)
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
		loops := []*train.Loop{newCNN(), newCNN(), measured(vgrad.Measure{HistogramEvery: -1}), measured(vgrad.Measure{HistogramEvery: -1, Every: 10}), measured(vgrad.Measure{}), closed}
		names := []string{"", "unmeasured", "scalars", "every_10", "zero_value", "closed"}
		b.Run(fmt.Sprint("batch-", batch), func(b *testing.B) {
			for b.Loop() {
				for i, ratio := range ratios(b, ds, loops) {
					if i > 0 {
						b.ReportMetric(ratio, "x-step:"+names[i])
					}
				}
			}
		})
	}
}

// ratios times steps of the loops, in turn, and divides by the first's. The lower
// quartile counts: what else the machine does only ever adds to a step.
func ratios(b testing.TB, ds train.Dataset, loops []*train.Loop) []float64 {
	times := make([][]float64, len(loops))
	for turn := range 11 {
		for i, loop := range loops {
			run(b, loop, ds, 10)
			if turn > 0 { // the first compiles
				for _, d := range loop.TrainStepDurations {
					times[i] = append(times[i], d.Seconds())
				}
			}
		}
	}
	var quartiles []float64
	for _, t := range times {
		slices.Sort(t)
		quartiles = append(quartiles, t[len(t)/4])
	}
	b.Logf("a step takes %.3f ms", 1e3*quartiles[0])
	var of []float64
	for _, q := range quartiles {
		of = append(of, q/quartiles[0])
	}
	return of
}
