package chart

import (
	"fmt"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/vgrad/lab/vgrad"
)

// Ridge draws the histograms of a quantity at a layer as a ridge of curves,
// TensorBoard's "histograms" view: early steps at the back, late ones in
// front, each curve standing on its own step; height is the share of the
// values in a bin, on one scale for all curves. It fails when there is no
// source, when q is unknown or no histogram, and when the source has not
// recorded it at the layer.
func Ridge(source vgrad.Source, q vgrad.Quantity, layer int) (*Figure, error) {
	h, err := gatherHistory(source, q, layer)
	if err != nil {
		return nil, fmt.Errorf("chart: ridge: %w", err)
	}
	f := &Figure{
		Title: h.title(),
		Caption: fmt.Sprintf("A curve is the histogram at one recorded step, the first at the back (pale), the last in front; its height is the share of the %s in a bin, the highest %s. %s",
			plural(h.hists[0].Count(), "value"), percent(h.peak()), h.note()),
		Height: 440,
		Table:  h.table(),
		kind:   "ridge",
		labels: []string{h.label},
		extra:  extra{Value: h.info.Title, Zoom: true, Curves: h.steps},
	}
	return f, f.ridgeOption(h)
}

// ridgeOption adds a curve a step. The vertical axis is the step itself,
// downwards; a curve rises above its step by its share of the peak, and the
// peak is as high as a quarter of the whole.
func (f *Figure) ridgeOption(h *history) error {
	first, last := h.steps[0], h.steps[len(h.steps)-1]
	span := float64(max(1, last-first))
	tall := 0.24 * span
	y := opts.YAxis{Type: "value", Name: "training step", NameLocation: "end", NameGap: 12, Inverse: opts.Bool(true),
		Min: float64(first) - tall, Max: float64(last) + 0.02*span}
	x := opts.XAxis{Type: "value", Name: axisName(h.info), NameLocation: "middle", NameGap: 30,
		Min: num(h.values[0]), Max: num(h.values[len(h.values)-1])}
	c := lineChart([]opts.XAxis{x}, []opts.YAxis{y})
	c.Legend.Show = opts.Bool(false)
	var painted []string
	for i, step := range h.steps {
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: fmt.Sprintf("step %d", step), Type: "line", Data: h.curve(i, tall),
			ShowSymbol: opts.Bool(false),
			LineStyle:  &opts.LineStyle{Width: 1.2},
			AreaStyle:  &opts.AreaStyle{},
		})
		painted = append(painted, h.label)
	}
	if err := f.finish(c.JSON(), painted); err != nil {
		return err
	}
	for i, s := range f.option["series"].([]any) {
		s := s.(map[string]any)
		s["z"] = 2 + i // later steps in front
		s["areaStyle"] = map[string]any{"origin": h.steps[i]}
	}
	axis := f.option["yAxis"].([]any)[0].(map[string]any)
	axis["nameLocation"] = "start" // inverse: the start is at the top
	axis["axisLabel"] = map[string]any{"show": true, "customValues": evenly(h.steps, 14)}
	axis["axisTick"] = map[string]any{"show": true, "customValues": evenly(h.steps, 14)}
	axis["splitLine"] = map[string]any{"show": false}
	return nil
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

// percent writes a share: "12 %".
func percent(share float64) string { return digits(100*share, 3) + " %" }
