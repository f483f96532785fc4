package chart

import (
	"fmt"
	"math"

	"github.com/vgrad/lab/vgrad"
)

// Heatmap draws the histograms of a quantity at a layer, or another [Place], as a
// heat map of value against step. The colour is log(1+p), where p is the share of
// the values in a bin in percent, so that a few values in a tail stay visible.
// Empty bins are blank. Heatmap chooses a site and fails as [Ridge] does.
func Heatmap[P Place](source vgrad.Source, q vgrad.Quantity, place P) (*Figure, error) {
	h, err := gatherHistory(source, q, choose(place))
	if err != nil {
		return nil, fmt.Errorf("chart: heat map: %w", err)
	}
	f := &Figure{
		Title: h.title(),
		Caption: h.caption(fmt.Sprintf("A column is the histogram at one recorded step; the colour is the share of the %s in a bin, on a scale that brings out small shares.",
			plural(h.hists[0].Count(), "value"))),
		Height: 420,
		Table:  h.table(),
		labels: []string{h.label},
		extras: extras{Tip: tip{Head: "step {x}", Rows: [][2]string{{"around {y}", "{3|percent} of values"}}}},
	}
	return f, f.heatmapOption(h)
}

// heatmapOption adds a cell for each bin that is not empty.
func (f *Figure) heatmapOption(h *history) error {
	c := cells{columns: stepNames(h.steps), columnName: stepName, rowName: axisName(h.info), what: "share of values", format: "share", blend: ramp}
	for i := range h.hists {
		for b := range h.values {
			if s := h.share(i, b); s > 0 {
				z := math.Log1p(100 * s)
				c.high = max(c.high, z)
				c.data = append(c.data, [4]num{num(i), num(b), num(z), num(s)})
			}
		}
		if x := h.hists[i]; x.NaN+x.PosInf+x.NegInf > 0 {
			c.crosses = append(c.crosses, [2]int{i, 0})
		}
	}
	for _, v := range h.values {
		name := digits(roundTo(v, h.width), 6)
		if h.onlyZeros() && v != 0 {
			name = ""
		}
		c.rows = append(c.rows, name)
	}
	return f.finish(c.drawing())
}

// roundTo returns the multiple of width that is nearest to v.
func roundTo(v, width float64) float64 {
	return math.Round(v/width) * width
}

// stepNames formats steps as the categories of an axis.
func stepNames(steps []int) []string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = fmt.Sprint(s)
	}
	return names
}
