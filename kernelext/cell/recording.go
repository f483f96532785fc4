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
	label string
	sites []vgrad.Site
	steps []recorded
}

// recorded are the samples of a step.
type recorded struct {
	step    int
	samples []vgrad.Sample
}

// Put keeps a copy of the samples.
func (r *recording) Put(step int, samples []vgrad.Sample) error {
	if len(samples) == 0 {
		return nil
	}
	for _, s := range samples {
		if s.Site.Layer > 0 && !slices.Contains(r.sites, s.Site) {
			r.sites = append(r.sites, s.Site)
		}
	}
	slices.SortStableFunc(r.sites, func(a, b vgrad.Site) int { return a.Layer - b.Layer })
	own := slices.Clone(samples)
	for i := range own {
		if h := own[i].Hist; h != nil {
			c := *h
			c.Bins = slices.Clone(h.Bins)
			own[i].Hist = &c
		}
	}
	if n := len(r.steps); n > 0 && r.steps[n-1].step == step {
		r.steps[n-1].samples = append(r.steps[n-1].samples, own...)
	} else {
		r.steps = append(r.steps, recorded{step, own})
	}
	if len(r.steps) >= 2*liveSteps {
		r.thin()
	}
	return nil
}

// thin leaves out every other step.
func (r *recording) thin() {
	var half []recorded
	for i, s := range r.steps {
		if i%2 == 0 {
			half = append(half, s)
		}
	}
	r.steps = half
}

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
