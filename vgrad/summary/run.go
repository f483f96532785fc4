package summary

import (
	"iter"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// MaxSteps is how many steps of a quantity a [Run] keeps at most, unless more
// of them are multiples of [Every].
const MaxSteps = 256

// Run is a recorded run condensed: some quantities, at evenly spaced steps. It
// is a [vgrad.Recorded], holds nothing of the run it was made of, and does not
// change.
type Run struct {
	label      string
	experiment vgrad.Experiment
	sites      []vgrad.Site
	kept       map[vgrad.Quantity][]sample
}

var _ vgrad.Recorded = (*Run)(nil)

// sample is a vgrad.Sample in a third of its size.
type sample struct {
	step, site int32 // the site's index; -1: the whole network
	value      float64
	hist       *vgrad.Histogram
}

// Condense condenses a run to the given quantities, of those that it has recorded.
// What is recorded at up to MaxSteps steps is kept as it is; of more steps,
// those that are multiples of a number that divides [Every], the first, and
// the last. So [Factor] of the condensed run is that of the run.
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

// thin keeps as many steps as are wanted.
func thin(all []sample) []sample {
	if len(stepsOf(all)) <= MaxSteps {
		return slices.Clone(all)
	}
	every := spacing(int(all[len(all)-1].step))
	summary := map[int32]bool{} // the steps over which the factor is averaged
	for _, step := range Steps(stepsOf(all)) {
		summary[int32(step)] = true
	}
	first, last := all[0].step, all[len(all)-1].step
	all = slices.DeleteFunc(all, func(s sample) bool {
		return int(s.step)%every != 0 && s.step != first && s.step != last && !summary[s.step]
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

// spacing is the smallest divisor of Every that leaves few enough of so many
// steps, or Every itself.
func spacing(steps int) int {
	for every := 1; every < Every; every++ {
		if Every%every == 0 && steps/every < MaxSteps {
			return every
		}
	}
	return Every
}

// Label is that of the run it was made of.
func (r *Run) Label() string { return r.label }

// Named returns the run under another label; the two share what they hold.
func (r *Run) Named(label string) *Run {
	named := *r
	named.label = label
	return &named
}

// Ran returns the experiment.
func (r *Run) Ran() vgrad.Experiment { return r.experiment }

// Sites lists the layers' sites in forward order.
func (r *Run) Sites() []vgrad.Site { return slices.Clone(r.sites) }

// Samples yields what is kept of q.
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
