package cell

import (
	"iter"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// liveSteps is the smallest number of steps that a recording of a long run keeps; it keeps
// fewer than twice as many.
const liveSteps = 100

// recording holds the samples of a run for a live figure. It is a sink that a training
// fills, and a source that a figure draws. Its size is bounded: of a long run it keeps
// evenly spaced steps and the last one.
type recording struct {
	label  string
	of     vgrad.Experiment
	schema vgrad.Schema
	sites  []vgrad.Site
	steps  []recorded
	puts   int // number of steps that were put
	every  int // each every-th step is kept; 0: all of them
}

// recorded are the samples of a step.
type recorded struct {
	number  int // index of the step among those that were put, from 0
	step    int
	samples []vgrad.Sample
}

// Begin takes the schema. Sites of an earlier schema stay; all are in forward order.
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
	if n > 0 && !r.kept(r.steps[n-1]) { // it was kept only as the last step
		r.steps = r.steps[:n-1]
	}
	r.steps = append(r.steps, recorded{r.puts, step, own})
	r.puts++
	if len(r.steps) >= 2*liveSteps {
		r.every = 2 * max(1, r.every)
		last := r.puts - 1
		r.steps = slices.DeleteFunc(r.steps, func(s recorded) bool { return s.number != last && !r.kept(s) })
	}
	return nil
}

// kept reports whether a step is kept when it is no longer the last one.
func (r *recording) kept(s recorded) bool { return s.number%max(1, r.every) == 0 }

// last returns the last step that was put; -1 if there is none.
func (r *recording) last() int {
	if len(r.steps) == 0 {
		return -1
	}
	return r.steps[len(r.steps)-1].step
}

// Describe returns the description of a quantity from the schema; false if it is not
// there.
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
