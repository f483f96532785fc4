package diagnose

import (
	"fmt"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// The quantities that are finite in a healthy training, in the order in which a step
// computes them. The update ratio is not among them: it is infinite if weights are zero.
var (
	forward  = []vgrad.Quantity{vgrad.MeanActivation, vgrad.StdActivation, vgrad.MeanAbsWeight}
	lossOnly = []vgrad.Quantity{vgrad.Loss}
	backward = []vgrad.Quantity{vgrad.RMSDelta, vgrad.RMSGrad, vgrad.MeanAbsGrad, vgrad.MaxAbsGrad}
	atTheEnd = []vgrad.Quantity{vgrad.ValLoss}
)

// notFinite finds the first step at which a quantity is NaN or infinite, and the site where
// that begins.
var notFinite = Rule{
	Name:      "NaN or infinity",
	Threshold: "a loss, an activation, a weight or a gradient that is no finite number",
	Source:    "Amazon SageMaker Debugger, ExplodingTensor",
	Advice:    "a smaller learning rate, smaller first weights (gain, initializer), or data without such values",
	Needs:     slices.Concat(lossOnly, backward, forward),
	Look: func(t *Training) ([]Sighting, error) {
		bad, ok := t.firstBad()
		if !ok {
			return nil, nil
		}
		says := fmt.Sprintf("At step %d the training computes with no finite numbers; later they are finite again.", bad.step)
		if t.broken >= 0 {
			says = fmt.Sprintf("From step %d on the training computes with no finite numbers.", bad.step)
		}
		evidence := fmt.Sprintf("%s is %v", t.title(bad.quantity), bad.value)
		if before := t.before(bad.step); before >= 0 && before < bad.step-1 {
			evidence += fmt.Sprintf("; the steps after step %d, where all was finite, are not recorded", before)
		}
		if bad.site.Path == vgrad.NetworkSite.Path {
			return []Sighting{{Step: bad.step, Says: says, Evidence: evidence + "; where in the network it begins is not recorded"}}, nil
		}
		return []Sighting{{Site: bad.site, Step: bad.step, Evidence: evidence,
			Says: says + fmt.Sprintf(" They begin at %s%s.", t.place(bad.site), bad.way)}}, nil
	},
}

// badValue is a value that is no finite number.
type badValue struct {
	quantity vgrad.Quantity
	site     vgrad.Site
	step     int
	value    float64
	way      string // in which order it is the first, for the end of a sentence
}

// firstBad finds the first value that is no finite number, in the order in which a step
// computes them: activations in forward order, gradients from the loss backwards. A loss
// that is not finite makes all gradients not finite, so neither tells where that began.
func (t *Training) firstBad() (badValue, bool) {
	first := -1
	for _, q := range slices.Concat(forward, lossOnly, backward, atTheEnd) {
		for _, s := range t.whole(q) {
			if i := slices.IndexFunc(s.Values, notANumber); i >= 0 && (first < 0 || s.Steps[i] < first) {
				first = s.Steps[i]
			}
		}
	}
	if first < 0 {
		return badValue{}, false
	}
	if bad, ok := t.badAt(first, forward, false); ok {
		bad.way = ", the first in forward order"
		return bad, true
	}
	loss, lossIsBad := t.badAt(first, slices.Concat(lossOnly, atTheEnd), false)
	if bad, ok := t.badAt(first, backward, true); ok && !lossIsBad {
		bad.way = ", the first on the way back from the loss"
		return bad, true
	}
	return loss, true
}

// badAt finds the first site in forward order at which one of the quantities is no finite
// number at a step; if last is set, the last site.
func (t *Training) badAt(step int, qs []vgrad.Quantity, last bool) (found badValue, ok bool) {
	for _, q := range qs {
		for _, s := range t.whole(q) {
			i, at := slices.BinarySearch(s.Steps, step)
			if !at || !notANumber(s.Values[i]) {
				continue
			}
			later := t.order[s.Path] > t.order[found.site.Path] || s.Layer > found.site.Layer
			if !ok || later == last && s.Path != found.site.Path {
				found, ok = badValue{quantity: q, site: s.Site, step: step, value: s.Values[i]}, true
			}
		}
	}
	return found, ok
}

// before returns the last recorded step before a step, or -1 if there is none.
func (t *Training) before(step int) int {
	last := -1
	for _, q := range slices.Concat(lossOnly, backward, forward) {
		for _, s := range t.whole(q) {
			if i, _ := slices.BinarySearch(s.Steps, step); i > 0 {
				last = max(last, s.Steps[i-1])
			}
		}
	}
	return last
}

// brokenFrom returns the first step from which a quantity is not finite until the end, or
// -1 if there is none.
func (t *Training) brokenFrom() int {
	from := -1
	for _, q := range slices.Concat(forward, lossOnly, backward) {
		for _, s := range t.whole(q) {
			n := len(s.Values)
			for n > 0 && notANumber(s.Values[n-1]) {
				n--
			}
			if n < len(s.Values) && (from < 0 || s.Steps[n] < from) {
				from = s.Steps[n]
			}
		}
	}
	return from
}

// errBroken returns the reason why a rule about the end of a training cannot look, or nil
// if the training is finite until its end.
func (t *Training) errBroken() error {
	if t.broken < 0 {
		return nil
	}
	return fmt.Errorf("from step %d on the training computes with no finite numbers", t.broken)
}
