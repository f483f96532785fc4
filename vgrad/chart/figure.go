package chart

import (
	"fmt"
	"slices"

	"github.com/dop251/goja"
)

// Figure is one picture of recorded values: an ECharts option, the words
// around it and the same values as a table. The functions of this package make
// them; the exported fields may be changed before it is drawn. A Figure is not
// changed by drawing it.
//
// In a page a figure has controls: exact values under the pointer, runs
// switched on and off in the legend, log or linear axes, zoom by dragging a
// box, a step slider where it has frames, and saving as a picture. Smoothing
// is TensorBoard's debiased exponential moving average
//
//	last ← w·last + (1-w)·x,  drawn: last / (1 - wⁿ)
//
// over the recorded steps; where a line was reduced to [MaxPoints], each
// stretch of n steps counts as n values equal to their mean.
type Figure struct {
	Title   string // what is seen
	Note    string // which step or run is seen; "" when the title says it all
	Caption string // what it shows in plain words, and what is left out
	Height  int    // CSS pixels of the drawing; names that need more room are given it
	Table   Table  // for readers without a picture

	labels []string       // the order in which labels take their looks
	option map[string]any // see spec
	owners []string       // the label each series is drawn for; "" for none
	says   declared       // what figure.js obeys
}

// Table is a small table of text. Rows have as many cells as there are columns.
type Table struct {
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// Labels returns the labels of the figure's runs, in legend order.
func (f *Figure) Labels() []string { return slices.Clone(f.labels) }

// SameColours returns copies of the figures in which a label has the same
// colour, dash and marker everywhere: looks are taken in order of first appearance.
func SameColours(figures ...*Figure) []*Figure {
	var all []string
	for _, f := range figures {
		for _, l := range f.labels {
			if !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	same := make([]*Figure, len(figures))
	for i, f := range figures {
		c := *f
		c.labels = all
		same[i] = &c
	}
	return same
}

// label adds a label to those that take looks, unless it is there.
func (f *Figure) label(name string) string {
	if !slices.Contains(f.labels, name) {
		f.labels = append(f.labels, name)
	}
	return name
}

// Option returns the ECharts option of the static picture in the light theme,
// 720 pixels wide, as plain JSON: no NaN or Inf, the same bytes for the same
// figure. The formats of numbers are functions and so are left out.
func (f *Figure) Option() ([]byte, error) {
	text, err := f.spec()
	if err != nil {
		return nil, err
	}
	vm := goja.New()
	if _, err := vm.RunScript("figure.js", runtime()); err != nil {
		return nil, fmt.Errorf("chart: option of %q: %w", f.Title, err)
	}
	option, _ := function(vm, "option")
	v, err := option(goja.Undefined(), vm.ToValue(string(text)), vm.ToValue(string(Light)), vm.ToValue(defaultWidth))
	if err != nil {
		return nil, fmt.Errorf("chart: option of %q: %w", f.Title, err)
	}
	return []byte(v.String()), nil
}
