package nets

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/scan"
)

// rnn builds the recurrent network; see [vgrad.RNN].
func rnn(s Setup) (Model, error) {
	act, err := s.Activations(func(n vgrad.Network) (string, float64) { m := n.(vgrad.RNN); return m.Activation, m.Slope })
	if err != nil {
		return nil, err
	}
	r, err := newRecurrent(s, As[vgrad.RNN](s).Width, func(n vgrad.Network) (string, float64, string, float64) {
		m := n.(vgrad.RNN)
		return m.Initializer, m.Gain, m.Recurrent, m.RecurrentGain
	})
	if err != nil {
		return nil, err
	}
	return func(scope *model.Scope, x *Node) *Node {
		layer := scope.In("layer1")
		zx := r.project(layer, r.sequence(x), 1, func(_, _ int) float64 { return 0 })
		h := scan.Loop{Xs: []*Node{zx}, Start: []*Node{r.start(zx)},
			Products: []scan.Product{{W: r.recurrentKernel(layer, x.Graph(), 1)}},
			Step:     func(s scan.At) []*Node { return []*Node{act.Apply(Add(s.Xs[0], s.Products[0]))} },
		}.Run()
		r.tap(layer, timed{name: "units", role: vgrad.Units, activation: act, source: zx,
			z: func(t int) *Node { return Add(at(zx, t), at(h.Products[0], t)) },
			a: func(t int) *Node { return at(h.Each[0], t) }}, gateTimes(r.Input[0]))
		r.tapState(layer, "state", h, 0, stateTimes(r.Input[0]))
		return r.answer(scope, h)
	}, nil
}
