package nets

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// mlp builds the multi-layer perceptron: dense layers with the scopes layer1,
// layer2 and so on. The last is linear.
func mlp(s Setup) (Model, error) {
	n := As[vgrad.MLP](s)
	hidden, err := s.Activations(func(n vgrad.Network) (string, float64) { m := n.(vgrad.MLP); return m.Activation, m.Slope })
	if err != nil {
		return nil, err
	}
	draws, err := s.Draws(func(n vgrad.Network) (string, float64) { m := n.(vgrad.MLP); return m.Initializer, m.Gain })
	if err != nil {
		return nil, err
	}
	return func(scope *model.Scope, x *Node) *Node {
		for i := 1; i < n.Depth; i++ {
			x = s.Dense(scope.In("layer%d", i), x, Dense{Layer: i, Units: n.Width, Activation: hidden, Draws: draws, Sole: true})
		}
		return s.Dense(scope.In("layer%d", n.Depth), x, Dense{Layer: n.Depth, Units: s.Outputs, Activation: MustActivation("identity", 0), Draws: draws, Sole: true})
	}, nil
}
