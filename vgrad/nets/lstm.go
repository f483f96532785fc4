package nets

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/scan"
)

// lstm builds the long short-term memory; see [vgrad.LSTM]. Its blocks are those of
// PyTorch, in its order: input gate, forget gate, candidate, output gate.
func lstm(s Setup) (Model, error) {
	r, err := newRecurrent(s, As[vgrad.LSTM](s).Width, func(n vgrad.Network) (string, float64, string, float64) {
		m := n.(vgrad.LSTM)
		return m.Initializer, m.Gain, m.Recurrent, m.RecurrentGain
	})
	if err != nil {
		return nil, err
	}
	sigmoid, tanh := MustActivation("sigmoid", 0), MustActivation("tanh", 0)
	bias := func(lane, block int) float64 {
		if block == 1 {
			return s.Networks[lane].(vgrad.LSTM).ForgetBias
		}
		return 0
	}
	return func(scope *model.Scope, x *Node) *Node {
		layer := scope.In("layer1")
		zx := r.project(layer, r.sequence(x), 4, bias)
		out := scan.Loop{Xs: []*Node{zx}, Start: []*Node{r.start(zx), r.start(zx)},
			Products: []scan.Product{{W: r.recurrentKernel(layer, x.Graph(), 4)}},
			Step: func(s scan.At) []*Node {
				z := Add(s.Xs[0], s.Products[0])
				i, f, o := Sigmoid(r.block(z, 0)), Sigmoid(r.block(z, 1)), Sigmoid(r.block(z, 3))
				c := Add(Mul(f, s.Carry[1]), Mul(i, Tanh(r.block(z, 2))))
				return []*Node{Mul(o, Tanh(c)), c}
			},
		}.Run()
		for k, u := range []timed{
			{name: "input", role: vgrad.Gate, activation: sigmoid}, {name: "forget", role: vgrad.Gate, activation: sigmoid},
			{name: "candidate", role: vgrad.Units, activation: tanh}, {name: "output", role: vgrad.Gate, activation: sigmoid},
		} {
			u.source, u.of = zx, func(d *Node) *Node { return r.block(d, k) }
			u.z = func(t int) *Node { return r.block(Add(at(zx, t), at(out.Products[0], t)), k) }
			u.a = func(t int) *Node { return u.activation.Apply(u.z(t)) }
			r.tap(layer, u, gateTimes(r.Input[0]))
		}
		r.tapState(layer, "state", out, 0, stateTimes(r.Input[0]))
		r.tapState(layer, "cell", out, 1, gateTimes(r.Input[0]))
		return r.answer(scope, out)
	}, nil
}
