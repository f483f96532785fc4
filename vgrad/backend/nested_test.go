package backend_test

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
)

// A loop whose body has a loop: the sum of 1 + 2 + … + k over k up to n. What a
// program gives can be handed to the next, as its own memory too.
func TestNestedLoops(t *testing.T) {
	b := backendtest.XLA(t).Backend
	g := NewGraph(b, "nested")
	defer g.Finalize()
	int32s := func(g *Graph, name string, n int) (xs []*Node) {
		for i := range n {
			xs = append(xs, Parameter(g, name+string(rune('a'+i)), Scalar(g, dtypes.Int32, 0).Shape()))
		}
		return xs
	}
	one := func(g *Graph) *Node { return Const(g, int32(1)) }
	p := int32s(g, "main ", 2)
	total, n := p[0], p[1]
	outer := While(
		NewClosure(g, func(g *Graph) []*Node {
			x := int32s(g, "goes on ", 3)
			return []*Node{LessOrEqual(x[1], x[2])}
		}),
		NewClosure(g, func(g *Graph) []*Node {
			x := int32s(g, "body ", 3) // total, k, n
			inner := While(
				NewClosure(g, func(g *Graph) []*Node {
					y := int32s(g, "inner goes on ", 2)
					return []*Node{GreaterThan(y[1], Const(g, int32(0)))}
				}),
				NewClosure(g, func(g *Graph) []*Node {
					y := int32s(g, "inner body ", 2)
					return []*Node{Add(y[0], y[1]), Sub(y[1], one(g))}
				}),
				x[0], x[1])
			return []*Node{inner[0], Add(x[1], one(g)), x[2]}
		}),
		total, one(g), n)
	if err := g.Compile(outer[0]); err != nil {
		t.Fatal(err)
	}
	first := g.Run(int32(0), int32(4))[0]
	if got := tensors.ToScalar[int32](first); got != 1+3+6+10 {
		t.Errorf("the nested loops give %d; want 20", got)
	}
	donated, err := DonateTensorBuffer(first, b, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := tensors.ToScalar[int32](g.Run(donated, int32(2))[0]); got != 24 {
		t.Errorf("once more from there: %d; want 24", got)
	}
}
