package chart

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// spec is a figure as figure.js is given it. Colours in it go by the names of
// a theme ("$ink") and formats of numbers by those of figure.js ("@log").
type spec struct {
	Title  string         `json:"title"`
	Note   string         `json:"note,omitempty"`
	Height int            `json:"height"` // of the drawing with a legend of one row
	Option map[string]any `json:"option"`
	declared
}

// declared is what a figure says beside its option: what the controls of a page
// may do, and what to draw where. These are all the words there are; figure.js
// obeys them and knows of no figure.
type declared struct {
	Log    *logControl    `json:"log,omitempty"`    // nil: no control
	Smooth *float64       `json:"smooth,omitempty"` // the weight at the start; nil: no control
	Zoom   map[string]any `json:"zoom,omitempty"`   // what the option has besides where it can be zoomed
	Frames []frame        `json:"frames,omitempty"` // the positions of a slider
	Lines  []lineSpec     `json:"lines,omitempty"`
	Fit    *fit           `json:"fit,omitempty"`
	Tip    tip            `json:"tip"`
}

// logControl switches vertical axes between a logarithmic and a linear scale.
type logControl struct {
	On   bool  `json:"on"` // at the start
	Axes []int `json:"axes"`
}

// lineSpec says that a series is a line of recorded values. Its data are rows
// [x, y], or [x, null, why] where y is no number. On a log axis values of zero or
// less are left out. A mark at the foot of the axis stands for what is left out.
type lineSpec struct {
	Series int      `json:"series"`
	Bands  []int    `json:"bands,omitempty"`  // the series of its band, in pieces
	Foot   int      `json:"foot"`             // the vertical axis from 0 to 1 on which marks stand
	Marked num      `json:"marked,omitempty"` // in (0, 1): the line has a few markers, shifted by so much of their distance
	Faint  bool     `json:"faint,omitempty"`  // while the line is smoothed, its values are drawn faintly
	Means  [][5]num `json:"means,omitempty"`  // step, n, mean, low, high of the stretches to smooth over; nil: the values
}

// frame is one position of a slider: the data of every series.
type frame struct {
	Name string  `json:"name"`
	Data [][]any `json:"data"`
}

// fit is labels in cells, in variants of which the first that fits is taken: the
// dimension of the data that holds the text, and the size in pixels.
type fit struct {
	Series   int      `json:"series"`
	Variants [][2]int `json:"variants"`
}

// tip is what a tooltip says. In its texts {x} and {y} are the names on the axes,
// {series} is the series' name, {2} the third number of a point and {2|percent}
// the same in a format of figure.js.
type tip struct {
	Head string `json:"head"`
	// Rows are a name and a text each; those without a text are left out. Nil: a
	// row for each of the figure's lines.
	Rows [][2]string `json:"rows,omitempty"`
	// Nearest: of several series only the one whose line is nearest to the pointer.
	Nearest bool `json:"nearest,omitempty"`
}

// spec returns what figure.js is given, every series in the look of its label.
func (f *Figure) spec() ([]byte, error) {
	text, err := json.Marshal(spec{f.Title, f.Note, f.Height, f.painted(), f.says})
	if err != nil {
		return nil, fmt.Errorf("chart: %q: %w", f.Title, err)
	}
	return text, nil
}

// painted returns the option with every series in the look of its label.
func (f *Figure) painted() map[string]any {
	option := map[string]any{}
	for key, v := range f.option {
		option[key] = v
	}
	var series []any
	for i, s := range f.option["series"].([]any) {
		if label := f.owners[i]; label != "" {
			s = lookOf(slices.Index(f.labels, label)).in(s.(map[string]any))
		}
		series = append(series, s)
	}
	option["series"] = series
	return option
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
