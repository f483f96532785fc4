package chart

import (
	"fmt"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// lineChart starts a go-echarts line chart on the given axes; a second pair
// of axes makes a second grid beside the first.
func lineChart(x []opts.XAxis, y []opts.YAxis) *charts.Line {
	c := charts.NewLine()
	c.SetGlobalOptions(
		charts.WithAnimation(false),
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}),
		charts.WithLegendOpts(opts.Legend{Show: opts.Bool(true), Top: "0", Left: "center", ItemWidth: 28}),
	)
	c.XAxisList, c.YAxisList = x, y
	return c
}

// stepName names an axis of training steps.
const stepName = "training step"

// stepAxis is the horizontal axis of training steps from first to last.
func stepAxis(first, last int) opts.XAxis {
	if first == last { // an axis needs an extent
		first, last = max(0, first-1), last+1
	}
	return opts.XAxis{Type: "value", Name: stepName, NameLocation: "middle", NameGap: 30, Min: first, Max: last}
}

// valueAxis is a vertical axis with its name above it.
func valueAxis(name string, log bool) opts.YAxis {
	kind := "value"
	if log {
		kind = "log"
	}
	return opts.YAxis{Type: kind, Name: name, NameLocation: "end", NameGap: 12}
}

// finish turns a chart into the figure's option. go-echarts lacks some of what
// is needed (exact grids in pixels, where an axis name stands): it is set here.
func (f *Figure) finish(chart map[string]any, painted []string) error {
	option, err := plain(chart)
	if err != nil {
		return fmt.Errorf("chart: option of %q: %w", f.Title, err)
	}
	delete(option, "color") // go-echarts' palette; series have their own
	delete(option, "toolbox")
	delete(option, "title") // figure.js sets it where a figure stands alone
	for _, axis := range option["yAxis"].([]any) {
		a := axis.(map[string]any)
		a["nameTextStyle"] = map[string]any{"align": "left", "padding": []int{0, 0, 0, -56}}
	}
	n := len(option["xAxis"].([]any))
	grids := make([]any, n)
	for i := range grids {
		left, right := 60, 20
		grids[i] = map[string]any{"left": left, "right": right, "top": 64, "bottom": 50}
		if n > 1 { // side by side
			grids[i] = map[string]any{"left": fmt.Sprintf("%d%%", 8+i*50), "width": "40%", "top": 64, "bottom": 50}
		}
	}
	option["grid"] = grids
	f.option, f.painted = option, painted
	return nil
}

// points pairs steps or layers with values.
func points(x []int, y []float64) []any {
	ps := make([]any, len(x))
	for i := range x {
		ps[i] = [2]any{x[i], num(y[i])}
	}
	return ps
}

// loop is the outline of a band: along its upper edge and back along the lower
// one. Drawn as a line series with an area it fills the band on linear and log
// axes alike, which stacked areas do not. Points that are missing are left out.
func loop(x []int, low, high []float64, log bool) []any {
	var there, back []any
	for i := range x {
		if Missed(low[i], log) == Drawn && Missed(high[i], log) == Drawn {
			there = append(there, [2]any{x[i], num(high[i])})
			back = append([]any{[2]any{x[i], num(low[i])}}, back...)
		}
	}
	if there == nil {
		return []any{}
	}
	return append(there, back...)
}

// bandSeries draws a loop behind the line of the same label.
func bandSeries(label string, data []any, axis int) charts.SingleSeries {
	return charts.SingleSeries{
		Name: label, Type: "line", Data: data, XAxisIndex: axis, YAxisIndex: axis,
		ShowSymbol: opts.Bool(false),
		LineStyle:  &opts.LineStyle{Width: 0.01},
		AreaStyle:  &opts.AreaStyle{},
	}
}
