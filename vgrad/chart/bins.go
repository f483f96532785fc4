package chart

import (
	"errors"
	"fmt"
	"math"

	"github.com/vgrad/lab/vgrad"
)

// history is a quantity's histograms over steps, resampled to common bins.
type history struct {
	info   vgrad.Info
	label  string
	layer  int
	steps  []int
	hists  []*vgrad.Histogram
	width  float64     // of a bin
	values []float64   // centres of the bins, whole multiples of the width
	counts [][]float64 // [step][bin]; what lies beyond the bins is left out
}

// maxHistograms is how many histograms a figure shows at most.
const maxHistograms = 26

// gatherHistory reads the histograms of q at a layer and resamples up to
// maxHistograms of them, evenly spaced, to 40–60 or so equal bins that span
// the 0.5–99.5 % range of all of them, zero included.
func gatherHistory(src vgrad.Source, q vgrad.Quantity, layer int) (*history, error) {
	if src == nil {
		return nil, errors.New("no source; give a run")
	}
	info, err := q.Info()
	if err != nil {
		return nil, err
	}
	if !info.Histogram {
		return nil, fmt.Errorf("%s is not a histogram but one value a step; draw it with Scalar", q)
	}
	h := &history{info: info, label: src.Label(), layer: layer}
	byStep := map[int]*vgrad.Histogram{}
	var steps []int
	for s := range src.Samples(q) {
		if s.Site.Layer == layer && s.Hist != nil {
			byStep[s.Step] = s.Hist
			steps = append(steps, s.Step)
		}
	}
	if steps == nil {
		return nil, notRecorded(src, q, layer)
	}
	h.steps = evenly(steps, maxHistograms)
	for _, step := range h.steps {
		h.hists = append(h.hists, byStep[step])
	}
	h.resample()
	return h, nil
}

// resample chooses the bins and counts into them. Bins are centred on whole
// multiples of their width, so that their labels are round and one is zero's.
func (h *history) resample() {
	low, high := 0.0, 0.0
	for _, hist := range h.hists {
		if l := hist.Quantile(0.005); !math.IsNaN(l) {
			low, high = min(low, l), max(high, hist.Quantile(0.995))
		}
	}
	h.width = niceWidth(high - low)
	for k := math.Round(low / h.width); k <= math.Round(high/h.width); k++ {
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

// niceWidth is the largest of 1, 2, 2.5, 5 times a power of ten that cuts the
// range into at least 40 bins.
func niceWidth(span float64) float64 {
	if !(span > 0) {
		return 0.1
	}
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

// share is the part of the i-th histogram's finite values in a bin.
func (h *history) share(i, bin int) float64 {
	if n := h.finite(i); n > 0 {
		return h.counts[i][bin] / n
	}
	return 0
}

// title says what is seen: "Weights W of layer 4 over training: leaky ReLU".
func (h *history) title() string {
	where := "the whole network"
	if h.layer > 0 {
		where = fmt.Sprintf("layer %d", h.layer)
	}
	return fmt.Sprintf("Histogram of %s of %s over training: %s", h.info.Title, where, h.label)
}

// note words what the bins do not show: the tails, and the special values.
func (h *history) note() string {
	outside, zero := 0.0, 0
	missing := tally{}
	for i, x := range h.hists {
		zero += x.Zero
		missing[NaN] += x.NaN
		missing[PosInf] += x.PosInf
		missing[NegInf] += x.NegInf
		outside += h.finite(i)
		for _, c := range h.counts[i] {
			outside -= c
		}
	}
	text := fmt.Sprintf("Bins are %s wide; %.0f values in the tails lie beyond them, %s exactly zero (in the bin of 0)",
		digits(h.width, 4), math.Abs(math.Round(outside)), areOrIs(zero))
	for _, why := range []Missing{NaN, PosInf, NegInf} {
		if n := missing[why]; n > 0 {
			text += fmt.Sprintf(", %d %s %s", n, map[bool]string{true: "is", false: "are"}[n == 1], why)
		}
	}
	if missing[NaN]+missing[PosInf]+missing[NegInf] > 0 {
		text += " and not drawn"
	}
	return text + "."
}

func areOrIs(n int) string {
	if n == 1 {
		return "1 is"
	}
	return fmt.Sprintf("%d are", n)
}

// table has a row a step: counts of special values and some quantiles.
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
