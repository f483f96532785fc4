package lab

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/engine"
	"github.com/vgrad/lab/vgrad/runs"
	"golang.org/x/sync/errgroup"
)

// Record trains those of the experiments that are not recorded yet. It keeps no
// run in memory.
//
// Experiments that can be lanes of one program ([engine.Key]) are trained
// together, in groups of limited size. As many groups train at the same time as
// there are processors. If the backend has several devices, XLA spreads the
// lanes that divide evenly over all devices. The other lanes are trained on one
// device each, and the devices take turns. If another process is training an
// experiment, Record waits for it.
//
// done is called once an experiment's run is finished in the store, and right
// away for experiments that are recorded already. There is one call at a time.
// Nil: no calls. Bad input is an error before any work starts. When training
// fails or ctx ends, the samples recorded so far are kept, and no other training
// starts. Runs that were interrupted go on from their last checkpoint; see
// [Lab.FromZero] and [Lab.CheckpointEvery].
func (l *Lab) Record(ctx context.Context, es []vgrad.Experiment, done func(vgrad.Experiment)) error {
	if err := l.CheckSweep(es); err != nil {
		return err
	}
	if err := l.open(); err != nil {
		return err
	}
	missing, err := l.missing(es, done)
	if err != nil || len(missing) == 0 {
		return err
	}
	sets, err := l.prepare(ctx, missing)
	if err != nil {
		return err
	}
	r := &recorder{Lab: l, asked: distinct(es), done: done}
	gs, err := l.plan(r.asked, missing, sets)
	if err != nil {
		return err
	}
	if err := r.all(ctx, gs); err != nil {
		return err
	}
	return r.waitForOthers(ctx)
}

// missing returns the experiments that have to be trained, each once. It calls
// done for the others.
func (l *Lab) missing(es []vgrad.Experiment, done func(vgrad.Experiment)) ([]vgrad.Experiment, error) {
	missing, err := l.Store.Missing(es...)
	if err != nil {
		return nil, err
	}
	missing = distinct(missing)
	trained := map[string]bool{}
	for _, e := range missing {
		trained[e.Hash()] = true
	}
	for _, e := range es {
		if !trained[e.Hash()] && done != nil {
			done(e)
		}
	}
	return missing, nil
}

// distinct returns each experiment once, in their order.
func distinct(es []vgrad.Experiment) (once []vgrad.Experiment) {
	seen := map[string]bool{}
	for _, e := range es {
		if hash := e.Hash(); !seen[hash] {
			seen[hash] = true
			once = append(once, e)
		}
	}
	return once
}

// recorder trains and records the groups of one call of Record.
type recorder struct {
	*Lab
	asked  []vgrad.Experiment     // all of the call, each once
	done   func(vgrad.Experiment) // nil: no calls
	others []vgrad.Experiment     // experiments that another process is training
}

// all records every group. When one fails, the others stop. If memory requires
// it, the programs of a batch are freed before the next batch.
func (r *recorder) all(ctx context.Context, gs []group) error {
	for _, batch := range batches(gs) {
		r.makeRoom(batch)
		if err := r.batch(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// batch records groups, several at the same time.
func (r *recorder) batch(ctx context.Context, gs []group) error {
	work, ctx := errgroup.WithContext(ctx)
	free := make(chan *engine.Engine, r.sideBySide())
	for i := range cap(free) {
		free <- r.engines[i%len(r.engines)]
	}
	work.SetLimit(cap(free))
	for _, g := range gs {
		if ctx.Err() != nil {
			break // work.Wait returns the error of the group that failed
		}
		work.Go(func() error {
			eng := <-free
			defer func(e *engine.Engine) { free <- e }(eng)
			if g.spread {
				eng = r.wide
			}
			if err := r.group(ctx, eng, g); err != nil {
				return fmt.Errorf("%s: %w", g, err)
			}
			return nil
		})
	}
	return work.Wait()
}

// sideBySide returns the number of groups that train at the same time, on all
// devices. With Lab.Model it is 1, because the caller's function may not be safe
// for concurrent calls.
func (r *recorder) sideBySide() int {
	if r.Model != nil {
		return 1
	}
	return max(len(r.engines), runtime.GOMAXPROCS(0))
}

// String names a group in an error.
func (g group) String() string {
	first := g.experiments[0]
	text := fmt.Sprintf("%s, seed %d", first.Name(), first.Seed)
	if n := len(g.experiments); n > 1 {
		text += fmt.Sprintf(", and %d trained with it", n-1)
	}
	return text
}

// postpone leaves experiments to another process until waitForOthers.
func (r *recorder) postpone(why error, es ...vgrad.Experiment) {
	r.tell(func() { r.others = append(r.others, es...) })
	r.say("%s: %v; waiting for it", es[0].Name(), why)
}

// sinks returns the sinks of a run: its writer and the one that Watch returns, which gets
// what was recorded before an interruption.
func (r *recorder) sinks(e vgrad.Experiment, w *runs.Writer) ([]vgrad.Sink, error) {
	sinks := []vgrad.Sink{w}
	if r.Watch == nil {
		return sinks, nil
	}
	var watching vgrad.Sink
	r.tell(func() { watching = r.Watch(e) })
	if watching == nil {
		return sinks, nil
	}
	watching = oneAtATime{watching, r.Lab}
	return append(sinks, watching), w.Earlier(watching)
}

// oneAtATime wraps a sink, so that it is not called while another sink of the
// Lab is.
type oneAtATime struct {
	vgrad.Sink
	lab *Lab
}

func (s oneAtATime) Begin(schema vgrad.Schema) (err error) {
	s.lab.tell(func() { err = s.Sink.Begin(schema) })
	return err
}

func (s oneAtATime) Put(step int, rows []vgrad.Row) (err error) {
	s.lab.tell(func() { err = s.Sink.Put(step, rows) })
	return err
}

// finished calls done.
func (r *recorder) finished(e vgrad.Experiment) {
	if r.done != nil {
		r.done(e)
	}
}

// waitForOthers waits for the runs that were left to other processes. It trains
// those that the other processes did not finish or never started.
func (r *recorder) waitForOthers(ctx context.Context) error {
	for len(r.others) > 0 {
		left := r.others
		r.others = nil
		for _, e := range left {
			if err := r.Store.Wait(ctx, e); err != nil {
				return fmt.Errorf("lab: wait for %q: %w", e.Name(), err)
			}
		}
		missing, err := r.missing(left, r.done)
		if err != nil {
			return err
		}
		gs, err := r.plan(r.asked, missing, r.sets)
		if err != nil {
			return err
		}
		if err := r.all(ctx, gs); err != nil {
			return err
		}
	}
	return nil
}

// prepare loads the data sets and opens the backend, both at the same time. Each
// is done once for the Lab.
func (l *Lab) prepare(ctx context.Context, es []vgrad.Experiment) (map[string]*data.Set, error) {
	opened := make(chan error, 1)
	go func() { opened <- l.openBackend(ctx) }()
	var err error
	for _, e := range es {
		if err = l.load(ctx, data.Of(e)); err != nil {
			break
		}
	}
	return l.sets, errors.Join(err, <-opened)
}

// openBackend opens the backend and makes its engines, once.
func (l *Lab) openBackend(ctx context.Context) error {
	if l.engines != nil {
		return nil
	}
	b, err := backend.Open(ctx, l.Backend, l.fetch)
	if err != nil {
		return err
	}
	l.say("backend: %s", b.Why)
	l.use(b, b.Devices())
	return nil
}

// use makes the engines: one for each of a backend's devices, and if there are
// several, one that spreads lanes over all of them.
func (l *Lab) use(b *backend.Backend, devices int) {
	for device := range devices {
		l.engines = append(l.engines, &engine.Engine{Backend: b, Driver: l.Driver, Device: device})
	}
	if devices > 1 && b.Loops && l.Driver != engine.Host {
		l.wide = &engine.Engine{Backend: b, Driver: l.Driver, Spread: devices}
	}
}

// load opens the data set of that name, once.
func (l *Lab) load(ctx context.Context, name string) error {
	if l.sets[name] != nil {
		return nil
	}
	set, err := data.Open(ctx, name)
	if err != nil {
		return err
	}
	if l.sets == nil {
		l.sets = map[string]*data.Set{}
	}
	l.sets[name] = set
	return nil
}
