package attach

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/ml/train"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
)

// Options say what is measured in a training and where it is recorded. Only Name must be
// set.
type Options struct {
	// Name of the model. It is part of the experiment by which the run is found again, so
	// change the name when the model changes. Zero: nothing is recorded, and there must be
	// Sinks.
	Name string
	// Measure says which quantities are measured, how often, and at which sites. Sites are
	// given as patterns of their paths (see [vgrad.MatchPath]). Zero: every scalar at every
	// step and every histogram at every 200th, at all sites.
	Measure vgrad.Measure
	// Steps is how many updates of the weights the whole training takes, over all runs of
	// the loop and including the updates before it was resumed. Zero: the number at which
	// the loop's first run ends. RunEpochs does not give that number, so it needs Steps.
	Steps int
	// Seed tells repetitions of the training apart. It is recorded, and nothing is drawn
	// from it.
	Seed uint64
	// Store keeps the run. Nil: the user's, see [runs.Dir].
	Store *runs.Store
	// Replace deletes an earlier, finished run of the same experiment when this one begins.
	// Zero: the earlier run stays, and the loop fails before its first step.
	Replace bool
	// Validation is evaluated by the trainer when the run is finished. Its mean loss is
	// the validation loss, and its first metric of type accuracy the validation accuracy.
	// Nil: there are none.
	Validation train.Dataset
	// Watch returns a sink that follows the run, such as a live figure, or nil for none. It
	// is called once, while the graph of the first measured step is built. If the sink has
	// a method Close() error, it is called at the end of the run. Nil: there is no such
	// sink.
	Watch func(vgrad.Experiment) vgrad.Sink
	// Sinks also get the rows. They are not closed. Nil: there are none.
	Sinks []vgrad.Sink
}

// recorded reports whether the run is recorded in the store.
func (o Options) recorded() bool { return o.Name != "" }

// check reports what is wrong with the options.
func (o Options) check() error {
	var wrong []error
	if !o.recorded() && (len(o.Sinks) == 0 || o.Store != nil || o.Watch != nil) {
		wrong = append(wrong, errors.New(`name is ""; a run is recorded under the name of its model; only with Sinks alone it may be empty`))
	}
	if o.Steps < 0 {
		wrong = append(wrong, fmt.Errorf("steps is %d; it must be at least 1, or 0 for what the loop is to reach", o.Steps))
	}
	if i := slices.Index(o.Sinks, nil); i >= 0 {
		wrong = append(wrong, fmt.Errorf("sinks[%d] is nil; it must be a sink", i))
	}
	wrong = append(wrong, vgrad.Experiment{Network: vgrad.Model("model"), Measure: o.Measure}.Validate())
	return errors.Join(wrong...)
}
