package summary

import (
	"iter"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// MaxSteps is the largest number of steps that a [Run] keeps of a quantity. A
// run keeps more only if more of its steps are multiples of [Every].
const MaxSteps = 256

// Run is a condensed copy of a recorded run: some quantities, at evenly spaced
// steps. It is a [vgrad.Recorded] and does not change. It holds no reference to
// the original run, so that the original can be freed.
type Run struct {
	label      string
	experiment vgrad.Experiment
	sites      []vgrad.Site
	kept       map[vgrad.Quantity][]sample
}

var _ vgrad.Recorded = (*Run)(nil)

// sample is a vgrad.Sample without its quantity, and with an index instead of
// its site. It takes a third of the memory.
type sample struct {
	step, site int32 // the site's index; -1: the whole network
	value      float64
	hist       *vgrad.Histogram
}

// Condense returns a condensed copy of a run with the given quantities. It
// ignores quantities that the run has not recorded.
//
// A quantity that is recorded at up to MaxSteps steps is kept as it is. Of more
// steps it keeps the first, the last, and the multiples of a divisor of
// [Every]. It also keeps all steps that [Steps] returns, so [Factor] is the
// same for the copy and the original.
func Condense(src vgrad.Recorded, quantities ...vgrad.Quantity) *Run {
	r := &Run{label: src.Label(), experiment: src.Ran(), sites: src.Sites(), kept: map[vgrad.Quantity][]sample{}}
	index := map[vgrad.Site]int32{vgrad.NetworkSite: -1}
	for i, site := range r.sites {
		index[site] = int32(i)
	}
	for _, q := range quantities {
		var all []sample
		for s := range src.Samples(q) {
			all = append(all, sample{int32(s.Step), index[s.Site], s.Value, s.Hist})
		}
		r.kept[q] = thin(all)
	}
	return r
}

// thin drops steps if there are more than MaxSteps, as [Condense] documents.
func thin(all []sample) []sample {
	if len(stepsOf(all)) <= MaxSteps {
		return slices.Clone(all)
	}
	every := spacing(int(all[len(all)-1].step))
	averaged := map[int32]bool{} // the steps over which the factor is averaged
	for _, step := range Steps(stepsOf(all)) {
		averaged[int32(step)] = true
	}
	first, last := all[0].step, all[len(all)-1].step
	all = slices.DeleteFunc(all, func(s sample) bool {
		return int(s.step)%every != 0 && s.step != first && s.step != last && !averaged[s.step]
	})
	return slices.Clone(all)
}

// stepsOf lists the steps of samples, each once.
func stepsOf(all []sample) (steps []int) {
	for i, s := range all {
		if i == 0 || s.step != all[i-1].step {
			steps = append(steps, int(s.step))
		}
	}
	return steps
}

// spacing returns the smallest divisor of Every of which the range from 0 to
// steps has at most MaxSteps multiples. If there is none, it returns Every.
func spacing(steps int) int {
	for every := 1; every < Every; every++ {
		if Every%every == 0 && steps/every < MaxSteps {
			return every
		}
	}
	return Every
}

// Label returns the label of the original run, or the one that [Run.Named] set.
func (r *Run) Label() string { return r.label }

// Named returns the run with another label. The two share their samples.
func (r *Run) Named(label string) *Run {
	named := *r
	named.label = label
	return &named
}

// Ran returns the experiment of the original run.
func (r *Run) Ran() vgrad.Experiment { return r.experiment }

// Sites lists the layers' sites in forward order.
func (r *Run) Sites() []vgrad.Site { return slices.Clone(r.sites) }

// Samples yields the samples that are kept of q, in ascending steps. It yields
// nothing for a quantity that [Condense] was not given.
func (r *Run) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for _, s := range r.kept[q] {
			site := vgrad.NetworkSite
			if s.site >= 0 {
				site = r.sites[s.site]
			}
			if !yield(vgrad.Sample{Step: int(s.step), Site: site, Quantity: q, Value: s.value, Hist: s.hist}) {
				return
			}
		}
	}
}
