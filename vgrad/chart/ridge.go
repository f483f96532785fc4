package chart

import (
	"fmt"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/vgrad/lab/vgrad"
)

// Ridge draws the histograms of a quantity at a layer, or another [Place], as a
// ridge of curves, like TensorBoard's "histograms" view. It draws up to 26 steps,
// the first at the back and the last in front. The base of a curve is at its step,
// and the height is the share of the values in a bin, on one scale for all curves.
// If all values are zero, the curve is a spike at zero.
//
// If several sites of a layer have the histogram, Ridge draws the first and the
// caption names the others. It fails if there is no source, if q is not a
// histogram, if the source has not recorded q there, and if a pattern chooses
// several sites.
func Ridge[P Place](source vgrad.Source, q vgrad.Quantity, place P) (*Figure, error) {
	h, err := gatherHistory(source, q, choose(place))
	if err != nil {
		return nil, fmt.Errorf("chart: ridge: %w", err)
	}
	f := &Figure{
		Title: h.title(),
		Caption: h.caption(fmt.Sprintf("A curve is the histogram at one recorded step, the first at the back (pale), the last in front; its height is the share of the %s in a bin, the highest %s.",
			plural(h.hists[0].Count(), "value"), percent(h.peak()))),
		Height: 440,
		Table:  h.table(),
		labels: []string{h.label},
		extras: extras{Zoom: zoom(false), Tip: tip{Head: "{series}", Rows: [][2]string{{"around {0}", "{2|percent} of values"}}, Nearest: true}},
	}
	return f, f.ridgeOption(h)
}

// ridgeOption adds a curve for each step. The vertical axis is the step, which grows
// downwards. The highest curve rises above its step by 24 % of the range of steps,
// and the others by their share of that.
func (f *Figure) ridgeOption(h *history) error {
	first, last := h.steps[0], h.steps[len(h.steps)-1]
	span := float64(max(1, last-first))
	tall := 0.24 * span
	d := &drawing{trigger: "axis", x: []part{h.valueAxis()}, y: []part{h.stepsDown(float64(first)-tall, float64(last)+0.02*span)}}
	var nonFinite []any
	for i, step := range h.steps {
		if x := h.hists[i]; x.NaN+x.PosInf+x.NegInf > 0 {
			nonFinite = append(nonFinite, [2]num{num(h.values[0]), num(step)})
		}
		pale := 55 * (1 - float64(i+1)/float64(len(h.steps))) // percent of background
		shade, edge := fmt.Sprintf("%s+%.0f", own, pale), fmt.Sprintf("%s+%.0f", own, (100+pale)/2)
		d.add(h.label, part{
			charts.SingleSeries{
				Name: fmt.Sprintf("step %d", step), Type: "line", Data: h.curve(i, tall), Color: shade, ShowSymbol: opts.Bool(false),
				LineStyle: &opts.LineStyle{Width: 1.2, Color: edge},
				AreaStyle: &opts.AreaStyle{Color: shade, Opacity: opts.Float(1)},
			},
			map[string]any{"z": 2 + i, "silent": true, "areaStyle": map[string]any{"origin": step}}, // later steps in front
		})
	}
	if nonFinite != nil {
		d.add("", marks("NaN or infinite", cross, nonFinite))
	}
	return f.finish(d)
}

// valueAxis is the horizontal axis of a ridge. If all values are zero, 0 is its only
// label.
func (h *history) valueAxis() part {
	a := xAxis("value", axisName(h.info), "number")
	a.Min, a.Max, a.SplitNumber = num(h.values[0]), num(h.values[len(h.values)-1]), 8
	a.AxisLabel.ShowMinLabel, a.AxisLabel.ShowMaxLabel = opts.Bool(false), opts.Bool(false)
	p := part{a, axisStyle(nil)}
	if h.onlyZeros() {
		p.more = axisStyle(map[string]any{"axisLabel": map[string]any{"customValues": []int{0}}, "axisTick": map[string]any{"customValues": []int{0}}})
	}
	return p
}

// stepsDown is the vertical axis of a ridge, with the first step at the top.
func (h *history) stepsDown(low, high float64) part {
	a := yAxis("value", stepName, "whole")
	a.NameLocation, a.Inverse, a.Min, a.Max = "start", opts.Bool(true), num(low), num(high) // the start of an inverse axis is at the top
	a.SplitLine.Show = opts.Bool(false)
	at := map[string]any{"customValues": evenly(h.steps, 14)}
	return part{a, axisStyle(map[string]any{"axisLabel": at, "axisTick": at})}
}

// curve returns the outline of the i-th histogram: value, height above the
// step's own line, and the share as a third number for tooltips.
func (h *history) curve(i int, tall float64) []any {
	peak := h.peak()
	var ps []any
	for b, v := range h.values {
		s := h.share(i, b)
		rise := 0.0
		if peak > 0 {
			rise = tall * s / peak
		}
		ps = append(ps, [3]num{num(v), num(float64(h.steps[i]) - rise), num(s)})
	}
	return ps
}

// peak is the largest share of any bin at any step.
func (h *history) peak() float64 {
	p := 0.0
	for i := range h.hists {
		for b := range h.values {
			p = max(p, h.share(i, b))
		}
	}
	return p
}

// percent formats a share from 0 to 1: "12 %".
func percent(share float64) string { return digits(100*share, 3) + " %" }
