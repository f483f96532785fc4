package nets

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// highway builds the highway network; see [vgrad.Highway].
func highway(s Setup) (Model, error) {
	n := As[vgrad.Highway](s)
	hidden, err := s.Activations(func(n vgrad.Network) (string, float64) { h := n.(vgrad.Highway); return h.Activation, h.Slope })
	if err != nil {
		return nil, err
	}
	draws, err := s.Draws(func(n vgrad.Network) (string, float64) { h := n.(vgrad.Highway); return h.Initializer, h.Gain })
	if err != nil {
		return nil, err
	}
	var bias []float64
	for _, n := range s.Networks {
		bias = append(bias, n.(vgrad.Highway).GateBias)
	}
	sigmoid, linear := MustActivation("sigmoid", 0), MustActivation("identity", 0)
	return func(scope *model.Scope, x *Node) *Node {
		x = s.Dense(scope.In("layer1"), x, Dense{Layer: 1, Units: n.Width, Activation: hidden, Draws: draws})
		for i := 2; i < n.Depth; i++ {
			layer := scope.In("layer%d", i)
			h := s.Dense(layer, x, Dense{Layer: i, Units: n.Width, Activation: hidden, Draws: draws})
			t := s.Dense(layer.In("gate"), x, Dense{Layer: i, Role: vgrad.Gate, Units: n.Width, Activation: sigmoid, Draws: draws, Bias: bias})
			x = Add(Mul(t, h), Mul(OneMinus(t), x))
			TapStream(layer, x, i)
		}
		return s.Dense(scope.In("layer%d", n.Depth), x, Dense{Layer: n.Depth, Units: s.Outputs, Activation: linear, Draws: draws})
	}, nil
}
