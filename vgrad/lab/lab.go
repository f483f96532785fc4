package lab

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/assets"
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
	// watches. Runs that are loaded are not replayed. Several runs may be
	// under way at once, but no two calls to their sinks.
	Watch func(vgrad.Experiment) vgrad.Sink

	telling sync.Mutex       // held while Say, Watch, a watching sink or done is called
	engines []*engine.Engine // one a device
	wide    *engine.Engine   // over all devices, where there are several
	kinds   map[string]bool  // keys of the programs that they keep
	sets    map[string]*data.Set
}

// Train returns the run of an experiment: loaded if it is recorded, else
// trained and recorded. Bad input is an error before any work starts. A run
// that was interrupted starts again; one that another process is training is
// waited for. When training fails or ctx ends, what was recorded is kept.
func (l *Lab) Train(ctx context.Context, e vgrad.Experiment) (*runs.Run, error) {
	if err := l.Record(ctx, []vgrad.Experiment{e}, nil); err != nil {
		return nil, err
	}
	return l.Store.Load(e)
}

// Compare trains or loads base changed in turn by each variant, as
// [vgrad.Experiment.Vary] reads them, and returns the runs as one object. All
// of them are checked before the first is trained.
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

// All is Compare for experiments written out.
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

// Close frees what the backend holds. The Lab may be used again.
func (l *Lab) Close() {
	for _, e := range l.engines {
		e.Close()
	}
	if l.wide != nil {
		l.wide.Close()
	}
	l.kinds = nil
}

func (l *Lab) say(format string, args ...any) {
	if l.Say != nil {
		l.tell(func() { l.Say(fmt.Sprintf(format, args...)) })
	}
}

// tell calls what the caller handed in, one call at a time.
func (l *Lab) tell(call func()) {
	l.telling.Lock()
	defer l.telling.Unlock()
	call()
}

// check is what can be known to be wrong before any work.
func (l *Lab) check(e vgrad.Experiment) error {
	if l.Model != nil && e.Network == nil {
		return errors.New("a model that is handed in needs a name in Experiment.Network, by which its runs are found")
	}
	return engine.Check(e, l.handedIn(e))
}

// handedIn reports whether the experiment's network is the Model.
func (l *Lab) handedIn(e vgrad.Experiment) bool {
	_, isModel := e.Network.(vgrad.Model)
	return l.Model != nil && isModel
}

func (l *Lab) open() (err error) {
	if l.Store == nil {
		l.Store, err = runs.Open("")
	}
	return err
}

// fetch brings the XLA plugin; the first time that takes a while, and says so.
func (l *Lab) fetch(ctx context.Context) (string, error) {
	return assets.XLAPlugin(assets.Tell(ctx, func(line string) { l.say("%s", line) }))
}
