package cell

import (
	"iter"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// liveSteps is how many steps a recording keeps at least, once it has seen as
// many; it keeps less than twice that.
const liveSteps = 100

// recording is a run as a live figure sees it: a sink that a training fills and
// a source that is drawn. It grows no further than a figure needs: of a long
// run it keeps evenly spaced steps and the last one.
type recording struct {
	label  string
	of     vgrad.Experiment
	schema vgrad.Schema
	sites  []vgrad.Site
	steps  []recorded
	seen   int // how many steps were put
	every  int // of the steps that were put, every how many are kept; 0: all of them
}

// recorded are the samples of a step.
type recorded struct {
	number  int // of the step among those that were put, from 0
	step    int
	samples []vgrad.Sample
}

// Begin keeps the schema. Sites of an earlier one stay, in forward order.
func (r *recording) Begin(s vgrad.Schema) error {
	r.schema = s
	for _, site := range s.Sites {
		if !slices.Contains(r.sites, site) {
			r.sites = append(r.sites, site)
		}
	}
	slices.SortStableFunc(r.sites, func(a, b vgrad.Site) int { return a.Layer - b.Layer })
	return nil
}

// Put keeps a copy of the samples.
func (r *recording) Put(step int, rows []vgrad.Row) error {
	var own []vgrad.Sample
	r.schema.EachSample(step, rows, func(s vgrad.Sample) {
		if s.Hist != nil {
			h := *s.Hist
			h.Bins = slices.Clone(h.Bins)
			s.Hist = &h
		}
		own = append(own, s)
	})
	if own == nil {
		return nil
	}
	n := len(r.steps)
	if n > 0 && r.steps[n-1].step == step {
		r.steps[n-1].samples = append(r.steps[n-1].samples, own...)
		return nil
	}
	if n > 0 && !r.kept(r.steps[n-1]) { // it was kept as the last one
		r.steps = r.steps[:n-1]
	}
	r.steps = append(r.steps, recorded{r.seen, step, own})
	r.seen++
	if len(r.steps) >= 2*liveSteps {
		r.every = 2 * max(1, r.every)
		last := r.seen - 1
		r.steps = slices.DeleteFunc(r.steps, func(s recorded) bool { return s.number != last && !r.kept(s) })
	}
	return nil
}

// kept reports whether a step is kept when it is no longer the last one.
func (r *recording) kept(s recorded) bool { return s.number%max(1, r.every) == 0 }

// last is the last step that was put; -1: none was.
func (r *recording) last() int {
	if len(r.steps) == 0 {
		return -1
	}
	return r.steps[len(r.steps)-1].step
}

// Describe describes a quantity as whoever measures it does.
func (r *recording) Describe(q vgrad.Quantity) (vgrad.Info, bool) {
	info, ok := r.schema.Infos[q]
	return info, ok
}

// Ran returns the experiment.
func (r *recording) Ran() vgrad.Experiment { return r.of }

func (r *recording) Label() string { return r.label }

func (r *recording) Sites() []vgrad.Site { return slices.Clone(r.sites) }

func (r *recording) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for _, s := range r.steps {
			for _, sample := range s.samples {
				if sample.Quantity == q && !yield(sample) {
					return
				}
			}
		}
	}
}
