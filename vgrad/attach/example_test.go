package attach_test

import (
	"context"
	"fmt"
	"iter"
	"log"
	"os"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/attach"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/diagnose"
	"github.com/vgrad/lab/vgrad/runs"
)

// deep is a model of GoMLX's layers that knows nothing of probes.
func deep(scope *model.Scope, x *Node) *Node {
	for i := range 3 {
		x = Sigmoid(layers.Dense(scope.In("layer%d", i+1), x, true, 4))
	}
	return layers.Dense(scope.In("out"), x, true, 1)
}

// exclusiveOr is a data set: four examples, again and again.
type exclusiveOr struct{}

func (exclusiveOr) Name() string { return "exclusive or" }

func (exclusiveOr) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for {
			inputs := tensors.FromValue([][]float32{{0, 0}, {0, 1}, {1, 0}, {1, 1}})
			labels := tensors.FromValue([][]float32{{0}, {1}, {1}, {0}})
			if !yield(train.Batch{Inputs: []*tensors.Tensor{inputs}, Labels: []*tensors.Tensor{labels}}, nil) {
				return
			}
		}
	}
}

// newTrainer is a trainer as any program of GoMLX's makes one.
func newTrainer() *train.Trainer {
	b, err := backend.Open(context.Background(), "go", nil)
	if err != nil {
		log.Fatal(err)
	}
	return train.NewTrainer(b.Backend, model.NewStore(), deep, loss.MeanSquaredError, optimizer.Adam().Done(), nil, nil)
}

// temporaryStore is a store of runs for the examples. Without one the user's is taken.
func temporaryStore() (store *runs.Store, remove func()) {
	dir, err := os.MkdirTemp("", "attach")
	if err != nil {
		log.Fatal(err)
	}
	store, err = runs.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	return store, func() { _ = os.RemoveAll(dir) }
}

func Example() {
	store, remove := temporaryStore()
	defer remove()
	loop := train.NewLoop(newTrainer())
	a, err := attach.To(loop, attach.Options{Name: "deep", Store: store, Measure: vgrad.Measure{Every: 10}})
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	if _, err := loop.RunSteps(exclusiveOr{}, 100); err != nil {
		log.Fatal(err)
	}

	run, err := a.Run()
	if err != nil {
		log.Fatal(err)
	}
	steps, _ := vgrad.Series(run, vgrad.Loss, 0)
	fmt.Println(run.Label(), steps)
	for _, site := range vgrad.Measured(run, vgrad.RMSDelta) {
		fmt.Println(site.Layer, site.Path, site.Activation)
	}
	// Output:
	// deep [0 10 20 30 40 50 60 70 80 90]
	// 1 /layer1/dense/units sigmoid
	// 2 /layer2/dense/units sigmoid
	// 3 /layer3/dense/units sigmoid
	// 4 /out/dense/units identity
}

// Rows go to a sink, and nothing is stored. Sites are chosen by patterns of their paths.
func ExampleOptions() {
	gradients := vgrad.OnStep(func(step int, samples []vgrad.Sample) error {
		for _, s := range samples {
			if s.Site != vgrad.NetworkSite {
				fmt.Println(step, s.Quantity, s.Site.Path, s.Value > 0)
			}
		}
		return nil
	})
	loop := train.NewLoop(newTrainer())
	a, err := attach.To(loop, attach.Options{
		Measure: vgrad.Measure{Sites: "/layer1/**,/out/**", Quantities: []vgrad.Quantity{vgrad.RMSGrad}},
		Sinks:   []vgrad.Sink{gradients},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	if _, err := loop.RunSteps(exclusiveOr{}, 2); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 rms_grad /layer1/dense/weights true
	// 0 rms_grad /out/dense/weights true
	// 1 rms_grad /layer1/dense/weights true
	// 1 rms_grad /out/dense/weights true
}

// What is wrong with a training is known while it is going on.
func ExampleAttachment() {
	store, remove := temporaryStore()
	defer remove()
	loop := train.NewLoop(newTrainer())
	a, err := attach.To(loop, attach.Options{Name: "deep", Store: store, Steps: 50})
	if err != nil {
		log.Fatal(err)
	}
	for range 5 {
		if _, err := loop.RunSteps(exclusiveOr{}, 10); err != nil {
			log.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		log.Fatal(err)
	}

	run, err := a.Run()
	if err != nil {
		log.Fatal(err)
	}
	report := diagnose.Of(run)
	fmt.Println(run.Finished, run.LastStep, report.Run)
	for _, u := range a.Unfound() {
		fmt.Println(u.Variable.Path(), u.Reason)
	}
	// Output:
	// true 50 deep
	// /layer1/dense/biases is added behind /layer1/dense/weights
	// /layer2/dense/biases is added behind /layer2/dense/weights
	// /layer3/dense/biases is added behind /layer3/dense/weights
	// /out/dense/biases is added behind /out/dense/weights
}
