package attach

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// probed wraps an optimizer and measures before and after it. A trainer calls it with the
// loss while it builds the graph of a step. At that point the forward pass is complete and
// the weights are not updated yet.
type probed struct {
	optimizer.Interface // the trainer's own
	a                   *Attachment
}

// probedWithGradients is probed around an optimizer that takes gradients.
type probedWithGradients struct {
	probed
	own train.OptimizeWithGradients
}

// around returns an optimizer that wraps own. It takes gradients if own does, because a
// trainer that accumulates gradients needs an optimizer that takes them.
func (a *Attachment) around(own optimizer.Interface) optimizer.Interface {
	p := probed{own, a}
	if w, ok := own.(train.OptimizeWithGradients); ok {
		return probedWithGradients{p, w}
	}
	return p
}

// UpdateGraph wraps an optimizer that differentiates the loss itself. The gradients are
// then in the graph twice; backends merge equal nodes.
func (p probed) UpdateGraph(scope *model.Scope, g *Graph, loss *Node) {
	if p.a.due == 0 {
		p.Interface.UpdateGraph(scope, g, loss)
		return
	}
	s := p.a.look(scope, loss)
	s.differentiate()
	p.Interface.UpdateGraph(scope, g, loss)
	p.a.measure(s)
}

// UpdateGraph differentiates the loss by weights and units in one call, and passes the
// gradients to the optimizer. If nothing is due, it adds nothing to the graph.
func (p probedWithGradients) UpdateGraph(scope *model.Scope, g *Graph, loss *Node) {
	if p.a.due == 0 {
		p.Interface.UpdateGraph(scope, g, loss)
		return
	}
	s := p.a.look(scope, loss)
	p.own.UpdateGraphWithGradients(scope, s.differentiate(), loss.DType())
	p.a.measure(s)
}

// UpdateGraphWithGradients is called with gradients that were accumulated over several
// batches. Loss, activations and δ are those of the last batch.
func (p probedWithGradients) UpdateGraphWithGradients(scope *model.Scope, gradients []*Node, lossDType dtypes.DType) {
	if p.a.due == 0 || len(gradients) == 0 {
		p.own.UpdateGraphWithGradients(scope, gradients, lossDType)
		return
	}
	s := p.a.look(scope, train.TotalLoss(gradients[0].Graph()))
	s.differentiate()
	copy(s.gradients, gradients)
	p.own.UpdateGraphWithGradients(scope, gradients, lossDType)
	p.a.measure(s)
}
