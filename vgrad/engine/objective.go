package engine

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/nets"
)

// An objective's own variables stand in scopes of the layer that it trains.
const (
	visible = "visible" // the biases of what is given back, and the noise of a Boltzmann machine
	reader  = "reader"  // the linear layer that reads the classes
)

// objectives lists what a stage can minimize instead of the network's loss: the
// variables that it needs, and its graph. Each graph sets what is minimized and what is
// recorded.
var objectives = map[string]struct {
	declare func(p *plan, w pretrained)
	build   func(p *plan, w pretrained, s *shown, b batch)
}{
	vgrad.Autoencoder: {(*plan).declareVisible, (*plan).reconstruct},
	vgrad.RBM:         {(*plan).declareMachine, (*plan).contrast},
	vgrad.Supervised:  {(*plan).declareReader, (*plan).readOut},
}

// pretrained is the layer that an objective trains.
type pretrained struct {
	nets.Tapped
	scope string
	bias  *model.Variable
	unit  bool // its input is between 0 and 1
}

// layerOf finds the layer of a stage among those that the network declares.
func (p *plan) layerOf(l nets.Layout, s vgrad.Stage) (w pretrained, err error) {
	var can []int
	for _, u := range l.Units {
		if u.Role != vgrad.Units || u.Kernel == nil || u.Input == nil || u.Linear != nil && u.Linear != u.Z || u.Kernel.Shape().Rank() != len(p.perLane(0, 0)) {
			continue
		}
		can = append(can, u.Layer)
		if u.Layer == s.Layer && w.Kernel == nil {
			w.Tapped, w.scope = u, path.Dir(u.Kernel.Path())
		}
	}
	if w.Kernel == nil {
		return w, fmt.Errorf("engine: %s: the objective %s cannot train layer %d; it can train the layers %v", s.Name, s.Objective, s.Layer, can)
	}
	for _, d := range l.Variables {
		if d.Role == vgrad.Bias && path.Dir(d.Variable.Path()) == w.scope {
			w.bias = d.Variable
		}
	}
	w.unit = p.between(l, s.Layer)
	if s.Objective == vgrad.RBM && (w.Activation.Name != "sigmoid" || !w.unit || w.bias == nil) {
		return w, fmt.Errorf("engine: %s: a Boltzmann machine needs sigmoid units and an input between 0 and 1; layer %d has %s units", s.Name, s.Layer, w.Activation.Name)
	}
	return w, nil
}

// between reports whether a layer's input is between 0 and 1: an image of bytes, or
// sigmoid units that nothing is added to.
func (p *plan) between(l nets.Layout, layer int) bool {
	if layer == 1 {
		return p.Data.Train.Numbers == nil
	}
	is := false
	for _, u := range l.Units {
		if u.Layer == layer-1 && u.Role != vgrad.Gate {
			is = u.Activation.Name == "sigmoid"
		}
	}
	return is
}

// addHelpers creates the variables that the stages' objectives need.
func (p *plan) addHelpers() error {
	p.helpers = map[string]*model.Variable{}
	for _, s := range p.exp.InStages() {
		switch {
		case s.Objective == "":
			continue
		case p.Model != nil:
			return fmt.Errorf("engine: %s: the objective %s needs one of the laboratory's networks; this model is the caller's", s.Name, s.Objective)
		}
		w, err := p.layerOf(p.layout, s)
		if err != nil {
			return err
		}
		objectives[s.Objective].declare(p, w)
	}
	return nil
}

// helperNames identifies the variables of the objectives.
func (p *plan) helperNames() []string { return slices.Sorted(maps.Keys(p.helpers)) }

// serves reports whether the stage may train a variable: one of the network, or one that
// its own objective needs. Without patterns an objective trains its layer alone.
func (p *plan) serves(v *model.Variable) bool {
	if p.helpers[v.Path()] != nil {
		name := map[string]string{vgrad.Autoencoder: visible, vgrad.RBM: visible, vgrad.Supervised: reader}[p.stage.Objective]
		w, err := p.layerOf(p.layout, p.stage.Stage)
		return p.stage.Objective != "" && err == nil && path.Dir(v.Path()) == path.Join(w.scope, name)
	}
	if p.stage.Objective == "" || p.stage.Train != "" {
		return true
	}
	return slices.ContainsFunc(p.layout.Variables, func(d nets.Declared) bool { return d.Variable == v && d.Layer == p.stage.Layer })
}

// helper is the variable of an objective in a scope of the layer. If it is new, it has
// the value that start gives for each lane.
func (p *plan) helper(w pretrained, scope, name string, shape []int, start func(lane int) []float32) *model.Variable {
	at := path.Join(w.scope, scope)
	if v := p.helpers[path.Join(at, name)]; v != nil {
		return v
	}
	var values []float32
	for lane := range p.width() {
		values = append(values, start(lane)...)
	}
	v := p.store.Scope(at).VariableWithValue(name, tensors.FromFlatDataAndDimensions(values, p.perLane(shape...)...))
	p.add(v)
	return v
}

func (p *plan) add(v *model.Variable) {
	p.helpers[v.Path()] = v
	p.variables = append(p.variables, v)
}

// inputs is the number of the layer's inputs.
func (w pretrained) inputs() int { return w.Kernel.Shape().Dim(-2) }

// zeroes is the start of biases.
func zeroes(n int) func(int) []float32 { return func(int) []float32 { return make([]float32, n) } }

func (p *plan) declareVisible(w pretrained) {
	p.helper(w, visible, "biases", []int{w.inputs()}, zeroes(w.inputs()))
}

// declareReader draws the reader's weights as the network's own are drawn.
func (p *plan) declareReader(w pretrained) {
	units, outputs := w.Kernel.Shape().Dim(-1), p.Data.Outputs
	init, err := nets.NewInitializer("glorot_uniform", 1)
	p.helper(w, reader, "weights", []int{units, outputs}, func(lane int) []float32 {
		return must(init, err)(nets.Stream(p.seed(lane), path.Join(w.scope, reader, "weights")), []int{units, outputs})
	})
	p.helper(w, reader, "biases", []int{outputs}, zeroes(outputs))
}

// declareMachine adds the state of the machine's random numbers, one of each lane.
func (p *plan) declareMachine(w pretrained) {
	p.declareVisible(w)
	at := path.Join(w.scope, visible)
	if p.helpers[path.Join(at, "noise")] != nil {
		return
	}
	var seeds []uint32
	for lane := range p.width() {
		seeds = append(seeds, nets.Stream(p.seed(lane), path.Join(at, "noise")).Uint32())
	}
	v := p.store.Scope(at).VariableWithValue("noise", tensors.FromFlatDataAndDimensions(seeds, p.perLane(1)...))
	v.SetTrainable(false)
	p.add(v)
}

// seed is the seed of a lane.
func (p *plan) seed(lane int) uint64 {
	if p.lanes == nil {
		return p.exp.Seed
	}
	return p.lanes[lane].Seed
}

// aim replaces what is minimized by the stage's objective.
func (p *plan) aim(s *shown, b batch) {
	w, err := p.layerOf(s.Layout, p.stage.Stage)
	if err != nil {
		panic(err)
	}
	objectives[p.stage.Objective].build(p, w, s, b)
}

// own is the node of one of the objective's variables.
func (p *plan) own(w pretrained, scope, name string) *Node {
	return p.helpers[path.Join(w.scope, scope, name)].NodeValue(w.Z.Graph())
}

// input is the layer's input, which an objective takes as data. Lanes that share a batch
// have it once.
func (p *plan) given(w pretrained) *Node { return StopGradient(p.input(w.Tapped)) }

// back is h·Wᵀ + c in every lane: what the units h give back, before its function.
func (p *plan) back(w pretrained, h *Node) *Node {
	kernel := w.Kernel.NodeValue(h.Graph())
	var product *Node
	if p.lanes == nil {
		product = Dot(h, kernel).General([]int{1}, nil, []int{1}, nil)
	} else {
		product = Dot(h, kernel).General([]int{2}, []int{0}, []int{2}, []int{0})
	}
	return Add(product, InsertAxes(p.own(w, visible, "biases"), -2))
}

// reconstruct is the autoencoder.
func (p *plan) reconstruct(w pretrained, s *shown, _ batch) {
	s.total = p.distance(w, p.back(w, w.A))
	s.recorded = s.total
}

// distance is the mean, in each lane, of the cross-entropy between the input and σ(z),
// or of the squared error of z if the input is not between 0 and 1.
func (p *plan) distance(w pretrained, z *Node) *Node {
	x := p.given(w)
	if !w.unit {
		return ReduceMean(Square(Sub(z, x)), -2, -1)
	}
	return ReduceMean(Sub(softplus(z), Mul(x, z)), -2, -1)
}

// softplus is log(1 + eᶻ).
func softplus(z *Node) *Node { return nets.MustActivation("softplus", 0).Apply(z) }

// contrast is one step of contrastive divergence. The free energy of an input v is
// F(v) = −v·c − Σ log(1 + e^(v·W + b)). The derivative of F(v) − F(v′) by W, c and b,
// with v′ given, is the CD-1 statistics: v′ is what the machine makes of v when its
// hidden units are drawn once. Units that are drawn are 0 or 1; what is given back is
// left as probabilities (Hinton 2010, A Practical Guide to Training Restricted
// Boltzmann Machines, section 3).
func (p *plan) contrast(w pretrained, s *shown, _ batch) {
	v := p.given(w)
	drawn := StopGradient(ConvertDType(LessThan(p.uniform(w), w.A), dtypes.Float32))
	z := p.back(w, drawn)
	again := StopGradient(Sigmoid(z))
	s.total = Sub(p.energy(w, v, w.Z), p.energy(w, again, p.hidden(w, again)))
	s.recorded = p.distance(w, z)
}

// hidden is v·W + b.
func (p *plan) hidden(w pretrained, v *Node) *Node {
	kernel, bias := w.Kernel.NodeValue(v.Graph()), w.bias.NodeValue(v.Graph())
	if p.lanes == nil {
		return Add(Dot(v, kernel).Product(), InsertAxes(bias, -2))
	}
	return Add(Dot(v, kernel).General([]int{2}, []int{0}, []int{1}, []int{0}), InsertAxes(bias, -2))
}

// energy is the mean free energy of v, [batch, inputs], with z = v·W + b, in each lane.
func (p *plan) energy(w pretrained, v, z *Node) *Node {
	visibly := ReduceSum(Mul(v, InsertAxes(p.own(w, visible, "biases"), -2)), -1)
	return Neg(ReduceMean(Add(visibly, ReduceSum(softplus(z), -1)), -1))
}

// uniform draws a number from [0, 1) for each unit and example, and advances the state of
// the random numbers. It uses whole numbers only, so that both backends draw the same,
// and each lane what it would draw alone. The mixing is lowbias32 by C. Wellons.
func (p *plan) uniform(w pretrained) *Node {
	g := w.A.Graph()
	noise := p.helpers[path.Join(w.scope, visible, "noise")]
	state := noise.NodeValue(g)
	noise.SetNodeValue(Add(state, ConstAsDType(g, dtypes.Uint32, 0x9e3779b9)))
	dims := w.A.Shape().Dimensions
	n := dims[len(dims)-1] * dims[len(dims)-2]
	each := Reshape(mixed(Iota(g, shapes.Make(dtypes.Uint32, n), 0)), append(slices.Repeat([]int{1}, len(p.perLane())), dims[len(dims)-2:]...)...)
	x := mixed(Add(each, InsertAxes(state, -1)))
	return MulScalar(ConvertDType(shifted(x, 8), dtypes.Float32), 1.0/(1<<24))
}

// mixed spreads each bit of x, of uint32, over all others.
func mixed(x *Node) *Node {
	g := x.Graph()
	x = Mul(BitwiseXor(x, shifted(x, 16)), ConstAsDType(g, dtypes.Uint32, 0x7feb352d))
	x = Mul(BitwiseXor(x, shifted(x, 15)), ConstAsDType(g, dtypes.Uint32, 0x846ca68b))
	return BitwiseXor(x, shifted(x, 16))
}

// shifted is x >> bits.
func shifted(x *Node, bits uint32) *Node {
	return BitwiseShiftRightLogical(x, ConstAsDType(x.Graph(), dtypes.Uint32, bits))
}

// readOut is the supervised objective.
func (p *plan) readOut(w pretrained, s *shown, b batch) {
	kernel, bias := p.own(w, reader, "weights"), InsertAxes(p.own(w, reader, "biases"), -2)
	var outputs *Node
	if p.lanes == nil {
		outputs = Add(Dot(w.A, kernel).Product(), bias)
	} else {
		outputs = Add(Dot(w.A, kernel).General([]int{2}, []int{0}, []int{1}, []int{0}), bias)
	}
	s.total, s.accuracy = p.lossAndAccuracy(outputs, b.targets)
	s.recorded = s.total
}
