package chart

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// history is the histograms of a quantity at one site over steps, resampled to
// common bins.
type history struct {
	info   vgrad.Info
	label  string
	spot   spot
	others []spot // the layer's other sites that have the quantity
	steps  []int
	hists  []*vgrad.Histogram
	width  float64     // of a bin
	values []float64   // centres of the bins, whole multiples of the width
	counts [][]float64 // [step][bin]; values outside the bins are not counted
}

// maxHistograms is the largest number of histograms in a figure.
const maxHistograms = 26

// gatherHistory reads the histograms of q at a place. It resamples up to
// maxHistograms of them, evenly spaced, to about 40–60 equal bins. The bins span
// zero and the 0.5–99.5 % range of the nonzero values of every histogram. If a
// layer has several sites, it takes the first. A pattern must match one site only.
func gatherHistory(src vgrad.Source, q vgrad.Quantity, at chosen) (*history, error) {
	if src == nil {
		return nil, errors.New("no source; give a run")
	}
	h := &history{info: describe(src, q), label: src.Label()}
	records := read(src, q, at)
	if len(records) == 0 {
		return nil, notRecorded(src, q, at)
	}
	if records[0].hists == nil {
		return nil, fmt.Errorf("%s is not a histogram but one value a step; draw it with Scalar", q)
	}
	var sites []vgrad.Site
	for _, r := range records {
		sites = append(sites, r.site)
	}
	spots := spotsOf(sites)
	if len(sites) > 1 && !at.byLayer {
		return nil, fmt.Errorf("%q has %d sites that match %s, %s; choose one", src.Label(), len(sites), at.name, sitesInWords(sites))
	}
	h.spot, h.others = spots[0], spots[1:]
	byStep := map[int]*vgrad.Histogram{}
	for i, step := range records[0].steps {
		byStep[step] = records[0].hists[i]
	}
	h.steps = evenly(records[0].steps, maxHistograms)
	for _, step := range h.steps {
		h.hists = append(h.hists, byStep[step])
	}
	h.resample()
	return h, nil
}

// resample chooses the bins and counts into them. Bins are centred on whole
// multiples of their width, so that their labels are round numbers and one bin is
// centred on zero. If all values are zero, the bins span -1 to 1.
func (h *history) resample() {
	low, high := 0.0, 0.0
	for _, hist := range h.hists {
		nonzero := vgrad.Histogram{Bins: hist.Bins}
		if l := nonzero.Quantile(0.005); !math.IsNaN(l) {
			low, high = min(low, l), max(high, nonzero.Quantile(0.995))
		}
	}
	if low == high {
		low, high = -1, 1
	}
	h.width = niceWidth(high - low)
	first, last := math.Round(low/h.width), math.Round(high/h.width)
	for k := min(first, -1); k <= max(last, 1); k++ { // at least one bin on each side of zero
		h.values = append(h.values, k*h.width)
	}
	for _, hist := range h.hists {
		row := make([]float64, len(h.values))
		for i, v := range h.values {
			row[i] = hist.CountIn(v-h.width/2, v+h.width/2)
		}
		h.counts = append(h.counts, row)
	}
}

// niceWidth is the largest width that cuts the range into at least 40 bins and is
// 1, 2, 2.5 or 5 times a power of ten.
func niceWidth(span float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(span/40)))
	width := power
	for _, m := range []float64{2, 2.5, 5} {
		if m*power <= span/40 {
			width = m * power
		}
	}
	return width
}

// finite is the number of finite values of the i-th histogram.
func (h *history) finite(i int) float64 {
	x := h.hists[i]
	return float64(x.Count() - x.NaN - x.PosInf - x.NegInf)
}

// share is the fraction, 0 to 1, of the i-th histogram's finite values in a bin.
func (h *history) share(i, bin int) float64 {
	if n := h.finite(i); n > 0 {
		return h.counts[i][bin] / n
	}
	return 0
}

// onlyZeros reports whether all finite values are zero.
func (h *history) onlyZeros() bool {
	for _, x := range h.hists {
		if len(x.Bins) > 0 {
			return false
		}
	}
	return true
}

// title is the figure's title: "Histogram of weights W of layer 4 over training: leaky ReLU".
func (h *history) title() string {
	return fmt.Sprintf("Histogram of %s of %s over training: %s", h.info.Title, h.spot, h.label)
}

// caption starts with what, the figure's own sentence. It adds the layer's other
// sites and the note.
func (h *history) caption(what string) string {
	said := []string{what}
	if len(h.others) > 0 {
		var paths []string
		for _, s := range h.others {
			paths = append(paths, s.site.Path)
		}
		said = append(said, fmt.Sprintf("This is %s; the layer also has %s, which chart.At chooses.", h.spot.site.Path, listedUpTo(paths, 4)))
	}
	return strings.Join(append(said, h.note()), " ")
}

// note describes what the bins do not show: the tails and the special values.
func (h *history) note() string {
	outside, all := 0.0, 0
	zero, missing := 0, tally{}
	for i, x := range h.hists {
		all += x.Count()
		zero += x.Zero
		missing.join(tally{NaN: x.NaN, PosInf: x.PosInf, NegInf: x.NegInf})
		outside += h.finite(i)
		for _, c := range h.counts[i] {
			outside -= c
		}
	}
	var text string
	switch special := missing[NaN] + missing[PosInf] + missing[NegInf]; {
	case special == all:
		text = "No value is a finite number"
	case h.onlyZeros() && special == 0:
		return fmt.Sprintf("All %d values are zero: nothing is above %s, the smallest number that is told from it.", all, digits(smallest, 3))
	case h.onlyZeros():
		text = fmt.Sprintf("All %d finite values are zero", all-special)
	default:
		text = fmt.Sprintf("Bins are %s wide; %.0f values in the tails lie beyond them, %s zero (in the bin of 0)",
			digits(h.width, 4), math.Abs(math.Round(outside)), areOrIs(zero))
	}
	return text + h.special(missing) + "."
}

// smallest is the smallest float32 that a histogram does not count as zero.
const smallest = 0x1p-126

// special counts the values that are not finite and names their first step.
func (h *history) special(missing tally) string {
	text := ""
	for _, why := range []Missing{NaN, PosInf, NegInf} {
		if n := missing[why]; n > 0 {
			text += fmt.Sprintf(", %s %s", areOrIs(n), why)
		}
	}
	if text == "" {
		return ""
	}
	for i, x := range h.hists {
		if x.NaN+x.PosInf+x.NegInf > 0 {
			return text + fmt.Sprintf(" and not drawn (from step %d on, × at the left)", h.steps[i])
		}
	}
	return text
}

func areOrIs(n int) string {
	if n == 1 {
		return "1 is"
	}
	return fmt.Sprintf("%d are", n)
}

// table has a row for each step: counts of special values and some quantiles.
func (h *history) table() Table {
	t := Table{Columns: []string{"training step", "values", "5 %", "median", "95 %", "zero", "NaN", "+Inf", "-Inf"}}
	for i, x := range h.hists {
		t.Rows = append(t.Rows, []string{
			fmt.Sprint(h.steps[i]), fmt.Sprint(x.Count()),
			cell(x.Quantile(0.05)), cell(x.Quantile(0.5)), cell(x.Quantile(0.95)),
			fmt.Sprint(x.Zero), fmt.Sprint(x.NaN), fmt.Sprint(x.PosInf), fmt.Sprint(x.NegInf),
		})
	}
	return t
}
