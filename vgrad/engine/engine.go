package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/nets"
)

// Driver says who runs the loop over steps.
type Driver int

const (
	Auto   Driver = iota // the device where it can, else the host
	Host                 // one call a step
	Device               // many steps a call
)

// Engine trains experiments on one backend. It keeps what repeats from run to
// run: the compiled programs, which do not depend on seed, learning rate,
// initial weights or number of steps, and the data on the device. The zero
// value but for Backend is ready to use, by several goroutines at once.
type Engine struct {
	Backend *backend.Backend
	// Driver of the loop over steps. Zero: Auto.
	Driver Driver
	// Device of the backend's that does the work. Zero: the first.
	Device int
	// Spread is the number of devices, from the first on, over which XLA shards the
	// lanes of a program in equal parts. Zero: they are all on Device.
	Spread int

	mu       sync.Mutex
	programs map[string]*program
	resident map[place]*resident
}

// Job is one run: an experiment, its data and its network.
type Job struct {
	Experiment vgrad.Experiment
	Data       *data.Set
	// Model is the network; nil: the one that the experiment names.
	Model nets.Model
}

// Result is what training leaves beside what the sinks were given.
type Result struct {
	// Store holds the trained variables, those of lanes with the lanes' axis first.
	Store *model.Store
	// Compile and Run are the times that the run waited for its programs, and
	// that it took its steps.
	Compile, Run time.Duration
	// Without lists the variables of a model handed in behind which no units
	// were found, with the reason.
	Without []nets.Unfound
}

// Check reports what is wrong with an experiment before any work starts:
// numbers out of range, unknown names, a batch larger than the data. A model
// handed in needs no network, activation or initializer by name.
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

// Train runs the job's experiment and hands the rows of every recorded step to
// each sink, in step order: what is measured at step s is measured on that step's
// batch, with the weights before the update. Validation loss and accuracy and the
// final mean |W| follow with step number Steps.
//
// It stops with an error when the context ends, a sink fails or the model
// function panics. What the sinks were given until then stays theirs.
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

// Lane is one of several runs that are trained as one program.
type Lane struct {
	Experiment vgrad.Experiment
	Sinks      []vgrad.Sink
}

// TrainLanes trains several experiments side by side in one program, each with
// the samples that Train gives it alone. They may differ in label, seed,
// learning rate, initializer, gain, activation and slope; Key tells which go
// together. Lanes of one activation should follow one another: a program has
// the operations of an activation once for each such stretch.
//
// Every lane draws its own batches, from its own seed, so that it is the run
// it would be alone. Lanes of one seed draw the same batches and share them,
// which makes layer 1 a single wide product. A sink that fails stops all.
func (e *Engine) TrainLanes(ctx context.Context, set *data.Set, lanes ...Lane) (res *Result, err error) {
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
			return nil, fmt.Errorf("engine: %q and %q differ in more than lanes may", lanes[0].Experiment.Name(), l.Experiment.Name())
		}
		es, sinks = append(es, l.Experiment), append(sinks, l.Sinks)
	}
	defer caught("build the network", &err)
	p, err := newPlan(e.Backend, Job{Experiment: es[0], Data: set}, es...)
	if err != nil {
		return nil, err
	}
	return e.run(ctx, p, sinks)
}

// Key is the same for experiments that can be lanes of one program.
func Key(e vgrad.Experiment) string { return e.Alike().Hash() }

// run drives a plan, stage after stage, with the sinks of each lane.
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
		return nil, fmt.Errorf("engine: only the device loop spreads lanes over devices; the %s backend is driven from the host", e.Backend.Kind)
	case e.Driver == Device && !e.Backend.Loops:
		return nil, fmt.Errorf("engine: the %s backend cannot run loops of steps; drive it from the host", e.Backend.Kind)
	case e.Driver != Host && e.Backend.Loops:
		drive, t.looped = t.device, true
	}
	t.ahead(validationName(t.validationBatch()), t.validation(t.validationBatch()))
	for n := range p.exp.InStages() {
		if n > 0 || p.mesh != nil {
			if err := p.enter(n); err != nil {
				return nil, err
			}
		}
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

// shuffle draws the order of the batches: of each lane, or one for all.
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

// Close frees the programs and the data on the device. No run may be under way.
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

// caught turns a panic into an error that says what was being done. Where graph
// functions panic it is with an error that tells the place; of other panics the
// stack is told.
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

// training is one run under way.
type training struct {
	*plan
	engine       *Engine
	ctx          context.Context
	sinks        [][]vgrad.Sink  // of each lane
	shuffles     []*data.Shuffle // of each lane that has batches of its own
	compile, run time.Duration
	looped       bool        // the device runs the loop
	rows         []vgrad.Row // reused from step to step
	room         []float64   // of their values

	building sync.Mutex          // the graph of one program
	making   sync.WaitGroup      // programs wanted later
	own      map[string]*program // of a model handed in
}

// release waits for what was begun ahead, and frees what no other run uses.
func (t *training) release() {
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
