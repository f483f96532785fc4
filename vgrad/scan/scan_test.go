package scan_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/scan"
)

// wave is a tensor of numbers of size s that do not repeat.
func wave(s float64, dims ...int) *tensors.Tensor {
	n := 1
	for _, d := range dims {
		n *= d
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(s * math.Sin(float64(i)*12.9898+float64(n)))
	}
	return tensors.FromFlatDataAndDimensions(v, dims...)
}

// lstm is the sum over a loss of a small LSTM with everything that a loop can have:
// two carried tensors, two inputs, products with and without a bias, a parameter, and
// a loss that reads each step. in: x, y, h, c, U, V, b, gain.
func lstm(run func(scan.Loop) scan.Result) func(in []*Node) []*Node {
	return func(in []*Node) []*Node {
		r := run(scan.Loop{
			Xs: in[:2], Start: in[2:4], Params: in[7:],
			Products: []scan.Product{{Carry: 0, W: in[4], Bias: in[6]}, {Carry: 1, W: in[5]}},
			Step: func(s scan.At) []*Node {
				z := Add(s.Xs[0], s.Products[0])
				n := z.Shape().Dimensions[z.Rank()-1] / 4
				part := func(k int) *Node { return SliceAxis(z, -1, AxisRange(k*n, (k+1)*n)) }
				c := Add(Mul(Sigmoid(part(0)), s.Carry[1]), Mul(Sigmoid(part(1)), Tanh(part(2))))
				c = Add(c, MulScalar(Tanh(Mul(s.Products[1], s.Params[0])), 0.1))
				h := Mul(Sigmoid(Add(part(3), s.Xs[1])), Tanh(c))
				return []*Node{h, c}
			},
		})
		loss := Add(ReduceAllSum(Square(r.Last[0])), ReduceAllMean(Square(r.Each[1])))
		return append([]*Node{loss, r.Each[0], r.Products[0]}, Gradient(loss, append(in[:len(in):len(in)], r.Adjoints...)...)...)
	}
}

func lstmInputs(steps int, lanes ...int) []any {
	with := func(dims ...int) []int { return append(append([]int{}, lanes...), dims...) }
	timed := func(dims ...int) []int { return append([]int{steps}, with(dims...)...) }
	const batch, units = 3, 5
	return []any{wave(1, timed(batch, 4*units)...), wave(0.5, timed(batch, units)...), wave(0.1, with(batch, units)...), wave(0.3, with(batch, units)...),
		wave(0.4, with(units, 4*units)...), wave(0.4, with(units, units)...), wave(0.2, with(4*units)...), wave(1, with(1, units)...)}
}

// largest is the largest difference of two results, relative to the largest value of b.
func largest(t *testing.T, a, b []*tensors.Tensor) float64 {
	t.Helper()
	worst := 0.0
	for i := range a {
		x, y := tensors.MustCopyFlatData[float32](a[i]), tensors.MustCopyFlatData[float32](b[i])
		size := 0.0
		for k := range y {
			size = max(size, math.Abs(float64(y[k])))
		}
		for k := range x {
			if d := math.Abs(float64(x[k]-y[k])) / size; !(d <= worst) {
				worst = d
			}
		}
	}
	return worst
}

// The loop gives what the unrolled form gives, and so do all gradients, those of the
// adjoints among them.
func TestLoopIsUnrolled(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		for _, lanes := range [][]int{nil, {2}} {
			want := MustNewExec(backendtest.Go(t).Backend, lstm(scan.Unrolled)).MustCall(lstmInputs(5, lanes...)...)
			got := MustNewExec(b.Backend, lstm(scan.Loop.Run)).MustCall(lstmInputs(5, lanes...)...)
			if len(got) != 3+8+2 {
				t.Fatalf("%d results", len(got))
			}
			if d := largest(t, got, want); !(d <= 1e-5) {
				t.Errorf("lanes %v: the loop differs from the unrolled form by %v", lanes, d)
			}
		}
	})
}

// A loop inside the body of another loop, as in the engine's device loop.
func TestLoopInLoop(t *testing.T) {
	b := backendtest.XLA(t)
	args := lstmInputs(4)
	alone := MustNewExec(b.Backend, lstm(scan.Loop.Run)).MustCall(args...)
	inside := MustNewExec(b.Backend, func(in []*Node) []*Node {
		g := in[0].Graph()
		var initial []*Node
		for _, x := range alone {
			initial = append(initial, Zeros(g, x.Shape()))
		}
		n := len(initial)
		initial = append(append(initial, in...), Const(g, int32(0)))
		declare := func(g *Graph) (ps []*Node) {
			for i, x := range initial {
				ps = append(ps, Parameter(g, "outer"+string(rune('a'+i)), x.Shape()))
			}
			return ps
		}
		last := len(initial) - 1
		return While(
			backend.NewClosure(g, func(g *Graph) []*Node { return []*Node{LessThan(declare(g)[last], Const(g, int32(3)))} }),
			backend.NewClosure(g, func(g *Graph) []*Node {
				ps := declare(g)
				out := append(lstm(scan.Loop.Run)(ps[n:last]), ps[n:last]...)
				return append(out, Add(ps[last], Const(g, int32(1))))
			}), initial...)[:n]
	}).MustCall(args...)
	if d := largest(t, inside, alone); !(d <= 1e-5) {
		t.Errorf("inside another loop the results differ by %v", d)
	}
}

// What the loop knows of GoMLX's insides. If this fails, GoMLX was changed: if it has
// a derivative of loops of its own, this package may not be needed any more. The
// caches that closures need apart are in vgrad/backend.
func TestPinned(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"github.com/gomlx/gomlx v0.28.2", "github.com/gomlx/compute v0.1.2", "github.com/gomlx/go-xla v0.4.1"} {
		if !strings.Contains(string(mod), line+"\n") {
			t.Errorf("go.mod has not %s, for which this package is written", line)
		}
	}
	if scan.OfGoMLX != nil {
		t.Error("GoMLX has a derivative of loops")
	}
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		g := NewGraph(b.Backend, "zeros")
		defer g.Finalize()
		if !scan.IsZeros(Zeros(g, shapes.Make(dtypes.Float32, 2, 3))) || scan.IsZeros(Ones(g, shapes.Make(dtypes.Float32, 2, 3))) {
			t.Error("the zeros of a gradient that does not arrive are not known as such")
		}
	})
}

// A loop that is not a Loop has no gradient, and the error says so.
func TestOtherLoops(t *testing.T) {
	b := backendtest.XLA(t)
	defer func() {
		if err := fmt.Sprint(recover()); !strings.Contains(err, "not a scan.Loop") {
			t.Errorf("the panic says %q", err)
		}
	}()
	MustNewExec(b.Backend, func(x *Node) *Node {
		g := x.Graph()
		declare := func(g *Graph) []*Node { return []*Node{Parameter(g, "x", x.Shape()), Parameter(g, "y", x.Shape())} }
		y := While(backend.NewClosure(g, func(g *Graph) []*Node { return []*Node{LessThan(declare(g)[0], Const(g, float32(5)))} }),
			backend.NewClosure(g, func(g *Graph) []*Node { ps := declare(g); return []*Node{Add(ps[0], ps[1]), ps[1]} }), x, x)
		return Gradient(y[0], x)[0]
	}).MustCall(float32(1))
}

// The time to compile does not grow with the length.
func BenchmarkCompile(b *testing.B) {
	x := backendtest.XLA(b)
	took := map[int]time.Duration{}
	for b.Loop() {
		for _, steps := range []int{28, 784} {
			start := time.Now()
			e := MustNewExec(x.Backend, lstm(scan.Loop.Run))
			e.MustCall(lstmInputs(steps)...)
			if d := time.Since(start); took[steps] == 0 || d < took[steps] {
				took[steps] = d
			}
		}
	}
	b.ReportMetric(took[784].Seconds()/took[28].Seconds(), "784/28")
	b.ReportMetric(took[28].Seconds(), "s(28)")
}

// A forward and a backward pass of a tanh layer and of an LSTM over 784 time steps, 32
// units, batch 16. vgrad's prototype took 4.75 ms for the former, JAX's scan 4.4 ms and
// PyTorch 19 to 23 ms, on two cores.
func BenchmarkPass(b *testing.B) {
	x := backendtest.XLA(b)
	for name, blocks := range map[string]int{"rnn": 1, "lstm": 4} {
		b.Run(name, func(b *testing.B) {
			const steps, batch, units = 784, 16, 32
			e := MustNewExec(x.Backend, func(in []*Node) []*Node {
				part := func(z *Node, k int) *Node { return SliceAxis(z, -1, AxisRange(k*units, (k+1)*units)) }
				zx := Add(Dot(in[0], in[1]).General([]int{2}, nil, []int{0}, nil), InsertAxes(in[2], 0, 0))
				l := scan.Loop{Xs: []*Node{zx}, Start: in[4 : 4+(blocks+2)/3], Products: []scan.Product{{W: in[3]}}}
				l.Step = func(s scan.At) []*Node {
					z := Add(s.Xs[0], s.Products[0])
					if blocks == 1 {
						return []*Node{Tanh(z)}
					}
					c := Add(Mul(Sigmoid(part(z, 1)), s.Carry[1]), Mul(Sigmoid(part(z, 0)), Tanh(part(z, 2))))
					return []*Node{Mul(Sigmoid(part(z, 3)), Tanh(c)), c}
				}
				loss := ReduceAllMean(Square(l.Run().Last[0]))
				return append([]*Node{loss}, Gradient(loss, in[1:4]...)...)
			})
			args := []any{wave(1, steps, batch, 1), wave(1, 1, blocks*units), wave(0.1, blocks*units), wave(0.25, units, blocks*units), wave(0.1, batch, units), wave(0.1, batch, units)}
			e.MustCall(args...)
			least := time.Hour
			for b.Loop() {
				start := time.Now()
				e.MustCall(args...)
				least = min(least, time.Since(start))
			}
			b.ReportMetric(least.Seconds()*1e3, "ms(least)")
		})
	}
}
