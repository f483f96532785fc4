package engine

import (
	"fmt"
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
	"github.com/vgrad/lab/vgrad/meter"
	"github.com/vgrad/lab/vgrad/nets"
)

// plan is everything about a run that is known before its first step: the
// variables, the quantities at each site, and the layout of the state.
//
// Several runs may be planned side by side, as lanes: then the first axis of every
// variable is the lanes, and so is that of everything computed from it.
//
// The state of training is a list of tensors: the model's variables, then the
// optimizer's slots for each group of trainable ones, then the number of the
// update (a float32 scalar, from 1). It is laid out anew for each stage.
type plan struct {
	Job
	task
	target compute.Backend
	on     compute.DeviceNum       // the device
	exp    vgrad.Experiment        // with defaults; of several lanes, the first one's
	lanes  []vgrad.Experiment      // with defaults; nil where there is one run without a lane axis
	shared bool                    // all lanes see the same batches
	mesh   *distributed.DeviceMesh // devices over which the lanes of a device loop are sharded; nil: one device
	model  nets.Model

	store     *model.Store
	variables []*model.Variable          // all of them
	layout    nets.Layout                // as the model declares it, for its paths
	helpers   map[string]*model.Variable // of the stages' objectives, by path; they are no part of the network
	stage
}

// stage is what changes from one stage of the training to the next.
type stage struct {
	vgrad.Stage
	number      int // from 0
	first, last int // steps [first, last)
	optimizer   optimizer
	trainable   []int   // indices into variables
	groups      [][]int // trainable variables; each group is updated as one tensor
	transposed  []bool  // by variable: a step has it and its slots transposed
	sites       []site
	without     []nets.Unfound
	meter       *meter.Meter
}

// newPlan traces the model once to find its variables, and gives them their
// initial values. If lanes is not empty, these experiments are planned as lanes.
// It panics if the model does.
func newPlan(b *backend.Backend, j Job, lanes ...vgrad.Experiment) (*plan, error) {
	p := &plan{Job: j, target: b.Backend, exp: j.Experiment.WithDefaults(), model: j.Model, store: model.NewStore(), shared: true}
	for _, e := range lanes {
		p.lanes = append(p.lanes, e.WithDefaults())
		p.shared = p.shared && e.Seed == p.exp.Seed
	}
	var err error
	if p.task, err = newTask(j.Data, p.exp); err != nil {
		return nil, err
	}
	setup := nets.Setup{Lanes: p.lanes != nil, Outputs: j.Data.Outputs, Answers: j.Data.Answers, Input: j.Data.Input}
	switch {
	case p.lanes != nil:
		p.model, err = nets.Build(p.lanes, setup)
	case p.model == nil:
		p.model, err = nets.Build([]vgrad.Experiment{p.exp}, setup)
	}
	if err != nil {
		return nil, err
	}
	if err := p.store.SetRNGStateFromSeed(int64(p.exp.Seed)); err != nil {
		return nil, fmt.Errorf("engine: seed the model's own random numbers: %w", err)
	}
	if err := p.trace(); err != nil {
		return nil, err
	}
	if b.Small != nil && p.work() <= smallWork {
		p.target = b.Small
	}
	if err := p.store.InitializeVariables(p.target, nil); err != nil {
		return nil, fmt.Errorf("engine: draw the initial weights: %w", err)
	}
	return p, p.enter(0)
}

// smallWork is the work of a step up to which the Go backend is faster if it runs
// operations one after another than with a goroutine for each. That is 0.5 ms
// against 0.8 for the article's network (2.5e5), and 23 against 15 at width 256
// (1.4e7).
const smallWork = 4e6

// work is about how many multiplications the forward pass of a step takes. For
// Job.Model it is a guess: one for each weight and example.
func (p *plan) work() uint64 {
	n := p.exp.Resolved().Multiplications(p.Data.Features, p.Data.Outputs) * uint64(p.width())
	if n == 0 {
		for _, v := range p.variables {
			n += uint64(v.Shape().Size())
		}
	}
	return n * uint64(p.exp.Batch)
}

// trace builds the model in a graph that is thrown away, and lists its variables.
func (p *plan) trace() error {
	g := NewGraph(p.target, "trace")
	defer g.Finalize()
	var outputs *Node
	recorded := nets.Record(g, func() { outputs = p.build(g, scale(p.scratchBatch(g).inputs), true) })
	p.layout = nets.LayoutOf(recorded)
	want := p.perLane(p.exp.Batch, p.Data.Outputs)
	if outputs == nil || !slices.Equal(outputs.Shape().Dimensions, want) || !outputs.DType().IsFloat() {
		return fmt.Errorf("engine: the network gives %v; its output must be float32 of shape %v", outputs, want)
	}
	trainable := false
	for v := range p.store.IterVariables() {
		if v.Path() == "/"+model.RNGStateVariableName && !v.InUseByGraph(g) {
			continue // the model draws no random numbers of its own
		}
		trainable = trainable || v.Trainable
		p.variables = append(p.variables, v)
	}
	if !trainable {
		return fmt.Errorf("engine: the network has no trainable variable")
	}
	return p.addHelpers()
}

// enter prepares the n-th stage of the training, counted from 0.
func (p *plan) enter(n int) error {
	first := 0
	stages := p.exp.InStages()
	for _, s := range stages[:n] {
		first += s.Steps
	}
	p.stage = stage{Stage: stages[n], number: n, first: first, last: first + stages[n].Steps}
	for i, v := range p.variables {
		if v.Trainable && vgrad.MatchPath(p.stage.Train, v.Path()) && p.serves(v) {
			p.trainable = append(p.trainable, i)
		}
	}
	if len(p.trainable) == 0 {
		return fmt.Errorf("engine: %s: stages[%d].train is %q; no variable of the network has such a path", p.stage.Name, n, p.stage.Train)
	}
	var err error
	if p.optimizer, err = newOptimizer(p.stage.Optimizer); err != nil {
		return err
	}
	p.group()
	p.transposed = make([]bool, len(p.variables))
	return p.survey()
}

// joinedBelow is the largest number of elements of a variable that is joined with
// others for the update. Joining copies the gradients once more. For small
// variables that is cheaper than the optimizer's operations for each.
const joinedBelow = 4096

// group puts all small trainable variables into one group, and each of the others
// into its own.
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

// transposeTall makes a step hold matrices with many more inputs than outputs,
// such as layer 1's, as [out, in]. Otherwise their gradient is xᵀ·δ. XLA's CPU
// backend computes that three times slower than δᵀ·x, because its vectors run
// along the last axis: 19 µs against 5 for the article's layer 1.
func (p *plan) transposeTall() {
	for _, group := range p.groups {
		shape := p.variables[group[0]].Shape()
		matrix := shape.Rank() == len(p.perLane(0, 0))
		p.transposed[group[0]] = len(group) == 1 && matrix && shape.Dim(-2) >= 4*shape.Dim(-1)
	}
}

// oriented transposes the last two axes of x if a step holds variable i
// transposed. It converts from the variable's layout to the step's, and back.
func (p *plan) oriented(i int, x *Node) *Node {
	if !p.transposed[i] {
		return x
	}
	axes := xslices.Iota(0, x.Rank())
	slices.Reverse(axes[x.Rank()-2:])
	return TransposeAllAxes(x, axes...)
}

// perLane puts the number of lanes before dims, if there are lanes.
func (p *plan) perLane(dims ...int) []int {
	if p.lanes == nil {
		return dims
	}
	return append([]int{len(p.lanes)}, dims...)
}

// batched is the shape of a batch, [batch, dims], or [lanes, batch, dims] if each
// lane has a batch of its own.
func (p *plan) batched(dims ...int) []int {
	dims = append([]int{p.exp.Batch}, dims...)
	if p.shared {
		return dims
	}
	return p.perLane(dims...)
}

// examples is the number of examples of a step, summed over the lanes' batches.
func (p *plan) examples() int {
	if p.shared {
		return p.exp.Batch
	}
	return p.exp.Batch * len(p.lanes)
}

// width is the number of lanes, 1 without lanes.
func (p *plan) width() int { return max(1, len(p.lanes)) }

// rates are the learning rates of the stage: a scalar, or [lanes].
func (p *plan) rates() *tensors.Tensor {
	if p.lanes == nil {
		return tensors.FromScalar(float32(p.stage.LearningRate))
	}
	var rates []float32
	for _, e := range p.lanes {
		rates = append(rates, float32(e.InStages()[p.number].LearningRate))
	}
	return tensors.FromFlatDataAndDimensions(rates, len(rates))
}

// build calls the model function on x.
func (p *plan) build(g *Graph, x *Node, training bool) *Node {
	p.store.SetTraining(g, training)
	scope := p.store.RootScope()
	if init, err := nets.NewInitializer(p.exp.Initializer, p.exp.Gain); err == nil && p.Model != nil {
		scope = scope.WithInitializer(nets.Seeded(init, p.exp.Seed))
	}
	return p.model(scope, x)
}

// slotShapes are the shapes of the optimizer's slots, group by group.
func (p *plan) slotShapes() []shapes.Shape {
	var all []shapes.Shape
	for _, group := range p.groups {
		shape := p.variables[group[0]].Shape().Clone()
		if p.transposed[group[0]] {
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
			all = append(all, shape)
		}
	}
	return all
}

// initial returns the state before the first step of the stage.
func (p *plan) initial() []*tensors.Tensor {
	var state []*tensors.Tensor
	for _, v := range p.variables {
		state = append(state, must(must(v.Value()).Clone()))
	}
	for _, shape := range p.slotShapes() {
		state = append(state, tensors.FromShape(shape))
	}
	return append(state, tensors.FromScalar(float32(1)))
}

// keep writes the variables' part of a state back to the store.
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
