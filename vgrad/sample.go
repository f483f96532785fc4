package vgrad

import "iter"

// Site is a place in a network where something is measured: a variable or a
// tapped activation. It is comparable.
type Site struct {
	// Path is the variable's or tap's scope path, "/layer1/weights"; "/" is
	// the whole network.
	Path string `json:"path"`
	// Layer counts from 1 in forward order; 0 is the whole network.
	Layer int `json:"layer,omitempty"`
	// Size is the number of elements measured: of the variable, or of one
	// batch of activations.
	Size int `json:"size,omitempty"`
}

// Network is the site of the quantities that belong to no layer.
var Network = Site{Path: "/"}

// Sample is one measured value.
type Sample struct {
	Step     int // 0 is the first; a value measured after the last step has Step = Experiment.Steps
	Site     Site
	Quantity Quantity
	Value    float64    // NaN for a histogram
	Hist     *Histogram // nil for a scalar
}

// Sink takes the samples of one step, in step order: a run store, a live
// figure, a progress bar. The slice and its histograms are the sink's only
// until Put returns. An error stops the training.
type Sink interface {
	Put(step int, samples []Sample) error
}

// Source gives samples back: a recorded run, or one still going.
type Source interface {
	// Label is what a figure's legend calls the source. Sources that share a
	// label are repetitions of one experiment: figures draw their median and spread.
	Label() string
	// Sites lists the layers' sites in forward order, the whole network left out.
	Sites() []Site
	// Samples yields the samples of q in step order, sites in forward order
	// within a step.
	Samples(q Quantity) iter.Seq[Sample]
}

// Recorded is a source that knows the experiment it is of.
type Recorded interface {
	Source
	Ran() Experiment
}

// Series collects the values of a scalar quantity at one layer (0 for the
// whole network) over the steps. Both slices have one entry a recorded step.
func Series(src Source, q Quantity, layer int) (steps []int, values []float64) {
	for s := range src.Samples(q) {
		if s.Site.Layer == layer && s.Hist == nil {
			steps, values = append(steps, s.Step), append(values, s.Value)
		}
	}
	return steps, values
}

// Depth returns the number of layers of a source.
func Depth(src Source) int {
	depth := 0
	for _, s := range src.Sites() {
		depth = max(depth, s.Layer)
	}
	return depth
}
