// Package incell trains in the cell itself, for a network that only the cell has: a model
// function that is written in the cell, or a GoMLX trainer.
//
// Package cell lets the vgrad program train instead. This package links GoMLX, so a cell
// that imports it takes some seconds longer to build.
//
//	run := incell.Train("mine", mine, vgrad.Experiment{Steps: 300}) // trains with a live figure, or loads
//	cell.Findings(diagnose.Of(run))
//
// A trainer runs in its own loop, with a live figure, and findings at the end:
//
//	loop := train.NewLoop(train.NewTrainer(backend, store, model, lossFn, optimizer, nil, nil))
//	run := incell.RunSteps(loop, dataset, 500, attach.Options{Name: "cnn"})
//
// As in package cell, an error ends the cell with one line.
package incell

import (
	"errors"
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/vgrad/lab/kernelext/cell"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/attach"
	"github.com/vgrad/lab/vgrad/diagnose"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/runs"
)

// Train returns the run of a model function. The function maps x: [batch, features] to
// [batch, outputs]. The run is trained as the experiment says, with a live figure, or
// loaded if it is recorded, with the same figure. A recorded run is found by name, not by
// the function's code: change the name when you change the function. An interrupted run
// goes on where it stopped, unless the function computes something else now. A nil function
// and a failed training end the cell.
func Train(name string, m nets.Model, e vgrad.Experiment) *runs.Run {
	e.Network = vgrad.Model(name)
	if m == nil {
		cell.Must(m, errors.New("model is nil; it must be a function"))
	}
	var live *cell.Live
	l := &lab.Lab{Model: m}
	l.Watch = func(e vgrad.Experiment) vgrad.Sink {
		live = cell.Follow(e)
		c := l.Continued(e)
		live.GoesOn(c.Step, c.String())
		return live
	}
	defer l.Close()
	run, err := l.Train(cell.Context(), e)
	switch {
	case live == nil && err == nil:
		cell.Loaded(run)
	case live != nil && err == nil:
		live.End("Trained " + e.Name() + " for " + steps(run) + ". The run is recorded; the next time it is loaded.")
	case live != nil:
		unfinished, _ := l.Store.Load(e) // if it cannot be read, the error below says why
		live.End("Stopped after " + steps(unfinished) + "; what was measured is recorded.")
	}
	return cell.Must(run, err)
}

// steps says how many steps of a run are recorded, and out of how many if some are
// missing.
func steps(run *runs.Run) string {
	if run == nil {
		return "0 steps"
	}
	done, of := run.LastStep, run.Experiment.WithDefaults().Steps
	if !run.Finished {
		done++ // steps count from 0; a finished run has one more, measured after the last update
	}
	if done == of {
		return fmt.Sprintf("%d steps", of)
	}
	return fmt.Sprintf("%d of %d steps", done, of)
}

// RunSteps runs a loop for the given number of steps; see [Run].
func RunSteps(loop *train.Loop, ds train.Dataset, steps int, o attach.Options) *runs.Run {
	return Run(loop, o, func() error {
		_, err := loop.RunSteps(ds, steps)
		return err
	})
}

// Run measures the loop's trainer while f runs the loop, draws a live figure, and shows
// the findings at the end. It returns the run. The run of an earlier execution of the cell
// is replaced, because a cell trains its own trainer each time it runs. When the cell is
// interrupted, the loop stops, and what was measured is kept:
//
//	run := incell.Run(loop, attach.Options{Name: "cnn", Steps: 3 * 1875}, func() error {
//		_, err := loop.RunEpochs(dataset, 3)
//		return err
//	})
func Run(loop *train.Loop, o attach.Options, f func() error) *runs.Run {
	var live *cell.Live
	o.Replace = true
	o.Watch = func(e vgrad.Experiment) vgrad.Sink {
		live = cell.Follow(e)
		return live
	}
	a := cell.Must(attach.To(loop, o))
	interruptible(loop)
	err := f()
	err = errors.Join(err, a.Close())
	run, unread := a.Run()
	if live != nil && err != nil {
		live.End("Stopped after " + steps(run) + "; what was measured is recorded.")
	} else if live != nil {
		live.End("Trained " + o.Name + " for " + steps(run) + ". The run is recorded.")
	}
	if err == nil {
		err = unread
	}
	cell.Findings(diagnose.Of(cell.Must(run, err)))
	return run
}

// interruptible stops the loop when the cell is interrupted.
func interruptible(loop *train.Loop) {
	ctx := cell.Context()
	loop.OnStep("vgrad/incell", 0, func(*train.Loop, []*tensors.Tensor) error { return ctx.Err() })
}
