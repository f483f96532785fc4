package nets_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/layers/lstm"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/nets"
)

// A model of GoMLX's layers that knows nothing of taps: what stands behind its
// weights, and the signal that arrives there.
func ExampleFind() {
	b, err := backend.Open(context.Background(), "go", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	store := model.NewStore()
	g := graph.NewGraph(b, "example")
	x := graph.Parameter(g, "x", shapes.Make(dtypes.Float32, 8, 2, 3))
	_, last, _ := lstm.New(store.RootScope().In("memory"), x, 4).Done()
	h := activation.Gelu(layers.Dense(store.RootScope().In("hidden"), graph.Squeeze(last, 0), true, 5))
	loss := graph.ReduceAllMean(layers.Dense(store.RootScope().In("out"), h, false, 1))

	found, unfound := nets.Find(loss, slices.Collect(store.IterVariables()))
	units := nets.Distinct(found)
	deltas := nets.Deltas(loss, units)
	for i, u := range units {
		fmt.Printf("layer %d: %s, %s, δ %v\n", u.Layer, u.Path, u.Activation.Name, deltas[i].Shape().Dimensions)
	}
	for _, u := range unfound {
		fmt.Println(u.Variable.Path(), u.Reason)
	}
	// Output:
	// layer 1: /memory/gate1[1], sigmoid, δ [8 4]
	// layer 1: /memory/gate2[1], sigmoid, δ [8 4]
	// layer 1: /memory/gate3[1], sigmoid, δ [8 4]
	// layer 1: /memory/units[1], tanh, δ [8 4]
	// layer 1: /memory/gate1[2], sigmoid, δ [8 4]
	// layer 1: /memory/gate2[2], sigmoid, δ [8 4]
	// layer 1: /memory/gate3[2], sigmoid, δ [8 4]
	// layer 1: /memory/units[2], tanh, δ [8 4]
	// layer 2: /hidden/dense/units, gelu, δ [8 5]
	// layer 3: /out/dense/units, identity, δ [8 1]
	// /memory/biasesW is added behind /memory/inputsW
	// /hidden/dense/biases is added behind /hidden/dense/weights
}

// Each variable of a network, and what its units are.
func ExampleFound() {
	b, err := backend.Open(context.Background(), "go", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	store := model.NewStore()
	g := graph.NewGraph(b, "example")
	x := graph.Parameter(g, "x", shapes.Make(dtypes.Float32, 8, 3))
	value := layers.Dense(store.RootScope().In("value"), x, true, 4)
	gate := layers.Dense(store.RootScope().In("gate"), x, false, 4)
	loss := graph.ReduceAllMean(graph.Mul(value, activation.Swish(gate)))

	found, _ := nets.Find(loss, slices.Collect(store.IterVariables()))
	for _, u := range found {
		fmt.Println(u.Variable.Path(), u.KernelRole, u.Role, u.Activation.Name, u.Bias != nil)
	}
	// Output:
	// /value/dense/weights kernel units identity true
	// /gate/dense/weights kernel gate silu false
}

// A variable that no product reads.
func ExampleUnfound() {
	b, err := backend.Open(context.Background(), "go", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	store := model.NewStore()
	g := graph.NewGraph(b, "example")
	words := graph.Parameter(g, "words", shapes.Make(dtypes.Int32, 8))
	loss := graph.ReduceAllMean(layers.Embedding(store.RootScope(), words, dtypes.Float32, 100, 4))

	_, unfound := nets.Find(loss, slices.Collect(store.IterVariables()))
	for _, u := range unfound {
		fmt.Println(u.Variable.Path(), u.Reason)
	}
	// Output:
	// /embeddings is a table whose rows are looked up
}
