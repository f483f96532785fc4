package nets_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/layers/lstm"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/nets"
)

// Find against building the gradients of the same graph, which every training
// step's graph does once: x-gradient is the ratio, below 1 where Find is faster.
// Time per node stays what it is as graphs grow.
func BenchmarkFind(b *testing.B) {
	for _, layersOrSteps := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint("dense-", layersOrSteps), func(b *testing.B) {
			benchmarkFind(b, findCase{"dense", doubles(2, 4), func(s *model.Scope, x *Node) *Node {
				for i := range layersOrSteps {
					x = activation.Selu(layers.Dense(s.In("layer%d", i), x, true, 4))
				}
				return x
			}})
		})
	}
	for _, steps := range []int{20, 200, 2000} {
		b.Run(fmt.Sprint("lstm-", steps), func(b *testing.B) {
			benchmarkFind(b, findCase{"lstm", doubles(2, steps, 3), func(s *model.Scope, x *Node) *Node {
				_, last, _ := lstm.New(s, x, 4).Done()
				return last
			}})
		})
	}
}

func benchmarkFind(b *testing.B, c findCase) {
	store, g := model.NewStore(), NewGraph(backendtest.Go(b).Backend, c.name)
	defer g.Finalize()
	loss := ReduceAllMean(c.build(store.RootScope(), Parameter(g, "x", c.input)))
	variables := slices.Collect(store.IterVariables())
	nodes := len(g.Nodes())
	for b.Loop() {
		nets.Find(loss, variables)
	}
	perFind := b.Elapsed() / time.Duration(b.N)
	var of []*Node
	for _, v := range variables {
		of = append(of, v.NodeValue(g))
	}
	start := time.Now()
	Gradient(loss, of...)
	b.ReportMetric(float64(perFind)/float64(time.Since(start)), "x-gradient")
	b.ReportMetric(float64(perFind)/float64(nodes), "ns/node")
	b.ReportMetric(float64(nodes), "nodes")
}
