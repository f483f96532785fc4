package chart

import (
	"fmt"
	"math"

	"github.com/vgrad/lab/vgrad"
)

// maxCells is how many cells a layer map has at most, give or take a column a layer.
const maxCells = 1200

// LayerMap draws a quantity of every layer over steps as a heat map: step
// against layer, the colour the value, or its decimal logarithm where the
// quantity spans orders of magnitude. Where there are more steps than fit, a
// cell is the mean of a stretch of them. It fails as [Scalar] does.
func LayerMap(source vgrad.Source, q vgrad.Quantity) (*Figure, error) {
	if source == nil {
		return nil, fmt.Errorf("chart: layer map: no source; give a run")
	}
	fl, err := gatherFlow([]vgrad.Source{source}, q)
	if err != nil {
		return nil, fmt.Errorf("chart: layer map: %w", err)
	}
	layers := fl.lines[0]
	m := layerCells(layers, fl.info.Log)
	f := &Figure{
		Title:  fmt.Sprintf("%s of every layer over training: %s", capital(fl.info.Title), source.Label()),
		Height: max(260, 110+min(34*len(layers), 420)),
		Table:  layerTable(layers),
		kind:   "cells",
		labels: []string{source.Label()},
	}
	f.Caption = layerCaption(fl.info, layers, m)
	scale := ""
	if fl.info.Log {
		scale = "log10"
	}
	var rows []string
	for i := range layers {
		rows = append(rows, fmt.Sprint(i+1))
	}
	return f, f.cells(cellAxes{columns: stepNames(m.steps), columnName: stepName, rows: rows, rowName: "layer (1 is next to the input)", low: m.low, high: m.high, colour: axisName(fl.info), scale: scale}, m.cells)
}

// layerGrid is the cells of a layer map.
type layerGrid struct {
	steps     []int // the first step of each column
	each      int   // recorded steps in a column
	cells     []any
	low, high float64 // of the number that is coloured
}

// layerCells averages each layer over stretches of steps.
func layerCells(layers []line, log bool) layerGrid {
	columns := max(25, min(100, maxCells/len(layers)))
	n := len(layers[0].steps)
	g := layerGrid{each: (n + columns - 1) / columns, low: math.Inf(1), high: math.Inf(-1)}
	for from := 0; from < n; from += g.each {
		column := len(g.steps)
		g.steps = append(g.steps, layers[0].steps[from])
		for row, l := range layers {
			if from >= len(l.values) {
				continue
			}
			v, _ := mean(l.values[from:min(from+g.each, len(l.values))])
			if Missed(v, log) != Drawn {
				continue
			}
			z := v
			if log {
				z = math.Log10(v)
			}
			g.low, g.high = min(g.low, z), max(g.high, z)
			g.cells = append(g.cells, [4]num{num(column), num(row), num(z), num(v)})
		}
	}
	if g.cells == nil {
		g.low, g.high = 0, 1
	}
	if g.low == g.high {
		g.low, g.high = g.low-0.5, g.high+0.5
	}
	return g
}

// layerCaption says what a cell is and what is left out.
func layerCaption(info vgrad.Info, layers []line, g layerGrid) string {
	scale := ""
	if info.Log {
		scale = " on a logarithmic scale"
	}
	text := fmt.Sprintf("The colour is %s%s; a row is a layer, a column one recorded step.", axisName(info), scale)
	if g.each > 1 {
		text = fmt.Sprintf("The colour is %s%s; a row is a layer, a column the mean over %d recorded steps from the one named.", axisName(info), scale, g.each)
	}
	missing := tally{}
	for _, l := range layers {
		for why, n := range l.missing {
			missing[why] += n
		}
	}
	if len(missing) > 0 {
		text += fmt.Sprintf(" Left out: %d NaN, %d infinite", missing[NaN], missing[PosInf]+missing[NegInf])
		if info.Log {
			text += "; a column that is zero or less throughout is blank"
		}
		text += "."
	}
	return text
}

// layerTable has a row a layer: the first, the mean and the last value.
func layerTable(layers []line) Table {
	t := Table{Columns: []string{"layer", "first step", "mean over steps", "last step"}}
	for i, l := range layers {
		m, _ := mean(l.values)
		t.Rows = append(t.Rows, []string{fmt.Sprint(i + 1), cell(l.values[0]), cell(m), cell(l.values[len(l.values)-1])})
	}
	return t
}
