package chart

import (
	"fmt"
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/vgrad/lab/vgrad"
)

// Heatmap draws the histograms of a quantity at a layer as a heat map: step
// against value, the colour log(1+p) of the share p, in percent, of the values
// in a bin, so that a few values in a tail are still seen. Empty bins are left
// blank. It fails as [Ridge] does.
func Heatmap(source vgrad.Source, q vgrad.Quantity, layer int) (*Figure, error) {
	h, err := gatherHistory(source, q, layer)
	if err != nil {
		return nil, fmt.Errorf("chart: heat map: %w", err)
	}
	f := &Figure{
		Title: h.title(),
		Caption: fmt.Sprintf("A column is the histogram at one recorded step; the colour is the share of the %s in a bin, on a scale that brings out small shares. %s",
			plural(h.hists[0].Count(), "value"), h.note()),
		Height: 420,
		Table:  h.table(),
		kind:   "cells",
		labels: []string{h.label},
	}
	return f, f.heatmapOption(h)
}

// heatmapOption adds a cell for each bin that is not empty.
func (f *Figure) heatmapOption(h *history) error {
	var cells []any
	top := 0.0
	for i := range h.hists {
		for b := range h.values {
			if s := h.share(i, b); s > 0 {
				z := math.Log1p(100 * s)
				top = max(top, z)
				cells = append(cells, [4]num{num(i), num(b), num(z), num(s)})
			}
		}
	}
	names := make([]string, len(h.values))
	for b, v := range h.values {
		names[b] = digits(roundTo(v, h.width), 6)
	}
	return f.cells(cellAxes{
		columns: stepNames(h.steps), columnName: stepName, rows: names, rowName: axisName(h.info),
		low: 0, high: top, colour: "share of values", scale: "share",
	}, cells)
}

// roundTo removes what is left of rounding errors in a multiple of width.
func roundTo(v, width float64) float64 {
	return math.Round(v/width) * width
}

// stepNames writes steps as the categories of an axis.
func stepNames(steps []int) []string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = fmt.Sprint(s)
	}
	return names
}

// cellAxes describes the axes and the colours of a heat map.
type cellAxes struct {
	columns, rows []string
	columnName    string
	rowName       string
	low, high     float64
	colour, scale string // what the colour means, and extra.Scale
}

// cells sets the option of a heat map. A cell is column, row, the number that
// is coloured, and the value that a tooltip shows.
func (f *Figure) cells(a cellAxes, cells []any) error {
	c := charts.NewHeatMap()
	c.SetGlobalOptions(
		charts.WithAnimation(false),
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "item"}),
		charts.WithLegendOpts(opts.Legend{Show: opts.Bool(false)}),
		charts.WithVisualMapOpts(opts.VisualMap{Type: "continuous", Calculable: opts.Bool(true), Dimension: "2",
			Orient: "vertical", Right: "0", Top: "middle"}),
	)
	c.XAxisList = []opts.XAxis{{Type: "category", Name: a.columnName, NameLocation: "middle", NameGap: 30, Data: a.columns}}
	y := valueAxis(a.rowName, false)
	y.Type, y.Data = "category", a.rows
	c.YAxisList = []opts.YAxis{y}
	name := a.colour
	if len(f.labels) > 0 {
		name = f.labels[0]
	}
	c.MultiSeries = charts.MultiSeries{{Name: name, Type: "heatmap", Data: cells}}
	if err := f.finish(c.JSON(), []string{""}); err != nil {
		return err
	}
	f.option["grid"].([]any)[0].(map[string]any)["right"] = 100
	visual := f.option["visualMap"].([]any)[0].(map[string]any)
	visual["min"], visual["max"], visual["dimension"] = num(a.low), num(a.high), 2
	visual["inRange"] = map[string]any{"color": []string{"#e3edf7", "#9ecae1", "#4292c6", "#0b559f", "#06275c"}}
	f.extra.Value, f.extra.Scale = a.colour, a.scale
	return nil
}
