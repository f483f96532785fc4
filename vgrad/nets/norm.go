package nets

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

const (
	// normEpsilon is added to a variance before the root is taken, as in PyTorch.
	normEpsilon = 1e-5
	// normMomentum is the weight of a new batch in the running averages, as in PyTorch.
	normMomentum = 0.1
)

// Normalize normalizes x, [batch, …, units], in one of the forms of
// [vgrad.Residual.Norm]. Then it multiplies each unit by the trained variable "scale",
// one at first. It adds the trained variable "offset", zero at first; "rms" has none. With lanes all have a lane axis first. For "none"
// it returns x. It is made of plain operations, because the Go backend has no batch
// normalization for training.
//
// Batch normalization (Ioffe & Szegedy 2015, arXiv:1502.03167) takes mean and
// variance over all axes but the last while it trains, and from running averages
// otherwise. These are the variables "mean" and "variance", which are not trained.
func (s Setup) Normalize(scope *model.Scope, x *Node, kind string, layer int) *Node {
	n := normalization{s, scope, layer, x.Shape().Dim(-1)}
	switch kind {
	case vgrad.BatchNorm:
		return n.scaled(n.batch(x), true)
	case vgrad.LayerNorm: // Ba et al. 2016, arXiv:1607.06450
		x = Sub(x, ReduceAndKeep(x, ReduceMean, -1))
		return n.scaled(n.rms(x), true)
	case vgrad.RMSNorm: // Zhang & Sennrich 2019, arXiv:1910.07467
		return n.scaled(n.rms(x), false)
	}
	return x
}

// normalization is a normalization in a scope.
type normalization struct {
	Setup
	scope *model.Scope
	layer int
	units int
}

// rms divides x by its root mean square over the units of an example.
func (n normalization) rms(x *Node) *Node {
	return Mul(x, inverseRoot(ReduceAndKeep(Square(x), ReduceMean, -1)))
}

// inverseRoot is 1/√(v + ε). GoMLX's Rsqrt has no gradient.
func inverseRoot(v *Node) *Node {
	return Reciprocal(Sqrt(AddScalar(v, normEpsilon)))
}

// scaled multiplies by the scale and adds the offset.
func (n normalization) scaled(x *Node, offset bool) *Node {
	scale := n.constant(n.scope, "scale", []int{n.units}, n.inLanes(1))
	Declare(x.Graph(), scale, n.layer, vgrad.Scale)
	x = Mul(x, n.like(scale.NodeValue(x), x))
	if !offset {
		return x
	}
	v := n.constant(n.scope, "offset", []int{n.units}, nil)
	Declare(x.Graph(), v, n.layer, vgrad.Bias)
	return Add(x, n.like(v.NodeValue(x), x))
}

// batch is batch normalization without scale and offset.
func (n normalization) batch(x *Node) *Node {
	mean := n.constant(n.scope, "mean", []int{n.units}, nil).SetTrainable(false)
	variance := n.constant(n.scope, "variance", []int{n.units}, n.inLanes(1)).SetTrainable(false)
	if !n.scope.IsTraining(x.Graph()) {
		x = Sub(x, n.like(mean.NodeValue(x), x))
		return Mul(x, n.like(inverseRoot(variance.NodeValue(x)), x))
	}
	axes := n.examples(x)
	m := ReduceMean(x, axes...)
	centred := Sub(x, n.like(m, x))
	v := ReduceMean(Square(centred), axes...)
	count := float64(x.Shape().Size()) / float64(v.Shape().Size())
	running(mean, m)
	running(variance, MulScalar(v, count/max(1, count-1))) // the unbiased one, as in PyTorch
	return Mul(centred, n.like(inverseRoot(v), x))
}

// examples are the axes of x over which a unit's statistics are taken.
func (n normalization) examples(x *Node) []int {
	var axes []int
	for i := range x.Rank() - 1 {
		if i > 0 || !n.Lanes {
			axes = append(axes, i)
		}
	}
	return axes
}

// like gives a value of each unit, [units], the rank of x so that it broadcasts.
func (n normalization) like(v, x *Node) *Node {
	for v.Rank() < x.Rank() {
		v = InsertAxes(v, -2)
	}
	return v
}

// running moves a running average towards the batch's value.
func running(average *model.Variable, value *Node) {
	old := average.NodeValue(value)
	average.SetNodeValue(Add(MulScalar(old, 1-normMomentum), MulScalar(StopGradient(value), normMomentum)))
}
