package nets

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/scan"
)

// gru builds the gated recurrent unit; see [vgrad.GRU]. Its blocks are those of
// PyTorch, in its order: reset gate, update gate, candidate.
func gru(s Setup) (Model, error) {
	r, err := newRecurrent(s, As[vgrad.GRU](s).Width, func(n vgrad.Network) (string, float64, string, float64) {
		m := n.(vgrad.GRU)
		return m.Initializer, m.Gain, m.Recurrent, m.RecurrentGain
	})
	if err != nil {
		return nil, err
	}
	sigmoid, tanh := MustActivation("sigmoid", 0), MustActivation("tanh", 0)
	bias := func(lane, block int) float64 {
		if block == 1 {
			return s.Networks[lane].(vgrad.GRU).UpdateBias
		}
		return 0
	}
	return func(scope *model.Scope, x *Node) *Node {
		layer := scope.In("layer1")
		zx := r.project(layer, r.sequence(x), 3, bias)
		b := s.variable(layer, "candidate_biases", []int{r.width}, func(_ int, shape []int) []float32 { return make([]float32, shape[0]) })
		Declare(x.Graph(), b, 1, vgrad.Bias)
		bu := b.NodeValue(x.Graph()) // the gates have their biases with x·W
		none := BroadcastToDims(ConstAsDType(x.Graph(), bu.DType(), 0), append(append([]int{}, bu.Shape().Dimensions[:bu.Rank()-1]...), 2*r.width)...)
		out := scan.Loop{Xs: []*Node{zx}, Start: []*Node{r.start(zx)},
			Products: []scan.Product{{W: r.recurrentKernel(layer, x.Graph(), 3), Bias: Concatenate([]*Node{none, bu}, -1)}},
			Step: func(s scan.At) []*Node {
				x, u := s.Xs[0], s.Products[0]
				reset, update := Sigmoid(Add(r.block(x, 0), r.block(u, 0))), Sigmoid(Add(r.block(x, 1), r.block(u, 1)))
				candidate := Tanh(Add(r.block(x, 2), Mul(reset, r.block(u, 2))))
				return []*Node{Add(candidate, Mul(update, Sub(s.Carry[0], candidate)))}
			},
		}.Run()
		gate := func(k int) func(t int) *Node {
			return func(t int) *Node { return Add(r.block(at(zx, t), k), r.block(at(out.Products[0], t), k)) }
		}
		for k, u := range []timed{
			{name: "reset", role: vgrad.Gate, activation: sigmoid, z: gate(0)}, {name: "update", role: vgrad.Gate, activation: sigmoid, z: gate(1)},
			{name: "candidate", role: vgrad.Units, activation: tanh, z: func(t int) *Node {
				return Add(r.block(at(zx, t), 2), Mul(Sigmoid(gate(0)(t)), r.block(at(out.Products[0], t), 2)))
			}},
		} {
			u.source, u.of = zx, func(d *Node) *Node { return r.block(d, k) }
			u.a = func(t int) *Node { return u.activation.Apply(u.z(t)) }
			r.tap(layer, u, gateTimes(r.Input[0]))
		}
		r.tapState(layer, "state", out, 0, stateTimes(r.Input[0]))
		return r.answer(scope, out)
	}, nil
}
