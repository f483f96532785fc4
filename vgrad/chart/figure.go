package chart

import (
	"fmt"
	"slices"

	"github.com/dop251/goja"
)

// Figure is one picture of recorded values: an ECharts option, the text around it
// and a table of its values. The functions of this package make figures. A caller
// may change the exported fields before drawing. Drawing does not change a Figure.
//
// In a page a figure has controls: exact values under the pointer, a legend that
// hides runs, log or linear axes, zoom by dragging a box, a slider of steps if it
// has frames, and saving as a picture. Smoothing is TensorBoard's debiased
// exponential moving average over the recorded steps:
//
//	last ← w·last + (1-w)·x,  drawn: last / (1 - wⁿ)
//
// If a line was reduced to [MaxPoints], each stretch of n steps counts as n values
// that equal its mean.
type Figure struct {
	Title   string // the quantity, the place and, if there is only one, the label
	Note    string // the step or run of the picture; "" for none
	Caption string // how to read the figure, and what is left out
	Height  int    // CSS pixels of the drawing; long names make it higher
	Table   Table  // for readers without a picture; it may have only some steps

	labels []string       // in the order in which they are given looks
	option map[string]any // see spec
	owners []string       // the label that each series is drawn for; "" for none
	extras extras
}

// Table is a small table of text. Rows have as many cells as there are columns.
type Table struct {
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// Labels returns the labels of the figure's runs, in legend order.
func (f *Figure) Labels() []string { return slices.Clone(f.labels) }

// SameColours returns copies of the figures in which a label has the same colour,
// dash and marker everywhere. Labels are numbered in order of first appearance.
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

// label adds name to the labels unless it is one of them. It returns name.
func (f *Figure) label(name string) string {
	if !slices.Contains(f.labels, name) {
		f.labels = append(f.labels, name)
	}
	return name
}

// Option returns the ECharts option of the static picture in the light theme, 720
// pixels wide, as JSON. A NaN or an infinity is null in it, and the same figure
// gives the same bytes. Number formats are left out because they are functions.
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
