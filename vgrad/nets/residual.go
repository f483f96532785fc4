package nets

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// residual builds the dense residual stack; see [vgrad.Residual].
//
// Layers have the scopes layer1, layer2 and so on, blocks block1 and so on. A site of
// role Stream is what enters the first block and what leaves each block. A site of
// role Branch is a block's input as its branch sees it. In a block φ(x + F(x)) the
// sum is the pre-activation of the last layer's units. There
//
//	δ of the stream before = δ of the last layer's units + δ of the branch.
//
// In the other forms δ of the stream before = δ of the stream behind + δ of the branch.
func residual(s Setup) (Model, error) {
	r := stack{Setup: s, Residual: As[vgrad.Residual](s)}
	r.form, r.skip = r.Form()
	var err error
	r.hidden, err = s.Activations(func(n vgrad.Network) (string, float64) { m := n.(vgrad.Residual); return m.Activation, m.Slope })
	if err != nil {
		return nil, err
	}
	r.draws, err = s.Draws(func(n vgrad.Network) (string, float64) { m := n.(vgrad.Residual); return m.Initializer, m.Gain })
	return r.model, err
}

// stack is a dense residual stack.
type stack struct {
	Setup
	vgrad.Residual
	form   string
	skip   bool
	hidden Activation
	draws  Draws
}

func (r stack) model(scope *model.Scope, x *Node) *Node {
	if r.form == vgrad.PreActivation {
		x = r.identity(scope, x, 1, r.Width, r.draws)
	} else {
		x = r.unit(scope, x, 1, r.draws)
	}
	r.stream(scope.At("layer1"), x, 1)
	for i := range r.Blocks() {
		x = r.block(scope, x, i)
	}
	output := r.draws
	switch r.form {
	case vgrad.PreActivation: // what the skips carry is normalized and activated once, at the end
		x = r.hidden.Apply(r.Normalize(scope.At("norm"), x, r.Norm, r.Depth))
	case vgrad.Fixup:
		output = output.Scaled(0)
	}
	return r.identity(scope, x, r.Depth, r.Outputs, output)
}

// stream taps what a block passes to the next. A plain stack has no stream.
func (r stack) stream(scope *model.Scope, x *Node, layer int) {
	if r.skip {
		TapStream(scope, x, layer)
	}
}

// block is the block with number i, from 0.
func (r stack) block(scope *model.Scope, x *Node, i int) *Node {
	first := 2 + i*r.BlockLayers
	last := first + r.BlockLayers - 1
	own := scope.At("block%d", i+1)
	switch r.form {
	case vgrad.PreActivation:
		x = r.preActivation(scope, own, x, first, last)
	case vgrad.ReZero:
		x = r.reZero(scope, own, x, first, last)
	default:
		x = r.postActivation(scope, own, x, first, last)
	}
	r.stream(own, x, last)
	return x
}

// postActivation is φ(x + F(x)); the last of F's layers has no activation of its own.
func (r stack) postActivation(scope, own *model.Scope, x *Node, first, last int) *Node {
	h := r.branch(own, x, first)
	for layer := first; layer < last; layer++ {
		h = r.unit(scope, h, layer, r.drawsOf(layer, last))
	}
	z := r.normed(scope, h, last, r.drawsOf(last, last))
	if r.form == vgrad.Fixup {
		z = r.multiplied(own, z, "multiplier", last, 1)
	}
	if r.skip {
		z = Add(x, z)
	}
	a := r.hidden.Apply(z)
	r.TapUnits(scope.At("layer%d", last), Dense{Layer: last, Activation: r.hidden}, z, a)
	return a
}

// preActivation is x + F(x), where F begins with the normalization and φ.
func (r stack) preActivation(scope, own *model.Scope, x *Node, first, last int) *Node {
	normed := func(z *Node, layer int) *Node {
		return r.Normalize(scope.At("layer%d", layer).At("norm"), z, r.Norm, layer)
	}
	h := r.hidden.Apply(normed(r.branch(own, x, first), first))
	for layer := first; layer < last; layer++ {
		d := Dense{Layer: layer, Units: r.Width, Activation: r.hidden, Draws: r.draws}
		z := normed(r.Linear(scope.At("layer%d", layer), h, d), layer+1)
		h = r.hidden.Apply(z)
		r.TapUnits(scope.At("layer%d", layer), d, z, h)
	}
	h = r.identity(scope, h, last, r.Width, r.draws)
	if r.skip {
		h = Add(x, h)
	}
	return h
}

// reZero is x + α·F(x); all layers of F have an activation.
func (r stack) reZero(scope, own *model.Scope, x *Node, first, last int) *Node {
	h := r.branch(own, x, first)
	for layer := first; layer <= last; layer++ {
		h = r.unit(scope, h, layer, r.draws)
	}
	return Add(x, r.multiplied(own, h, "alpha", last, 0))
}

// branch is x for the branch of a block. A plain stack has no branches.
func (r stack) branch(own *model.Scope, x *Node, layer int) *Node {
	if !r.skip {
		return x
	}
	return TapBranch(own, x, layer)
}

// unit is a layer φ(N(x·W + b)).
func (r stack) unit(scope *model.Scope, x *Node, layer int, draws Draws) *Node {
	z := r.normed(scope, x, layer, draws)
	a := r.hidden.Apply(z)
	r.TapUnits(scope.At("layer%d", layer), Dense{Layer: layer, Activation: r.hidden}, z, a)
	return a
}

// normed is N(x·W + b). The offset of a normalization replaces the bias.
func (r stack) normed(scope *model.Scope, x *Node, layer int, draws Draws) *Node {
	at := scope.At("layer%d", layer)
	offset := r.Norm == vgrad.BatchNorm || r.Norm == vgrad.LayerNorm
	z := r.Linear(at, x, Dense{Layer: layer, Units: r.Width, Draws: draws, NoBias: offset})
	return r.Normalize(at.At("norm"), z, r.Norm, layer)
}

// identity is a layer without activation.
func (r stack) identity(scope *model.Scope, x *Node, layer, units int, draws Draws) *Node {
	return r.Dense(scope.At("layer%d", layer), x, Dense{Layer: layer, Units: units, Activation: MustActivation("identity", 0), Draws: draws})
}

// drawsOf are the initial weights of a layer in a branch that ends with layer last.
func (r stack) drawsOf(layer, last int) Draws {
	switch {
	case r.form != vgrad.Fixup:
		return r.draws
	case layer == last:
		return r.draws.Scaled(0)
	}
	return r.draws.Scaled(math.Pow(float64(r.Blocks()), -1/float64(2*r.BlockLayers-2)))
}

// multiplied is x times a trained scalar.
func (r stack) multiplied(own *model.Scope, x *Node, name string, layer int, start float64) *Node {
	v := r.constant(own, name, nil, r.inLanes(start))
	Declare(x.Graph(), v, layer, vgrad.Scale)
	m := v.NodeValue(x)
	for r.Lanes && m.Rank() < x.Rank() {
		m = InsertAxes(m, -1)
	}
	return Mul(x, m)
}
