package engine

import (
	"iter"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/internal/reference"
	"github.com/vgrad/lab/vgrad/summary"
)

// What leaves a layer is δ·Wᵀ through its own kernel alone, also where a gate and a skip
// connection read the same input.
func TestLeavingIsThroughTheKernelAlone(t *testing.T) {
	for _, e := range []vgrad.Experiment{
		{Network: vgrad.Highway{Depth: 4, Width: 6}, Data: "synthetic"},
		{Network: vgrad.Residual{Depth: 6, Width: 7}, Data: "synthetic"},
		{Activation: "tanh", Depth: 4, Width: 6, Data: "synthetic"},
	} {
		backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
			p, err := newPlan(b, Job{Experiment: e, Data: synthetic(t)})
			if err != nil {
				t.Fatal(err)
			}
			g := NewGraph(p.target, "signals")
			defer g.Finalize()
			state := p.parameters(g)
			s := p.forward(g, batchOf(p, g, upTo(p.exp.Batch)), true)
			_, signals := p.gradients(s, state)
			var out []*Node
			for i, u := range s.Units {
				if u.Kernel != nil && u.PassesBack() {
					out = append(out, u.Kernel.NodeValue(g), signals[i].Linear, signals[i].Leaving)
				}
			}
			if err := g.Compile(out...); err != nil {
				t.Fatal(err)
			}
			values := g.Run(p.donate(p.initial(), 0)...)
			if len(values) < 9 {
				t.Fatalf("%d values; want three for each layer but the first", len(values))
			}
			for i := 0; i < len(values); i += 3 {
				w, delta, leaving := float64s(values[i]), float64s(values[i+1]), float64s(values[i+2])
				dims := values[i].Shape().Dimensions
				for k, got := range leaving {
					want, row, in := 0.0, k/dims[0], k%dims[0]
					for out := range dims[1] {
						want += delta[row*dims[1]+out] * w[in*dims[1]+out]
					}
					if math.Abs(got-want) > 1e-6*reference.RMS(leaving)+1e-5*math.Abs(want) {
						t.Fatalf("%s: kernel %d passes %v to input %d, want %v", e.Name(), i/3, got, k, want)
					}
				}
			}
		})
	}
}

func float64s(x *tensors.Tensor) []float64 {
	return reference.Float64s(tensors.MustCopyFlatData[float32](x))
}

// The links of the chain multiply to the measured change of δ, for layers that are
// chained plainly and for those with gates and a stream; the plain ones have no skip.
func TestChainIsExact(t *testing.T) {
	for _, e := range []vgrad.Experiment{
		{Activation: "relu", Data: "synthetic", Steps: 3},
		{Network: vgrad.Highway{Depth: 5, Width: 7}, Data: "synthetic", Steps: 3},
		{Network: vgrad.Residual{Depth: 6, Width: 7}, Data: "synthetic", Steps: 3},
		{Network: vgrad.Residual{Depth: 6, Width: 7, Norm: vgrad.LayerNorm}, Data: "synthetic", Steps: 3},
		{Network: vgrad.Residual{Depth: 6, Width: 7, Norm: vgrad.BatchNorm, Block: vgrad.Plain}, Data: "synthetic", Steps: 3},
	} {
		r := &source{}
		if _, err := kept(backendtest.Go(t), Host).Train(t.Context(), Job{Experiment: e, Data: synthetic(t)}, r); err != nil {
			t.Fatal(err)
		}
		links, err := summary.Chain(r)
		if err != nil {
			t.Fatal(err)
		}
		layers := e.Resolved().Layers()
		if len(links) != layers || len(links[0].Steps) != 3 {
			t.Fatalf("%s: %d links over %v; want %d over three steps", e.Name(), len(links), links[0].Steps, layers)
		}
		skips := 0
		for i, l := range links[:layers-1] {
			for k := range l.Steps {
				if want := l.Delta[k] / links[i+1].Delta[k]; !(math.Abs(l.Product(k)-want) < 1e-5*want) {
					t.Errorf("%s: layer %d passes %v at step %d, want %v", e.Name(), l.Site.Layer, l.Product(k), l.Steps[k], want)
				}
				if math.Abs(l.Skip[k]-1) > 1e-5 {
					skips++
				}
			}
		}
		n, _ := e.Network.(vgrad.Residual)
		if plain := e.Network == nil || n.Block == vgrad.Plain; plain != (skips == 0) {
			t.Errorf("%s: the skip connections add something at %d links", e.Name(), skips)
		}
	}
}

// source is a sink that gives its samples again.
type source struct {
	schema  vgrad.Schema
	samples []vgrad.Sample
}

func (s *source) Begin(schema vgrad.Schema) error { s.schema = schema; return nil }

func (s *source) Put(step int, rows []vgrad.Row) error {
	s.schema.EachSample(step, rows, func(x vgrad.Sample) { s.samples = append(s.samples, x) })
	return nil
}

func (s *source) Label() string       { return "source" }
func (s *source) Sites() []vgrad.Site { return s.schema.Sites }

func (s *source) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for _, x := range s.samples {
			if x.Quantity == q && !yield(x) {
				return
			}
		}
	}
}
