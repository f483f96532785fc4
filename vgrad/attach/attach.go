package attach

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/runs"
)

// Attachment holds the probes that [To] has put into a trainer. It serves the goroutine
// that runs the loop.
type Attachment struct {
	loop  *train.Loop
	o     Options
	w     workings
	inner optimizer.Interface // the trainer's own optimizer
	model train.ModelFn       // the trainer's own model
	own   executors           // the trainer's own executors
	sets  map[int]executors   // for steps that measure something, by the value of due
	guard *model.Exec         // see guarded
	every []int               // the cadences: after how many steps something is due again

	update int // number of the next update, from 0
	due    int // the cadences that are due at it: bit i is set for every[i]

	tapped   tapped
	sizes    map[string]int // of the sites, by path
	programs map[graph.GraphId]*program
	hooked   map[*model.Exec]bool // the executors that have our logger
	measured *program             // of the last step; nil: it measured nothing
	last     *program             // the last one that was recorded; nil: none was
	failed   error                // from reading the measured values; nil: none

	record        recorder
	ended, closed bool
}

// To makes a loop's trainer measure its steps, from the next step until Close:
//
//	a, err := attach.To(loop, attach.Options{Name: "mine"})
//	if err != nil {
//		return err
//	}
//	defer a.Close()
//
// It may be called before the first step or between two runs of the loop. It fails if
// options are out of range, with a line for each, if the trainer is measured already, and
// if the store cannot be opened. Two errors show only when the graph of the model is
// built, and then the loop fails before its first step: no site matches Measure.Sites,
// and the same experiment is recorded already.
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

// Run reads what the store has of the run so far. It may be called while the loop is
// running and after Close. The result is a [vgrad.Source], for figures and findings. Run
// fails if nothing was measured yet, and if Options.Name is empty.
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

// Unfound lists the variables of the network for which no units were found, with the
// reason. It is empty before the first step that is measured.
func (a *Attachment) Unfound() []nets.Unfound {
	if a.last == nil {
		return nil
	}
	return a.last.unfound
}

// Close takes the probes out of the trainer. The trainer is then as it was before To, and
// keeps the graphs that it had compiled. Hooks that do nothing stay in the loop.
//
// If the loop has ended, Close measures mean |W| after the last update, evaluates the
// validation set and finishes the run. If the loop has failed, the run stays unfinished
// in the store, with what was recorded. Further calls do nothing.
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

// caught turns a panic into an error that says what was being done. Graph functions panic
// with an error that contains the place. For runtime errors and other values the stack is
// added.
func caught(doing string, err *error) {
	switch e := recover().(type) {
	case nil:
	case runtime.Error:
		*err = fmt.Errorf("%s: %w\n%s", doing, e, debug.Stack())
	case error:
		*err = fmt.Errorf("%s: %w", doing, e)
	default:
		*err = fmt.Errorf("%s: %v\n%s", doing, e, debug.Stack())
	}
}
