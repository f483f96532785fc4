package nets_test

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/nets"
)

// The network of an experiment: its variables, and what its taps show.
func ExampleRecord() {
	net, err := nets.New(vgrad.Experiment{Depth: 3, Activation: "relu"}, 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := backend.Open(context.Background(), "go", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	store := model.NewStore()
	g := graph.NewGraph(b, "example")
	x := graph.Const(g, [][]float32{{0.5, 1, 0, 0.25}})
	shown := nets.Record(g, func() { net(store.RootScope(), x) })
	for _, w := range nets.Weights(store, false) {
		fmt.Println(w.Path(), w.Shape().Dimensions)
	}
	for _, t := range shown.Taps {
		fmt.Println(t.Path, t.Activation.Name, "of layer", t.Layer)
	}
	// Output:
	// /layer1/weights [4 10]
	// /layer2/weights [10 10]
	// /layer3/weights [10 10]
	// /layer1/units relu of layer 1
	// /layer2/units relu of layer 2
	// /layer3/units identity of layer 3
}

func ExampleNewActivation() {
	_, err := nets.NewActivation("sigmod", 0)
	fmt.Println(err)
	// Output:
	// unknown activation "sigmod"; the known ones are identity, sigmoid, tanh, relu, leaky_relu, elu, selu, gelu, softplus, silu
}
