package attach

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/probe"
	"github.com/vgrad/lab/vgrad/runs"
)

// Options say what is measured in a training and where it is recorded. A name is
// enough.
type Options struct {
	// Name of the model. Its run is recorded under it and found by it again:
	// change the name with the model. Zero: nothing is recorded, and Sinks take the rows.
	Name string
	// Measure says what is measured, how often and at which sites, and Measure.Sites
	// names these by patterns of their paths. Zero: every scalar at every
	// step, every histogram at every 200th, at all sites.
	Measure vgrad.Measure
	// Steps is how many updates of the weights the training takes, those before a resumption
	// and all runs of the loop included. Zero: as many as the loop's first run is to
	// reach; RunEpochs does not tell that, so there it must be set.
	Steps int
	// Seed of the training, by which its repetitions are told apart. It is recorded, nothing
	// is drawn from it.
	Seed uint64
	// Store keeps the run. Nil: the user's, see [runs.Dir].
	Store *runs.Store
	// Replace says that an earlier, finished run of the same experiment is deleted when this
	// one begins. Zero: it is kept, and training fails before its first step.
	Replace bool
	// Validation is judged when the run is finished, by the trainer's Eval: its mean loss is
	// the validation loss, its first metric of type accuracy the validation accuracy. Nil:
	// there are no validation values.
	Validation train.Dataset
	// Watch gives a sink that follows the run, as a live figure, or nil. It is asked when the
	// graph of the first step that is measured is built. A sink that has a method Close()
	// error is closed with the run. Nil: nobody watches.
	Watch func(vgrad.Experiment) vgrad.Sink
	// Sinks take the rows too.
	Sinks []vgrad.Sink
}

// recorded reports whether the run is an experiment that has a name.
func (o Options) recorded() bool { return o.Name != "" }

// check reports what is wrong with the options.
func (o Options) check() error {
	var wrong []error
	if !o.recorded() && (len(o.Sinks) == 0 || o.Store != nil || o.Watch != nil) {
		wrong = append(wrong, errors.New(`name is ""; a run is recorded under the name of its model; only with Sinks alone it may be empty`))
	}
	if o.Steps < 0 {
		wrong = append(wrong, fmt.Errorf("steps is %d; it must be at least 1, or 0 for what the loop is to reach", o.Steps))
	}
	if i := slices.Index(o.Sinks, nil); i >= 0 {
		wrong = append(wrong, fmt.Errorf("sinks[%d] is nil; it must be a sink", i))
	}
	wrong = append(wrong, vgrad.Experiment{Network: vgrad.Model("model"), Measure: o.Measure}.Validate())
	return errors.Join(wrong...)
}

// Attachment is probes in a trainer. It serves the goroutine that runs the loop.
type Attachment struct {
	loop  *train.Loop
	o     Options
	w     workings
	inner optimizer.Interface // the trainer's own, and its own model and executors
	model train.ModelFn
	own   executors
	sets  map[int]executors // of steps that measure something, by their cadences
	guard *model.Exec       // is gone where the trainer's graphs were reset
	every []int             // the cadences

	update int // number of the update to come, from 0
	due    int // the cadences that are due at it, a bit each

	tapped   tapped
	sizes    map[string]int // of the sites
	programs map[graph.GraphId]*program
	heard    map[*model.Exec]bool // the executors whose logged nodes reach us
	measured *program             // by the last step; nil: nothing was
	last     *program             // that measured something
	failed   error                // to read what was measured

	record        recorder
	ended, closed bool
}

// tapped is what a model showed of itself by taps while a graph was built.
type tapped struct {
	graph graph.GraphId
	nets.Recorded
}

// guarded is the key of the guard among the trainer's executors.
type guarded struct{}

// To has a loop's trainer measure its steps, from the next on, until Close:
//
//	a, err := attach.To(loop, attach.Options{Name: "mine"})
//	if err != nil {
//		return err
//	}
//	defer a.Close()
//
// It may be called before the first step or between two runs of the loop. It fails
// on options that cannot be met, a line for each; what only the model's graph tells, as
// that no site matches Measure.Sites, fails the loop before its first step.
func To(loop *train.Loop, o Options) (*Attachment, error) {
	if loop == nil || loop.Trainer == nil {
		return nil, errors.New("attach: loop is nil; it must be a train.Loop of a trainer")
	}
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("attach: %w", err)
	}
	w, err := workingsOf(loop.Trainer)
	if err != nil {
		return nil, err
	}
	switch (*w.optimizer).(type) {
	case nil:
		return nil, errors.New("attach: the trainer has no optimizer")
	case probed, probedWithGradients:
		return nil, errors.New("attach: the trainer is measured already; Close the other attachment first")
	}
	if o.recorded() && o.Store == nil {
		if o.Store, err = runs.Open(""); err != nil {
			return nil, fmt.Errorf("attach: %w", err)
		}
	}
	a := &Attachment{loop: loop, o: o, w: w, inner: *w.optimizer, model: *w.model, own: w.inUse(), every: cadences(o.Measure), sizes: map[string]int{}}
	a.record = recorder{Options: o, trainer: loop.Trainer, w: w}
	if err := a.attach(); err != nil {
		return nil, fmt.Errorf("attach: %w", err)
	}
	return a, nil
}

// cadences lists after how many steps something is due again.
func cadences(m vgrad.Measure) []int {
	m = vgrad.Experiment{Measure: m}.WithDefaults().Measure
	every := []int{m.Every}
	rare := func(p probe.Probe) bool { return p.Graph == nil && m.Measures(p.Quantity) }
	if m.HistogramEvery > 0 && m.HistogramEvery != m.Every && slices.ContainsFunc(probe.All(), rare) {
		every = append(every, m.HistogramEvery)
	}
	return every
}

// attach puts the probes into the trainer and the hooks into the loop.
func (a *Attachment) attach() error {
	*a.w.optimizer = a.around(a.inner)
	*a.w.model = a.tap
	*a.w.limit++ // the guard counts as one
	a.forget()
	a.loop.OnStart("vgrad/attach", math.MaxInt, a.start)
	a.loop.OnStep("vgrad/attach: record", math.MinInt, a.stepped)
	a.loop.OnStep("vgrad/attach: prepare", math.MaxInt, a.next)
	a.loop.OnEnd("vgrad/attach", math.MaxInt, a.end)
	return a.watchOver()
}

// watchOver puts the guard among the trainer's executors.
func (a *Attachment) watchOver() (err error) {
	same := func(_ *model.Scope, x []*graph.Node) []*graph.Node { return x }
	a.guard, err = model.NewExec(a.loop.Trainer.Backend(), a.loop.Trainer.Store(), same)
	if err == nil {
		(*a.w.eval)[guarded{}] = a.guard
	}
	return err
}

// start is called before the first step of a run of the loop.
func (a *Attachment) start(_ *train.Loop, ds train.Dataset) error {
	if a.closed {
		return nil
	}
	if d, ok := ds.(train.DistributedDataset); ok && d.Strategy() == distributed.SPMD {
		return errors.New("attach: the data set is distributed by SPMD, where each device has gradients of its own; it must be distributed.AutoSharding, or not distributed")
	}
	per := max(1, a.loop.Trainer.NumAccumulatingSteps())
	if err := a.record.plan(ds.Name(), per, a.loop.LoopStep, a.loop.EndStep); err != nil {
		return err
	}
	a.update, a.ended = a.loop.LoopStep/per, false
	return a.prepare()
}

// stepped is called after a step, before all other hooks: what was measured is recorded,
// whatever these find.
func (a *Attachment) stepped(_ *train.Loop, metrics []*tensors.Tensor) (err error) {
	p := a.measured
	a.measured = nil
	if a.closed || p == nil {
		return nil
	}
	if a.failed != nil {
		return a.failed
	}
	a.last = p
	return a.record.put(a.update, p, metrics)
}

// next is called after a step, after all other hooks.
func (a *Attachment) next(*train.Loop, []*tensors.Tensor) error {
	if a.closed {
		return nil
	}
	if *a.w.accumulated == 0 { // the step has updated the weights
		a.update++
	}
	return a.prepare()
}

// end is called after the last step of a run of the loop.
func (a *Attachment) end(*train.Loop, []*tensors.Tensor) error {
	if a.closed {
		return nil
	}
	a.ended, a.due = true, 0
	a.w.use(a.own)
	return nil
}

// prepare has the trainer take its next step with what is due at it. Steps at which
// nothing is due are the trainer's own, to the last operation.
func (a *Attachment) prepare() error {
	if err := a.noticeReset(); err != nil {
		return err
	}
	a.due = 0
	for i, every := range a.every {
		if a.update%every == 0 {
			a.due |= 1 << i
		}
	}
	a.w.use(a.executors(a.due))
	return nil
}

// executors are those for steps at which some cadences are due.
func (a *Attachment) executors(due int) executors {
	if due == 0 {
		return a.own
	}
	if a.sets[due].step == nil {
		a.sets[due] = newExecutors()
	}
	return a.sets[due]
}

// noticeReset makes Trainer.ResetComputationGraphs reach all executors: it knows only
// those that are in use.
func (a *Attachment) noticeReset() error {
	if (*a.w.eval)[guarded{}] == a.guard {
		return nil
	}
	a.drop()
	a.w.use(a.own)
	a.loop.Trainer.ResetComputationGraphs()
	return a.watchOver()
}

// drop frees the executors that measure.
func (a *Attachment) drop() {
	for _, set := range a.sets {
		for _, e := range []map[any]*model.Exec{set.step, set.apply} {
			for _, exec := range e {
				exec.Finalize()
			}
		}
	}
	a.forget()
}

func (a *Attachment) forget() {
	a.sets, a.programs, a.heard = map[int]executors{}, map[graph.GraphId]*program{}, map[*model.Exec]bool{}
}

// tap is the trainer's model, which shows its taps where they are measured.
func (a *Attachment) tap(scope *model.Scope, spec any, inputs []*graph.Node) (predictions []*graph.Node) {
	g := inputs[0].Graph()
	if a.due == 0 || !scope.IsTraining(g) {
		return a.model(scope, spec, inputs)
	}
	a.tapped = tapped{g.GraphId(), nets.Record(g, func() { predictions = a.model(scope, spec, inputs) })}
	a.record.batch(inputs[0].Shape())
	return predictions
}

// Run reads what the store has of the run so far: it is a [vgrad.Source] for figures and
// findings, while the loop is running and after Close. It fails where nothing was measured yet,
// and where the options have no name.
func (a *Attachment) Run() (*runs.Run, error) {
	if a.record.writer == nil {
		return nil, errors.New("attach: no run is recorded: either nothing was measured yet, or Options.Name is empty")
	}
	run, err := a.o.Store.Get(a.record.writer.Name())
	if err != nil {
		return nil, fmt.Errorf("attach: %w", err)
	}
	return run, nil
}

// Unfound lists the variables of the network behind which no units were found, with the
// reason. It is empty before the first step that is measured.
func (a *Attachment) Unfound() []nets.Unfound {
	if a.last == nil {
		return nil
	}
	return a.last.without
}

// Close takes the probes out of the trainer, which is then as it was, with the
// graphs that it had compiled. A run whose loop has ended is finished: the mean |W| that the last update
// left is measured, and the validation set is judged. One whose loop has failed stays
// unfinished in the store, with what was recorded. Further calls do nothing.
func (a *Attachment) Close() error {
	if a.closed {
		return nil
	}
	a.closed = true
	a.detach()
	var err error
	if a.ended && a.last != nil {
		err = a.finish()
	}
	if err = errors.Join(err, a.record.close(a.ended && err == nil)); err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	return nil
}

// detach gives the trainer its own parts back.
func (a *Attachment) detach() {
	if (*a.w.eval)[guarded{}] != a.guard {
		a.w.use(a.own)
		a.loop.Trainer.ResetComputationGraphs()
	}
	a.drop()
	a.w.use(a.own)
	*a.w.optimizer, *a.w.model = a.inner, a.model
	*a.w.limit--
	delete(*a.w.eval, guarded{})
	a.guard.Finalize()
}

// caught turns a panic into an error that says what was being done; of one that is no
// error of GoMLX's the stack is told.
func caught(doing string, err *error) {
	switch e := recover().(type) {
	case nil:
	case runtime.Error:
		*err = fmt.Errorf("attach: %s: %w\n%s", doing, e, debug.Stack())
	case error:
		*err = fmt.Errorf("attach: %s: %w", doing, e)
	default:
		*err = fmt.Errorf("attach: %s: %v\n%s", doing, e, debug.Stack())
	}
}
