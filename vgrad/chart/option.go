package chart

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"
)

// drawing is an ECharts option under construction. It has no sizes and positions:
// figure.js places grids, legend and title for the width of the page.
type drawing struct {
	panels  int // side by side, each with its own horizontal and vertical axis. Zero: 1
	x, y    []part
	series  []part
	owners  []string // the label that each series is drawn for; "" for none
	visual  *part
	trigger string // of tooltips: "axis", "item"
	legend  bool
}

// part is a value of go-echarts, and more, the fields that its type lacks.
type part struct {
	value any
	more  map[string]any
}

// add adds a series that is drawn for a label and returns its index.
func (d *drawing) add(label string, s part) int {
	d.series, d.owners = append(d.series, s), append(d.owners, label)
	return len(d.series) - 1
}

// finish converts the drawing to the figure's option. It fails if a part cannot be
// encoded as JSON.
func (f *Figure) finish(d *drawing) error {
	option := map[string]any{"animation": false}
	for key, parts := range map[string][]part{"xAxis": d.x, "yAxis": d.y, "series": d.series} {
		all := []any{}
		for _, p := range parts {
			plain, err := p.plain()
			if err != nil {
				return fmt.Errorf("chart: option of %q: %w", f.Title, err)
			}
			all = append(all, plain)
		}
		option[key] = all
	}
	tooltip, err := part{value: opts.Tooltip{Show: opts.Bool(true), Trigger: d.trigger}}.plain()
	if err != nil {
		return fmt.Errorf("chart: option of %q: %w", f.Title, err)
	}
	option["tooltip"] = tooltip
	grids := []any{}
	for range max(1, d.panels) {
		grids = append(grids, map[string]any{})
	}
	option["grid"] = grids
	if d.legend {
		if option["legend"], err = legend().plain(); err != nil {
			return fmt.Errorf("chart: option of %q: %w", f.Title, err)
		}
	}
	if d.visual != nil {
		visual, err := d.visual.plain()
		if err != nil {
			return fmt.Errorf("chart: option of %q: %w", f.Title, err)
		}
		option["visualMap"] = visual
	}
	f.option, f.owners = option, d.owners
	return nil
}

// legend is a legend above the drawing.
func legend() part {
	return part{
		opts.Legend{Show: opts.Bool(true), Left: "center", ItemWidth: 34, InactiveColor: "$line", TextStyle: &opts.TextStyle{Color: "$ink", FontSize: 12}},
		map[string]any{"pageIconColor": "$ink", "pageIconInactiveColor": "$line", "pageTextStyle": map[string]any{"color": "$soft"}},
	}
}

// plain converts a part to maps and slices. Numbers stay json.Number, so that their
// digits do not change.
func (p part) plain() (map[string]any, error) {
	text, err := json.Marshal(p.value)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		return nil, err
	}
	withoutNulls(m)
	merge(m, p.more)
	return m, nil
}

// withoutNulls removes null fields: go-echarts writes some of them without a value.
func withoutNulls(m map[string]any) {
	maps.DeleteFunc(m, func(_ string, v any) bool {
		if inner, ok := v.(map[string]any); ok {
			withoutNulls(inner)
		}
		return v == nil
	})
}

// merge copies the entries of more to m, and those of nested maps to nested maps.
func merge(m, more map[string]any) {
	for key, v := range more {
		inner, isMap := v.(map[string]any)
		if present, ok := m[key].(map[string]any); ok && isMap {
			merge(present, inner)
			continue
		}
		m[key] = v
	}
}

// stepName names an axis of training steps.
const stepName = "training step"

// xAxis is a horizontal axis with its name below it.
func xAxis(kind, name, format string) opts.XAxis {
	return opts.XAxis{
		Type: kind, Name: name, NameLocation: "middle", NameGap: 30,
		AxisLabel: axisLabels(format), AxisLine: axisLine(), AxisTick: ticks(), SplitLine: splitLine(),
	}
}

// yAxis is a vertical axis with its name above it.
func yAxis(kind, name, format string) opts.YAxis {
	return opts.YAxis{
		Type: kind, Name: name, NameLocation: "end", NameGap: 12,
		AxisLabel: axisLabels(format), AxisLine: axisLine(), SplitLine: splitLine(),
	}
}

// axisStyle returns the fields of an axis that go-echarts lacks: the style of its
// name, and the ticks of a vertical axis. It adds more to them.
func axisStyle(more map[string]any) map[string]any {
	m := map[string]any{
		"nameTextStyle": map[string]any{"color": "$soft", "fontSize": 12},
		"axisTick":      map[string]any{"show": true, "lineStyle": map[string]any{"color": "$line"}},
	}
	merge(m, more)
	return m
}

func axisLabels(format string) *opts.AxisLabel {
	l := &opts.AxisLabel{Color: "$soft", FontSize: 11, HideOverlap: opts.Bool(true)}
	if format != "" {
		l.Formatter = types.FuncStr("@" + format)
	}
	return l
}

func axisLine() *opts.AxisLine {
	return &opts.AxisLine{Show: opts.Bool(true), OnZero: opts.Bool(false), LineStyle: &opts.LineStyle{Color: "$line"}}
}

func ticks() *opts.AxisTick {
	return &opts.AxisTick{Show: opts.Bool(true), LineStyle: &opts.LineStyle{Color: "$line"}}
}

func splitLine() *opts.SplitLine {
	return &opts.SplitLine{Show: opts.Bool(true), LineStyle: &opts.LineStyle{Color: "$grid"}}
}

// stepAxis is the horizontal axis of training steps from first to last.
func stepAxis(first, last int) part {
	if first == last { // an axis needs an extent
		first, last = max(0, first-1), last+1
	}
	a := xAxis("value", stepName, "number")
	a.Min, a.Max = first, last
	return part{a, axisStyle(nil)}
}

// valueAxis is a vertical axis of values.
func valueAxis(name string, log bool, panel int) part {
	a := yAxis("value", name, "number")
	if log {
		a.Type, a.AxisLabel.Formatter = "log", "@log"
	}
	a.GridIndex = panel
	return part{a, axisStyle(nil)}
}

// footAxis is an invisible vertical axis from 0 to 1. Marks for missing values stand
// at its 0, which is the bottom of the panel whatever the range of the values.
func footAxis(panel int) part {
	return part{value: opts.YAxis{Type: "value", Show: opts.Bool(false), Min: 0, Max: 1, GridIndex: panel}}
}

// categoryAxis is a horizontal axis of names.
func categoryAxis(name string, names []string, panel int) part {
	a := xAxis("category", name, "")
	a.Data, a.GridIndex = names, panel
	a.AxisTick.AlignWithLabel, a.SplitLine.Show = opts.Bool(true), opts.Bool(false)
	return part{a, axisStyle(nil)}
}

// curve is the series of a line.
func curve(name string, data []any, panel int) part {
	return part{
		charts.SingleSeries{
			Name: name, Type: "line", Data: data, XAxisIndex: panel, YAxisIndex: panel,
			Color: own, Symbol: own, SymbolSize: 8, ShowSymbol: opts.Bool(false), ConnectNulls: opts.Bool(false),
			LineStyle: &opts.LineStyle{Width: 1.6, Type: own},
			ItemStyle: &opts.ItemStyle{BorderColor: "$back", BorderWidth: 1},
		},
		map[string]any{"z": 3},
	}
}

// band is the series of a filled outline. It is drawn below the lines.
func band(name string, outline []any, panel int) part {
	return part{
		charts.SingleSeries{
			Name: name, Type: "line", Data: outline, XAxisIndex: panel, YAxisIndex: panel,
			Color: own, Symbol: "none", ShowSymbol: opts.Bool(false),
			LineStyle: &opts.LineStyle{Width: 0.01},
			AreaStyle: &opts.AreaStyle{Color: own, Opacity: opts.Float(0.18)},
		},
		map[string]any{"z": 1, "silent": true, "tooltip": map[string]any{"show": false}},
	}
}

// rows pairs x with values: [x, y], or [x, null, reason] if y is not finite.
func rows(x []int, y []float64) []any {
	ps := make([]any, len(x))
	for i := range x {
		ps[i] = xy(num(x[i]), y[i])
	}
	return ps
}

// xy is one row, see rows.
func xy(x num, y float64) any {
	if why := Missed(y, false); why != Drawn {
		return []any{x, nil, why}
	}
	return [2]num{x, num(y)}
}

// bandOutline goes along the upper edge of a band and back along its lower edge. As
// a line series with an area, it fills the band on linear and on log axes. Stacked
// areas fill it on a linear axis only. Missing points are left out.
func bandOutline(x []int, low, high []float64, log bool) []any {
	var upper, lower []any
	for i := range x {
		if Missed(low[i], log) == Drawn && Missed(high[i], log) == Drawn {
			upper = append(upper, [2]num{num(x[i]), num(high[i])})
			lower = append(lower, [2]num{num(x[i]), num(low[i])})
		}
	}
	if upper == nil {
		return []any{}
	}
	slices.Reverse(lower)
	return append(upper, lower...)
}

// zoom returns the part of an option that lets the reader zoom by dragging a box. It
// zooms the horizontal axis, and also the vertical one if vertical is set.
func zoom(vertical bool) map[string]any {
	y := any("none")
	if vertical {
		y = 0
	}
	return map[string]any{
		"dataZoom": []any{map[string]any{"type": "inside", "xAxisIndex": 0, "filterMode": "none", "zoomOnMouseWheel": "ctrl", "moveOnMouseMove": false, "moveOnMouseWheel": false}},
		"toolbox": map[string]any{"itemSize": 0, "showTitle": false, "feature": map[string]any{"dataZoom": map[string]any{
			"xAxisIndex": 0, "yAxisIndex": y, "filterMode": "none", "brushStyle": map[string]any{"color": "$line", "opacity": 0.25}}}},
	}
}
