package cell

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/vgrad/lab/kernelext/wire"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/sweep"
)

// Comparison is several runs as one object, in the order they were asked for;
// figures take it as it is.
type Comparison []vgrad.Source

// Runs returns the runs themselves.
func (c Comparison) Runs() []*runs.Run { return runs.Comparison(c).Runs() }

// Run returns the run with that label, or the only one whose label begins with it
// (see [runs.Comparison.Find]). Where there is none it ends the cell with a line
// that names those there are.
func (c Comparison) Run(label string) *runs.Run { return Must(runs.Comparison(c).Find(label)) }

// Train returns the run of an experiment, and shows its loss and its gradient: as
// they go, where it is trained, and at once, where it is recorded.
func Train(e vgrad.Experiment) *runs.Run {
	return All(e).Runs()[0]
}

// Compare trains or loads base changed in turn by each variant, a line a
// variant: "relu" is an activation, "depth=20 activation=tanh" sets fields by
// their JSON names. All of them are checked before the first is trained. When
// the cell is interrupted, what was recorded is kept, and the cell says so.
func Compare(base vgrad.Experiment, variants ...string) Comparison {
	return All(varied(base, variants)...)
}

// varied changes base by each variant, or ends the cell.
func varied(base vgrad.Experiment, variants []string) []vgrad.Experiment {
	var es []vgrad.Experiment
	for _, v := range variants {
		e, err := base.Vary(v)
		if err != nil {
			fail(fmt.Errorf("variant %q: %w", v, err))
		}
		es = append(es, e)
	}
	return es
}

// All is Compare for experiments written out.
func All(es ...vgrad.Experiment) Comparison {
	c, trained := all(es)
	if !trained {
		showLoaded(c, loaded(es))
	}
	return c
}

// Run is Train without a figure where the run is recorded already: it names again
// what an earlier cell trained.
func Run(e vgrad.Experiment) *runs.Run {
	c, _ := all([]vgrad.Experiment{e})
	return c.Runs()[0]
}

// Recorded is Compare without a figure where all runs are recorded already: it
// names again what an earlier cell trained.
func Recorded(base vgrad.Experiment, variants ...string) Comparison {
	c, _ := all(varied(base, variants))
	return c
}

// all loads the runs of experiments, or trains them, and tells which.
func all(es []vgrad.Experiment) (c Comparison, trained bool) {
	if len(es) == 0 {
		fail(errors.New("nothing to compare: name at least one variant, such as \"relu\""))
	}
	store := Must(runs.Open(""))
	c, missing := load(store, es)
	if missing == 0 {
		return c, false
	}
	train(store, es, c, missing)
	if c, missing = load(store, es); missing > 0 {
		fail(errors.New("the vgrad program trained, but the runs are not in " + store.Dir()))
	}
	return c, true
}

// load returns the finished runs of experiments and how many steps are to be
// trained for the others.
func load(store *runs.Store, es []vgrad.Experiment) (c Comparison, steps int) {
	for _, e := range es {
		if err := e.Validate(); err != nil {
			fail(fmt.Errorf("%s: %w", e.Name(), err))
		}
		run, err := store.Load(e)
		if err != nil && !errors.Is(err, runs.ErrNotRecorded) {
			fail(err)
		}
		if err != nil || !run.Finished {
			steps += e.WithDefaults().Steps
			continue
		}
		c = append(c, run)
	}
	return c, steps
}

// train has the program train what is not recorded, and follows it in the store.
// Nothing is shown of experiments that the program refuses.
func train(store *runs.Store, es []vgrad.Experiment, loaded Comparison, steps int) {
	var l *live
	var begun []vgrad.Experiment
	ctx := Context()
	watching, stop := context.WithCancel(ctx)
	var watcher sync.WaitGroup
	err := ask(ctx, wire.Request{Store: store.Dir(), Train: es}, func(m wire.Message) error {
		if l == nil {
			l = follow("training", steps, loaded)
			watcher.Go(func() { l.watch(watching) })
		}
		switch {
		case m.Say != "":
			l.bar.Note(m.Say)
		case m.Begin != nil:
			l.begin(m.Begin.Experiment, store.Follow(m.Begin.Run))
			begun = append(begun, m.Begin.Experiment)
		}
		return nil
	})
	stop()
	watcher.Wait()
	if err != nil && ctx.Err() != nil {
		err = context.Canceled
	}
	if l != nil {
		l.read()
	}
	switch {
	case l == nil:
	case err == nil:
		c, _ := load(store, es)
		l.end(c, trained(begun...))
	case ctx.Err() != nil:
		l.endEarly("Interrupted", store, es)
	default:
		l.endEarly("Stopped", store, es)
	}
	if err != nil {
		fail(err)
	}
}

// drawnWhole is how many steps of trainings that were broken off are drawn in full: an
// interrupted cell has no time for more.
const drawnWhole = 50_000

// endEarly ends the figure of trainings that were broken off with what is recorded of
// them, or, of long ones, with what the figure itself kept.
func (l *live) endEarly(how string, store *runs.Store, es []vgrad.Experiment) {
	line := fmt.Sprintf("%s after %d of %d steps.", how, l.bar.at, l.bar.total)
	if l.bar.at > drawnWhole {
		l.end(l.sources, line+" The figures show some of them, evenly spaced; the record has the others.")
		return
	}
	var c Comparison
	for _, e := range es {
		if run, err := store.Load(e); err == nil && run.LastStep >= 0 {
			c = append(c, run)
		}
	}
	l.end(c, line)
}

// Sweep trains every combination of the values of some fields, with a progress
// bar, or loads what is recorded; [vgrad.Sweep] says how fields and values are
// written. A base that says nothing of what is measured gets what the figures
// of a sweep need ([vgrad.SweepMeasure]). When the cell is interrupted, what was
// recorded is kept, and the same cell goes on from there.
//
//	s := cell.Sweep(vgrad.Experiment{Steps: 500}, "depth=2..12", "sigmoid,relu", "seed=0..9")
//	cell.Show(chart.FactorMap(s.Sources(), "depth", "activation"))
//	cell.Table(s.Table())
func Sweep(base vgrad.Experiment, over ...string) *sweep.Result {
	if m := base.Measure; m.Quantities == nil && m.Every == 0 && m.HistogramEvery == 0 {
		base.Measure = vgrad.SweepMeasure()
	}
	s := vgrad.Sweep{Base: base, Over: over}
	es := Must(s.Experiments())
	store := Must(runs.Open(""))
	if len(Must(store.Missing(es...))) > 0 {
		trainSweep(store, es)
	}
	r := Must(sweep.Read(Context(), store, s, es))
	if r.Missing > 0 {
		fail(errors.New("the vgrad program trained, but the runs are not in " + store.Dir()))
	}
	return r
}

// trainSweep has the program train what is not recorded, and follows it with a bar.
func trainSweep(store *runs.Store, es []vgrad.Experiment) {
	var bar *Bar
	ctx := Context()
	err := ask(ctx, wire.Request{Store: store.Dir(), Train: es, Sweep: true}, func(m wire.Message) error {
		if bar == nil {
			bar = Progress("runs", len(es))
		}
		switch {
		case m.Say != "":
			bar.Note(m.Say)
		case m.Progress != nil:
			bar.follow(*m.Progress)
		}
		return nil
	})
	switch {
	case bar == nil:
	case err == nil:
		bar.end(fmt.Sprintf("%d runs are recorded; the next time they are loaded.", len(es)))
	case ctx.Err() != nil:
		err = context.Canceled
		bar.end(fmt.Sprintf("Interrupted after %d of %d runs.", bar.at, len(es)))
	default:
		bar.end(fmt.Sprintf("Stopped after %d of %d runs.", bar.at, len(es)))
	}
	if err != nil {
		fail(err)
	}
}

// Claims shows what the article claims and whether these runs bear it out.
func Claims(c Comparison) {
	var es []vgrad.Experiment
	for _, r := range c.Runs() {
		es = append(es, r.Experiment)
	}
	store := Must(runs.Open(""))
	err := ask(Context(), wire.Request{Store: store.Dir(), Train: es, Judge: true}, func(m wire.Message) error {
		if m.Claims != nil {
			Table(*m.Claims)
		}
		return nil
	})
	if err != nil {
		fail(err)
	}
}
