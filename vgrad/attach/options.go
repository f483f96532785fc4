package attach

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/ml/train"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
)

// Options say what is measured in a training and where it is recorded. A name is
// enough.
type Options struct {
	// Name of the model. The run is recorded under it and found by it again, so change
	// the name with the model. Zero: nothing is recorded, and there must be Sinks.
	Name string
	// Measure says which quantities are measured, how often, and at which sites: patterns
	// of their paths (see [vgrad.MatchPath]). Zero: every scalar at every step and every
	// histogram at every 200th, at all sites.
	Measure vgrad.Measure
	// Steps is how many updates of the weights the whole training takes: over all runs of
	// the loop, and those before it was resumed. Zero: as many as the loop's first run is
	// to reach. RunEpochs does not tell that, so for it Steps must be set.
	Steps int
	// Seed tells repetitions of the training apart. It is recorded, and nothing is drawn
	// from it.
	Seed uint64
	// Store keeps the run. Nil: the user's, see [runs.Dir].
	Store *runs.Store
	// Replace has an earlier, finished run of the same experiment deleted when this one
	// begins. Zero: the earlier run stays, and the loop fails before its first step.
	Replace bool
	// Validation is evaluated by the trainer when the run is finished. Its mean loss is
	// the validation loss, and its first metric of type accuracy the validation accuracy.
	// Nil: there are none.
	Validation train.Dataset
	// Watch gives a sink that follows the run, such as a live figure, or nil. It is called
	// once, while the graph of the first step that is measured is built. If the sink has
	// a method Close() error, that is called at the end of the run. Nil: nobody watches.
	Watch func(vgrad.Experiment) vgrad.Sink
	// Sinks take the rows too. They are not closed.
	Sinks []vgrad.Sink
}

// recorded reports whether the run is an experiment that has a name.
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
