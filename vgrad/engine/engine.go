package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/nets"
)

// Driver says where the loop over steps runs.
type Driver int

const (
	Auto   Driver = iota // the device if its backend has loops, else the host
	Host                 // one call a step
	Device               // many steps a call
)

// Engine trains experiments on one backend. It keeps the compiled programs and
// the data on the device for later runs. A program does not depend on seed,
// learning rate, initial weights or number of steps. Only Backend must be set.
// Several goroutines may use an Engine at once.
type Engine struct {
	// Backend compiles and runs the programs. It must be set.
	Backend *backend.Backend
	// Driver says where the loop over steps runs. Zero: Auto.
	Driver Driver
	// Device is the number of the backend's device that runs the programs. Zero: the first.
	Device int
	// Spread is the number of devices, from the first on, over which XLA shards the
	// lanes of a program in equal parts. Zero: all lanes are on Device.
	Spread int

	mu       sync.Mutex
	programs map[string]*program
	resident map[place]*resident
}

// Job is one run: an experiment, its data and its network. Experiment may be the
// zero value; Data must be set.
type Job struct {
	Experiment vgrad.Experiment
	Data       *data.Set
	// Model is the network; nil: the one that the experiment names.
	Model nets.Model
	// Checkpoints continue a training that was interrupted. Zero: it starts at step 0, and
	// its states are not stored.
	Checkpoints
}

// Result is the outcome of a training, apart from the rows that the sinks received.
type Result struct {
	// Store holds the trained variables; with lanes their first axis is the lanes.
	Store *model.Store
	// Compile is the time that the run waited for its programs. Run is the time
	// that its steps took.
	Compile, Run time.Duration
	// Without lists the variables of Job.Model for which no units were found,
	// with the reason. Nil: there are none.
	Without []nets.Unfound
}

// Check reports the faults of an experiment before any work starts: numbers out
// of range, unknown names, a batch larger than the data. handedIn says that the
// caller supplies the model function; then the names of the network, activation
// and initializer are not checked.
func Check(e vgrad.Experiment, handedIn bool) error {
	errs := []error{e.Validate()}
	e = e.WithDefaults()
	if !handedIn {
		_, err := nets.New(e, 1)
		errs = append(errs, err)
	}
	for _, stage := range e.InStages() {
		_, err := newOptimizer(stage.Optimizer)
		errs = append(errs, err)
	}
	errs = append(errs, checkLoss(e.Loss))
	return errors.Join(append(errs, data.Check(e))...)
}

// Train runs the job's experiment and passes the rows of every recorded step to
// each sink, in step order. The values of step s are those of its batch, with the
// weights before the update. Validation loss and accuracy and the final mean |W|
// follow with step number Steps.
//
// Train stops with an error when the context ends, a sink fails or the model
// function panics. Rows that the sinks have received by then remain valid.
func (e *Engine) Train(ctx context.Context, j Job, sinks ...vgrad.Sink) (res *Result, err error) {
	if err := Check(j.Experiment, j.Model != nil); err != nil {
		return nil, err
	}
	defer caught("build the network", &err)
	p, err := newPlan(e.Backend, j)
	if err != nil {
		return nil, err
	}
	return e.run(ctx, p, [][]vgrad.Sink{sinks})
}

// Lane is one of several runs that are trained as one program. Experiment may be
// the zero value. Nil Sinks: the lane's rows are dropped.
type Lane struct {
	Experiment vgrad.Experiment
	Sinks      []vgrad.Sink
}

// TrainLanes trains several experiments side by side in one program. Each gets
// the samples that Train would give it alone. The experiments may differ in
// label, seed, learning rate, initializer, gain, activation and slope; those with
// one [Key] can be lanes of one program. Lanes with the same activation should be
// neighbours: the program has an activation's operations once for each stretch of
// neighbours.
//
// Every lane draws its batches from its own seed, so it is the same run as
// alone. If all lanes have one seed, they share their batches, which makes layer
// 1 a single wide product. A sink that fails stops all lanes.
func (e *Engine) TrainLanes(ctx context.Context, set *data.Set, lanes ...Lane) (*Result, error) {
	return e.TrainLanesFrom(ctx, set, Checkpoints{}, lanes...)
}

// TrainLanesFrom is TrainLanes with the states of all lanes together. A lane cannot be
// continued without the others: alone it would differ in the last bits.
func (e *Engine) TrainLanesFrom(ctx context.Context, set *data.Set, c Checkpoints, lanes ...Lane) (res *Result, err error) {
	if len(lanes) == 0 {
		return nil, errors.New("engine: no lanes")
	}
	var es []vgrad.Experiment
	var sinks [][]vgrad.Sink
	for _, l := range lanes {
		if err := Check(l.Experiment, false); err != nil {
			return nil, err
		}
		if Key(l.Experiment) != Key(lanes[0].Experiment) {
			return nil, fmt.Errorf("engine: %q and %q cannot be lanes of one program: they differ in fields that shape the program", lanes[0].Experiment.Name(), l.Experiment.Name())
		}
		es, sinks = append(es, l.Experiment), append(sinks, l.Sinks)
	}
	defer caught("build the network", &err)
	p, err := newPlan(e.Backend, Job{Experiment: es[0], Data: set, Checkpoints: c}, es...)
	if err != nil {
		return nil, err
	}
	return e.run(ctx, p, sinks)
}

// Key is equal for experiments that can be lanes of one program.
func Key(e vgrad.Experiment) string { return e.Alike().Hash() }

// run trains a plan, stage after stage. sinks are those of each lane.
func (e *Engine) run(ctx context.Context, p *plan, sinks [][]vgrad.Sink) (*Result, error) {
	p.on = compute.DeviceNum(e.Device)
	if e.Spread > 1 && p.lanes != nil {
		if err := p.spread(e.Spread); err != nil {
			return nil, err
		}
	}
	t := &training{plan: p, engine: e, ctx: ctx, sinks: sinks}
	defer t.release()
	if err := t.shuffle(); err != nil {
		return nil, err
	}
	drive := t.host
	switch {
	case p.mesh != nil && (e.Driver == Host || !e.Backend.Loops):
		return nil, fmt.Errorf("engine: only the device loop shards lanes over devices; the %s backend is driven from the host", e.Backend.Kind)
	case e.Driver == Device && !e.Backend.Loops:
		return nil, fmt.Errorf("engine: the %s backend cannot run loops of steps; drive it from the host", e.Backend.Kind)
	case e.Driver != Host && e.Backend.Loops:
		drive, t.looped = t.device, true
	}
	if t.From != nil { // before another goroutine builds a graph of the same variables
		if err := t.restore(); err != nil {
			return nil, err
		}
		t.began = t.next
	}
	t.ahead(validationName(t.validationBatch()), t.validation(t.validationBatch()))
	from := p.number
	for n := range p.exp.InStages() {
		if n < from {
			continue
		}
		if n > from || p.mesh != nil {
			if err := p.enter(n); err != nil {
				return nil, err
			}
		}
		t.next = max(t.next, t.first)
		if err := t.begin(); err != nil {
			return nil, err
		}
		if err := drive(); err != nil {
			return nil, err
		}
	}
	if err := t.finish(); err != nil {
		return nil, err
	}
	return &Result{Store: p.store, Compile: t.compile, Run: t.run, Without: p.without}, nil
}

// shuffle draws the order of the examples: one for each lane, or one for all.
func (t *training) shuffle() error {
	for lane := range max(1, t.examples()/t.exp.Batch) {
		seed := t.exp.Seed
		if !t.shared {
			seed = t.lanes[lane].Seed
		}
		s, err := data.Batches(t.Data.Train.Len(), t.exp.Batch, seed)
		if err != nil {
			return fmt.Errorf("engine: %w", err)
		}
		t.shuffles = append(t.shuffles, s)
	}
	return nil
}

// Close frees the programs and the data on the device. No run may be in progress.
func (e *Engine) Close() {
	free(e.programs)
	for _, r := range e.resident {
		r.free()
	}
	e.programs, e.resident = nil, nil
}

func free(programs map[string]*program) {
	for _, p := range programs {
		if p.graph != nil {
			p.graph.Finalize()
		}
	}
}

// caught turns a panic into an error that says what was being done. Graph
// functions panic with an error that names the place. For other panics the error
// includes the stack.
func caught(doing string, err *error) {
	switch e := recover().(type) {
	case nil:
	case runtime.Error:
		*err = fmt.Errorf("engine: %s: %w\n%s", doing, e, debug.Stack())
	case error:
		*err = fmt.Errorf("engine: %s: %w", doing, e)
	default:
		*err = fmt.Errorf("engine: %s: %v\n%s", doing, e, debug.Stack())
	}
}

// training is one run in progress.
type training struct {
	*plan
	engine       *Engine
	ctx          context.Context
	sinks        [][]vgrad.Sink  // of each lane
	shuffles     []*data.Shuffle // of each lane; one where all share their batches
	compile, run time.Duration
	looped       bool        // the device runs the loop
	rows         []vgrad.Row // reused from step to step
	room         []float64   // memory for the rows' values

	building sync.Mutex          // held while a graph is built
	making   sync.WaitGroup      // programs that are compiled ahead
	own      map[string]*program // programs of Job.Model

	next     int               // the step at which the stage starts
	began    int               // the step at which the training started; above 0: in Job.From
	restored []*tensors.Tensor // of Job.From, until they are used
	prints   map[int]string    // fingerprints of Job.Model, by stage
	copy     []byte            // memory for a state
	taken    time.Time         // when the last state was copied
	copying  time.Duration     // the time that took
	cost     atomic.Int64      // the time that copying and storing it took, in ns
	storing  atomic.Bool       // the copy is in use
	stores   sync.WaitGroup    // a state that is being stored
}

// release waits for a state that is being stored and for programs that are compiled
// ahead, and frees the programs that no other run uses.
func (t *training) release() {
	t.stores.Wait()
	t.making.Wait()
	free(t.own)
}

// draw fills in the indices of the next n steps' batches, [n, examples].
func (t *training) draw(indices []int32, n int) {
	size := t.examples()
	for step := range n {
		for lane, s := range t.shuffles {
			s.Fill(indices[step*size+lane*t.exp.Batch:][:t.exp.Batch])
		}
	}
}
