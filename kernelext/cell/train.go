package cell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/vgrad/lab/kernelext/wire"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/sweep"
)

// Comparison is a list of runs, in the order in which they were requested. The functions
// of package chart take it as it is.
type Comparison []vgrad.Source

// Runs returns the runs themselves.
func (c Comparison) Runs() []*runs.Run { return runs.Comparison(c).Runs() }

// Run returns the run with that label, or the only one whose label begins with it
// (see [runs.Comparison.Find]). If there is none, it ends the cell with a line that lists
// the labels.
func (c Comparison) Run(label string) *runs.Run { return Must(runs.Comparison(c).Find(label)) }

// Train returns the run of an experiment and shows its loss and gradients. It loads a
// recorded run; otherwise it trains, and the figure is drawn during training.
func Train(e vgrad.Experiment) *runs.Run {
	return All(e).Runs()[0]
}

// Compare trains or loads one experiment per variant: base with the variant's changes.
// The variant "relu" sets the activation; "depth=20 activation=tanh" sets fields by their
// JSON names. All experiments are checked before the first is trained. When the cell is
// interrupted, what was recorded is kept, and the cell says so.
func Compare(base vgrad.Experiment, variants ...string) Comparison {
	return All(varied(base, variants)...)
}

// varied returns base with the changes of each variant. A wrong variant ends the cell.
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

// All is [Compare] for a list of experiments.
func All(es ...vgrad.Experiment) Comparison {
	c, trained := all(es)
	if !trained {
		showLoaded(c, loadedLine(es))
		noteShown(c)
	}
	return c
}

// Run is [Train], but shows no figure if the run is recorded already. Use it to get a run
// that an earlier cell trained.
func Run(e vgrad.Experiment) *runs.Run {
	c, _ := all([]vgrad.Experiment{e})
	return c.Runs()[0]
}

// Recorded is [Compare], but shows no figure if all runs are recorded already. Use it to
// get runs that an earlier cell trained.
func Recorded(base vgrad.Experiment, variants ...string) Comparison {
	c, _ := all(varied(base, variants))
	return c
}

// all loads the runs of experiments and trains those that are missing; trained reports
// whether any was missing.
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
	noteShown(c)
	return c, true
}

// load returns the finished runs of experiments, and the number of steps to train for the
// others.
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

// train lets the vgrad program train the missing runs, and draws them as it reads them
// from the store. If the program refuses the experiments, no figure is shown.
func train(store *runs.Store, es []vgrad.Experiment, loaded Comparison, steps int) {
	var l *live
	begun := map[string]bool{} // in any order: some compile sooner than others
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
			l.begin(m.Begin.Experiment, store.Follow(m.Begin.Run)).goesOn(m.Begin.From, m.Begin.Continued)
			begun[m.Begin.Experiment.Hash()] = true
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
		trained := slices.DeleteFunc(slices.Clone(es), func(e vgrad.Experiment) bool { return !begun[e.Hash()] })
		if len(trained) == 0 { // another process has trained them meanwhile
			l.end(c, loadedLine(es))
		} else {
			l.end(c, trainedLine(trained...))
		}
	case ctx.Err() != nil:
		l.endEarly("Interrupted", store, es)
	default:
		l.endEarly("Stopped", store, es)
	}
	if err != nil {
		fail(err)
	}
}

// fullFigureSteps is the largest number of steps that the last figure of an interrupted
// cell reads from the store; an interrupted cell has no time for more.
const fullFigureSteps = 50_000

// endEarly ends the figure of trainings that did not finish. It draws all recorded steps,
// or, above fullFigureSteps, only those that the live figure kept.
func (l *live) endEarly(how string, store *runs.Store, es []vgrad.Experiment) {
	line := fmt.Sprintf("%s after %d of %d steps.", how, l.bar.at, l.bar.total)
	if l.bar.at > fullFigureSteps {
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

// Sweep trains every combination of the values of some fields, with a progress bar, and
// loads the runs that are recorded. [vgrad.Sweep] says how fields and values are written.
// If base.Measure is empty, Sweep measures what the figures of a sweep need
// ([vgrad.SweepMeasure]). When the cell is interrupted, what was recorded is kept, and
// running the same cell again continues the sweep.
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

// Many is [All] for more runs than a live figure can show: while it trains, it shows a
// progress bar, and it never shows a figure.
func Many(es ...vgrad.Experiment) Comparison {
	if len(es) == 0 {
		fail(errors.New("nothing to train: give at least one experiment"))
	}
	store := Must(runs.Open(""))
	c, missing := load(store, es)
	if missing > 0 {
		trainSweep(store, es)
		if c, missing = load(store, es); missing > 0 {
			fail(errors.New("the vgrad program trained, but the runs are not in " + store.Dir()))
		}
	}
	return c
}

// trainSweep lets the vgrad program train the missing runs, and shows a progress bar.
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

// Claims shows a table of the article's claims, with a verdict on each from these runs.
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
