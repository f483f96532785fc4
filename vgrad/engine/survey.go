package engine

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/meter"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/probe"
)

// site is a vgrad.Site with the index of its tensors in the step.
type site struct {
	vgrad.Site
	variable int // index into the plan's variables; -1: the site has units
	unit     int // index into the layout's units; -1: the site is a variable
}

// shown is a model on a graph: its outputs, its loss, and its layout.
type shown struct {
	outputs  *Node
	loss     *Node // of the data
	total    *Node // what is minimized: loss plus the terms that the model adds, such as a regularization; or the stage's objective
	recorded *Node // as the loss
	accuracy *Node // nil: the task has none
	nets.Layout
}

// forward builds the model and its loss on a batch.
func (p *plan) forward(g *Graph, b batch, training bool) shown {
	var s shown
	recorded := nets.Record(g, func() { s.outputs = p.build(g, scale(b.inputs), training) })
	if s.outputs == nil {
		return s
	}
	s.loss, s.accuracy = p.lossAndAccuracy(s.outputs, b.targets)
	s.total, s.recorded = s.loss, s.loss
	if p.Model == nil {
		s.Layout = nets.LayoutOf(recorded)
		if p.stage.Objective != "" {
			p.aim(&s, b)
		}
		return s
	}
	if extra := train.TotalLoss(g); training && extra != nil {
		s.total = Add(s.total, ConvertDType(extra, s.loss.DType()))
	}
	s.recorded = s.total
	s.Layout = nets.Discover(s.total, slices.Collect(p.store.IterVariables()), recorded)
	return s
}

// scratchBatch declares the parameters of a batch.
func (p *plan) scratchBatch(g *Graph) batch {
	inputs, targets := p.task.shapes(p.batched)
	return batch{Parameter(g, "inputs", inputs), Parameter(g, "targets", targets)}
}

// survey lists the sites of the network in this stage, makes the meter for them,
// and rehearses the meter.
func (p *plan) survey() error {
	g := NewGraph(p.target, "survey")
	defer g.Finalize()
	s := p.forward(g, p.scratchBatch(g), true)
	p.list(s.Layout)
	var sites []vgrad.Site
	for _, s := range p.sites {
		sites = append(sites, s.Site)
	}
	p.meter = meter.New(p.exp.Measure, sites, meter.Options{
		Network: p.network(), Final: p.final(), Lanes: len(p.lanes), Apart: p.mesh != nil,
		Activation: func(of vgrad.Site, lane int) string { return p.activation(s.Layout, of, lane) },
	})
	network, views := p.rehearsal(g, s)
	for _, g := range p.meter.Groups() {
		g.Rehearse(network, views)
	}
	return nil
}

// list makes a site for every variable that the model declares and for all units,
// in forward order. In a layer the variables come first.
func (p *plan) list(l nets.Layout) {
	p.sites, p.without = nil, l.Without
	for _, d := range l.Variables {
		i := slices.Index(p.variables, d.Variable)
		size := d.Variable.Shape().Size() / p.width()
		at := vgrad.Site{Path: d.Variable.Path(), Layer: d.Layer, Role: d.Role, Frozen: p.frozen(d.Variable), Size: size}
		if u := l.UnitsOf(d.Variable); u >= 0 {
			at.Input, at.Back = true, l.Units[u].PassesBack()
		}
		p.sites = append(p.sites, site{at, i, -1})
	}
	for i, t := range l.Units {
		if p.stage.Objective != "" && (t.Layer > p.stage.Layer || t.Layer < p.stage.Layer && p.stage.Train == "") {
			continue // the objective does not reach them, or trains nothing there
		}
		at := vgrad.Site{Path: t.Path, Layer: t.Layer, Time: t.Time, Role: t.Role, Activation: t.Activation.Name,
			Frozen: t.Kernel != nil && p.frozen(t.Kernel), Normalized: t.Linear != nil && t.Linear != t.Z, Size: t.A.Shape().Size() / p.width()}
		p.sites = append(p.sites, site{at, -1, i})
	}
	slices.SortStableFunc(p.sites, func(a, b site) int { return a.Layer - b.Layer })
}

// frozen reports whether the stage does not train a variable.
func (p *plan) frozen(v *model.Variable) bool {
	return !slices.ContainsFunc(p.trainable, func(i int) bool { return p.variables[i] == v })
}

// activation names the activation of units in a lane.
func (p *plan) activation(l nets.Layout, of vgrad.Site, lane int) string {
	for _, t := range l.Units {
		if t.Path == of.Path {
			return t.Activation.InLane(lane)
		}
	}
	return of.Activation
}

// rehearsal returns stand-ins for the meter's inputs: any tensors of the right
// shapes.
func (p *plan) rehearsal(g *Graph, s shown) (map[vgrad.Quantity]*Node, []*probe.View) {
	var state, grads []*Node
	for _, v := range p.variables {
		state = append(state, v.NodeValue(g))
	}
	grads = make([]*Node, len(p.variables))
	for _, i := range p.trainable {
		grads[i] = state[i]
	}
	var signals []nets.Signal
	for _, t := range s.Units {
		signals = append(signals, nets.Signal{Arriving: t.A, Delta: t.Z, Linear: t.Z, Leaving: t.Input})
	}
	return networkValues(s), p.views(s.Layout, state, grads, grads, signals)
}

// networkValues are the quantities of the whole network.
func networkValues(s shown) map[vgrad.Quantity]*Node {
	values := map[vgrad.Quantity]*Node{vgrad.Loss: s.recorded}
	if s.accuracy != nil {
		values[vgrad.TrainAccuracy] = s.accuracy
	}
	return values
}

// views returns the meter's view of each site, in the order of the sites.
func (p *plan) views(l nets.Layout, weights, grads, updates []*Node, signals []nets.Signal) []*probe.View {
	lanes := probe.Lanes(p.lanes != nil)
	var views []*probe.View
	for _, s := range p.sites {
		if s.variable >= 0 {
			v := probe.OfVariable(s.Site, lanes, weights[s.variable], grads[s.variable], updates[s.variable])
			if u := l.UnitsOf(p.variables[s.variable]); u >= 0 {
				v.Passing(p.input(l.Units[u]), signals[u])
			}
			views = append(views, v)
			continue
		}
		t := l.Units[s.unit]
		views = append(views, probe.OfUnits(s.Site, lanes, t.Z, t.A, signals[s.unit], t.Activation))
	}
	return views
}

// input is the input of units' kernel; if lanes share it, it gets a lane axis of 1.
func (p *plan) input(t nets.Tapped) *Node {
	if p.lanes != nil && t.Input.Rank() < t.Z.Rank() {
		return InsertAxes(t.Input, 0)
	}
	return t.Input
}
