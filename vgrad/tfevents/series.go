package tfevents

import (
	"sort"

	"github.com/vgrad/lab/vgrad"
)

// series holds the values of one tag, in ascending steps.
type series struct {
	tag    string
	plugin string // of the first value's metadata
	steps  []int64
	times  []float64          // wall times in seconds since 1970
	values []float64          // of scalars
	hists  []*vgrad.Histogram // of histograms
	// after is the series that had the value after the last one of this series. Writers
	// repeat their order, so the next value is most likely there again. Nil: not known.
	after *series
}

// isHistogram reports whether the tag is a histogram.
func (s *series) isHistogram() bool { return s.hists != nil }

// snapshot returns a copy of the series that does not change when the series grows.
func (s *series) snapshot() series { return *s }

// preempt makes room for a step: it removes the values of this step and of later ones.
// Slices that were handed out keep them, so the capacity goes, too.
func (s *series) preempt(step int64) {
	n := len(s.steps)
	if n == 0 || s.steps[n-1] < step {
		return
	}
	n = sort.Search(n, func(i int) bool { return s.steps[i] >= step })
	s.steps, s.times = s.steps[:n:n], s.times[:n:n]
	if s.isHistogram() {
		s.hists = s.hists[:n:n]
	} else {
		s.values = s.values[:n:n]
	}
}

// find returns the index of a step, or false if the series has no value there.
func (s *series) find(step int64) (int, bool) {
	i := sort.Search(len(s.steps), func(i int) bool { return s.steps[i] >= step })
	return i, i < len(s.steps) && s.steps[i] == step
}

// sample returns the i-th value as a sample at a site.
func (s *series) sample(i int, c vgrad.Column) vgrad.Sample {
	x := vgrad.Sample{Step: int(s.steps[i]), Site: c.Site, Quantity: c.Quantity}
	if s.isHistogram() {
		x.Value, x.Hist = nan, s.hists[i]
	} else {
		x.Value = s.values[i]
	}
	return x
}
