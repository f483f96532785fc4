package chart

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// spec is a figure in the form that figure.js reads. A colour is the name of its
// purpose, such as "$ink" for text. A number format is the name of a function of
// figure.js, such as "@log".
type spec struct {
	Title  string         `json:"title"`
	Note   string         `json:"note,omitempty"`
	Height int            `json:"height"` // of the drawing with a legend of one row
	Option map[string]any `json:"option"`
	extras
}

// extras holds what figure.js needs besides the option: the controls, the frames, the
// lines of recorded values and the tooltip. It is the same type for all figures,
// because figure.js has no code for a particular one. Zero: no controls.
type extras struct {
	Log    *logControl    `json:"log,omitempty"`    // nil: no control
	Smooth *float64       `json:"smooth,omitempty"` // the weight at first; nil: no control
	Zoom   map[string]any `json:"zoom,omitempty"`   // added to the option in a page; nil: no zoom
	Frames []frame        `json:"frames,omitempty"` // the positions of a slider; nil: no slider
	Lines  []lineSpec     `json:"lines,omitempty"`
	Fit    *fit           `json:"fit,omitempty"`
	Tip    tip            `json:"tip"`
}

// logControl switches vertical axes between a logarithmic and a linear scale.
type logControl struct {
	On   bool  `json:"on"`   // logarithmic at first
	Axes []int `json:"axes"` // indices of the vertical axes
	// Shared are the ranges of axes that are the same in several figures, see [States].
	// Nil: an axis has the range of the figure's own values.
	Shared map[int]extents `json:"shared,omitempty"`
}

// lineSpec marks a series as a line of recorded values. Its data are rows [x, y], or
// [x, null, reason] if y is not finite. On a log axis figure.js leaves out values of
// zero or less. It draws a mark at the bottom of the axis for a value that is left out.
type lineSpec struct {
	Series int      `json:"series"`
	Bands  []int    `json:"bands,omitempty"`  // the series of its band, in pieces
	Foot   int      `json:"foot"`             // the vertical axis from 0 to 1 on which marks stand
	Marked num      `json:"marked,omitempty"` // between 0 and 1: the line has a few markers, shifted by this part of their distance
	Faint  bool     `json:"faint,omitempty"`  // the recorded values are drawn faintly if the line is smoothed
	Means  [][5]num `json:"means,omitempty"`  // step, n, mean, low, high of each stretch, for smoothing; nil: smoothing uses the values
}

// frame is one position of a slider: the data of every series.
type frame struct {
	Name string  `json:"name"`
	Data [][]any `json:"data"`
}

// fit sets the labels in cells. figure.js takes the first variant that fits a cell.
type fit struct {
	Series int `json:"series"`
	// Each variant is the index of the label in the cell's data, and the font size
	// in pixels.
	Variants [][2]int `json:"variants"`
}

// tip is the text of a tooltip. It has placeholders: {x} and {y} are the names on the
// axes and {series} is the name of the series. {2} is the third number of a point,
// and {2|percent} is that number in the format "percent" of figure.js.
type tip struct {
	Head string `json:"head"`
	// Each row is a name and a text. A row whose text is empty is left out. Nil: a
	// row for each of the figure's lines.
	Rows [][2]string `json:"rows,omitempty"`
	// Nearest shows only the series whose line is nearest to the pointer.
	Nearest bool `json:"nearest,omitempty"`
}

// spec returns the figure's spec as JSON, with every series in its label's look.
func (f *Figure) spec() ([]byte, error) {
	text, err := json.Marshal(spec{f.Title, f.Note, f.Height, f.painted(), f.extras})
	if err != nil {
		return nil, fmt.Errorf("chart: %q: %w", f.Title, err)
	}
	return text, nil
}

// painted returns the option with every series in its label's look.
func (f *Figure) painted() map[string]any {
	option := map[string]any{}
	for key, v := range f.option {
		option[key] = v
	}
	var series []any
	for i, s := range f.option["series"].([]any) {
		if label := f.owners[i]; label != "" {
			s = lookOf(slices.Index(f.labels, label)).apply(s.(map[string]any))
		}
		series = append(series, s)
	}
	option["series"] = series
	return option
}

// id is the figure's HTML id. It is a hash of the spec and the position in the page.
func (f *Figure) id(position int) (string, error) {
	text, err := f.spec()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(text, "\x00%d", position))
	return "vgrad-" + hex.EncodeToString(sum[:6]), nil
}
