package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/engine"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/runs"
)

// Lab trains and loads runs. The zero value works: the user's store, the
// backend that is at hand. It serves one call at a time.
type Lab struct {
	// Store keeps the runs. Nil: the user's, see [runs.Dir].
	Store *runs.Store
	// Backend by name, as [backend.Open] takes it. Zero: $GOMLX_BACKEND, or what is at hand.
	Backend string
	// Driver of the loop over steps. Zero: the device where it can, else the host.
	Driver engine.Driver
	// Model is the network of experiments whose Network is no known name. Such
	// a run is found by that name again: change the name with the function.
	Model nets.Model
	// Say is told in one line what a user would want to know: which backend
	// and why, that a run was unfinished. Nil: nobody is told.
	Say func(string)
	// Watch gives the sink that follows a training, or nil. Nil: nobody
	// watches. Runs that are loaded are not replayed.
	Watch func(vgrad.Experiment) vgrad.Sink

	engine *engine.Engine
	sets   map[string]*data.Set
}

// Comparison is several runs as one object, in the order they were asked for;
// figures take it as it is.
type Comparison []vgrad.Source

// Runs returns the runs themselves.
func (c Comparison) Runs() []*runs.Run {
	var rs []*runs.Run
	for _, s := range c {
		rs = append(rs, s.(*runs.Run))
	}
	return rs
}

// Run returns the first run with that label, or nil.
func (c Comparison) Run(label string) *runs.Run {
	for _, r := range c.Runs() {
		if r.Label() == label {
			return r
		}
	}
	return nil
}

// Train returns the run of an experiment: loaded if it is recorded, else
// trained and recorded. Bad input is an error before any work starts. A run
// that was interrupted starts again; one that another process is training is
// waited for. When training fails or ctx ends, what was recorded is kept.
func (l *Lab) Train(ctx context.Context, e vgrad.Experiment) (*runs.Run, error) {
	if err := l.check(e); err != nil {
		return nil, err
	}
	if err := l.open(); err != nil {
		return nil, err
	}
	for {
		run, err := l.recorded(e)
		if run != nil || err != nil {
			return run, err
		}
		err = l.record(ctx, e)
		if !errors.Is(err, runs.ErrLocked) && !errors.Is(err, runs.ErrRecorded) {
			if err != nil {
				return nil, err
			}
			continue // it is recorded now
		}
		l.say("%s: %v; waiting for it", e.Name(), err)
		if err := l.Store.Wait(ctx, e); err != nil {
			return nil, fmt.Errorf("lab: wait for %q: %w", e.Name(), err)
		}
	}
}

// Compare trains or loads base changed in turn by each variant, as
// [vgrad.Experiment.Vary] reads them, and returns the runs as one object. All
// of them are checked before the first is trained.
func (l *Lab) Compare(ctx context.Context, base vgrad.Experiment, variants ...string) (Comparison, error) {
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

// All is Compare for experiments written out.
func (l *Lab) All(ctx context.Context, es ...vgrad.Experiment) (Comparison, error) {
	if len(es) == 0 {
		return nil, errors.New("lab: nothing to compare")
	}
	for _, e := range es {
		if err := l.check(e); err != nil {
			return nil, err
		}
	}
	var c Comparison
	for _, e := range es {
		run, err := l.Train(ctx, e)
		if err != nil {
			return c, fmt.Errorf("%s, seed %d: %w", e.Name(), e.Seed, err)
		}
		c = append(c, run)
	}
	return c, nil
}

// Close frees what the backend holds. The Lab may be used again.
func (l *Lab) Close() {
	if l.engine != nil {
		l.engine.Close()
	}
}

func (l *Lab) say(format string, args ...any) {
	if l.Say != nil {
		l.Say(fmt.Sprintf(format, args...))
	}
}

// check is what can be known to be wrong before any work.
func (l *Lab) check(e vgrad.Experiment) error {
	if l.Model != nil && e.Network == "" {
		return errors.New("lab: a model that is handed in needs a name in Experiment.Network, by which its runs are found")
	}
	return engine.Check(e, l.handedIn(e))
}

// handedIn reports whether the experiment's network is the Model.
func (l *Lab) handedIn(e vgrad.Experiment) bool {
	return l.Model != nil && e.WithDefaults().Network != nets.MLP
}

func (l *Lab) open() (err error) {
	if l.Store == nil {
		l.Store, err = runs.Open("")
	}
	return err
}

// recorded returns the finished run of e, or nil where it has to be trained.
func (l *Lab) recorded(e vgrad.Experiment) (*runs.Run, error) {
	run, err := l.Store.Load(e)
	switch {
	case errors.Is(err, runs.ErrNotRecorded):
		return nil, nil
	case err != nil:
		return nil, err
	case run.Finished:
		return run, nil
	}
	l.say("%s is unfinished: it stopped after step %d of %d; it starts again", run.Name, run.LastStep, run.Experiment.WithDefaults().Steps)
	return nil, nil
}

// record trains e and records it.
func (l *Lab) record(ctx context.Context, e vgrad.Experiment) (err error) {
	set, err := l.prepare(ctx, e.WithDefaults().Data)
	if err != nil {
		return err
	}
	w, err := l.Store.Create(e, runs.Provenance{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	sinks := []vgrad.Sink{w}
	if l.Watch != nil {
		if s := l.Watch(e); s != nil {
			sinks = append(sinks, s)
		}
	}
	job := engine.Job{Experiment: e, Data: set}
	if l.handedIn(e) {
		job.Model = l.Model
	}
	start := time.Now()
	if _, err := l.engine.Train(ctx, job, sinks...); err != nil {
		return err
	}
	return w.Finish(runs.Provenance{
		Backend: l.engine.Backend.Kind, Description: l.engine.Backend.Description(),
		DataSum: set.Sum, Seconds: time.Since(start).Seconds(),
	})
}

// prepare loads the data and, side by side with it, opens the backend, each once.
func (l *Lab) prepare(ctx context.Context, name string) (*data.Set, error) {
	opened := make(chan error, 1)
	go func() { opened <- l.openBackend(ctx) }()
	set, err := l.load(ctx, name)
	return set, errors.Join(err, <-opened)
}

func (l *Lab) openBackend(ctx context.Context) error {
	if l.engine != nil {
		return nil
	}
	b, err := backend.Open(ctx, l.Backend, l.fetch)
	if err != nil {
		return err
	}
	l.say("backend: %s", b.Why)
	l.engine = &engine.Engine{Backend: b, Driver: l.Driver}
	return nil
}

// fetch brings the XLA plugin; the first time that takes a while, and says so.
func (l *Lab) fetch(ctx context.Context) (string, error) {
	return assets.XLAPlugin(assets.Tell(ctx, func(line string) { l.say("%s", line) }))
}

func (l *Lab) load(ctx context.Context, name string) (*data.Set, error) {
	if set := l.sets[name]; set != nil {
		return set, nil
	}
	set, err := data.Load(ctx, name)
	if err != nil {
		return nil, err
	}
	if l.sets == nil {
		l.sets = map[string]*data.Set{}
	}
	l.sets[name] = set
	return set, nil
}
