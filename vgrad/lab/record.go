package lab

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/engine"
	"github.com/vgrad/lab/vgrad/runs"
	"golang.org/x/sync/errgroup"
)

// Record makes sure that every one of the experiments is recorded. What is
// missing is trained: experiments that can be lanes of one program
// ([engine.Key]) in groups of a bounded size, and as many groups side by side
// as there are processors. Where the backend has several devices, XLA spreads a
// group's lanes over them as far as they divide evenly; what is left takes the
// devices in turn. What another process is training is waited for. It keeps no
// run in memory.
//
// done is called for each experiment as soon as its run is finished in the
// store, at once for those that are there already, one call at a time; nil:
// nobody is told. Bad input is an error before any work starts. When training
// fails or ctx ends, what was recorded is kept, and no more is begun.
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
	r := &recorder{Lab: l, done: done}
	if err := r.all(ctx, l.groups(missing, sets)); err != nil {
		return err
	}
	return r.await(ctx)
}

// missing returns the experiments that have to be trained, each once, and
// tells done of the others.
func (l *Lab) missing(es []vgrad.Experiment, done func(vgrad.Experiment)) ([]vgrad.Experiment, error) {
	missing, err := l.Store.Missing(es...)
	if err != nil {
		return nil, err
	}
	trained, rest := map[string]bool{}, missing[:0]
	for _, e := range missing {
		if !trained[e.Hash()] {
			trained[e.Hash()] = true
			rest = append(rest, e)
		}
	}
	for _, e := range es {
		if !trained[e.Hash()] && done != nil {
			done(e)
		}
	}
	for _, e := range rest {
		if err := l.sayUnfinished(e); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// sayUnfinished tells that a run was begun once.
func (l *Lab) sayUnfinished(e vgrad.Experiment) error {
	run, err := l.Store.Load(e)
	switch {
	case errors.Is(err, runs.ErrNotRecorded):
		return nil
	case err != nil:
		return err
	case !run.Finished:
		l.say("%s is unfinished: it stopped after step %d of %d; it starts again", run.Name, run.LastStep, run.Experiment.WithDefaults().Steps)
	}
	return nil
}

// recorder trains groups side by side and records them.
type recorder struct {
	*Lab
	done   func(vgrad.Experiment)
	others []vgrad.Experiment // that another process is training
}

// all records every group; the first that fails stops the others. The programs of
// a batch are let go of before the next.
func (r *recorder) all(ctx context.Context, gs []group) error {
	for _, batch := range batches(gs) {
		r.makeRoom(batch)
		if err := r.batch(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// batch records groups side by side.
func (r *recorder) batch(ctx context.Context, gs []group) error {
	work, ctx := errgroup.WithContext(ctx)
	free := make(chan *engine.Engine, r.sideBySide())
	for i := range cap(free) {
		free <- r.engines[i%len(r.engines)]
	}
	work.SetLimit(cap(free))
	for _, g := range gs {
		if ctx.Err() != nil {
			break // what failed says more
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

// sideBySide is how many groups are trained at a time, on all devices
// together. A model handed in may not bear to be built by two at once.
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

// group trains a group and records its runs. Those that another process is
// training, or has trained by now, are left to it: where it trains the first, all
// of the group are for now, so that the two do not follow each other around.
func (r *recorder) group(ctx context.Context, eng *engine.Engine, g group) (err error) {
	var lanes []engine.Lane
	var writers []*runs.Writer
	defer func() {
		for _, w := range writers {
			err = errors.Join(err, w.Close())
		}
	}()
	for i, e := range g.experiments {
		w, err := r.Store.Create(e, runs.Provenance{})
		switch {
		case errors.Is(err, runs.ErrRecorded):
			r.tell(func() { r.finished(e) })
		case errors.Is(err, runs.ErrLocked) && len(writers) == 0:
			r.leave(err, g.experiments[i:]...)
			return nil
		case errors.Is(err, runs.ErrLocked):
			r.leave(err, e)
		case err != nil:
			return err
		default:
			writers = append(writers, w)
			lanes = append(lanes, engine.Lane{Experiment: e, Sinks: r.sinks(e, w)})
		}
	}
	if len(lanes) == 0 {
		return nil
	}
	start := time.Now()
	if err := r.train(ctx, eng, g.set, lanes); err != nil {
		return err
	}
	share := time.Since(start).Seconds() / float64(len(lanes))
	for i, w := range writers {
		err := w.Finish(runs.Provenance{
			Backend: eng.Backend.Kind, Description: eng.Backend.Description(), DataSum: g.set.Sum,
			Seconds: share, Together: len(lanes),
		})
		if err != nil {
			return err
		}
		r.tell(func() { r.finished(lanes[i].Experiment) })
	}
	return nil
}

// leave leaves experiments to another process for now.
func (r *recorder) leave(why error, es ...vgrad.Experiment) {
	r.tell(func() { r.others = append(r.others, es...) })
	r.say("%s: %v; waiting for it", es[0].Name(), why)
}

// train trains one run alone, and several as lanes.
func (r *recorder) train(ctx context.Context, eng *engine.Engine, set *data.Set, lanes []engine.Lane) error {
	if len(lanes) > 1 {
		_, err := eng.TrainLanes(ctx, set, lanes...)
		return err
	}
	job := engine.Job{Experiment: lanes[0].Experiment, Data: set}
	if r.handedIn(job.Experiment) {
		job.Model = r.Model
	}
	res, err := eng.Train(ctx, job, lanes[0].Sinks...)
	if err != nil {
		return err
	}
	for _, u := range res.Without {
		if u.Role == "" && u.Variable.DType().IsFloat() { // biases and scales have no units of their own
			r.say("%s: no units are measured behind %s: it %s", job.Experiment.Name(), u.Variable.Path(), u.Reason)
		}
	}
	return nil
}

// sinks are what follows a run: its writer, and whoever watches.
func (r *recorder) sinks(e vgrad.Experiment, w *runs.Writer) []vgrad.Sink {
	sinks := []vgrad.Sink{w}
	if r.Watch == nil {
		return sinks
	}
	r.tell(func() {
		if s := r.Watch(e); s != nil {
			sinks = append(sinks, oneAtATime{s, r.Lab})
		}
	})
	return sinks
}

// oneAtATime is a sink that is not called while another of the Lab's is.
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

func (r *recorder) finished(e vgrad.Experiment) {
	if r.done != nil {
		r.done(e)
	}
}

// await waits for the runs that were left to other processes, and trains those
// that they gave up or never began.
func (r *recorder) await(ctx context.Context) error {
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
		if err := r.all(ctx, r.groups(missing, r.sets)); err != nil {
			return err
		}
	}
	return nil
}

// prepare finds the data and opens the backend, each once. The data is read while
// programs are compiled for it.
func (l *Lab) prepare(ctx context.Context, es []vgrad.Experiment) (map[string]*data.Set, error) {
	opened := make(chan error, 1)
	go func() { opened <- l.openBackend(ctx) }()
	var err error
	for _, e := range es {
		if err = l.load(ctx, e.WithDefaults().Data); err != nil {
			break
		}
	}
	return l.sets, errors.Join(err, <-opened)
}

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

// use makes the engines for so many of a backend's devices.
func (l *Lab) use(b *backend.Backend, devices int) {
	for device := range devices {
		l.engines = append(l.engines, &engine.Engine{Backend: b, Driver: l.Driver, Device: device})
	}
	if devices > 1 && b.Loops && l.Driver != engine.Host {
		l.wide = &engine.Engine{Backend: b, Driver: l.Driver, Spread: devices}
	}
}

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
