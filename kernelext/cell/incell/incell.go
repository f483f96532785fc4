// Package incell trains in the cell itself what only the cell has: a network that
// is a Go function, or a GoMLX trainer of its own.
//
// It stands beside package cell, which has the vgrad program train: this one links
// GoMLX, and so a cell that imports it takes some seconds longer to build.
//
//	%%
//	run := incell.Train("mine", mine, vgrad.Experiment{Steps: 300}) // trains with a live figure, or loads
//	cell.Findings(diagnose.Of(run))
//
// A trainer is run by its own loop, with a live figure and findings at the end:
//
//	%%
//	loop := train.NewLoop(train.NewTrainer(backend, store, model, lossFn, optimizer, nil, nil))
//	run := incell.RunSteps(loop, dataset, 500, attach.Options{Name: "cnn"})
//
// As in package cell, what goes wrong ends the cell with one line.
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

// Train returns the run of a network that is a Go function: x is [batch,
// features], the result [batch, outputs]. It is trained as the experiment says,
// with a live figure, or loaded, with the same figure. A run is found by the
// name: change that with the function.
func Train(name string, m nets.Model, e vgrad.Experiment) *runs.Run {
	e.Network = vgrad.Model(name)
	if m == nil {
		cell.Must(m, errors.New("model is nil; it must be a function"))
	}
	var live *cell.Live
	l := &lab.Lab{Model: m, Watch: func(e vgrad.Experiment) vgrad.Sink {
		live = cell.Follow(e)
		return live
	}}
	defer l.Close()
	run, err := l.Train(cell.Context(), e)
	switch {
	case live == nil && err == nil:
		cell.Loaded(run)
	case live != nil && err == nil:
		live.End("Trained " + e.Name() + " for " + steps(run) + ". The run is recorded; the next time it is loaded.")
	case live != nil:
		begun, _ := l.Store.Load(e) // of a run that cannot be read the error below says more
		live.End("Stopped after " + steps(begun) + "; what was measured is recorded.")
	}
	return cell.Must(run, err)
}

// steps says how many steps of a run are recorded, of how many.
func steps(run *runs.Run) string {
	if run == nil {
		return "0 steps"
	}
	done, of := run.LastStep, run.Experiment.WithDefaults().Steps
	if !run.Finished {
		done++ // a finished run has a step more, of what the last update left
	}
	if done == of {
		return fmt.Sprintf("%d steps", of)
	}
	return fmt.Sprintf("%d of %d steps", done, of)
}

// RunSteps runs a loop for so many steps; see [Run].
func RunSteps(loop *train.Loop, ds train.Dataset, steps int, o attach.Options) *runs.Run {
	return Run(loop, o, func() error {
		_, err := loop.RunSteps(ds, steps)
		return err
	})
}

// Run measures the loop's trainer while f runs the loop, follows it with a live
// figure, and shows what is found to be wrong at the end. It returns the run. A run of
// an earlier execution of the cell is replaced, since a trainer of the cell's own is
// trained each time. When the cell is interrupted, the loop is stopped, and what
// was measured is kept:
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
