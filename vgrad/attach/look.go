package attach

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/probe"
)

// step is the graph of a training step when the optimizer is called: the forward pass is
// complete.
type step struct {
	*Graph
	loss *Node // with what the model adds to it, such as regularization
	nets.Layout
	sites   []vgrad.Site
	places  []place        // of each site
	unfound []nets.Unfound // the model's variables for which no units were found

	trained   []*model.Variable      // in the order in which optimizers take them
	before    []*Node                // their values
	gradients []*Node                // ∂L/∂before
	signals   map[string]nets.Signal // at the units, by path
}

// place is what a step measures at a site: a variable or units.
type place struct {
	variable *model.Variable // nil: the site is units
	unit     nets.Tapped
}

// tapped holds the taps that a model recorded while a graph was built.
type tapped struct {
	graph GraphId
	nets.Recorded
}

// tap calls the trainer's model, and records its taps if something is due.
func (a *Attachment) tap(scope *model.Scope, spec any, inputs []*Node) (predictions []*Node) {
	g := inputs[0].Graph()
	if a.due == 0 || !scope.IsTraining(g) {
		return a.model(scope, spec, inputs)
	}
	a.tapped = tapped{g.GraphId(), nets.Record(g, func() { predictions = a.model(scope, spec, inputs) })}
	a.record.batch(inputs[0].Shape())
	return predictions
}

// look finds the sites of a network in the graph of its step. It adds no nodes.
func (a *Attachment) look(scope *model.Scope, loss *Node) *step {
	s := &step{Graph: loss.Graph(), loss: loss}
	for v := range scope.IterVariables() {
		if v.Trainable && v.InUseByGraph(s.Graph) {
			s.trained, s.before = append(s.trained, v), append(s.before, v.NodeValue(s.Graph))
		}
	}
	s.Layout = nets.Discover(loss, slices.Collect(scope.Store().IterVariables()), a.tapsOf(s.Graph))
	s.unfound = slices.DeleteFunc(slices.Clone(s.Without), func(u nets.Unfound) bool { return !s.isModels(u.Variable) })
	s.checkSizes()
	s.list()
	a.resize(s.sites)
	a.checkSites(s.sites)
	s.Layout.Units = slices.DeleteFunc(s.Layout.Units, func(u nets.Tapped) bool {
		return !vgrad.MatchPath(a.o.Measure.Sites, u.Path) && (u.Kernel == nil || !vgrad.MatchPath(a.o.Measure.Sites, u.Kernel.Path()))
	})
	return s
}

// tapsOf returns the taps that the model recorded while that graph was built.
func (a *Attachment) tapsOf(g *Graph) nets.Recorded {
	if a.tapped.graph != g.GraphId() {
		return nets.Recorded{}
	}
	return a.tapped.Recorded
}

// list makes a site of every variable of the layout that the step uses, and of all units.
// Sites are in forward order; within a layer the variables come first.
func (s *step) list() {
	type located struct {
		vgrad.Site
		place
	}
	var all []located
	for _, d := range s.Variables {
		if v := d.Variable; v.InUseByGraph(s.Graph) {
			at := vgrad.Site{Path: v.Path(), Layer: d.Layer, Role: d.Role, Frozen: s.frozen(v), Size: v.Shape().Size()}
			if u := s.UnitsOf(v); u >= 0 {
				at.Input, at.Back = true, s.Units[u].PassesBack()
			}
			all = append(all, located{at, place{variable: v}})
		}
	}
	for _, u := range s.Units {
		at := vgrad.Site{Path: u.Path, Layer: u.Layer, Time: u.Time, Role: u.Role, Activation: u.Activation.Name,
			Frozen: u.Kernel != nil && s.frozen(u.Kernel), Normalized: u.Linear != nil && u.Linear != u.Z, Size: u.A.Shape().Size()}
		all = append(all, located{at, place{unit: u}})
	}
	slices.SortStableFunc(all, func(a, b located) int { return a.Layer - b.Layer })
	for _, l := range all {
		s.sites, s.places = append(s.sites, l.Site), append(s.places, l.place)
	}
}

// isModels reports whether a variable holds numbers of the model. Variables of metrics and
// of the trainer do not.
func (s *step) isModels(v *model.Variable) bool {
	for _, scope := range []string{metric.Scope, train.AccumulatedGradientsScope} {
		if strings.HasPrefix(v.Path(), "/"+scope+"/") {
			return false
		}
	}
	return v.InUseByGraph(s.Graph) && v.DType().IsFloat()
}

// frozen reports whether the step does not train a variable.
func (s *step) frozen(v *model.Variable) bool { return !slices.Contains(s.trained, v) }

// resize gives each site the size that it had in the first graph. Otherwise a smaller last
// batch would make new sites of the same paths.
func (a *Attachment) resize(sites []vgrad.Site) {
	for i := range sites {
		s := &sites[i]
		if a.sizes[s.Path] == 0 {
			a.sizes[s.Path] = s.Size
		}
		s.Size = a.sizes[s.Path]
	}
}

// checkSizes panics if the graph is for batches of any size.
func (s *step) checkSizes() {
	for _, u := range s.Units {
		if slices.Contains(u.Z.Shape().Dimensions, shapes.DynamicDim) {
			panic(fmt.Errorf("attach: %s has shape %s; a graph for batches of any size cannot be measured: leave out WithInputsDynamicAxes", u.Path, u.Z.Shape()))
		}
	}
}

// checkSites panics if no site matches Measure.Sites.
func (a *Attachment) checkSites(sites []vgrad.Site) {
	patterns := a.o.Measure.Sites
	var paths []string
	for _, s := range sites {
		if vgrad.MatchPath(patterns, s.Path) {
			return
		}
		paths = append(paths, s.Path)
	}
	if patterns != "" {
		panic(fmt.Errorf("attach: measure.sites is %q; no site of the network has such a path: it has %q", patterns, paths))
	}
}

// differentiate computes the derivatives of the loss by weights and units in one call of
// Gradient. It returns a copy of those by the weights.
func (s *step) differentiate() []*Node {
	var signals []nets.Signal
	if len(s.before)+len(s.Layout.Units) > 0 {
		s.gradients, signals = s.Layout.Gradients(s.loss, s.before)
	}
	s.signals = map[string]nets.Signal{}
	for i, u := range s.Layout.Units {
		s.signals[u.Path] = signals[i]
	}
	return slices.Clone(s.gradients)
}

// views returns the meter's views of the sites, once the weights are updated. The view of
// a site that is not measured is nil.
func (s *step) views() []*probe.View {
	var views []*probe.View
	for i, at := range s.sites {
		p := s.places[i]
		signal, measured := s.signals[at.Path]
		switch {
		case p.variable != nil:
			views = append(views, s.viewOf(at, p.variable))
		case measured:
			views = append(views, probe.OfUnits(at, false, p.unit.Z, p.unit.A, signal, p.unit.Activation))
		default:
			views = append(views, nil)
		}
	}
	return views
}

// viewOf returns the view of a variable. A variable that is not trained has no gradient
// and no update.
func (s *step) viewOf(at vgrad.Site, v *model.Variable) *probe.View {
	i := slices.Index(s.trained, v)
	if i < 0 {
		return s.passing(v, probe.OfVariable(at, false, v.NodeValue(s.Graph), nil, nil))
	}
	return s.passing(v, probe.OfVariable(at, false, s.before[i], s.gradients[i], increment(s.before[i], v.NodeValue(s.Graph))))
}

// passing adds the signal that passes back through a kernel to its view.
func (s *step) passing(v *model.Variable, view *probe.View) *probe.View {
	if u := s.UnitsOf(v); u >= 0 {
		view.Passing(s.Units[u].Input, s.signals[s.Units[u].Path])
	}
	return view
}

// increment returns what was added to a variable. If the new value is a sum in the graph,
// it is the other summand. The difference of the new and the old value would be rounded to
// the variable's precision; it would be zero for an update too small to change the
// variable.
func increment(before, after *Node) *Node {
	sum := unconverted(after)
	switch in := sum.Inputs(); {
	case after == before:
		return ZerosLike(before)
	case sum.Type() == NodeTypeSub && isSum(in[0], in[1], before):
		return Neg(in[1])
	case sum.Type() == NodeTypeAdd && isSum(in[0], in[1], before):
		return in[1]
	case sum.Type() == NodeTypeAdd && isSum(in[1], in[0], before):
		return in[0]
	}
	if before.DType() != dtypes.Float64 {
		before, after = ConvertDType(before, dtypes.Float32), ConvertDType(after, dtypes.Float32)
	}
	return Sub(after, before)
}

// isSum reports whether x is the variable and other has its shape.
func isSum(x, other, variable *Node) bool {
	return unconverted(x) == unconverted(variable) && slices.Equal(other.Shape().Dimensions, variable.Shape().Dimensions)
}

// unconverted is x before it was converted to other types.
func unconverted(x *Node) *Node {
	for x.Type() == NodeTypeConvertDType {
		x = x.Inputs()[0]
	}
	return x
}
