package lab

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/engine"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/runs"
)

// Lab trains and loads runs. The zero value uses the user's store and an
// available backend. A Lab is not safe for concurrent calls.
type Lab struct {
	// Store keeps the runs. Nil: the user's store, see [runs.Dir].
	Store *runs.Store
	// Backend is the name of a backend, see [backend.Open]. Zero: $GOMLX_BACKEND,
	// or else an available one.
	Backend string
	// Driver of the loop over steps. Zero: the device if it can, else the host.
	Driver engine.Driver
	// Model builds the network of experiments whose Network is a [vgrad.Model].
	// Their runs are found by the name in Network, so change the name whenever
	// you change the function. Nil: experiments with such a name are refused.
	Model nets.Model
	// Say receives messages for the user, one line each: which backend is used
	// and why, or that a run was unfinished. Nil: the messages are dropped.
	Say func(string)
	// Watch returns the sink that follows the training of an experiment, or nil
	// for none. It is not called for runs that are loaded. Several runs may train
	// at the same time, but their sinks are called one at a time. The sink of a run
	// that goes on gets what was recorded before, too. Nil: no sinks.
	Watch func(vgrad.Experiment) vgrad.Sink
	// FromZero trains interrupted runs from step 0. False: they go on from their last
	// checkpoint, with the numbers that an undisturbed run has.
	FromZero bool
	// CheckpointEvery is the time of training between two checkpoints; there is also one
	// when ctx ends. Zero: 5 s; negative: there are none.
	CheckpointEvery time.Duration

	calling sync.Mutex           // held while Say, Watch, one of its sinks or done is called
	engines []*engine.Engine     // one for each device
	wide    *engine.Engine       // over all devices; nil: there is only one
	kinds   map[string]bool      // keys of the programs that the engines keep
	sets    map[string]*data.Set // by name

	continued map[string]Continued // runs that went on, by hash; guarded by calling
}

// Train returns the run of an experiment. If the run is recorded, Train loads
// it. Otherwise it trains and records it. A run that was interrupted goes on
// from its last checkpoint. If another process is training the run, Train waits for
// it. Bad input is an error before any work starts. When training fails or ctx
// ends, the samples recorded so far are kept.
func (l *Lab) Train(ctx context.Context, e vgrad.Experiment) (*runs.Run, error) {
	if err := l.Record(ctx, []vgrad.Experiment{e}, nil); err != nil {
		return nil, err
	}
	return l.Store.Load(e)
}

// Compare trains or loads one run for each variant of base, and returns the runs
// in the order of the variants. [vgrad.Experiment.Vary] describes variants. All
// experiments are checked before the first is trained.
func (l *Lab) Compare(ctx context.Context, base vgrad.Experiment, variants ...string) (runs.Comparison, error) {
	var es []vgrad.Experiment
	for _, v := range variants {
		e, err := base.Vary(v)
		if err != nil {
			return nil, fmt.Errorf("lab: variant %q: %w", v, err)
		}
		es = append(es, e)
	}
	return l.All(ctx, es...)
}

// All trains or loads the runs of experiments, and returns them in their order.
// It fails without experiments. All of them are checked before the first is
// trained.
func (l *Lab) All(ctx context.Context, es ...vgrad.Experiment) (runs.Comparison, error) {
	if len(es) == 0 {
		return nil, errors.New("lab: nothing to compare")
	}
	if err := l.Record(ctx, es, nil); err != nil {
		return nil, err
	}
	var c runs.Comparison
	for _, e := range es {
		run, err := l.Store.Load(e)
		if err != nil {
			return nil, err
		}
		c = append(c, run)
	}
	return c, nil
}

// Close frees the compiled programs and the device memory. The Lab may be used
// again.
func (l *Lab) Close() {
	for _, e := range l.engines {
		e.Close()
	}
	if l.wide != nil {
		l.wide.Close()
	}
	l.kinds = nil
}

// say formats a message for Say.
func (l *Lab) say(format string, args ...any) {
	if l.Say != nil {
		l.tell(func() { l.Say(fmt.Sprintf(format, args...)) })
	}
}

// tell runs call, which calls a function of the caller. There is one such call
// at a time.
func (l *Lab) tell(call func()) {
	l.calling.Lock()
	defer l.calling.Unlock()
	call()
}

// check reports the errors of an experiment that are known before any work.
func (l *Lab) check(e vgrad.Experiment) error {
	if l.Model != nil && e.Network == nil {
		return errors.New("Lab.Model needs a name in Experiment.Network; its runs are found by that name")
	}
	return engine.Check(e, l.usesModel(e))
}

// usesModel reports whether Lab.Model builds the experiment's network.
func (l *Lab) usesModel(e vgrad.Experiment) bool {
	_, isModel := e.Network.(vgrad.Model)
	return l.Model != nil && isModel
}

// open opens the user's store if the Lab has none.
func (l *Lab) open() (err error) {
	if l.Store == nil {
		l.Store, err = runs.Open("")
	}
	return err
}

// fetch returns the path of the XLA plugin. The first call downloads it, and
// reports that to Say.
func (l *Lab) fetch(ctx context.Context) (string, error) {
	return assets.XLAPlugin(assets.Tell(ctx, func(line string) { l.say("%s", line) }))
}
