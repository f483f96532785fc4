package engine

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/compute/support/xslices"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/nets"
)

var nan = math.NaN()

// column is one value that the step measures: a quantity at a site.
type column struct {
	site     vgrad.Site
	quantity vgrad.Quantity
}

// plan is everything about a run that is known before its first step: the
// variables, what is measured where, and how the state is laid out.
//
// Several runs may be planned side by side, as lanes: then every variable has
// a first axis of a lane each, and so has everything computed from it.
//
// The state of training is a list of tensors: the model's variables, then the
// optimizer's slots for each group of trainable ones, then the number of the
// update (a float32 scalar, from 1).
type plan struct {
	Job
	target    compute.Backend
	on        compute.DeviceNum       // the device
	exp       vgrad.Experiment        // with defaults; of several lanes, the first one's
	lanes     []vgrad.Experiment      // with defaults; nil where there is one run without a lane axis
	shared    bool                    // all lanes see the same batches
	mesh      *distributed.DeviceMesh // of devices over which the lanes of a device loop are spread; nil: one device
	model     nets.Model
	optimizer optimizer

	store     *model.Store
	variables []*model.Variable // all of them
	trainable []int             // indices into variables
	groups    [][]int           // of trainable ones that are updated together
	turned    []bool            // which of them a step takes and gives transposed; so are its slots
	weights   []site            // indices into variables
	units     []site            // indices into the taps

	scalars    []column // the network's come first
	histograms []column
}

// site is a vgrad.Site and the index of what is measured there.
type site struct {
	vgrad.Site
	index int
}

// newPlan traces the model once to find its variables and taps, and gives
// the variables their initial values. More than one experiment is planned as
// lanes. It panics as the model does.
func newPlan(b *backend.Backend, j Job, lanes ...vgrad.Experiment) (*plan, error) {
	p := &plan{Job: j, target: b.Backend, exp: j.Experiment.WithDefaults(), model: j.Model, store: model.NewStore(), shared: true}
	for _, e := range lanes {
		p.lanes = append(p.lanes, e.WithDefaults())
		p.shared = p.shared && e.Seed == p.exp.Seed
	}
	var err error
	switch {
	case p.lanes != nil:
		p.model, err = nets.NewLanes(p.lanes, j.Data.Classes)
	case p.model == nil:
		p.model, err = nets.New(p.exp, j.Data.Classes)
	}
	if err != nil {
		return nil, err
	}
	if p.optimizer, err = newOptimizer(p.exp.Optimizer); err != nil {
		return nil, err
	}
	shown, err := p.trace()
	if err != nil {
		return nil, err
	}
	if b.Small != nil && p.work() <= smallWork {
		p.target = b.Small
	}
	if err := p.store.InitializeVariables(p.target, nil); err != nil {
		return nil, fmt.Errorf("engine: draw the initial weights: %w", err)
	}
	p.group()
	p.turned = make([]bool, len(p.variables))
	p.locate(shown)
	p.choose()
	return p, nil
}

// smallWork is the work of a step up to which the Go backend is faster with
// one operation after another than with a goroutine for each: 0.5 ms against
// 0.8 for the article's network (2.5e5), 23 against 15 at width 256 (1.4e7).
const smallWork = 4e6

// work is about how many multiplications the forward pass of a step takes.
func (p *plan) work() int {
	n := 0
	for _, i := range p.trainable {
		n += p.variables[i].Shape().Size()
	}
	return n * p.exp.Batch
}

// trace builds the model in a graph that is thrown away.
func (p *plan) trace() (nets.Recorded, error) {
	g := NewGraph(p.target, "trace")
	defer g.Finalize()
	x := Parameter(g, "x", shapes.Make(dtypes.Float32, p.batched(p.Data.Features)...))
	var logits *Node
	shown := nets.Record(g, func() { logits = p.build(g, x, true) })
	want := p.perLane(p.exp.Batch, p.Data.Classes)
	if logits == nil || !logits.Shape().Equal(shapes.Make(dtypes.Float32, want...)) {
		return shown, fmt.Errorf("engine: the network gives %v; logits must be float32 of shape %v", logits, want)
	}
	for v := range p.store.IterVariables() {
		if v.Trainable {
			p.trainable = append(p.trainable, len(p.variables))
		}
		p.variables = append(p.variables, v)
	}
	if len(p.trainable) == 0 {
		return shown, fmt.Errorf("engine: the network has no trainable variable")
	}
	return shown, nil
}

// joinedBelow is how many elements a variable has at most to be updated together
// with others: joining them copies their gradients once more, which is
// cheaper than an optimizer's operations for each.
const joinedBelow = 4096

// group splits the trainable variables into the small ones and each other one.
func (p *plan) group() {
	var joined []int
	for _, i := range p.trainable {
		if p.variables[i].Shape().Size()/p.width() <= joinedBelow {
			joined = append(joined, i)
		} else {
			p.groups = append(p.groups, []int{i})
		}
	}
	if joined != nil {
		p.groups = append(p.groups, joined)
	}
}

// turn has steps take those matrices as [out, in] that have many more inputs than
// outputs, such as layer 1's. XLA's CPU backend computes xᵀ·δ three times
// slower than δᵀ·x, 19 µs against 5 for the article's layer 1, because its
// vectors run along the last axis.
func (p *plan) turn() {
	for _, group := range p.groups {
		shape := p.variables[group[0]].Shape()
		matrix := shape.Rank() == len(p.perLane(0, 0))
		p.turned[group[0]] = len(group) == 1 && matrix && shape.Dim(-2) >= 4*shape.Dim(-1)
	}
}

// facing transposes the last two axes of x where a step takes variable i so:
// from the variable's form into the step's, or back.
func (p *plan) facing(i int, x *Node) *Node {
	if !p.turned[i] {
		return x
	}
	axes := xslices.Iota(0, x.Rank())
	slices.Reverse(axes[x.Rank()-2:])
	return TransposeAllAxes(x, axes...)
}

// perLane puts the lanes before dims, where there are any.
func (p *plan) perLane(dims ...int) []int {
	if p.lanes == nil {
		return dims
	}
	return append([]int{len(p.lanes)}, dims...)
}

// batched is the shape of a batch: [batch, dims], with the lanes before where
// each has a batch of its own.
func (p *plan) batched(dims ...int) []int {
	dims = append([]int{p.exp.Batch}, dims...)
	if p.shared {
		return dims
	}
	return p.perLane(dims...)
}

// examples is how many examples a step takes, of all lanes together.
func (p *plan) examples() int {
	if p.shared {
		return p.exp.Batch
	}
	return p.exp.Batch * len(p.lanes)
}

// width is how many runs the plan has.
func (p *plan) width() int { return max(1, len(p.lanes)) }

// rates are the learning rates: a scalar, or [lanes].
func (p *plan) rates() *tensors.Tensor {
	if p.lanes == nil {
		return tensors.FromScalar(float32(p.exp.LearningRate))
	}
	var rates []float32
	for _, e := range p.lanes {
		rates = append(rates, float32(e.LearningRate))
	}
	return tensors.FromFlatDataAndDimensions(rates, len(rates))
}

// build calls the model function on x.
func (p *plan) build(g *Graph, x *Node, training bool) *Node {
	p.store.SetTraining(g, training)
	scope := p.store.RootScope()
	if init, err := nets.NewInitializer(p.exp.Initializer, p.exp.Gain); err == nil {
		scope = scope.WithInitializer(nets.Seeded(init, p.exp.Seed))
	}
	return p.model(scope, x)
}

// locate gives every weight variable and every tap its site: as the model
// declares it, else in the order in which the variables were created.
func (p *plan) locate(shown nets.Recorded) {
	layers := map[*model.Variable]nets.Declared{}
	for _, d := range shown.Variables {
		layers[d.Variable] = d
	}
	for k, v := range nets.Weights(p.store, p.lanes != nil) {
		d, declared := layers[v]
		if !declared {
			d = nets.Declared{Layer: k + 1, Role: vgrad.Kernel}
		}
		at := vgrad.Site{Path: v.Path(), Layer: d.Layer, Role: d.Role, Size: v.Shape().Size() / p.width()}
		p.weights = append(p.weights, site{at, slices.Index(p.variables, v)})
	}
	for i, t := range shown.Taps {
		at := vgrad.Site{Path: t.Path, Layer: t.Layer, Time: t.Time, Role: t.Role, Activation: t.Activation.Name, Size: t.A.Shape().Size() / p.width()}
		p.units = append(p.units, site{at, i})
	}
}

// choose lists the columns that the experiment asks for.
func (p *plan) choose() {
	for _, q := range vgrad.Quantities() {
		info, err := q.Info()
		if err != nil || info.Final || !p.exp.Measure.Measures(q) {
			continue
		}
		sites := []site{{Site: vgrad.NetworkSite}}
		switch info.Of {
		case vgrad.LayerWeights:
			sites = p.weights
		case vgrad.LayerUnits:
			sites = p.units
		}
		for _, s := range sites {
			if info.Histogram {
				p.histograms = append(p.histograms, column{s.Site, q})
			} else {
				p.scalars = append(p.scalars, column{s.Site, q})
			}
		}
	}
}

// counts reports whether step's histograms are recorded.
func (p *plan) counts(step int) bool {
	return len(p.histograms) > 0 && step%p.exp.Measure.HistogramEvery == 0
}

// counters is how many counters the histograms of a step have, of all lanes together.
func (p *plan) counters() int { return p.width() * len(p.histograms) * rawBins }

// initial returns the state before the first step.
func (p *plan) initial() []*tensors.Tensor {
	var state []*tensors.Tensor
	for _, v := range p.variables {
		state = append(state, must(must(v.Value()).Clone()))
	}
	for _, group := range p.groups {
		shape := p.variables[group[0]].Shape().Clone()
		if p.turned[group[0]] {
			slices.Reverse(shape.Dimensions[shape.Rank()-2:])
		}
		if len(group) > 1 {
			n := 0
			for _, i := range group {
				n += p.variables[i].Shape().Size()
			}
			shape = shapes.Make(dtypes.Float32, p.perLane(n/p.width())...)
		}
		for range p.optimizer.slots {
			state = append(state, tensors.FromShape(shape))
		}
	}
	return append(state, tensors.FromScalar(float32(1)))
}

// keep puts the variables' part of a state back into the store.
func (p *plan) keep(state []*tensors.Tensor) error {
	for i, v := range p.variables {
		if err := v.SetValue(state[i]); err != nil {
			return fmt.Errorf("engine: keep %s: %w", v.Path(), err)
		}
	}
	return nil
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}
