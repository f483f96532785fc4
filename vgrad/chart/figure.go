package chart

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
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
	Height  int    // CSS pixels of the drawing
	Table   Table  // for readers without a picture

	kind    string   // how figure.js draws it: "scalar", "flow", "ridge", "cells", "map"
	labels  []string // the order in which labels take their looks
	painted []string // the label each series is drawn for; "" for none
	option  map[string]any
	extra   extra
}

// Table is a small table of text. Rows have as many cells as there are columns.
type Table struct {
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// extra is what figure.js needs beyond the option.
type extra struct {
	Log    *bool      `json:"log,omitempty"` // nil: no log toggle; else how it starts
	Smooth bool       `json:"smooth,omitempty"`
	Weight float64    `json:"weight,omitempty"` // of the smoothing at the start
	Zoom   bool       `json:"zoom,omitempty"`
	Lines  []lineInfo `json:"lines,omitempty"`
	Frames []frame    `json:"frames,omitempty"`
	Value  string     `json:"value,omitempty"`  // what a tooltip calls the value
	Curves []int      `json:"curves,omitempty"` // steps of a ridge's curves
	X      string     `json:"x,omitempty"`      // what a line figure's horizontal axis is; "" for steps
	Ticks  []num      `json:"ticks,omitempty"`  // where it has ticks, and the lines their points
	Marks  [][]any    `json:"marks,omitempty"`  // of a map: column, row and what stands in a cell without a colour
	Scale  string     `json:"scale,omitempty"`  // of a heat map's colours: "share" is log(1+percent), "log10", "" is linear
}

// lineInfo describes a line of a scalar figure: the series it is drawn by.
type lineInfo struct {
	Series int      `json:"series"`
	Band   int      `json:"band"`            // series of its 10–90 % band; -1: none
	Bands  []int    `json:"bands,omitempty"` // series of further pieces of it
	Gaps   [][]any  `json:"gaps,omitempty"`
	Means  [][5]num `json:"means,omitempty"` // step, n, mean, low, high
}

// frame is one position of the step slider: the data of every series.
type frame struct {
	Name string  `json:"name"`
	Data [][]any `json:"data"`
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

// Option returns the ECharts option as plain JSON: no functions, no NaN or
// Inf, the same bytes for the same figure. It draws as it is; figure.js adds
// the formats of numbers, the layout for a width and the marks of missing
// values, live and in the static picture alike.
func (f *Figure) Option() ([]byte, error) {
	text, err := json.Marshal(f.paint())
	if err != nil {
		return nil, fmt.Errorf("chart: option of %q: %w", f.Title, err)
	}
	return text, nil
}

// paint returns the option with every series in the look of its label.
func (f *Figure) paint() map[string]any {
	option := maps.Clone(f.option)
	series := slices.Clone(option["series"].([]any))
	for i, label := range f.painted {
		if label != "" {
			s := maps.Clone(series[i].(map[string]any))
			lookOf(slices.Index(f.labels, label)).apply(s, i, f)
			series[i] = s
		}
	}
	option["series"] = series
	return option
}

// apply draws a series in the look: bands as a pale area, curves of a ridge in
// shades from pale (early) to full (late), anything else as a line.
func (l look) apply(s map[string]any, i int, f *Figure) {
	s["color"] = l.Colour
	switch {
	case f.kind == "ridge":
		shade := mix(l.Colour, 0.55*(1-float64(i+1)/float64(len(f.painted))))
		s["color"] = shade
		s["areaStyle"] = with(s["areaStyle"], "color", shade, "opacity", 1)
		s["lineStyle"] = with(s["lineStyle"], "color", mix(shade, 0.5))
	case s["areaStyle"] != nil:
		s["areaStyle"] = map[string]any{"color": l.Colour, "opacity": 0.18}
	default:
		s["symbol"] = l.Symbol
		s["lineStyle"] = with(s["lineStyle"], "type", l.Dash)
	}
}

// with returns a copy of a map (or a new one) with keys set.
func with(m any, pairs ...any) map[string]any {
	c, _ := m.(map[string]any)
	c = maps.Clone(c)
	if c == nil {
		c = map[string]any{}
	}
	for i := 0; i < len(pairs); i += 2 {
		c[pairs[i].(string)] = pairs[i+1]
	}
	return c
}

// mix returns a colour "#rrggbb" mixed with so much white.
func mix(colour string, white float64) string {
	var rgb [3]int
	fmt.Sscanf(colour, "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2])
	for i, c := range rgb {
		rgb[i] = c + int(float64(255-c)*white)
	}
	return fmt.Sprintf("#%02x%02x%02x", rgb[0], rgb[1], rgb[2])
}

// spec is what figure.js is given: the option and the extras.
func (f *Figure) spec() ([]byte, error) {
	text, err := json.Marshal(struct {
		Title  string         `json:"title"`
		Note   string         `json:"note,omitempty"`
		Kind   string         `json:"kind"`
		Height int            `json:"height"`
		Option map[string]any `json:"option"`
		extra
	}{f.Title, f.Note, f.kind, f.Height, f.paint(), f.extra})
	if err != nil {
		return nil, fmt.Errorf("chart: %q: %w", f.Title, err)
	}
	return text, nil
}

// id names the figure in a page: it depends on what is drawn and where.
func (f *Figure) id(position int) (string, error) {
	text, err := f.spec()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(text, "\x00%d", position))
	return "vgrad-" + hex.EncodeToString(sum[:6]), nil
}

// plain turns a go-echarts value into maps and slices, numbers kept as written.
func plain(v any) (map[string]any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var m map[string]any
	return m, dec.Decode(&m)
}
