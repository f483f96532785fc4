package chart

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// States is a row of figures for each combination of the values of some fields, and a
// control for each field. In a page the figures follow the controls, without a kernel, a
// server or a network, because the page holds the figures of all states. Where scripts do
// not run, and on paper, there are static pictures of some states.
//
//	s := chart.States{Title: "depth", Fields: []chart.Field{{Name: "depth", Values: []string{"2", "6"}}}}
//	s.List = []chart.State{{Figures: []*chart.Figure{two}}, {Figures: []*chart.Figure{six}}}
//	html, err := s.HTML(chart.HTMLOptions{Renderer: r, ECharts: js})
//
// # What is kept of a figure
//
// Texts and tables are kept as they are. Of the points that are drawn, gaps, zeros, signs
// and the reasons of missing values are kept. So are training steps, and the values of a
// line that are whole numbers or fractions with one denominator of up to [MaxDenominator],
// such as the accuracies of a batch; these have six digits, as in every figure. Any other
// value is within [StateError] of the figure's.
//
// # Axes
//
// A vertical axis that can be logarithmic has the same range in all states, which is that
// of the recorded values of all of them.
type States struct {
	Title  string  // what varies; required
	Fields []Field // at least one
	// List has a state for each combination of values. The last field varies fastest.
	List []State
}

// Field is what one control sets. It has a slider if it has three or more numbers that
// ascend, a switch if its values are false and true, and a menu otherwise.
type Field struct {
	Name   string   `json:"name"`
	Values []string `json:"values"` // at least one, all different
}

// State is what is shown for one combination of values.
type State struct {
	// Figures are the figures, the same kinds in the same order in every state. A figure
	// that is nil is not recorded in this state. Empty: the state is not recorded.
	Figures []*Figure
	// Words says the outcome in words, for all readers: "validation accuracy 0.91".
	Words string
}

// StateError is the largest relative difference between a value of a figure and what
// [States.HTML] keeps of it: half a step of [stateSteps] in an octave, and the rounding to
// four digits.
const StateError = 0.0012

// MaxDenominator is the largest denominator of fractions that [States.HTML] keeps exactly.
const MaxDenominator = 256

// statePictures is the largest number of states of which there are static pictures.
const statePictures = 6

// HTML returns the states as an HTML fragment, see [Figure.HTML]. Its size is about 3 KB a
// state for three figures of 600 points. It fails if there is no title or no field, if List
// does not have a state for each combination, if no state is recorded, and as
// [Figure.HTML] does.
func (s *States) HTML(o HTMLOptions) ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("chart: states: %w", err)
	}
	list, packed, err := s.pack()
	if err != nil {
		return nil, err
	}
	data := struct {
		*States
		ID, Version, Kernelspec, Absent, Caption string
		Recorded                                 int
		Shown                                    []statePicture
		Packed, Head, Foot                       template.HTML
	}{States: s, Version: version(), Kernelspec: o.Kernelspec, Absent: o.Absent, ID: "vgrad-states-" + hash(packed, o.Position)}
	data.Packed = template.HTML(`<script type="application/gzip" class="vgrad-packed">` + packed + "</script>")
	data.Recorded = len(s.List) - s.count(func(state State) bool { return len(state.Figures) == 0 })
	data.Shown, err = s.pictures(list, o)
	if err != nil {
		return nil, err
	}
	data.Caption = s.caption(data.Recorded)
	if !o.Bare {
		data.Head, data.Foot = Head(), o.foot()
	}
	var b bytes.Buffer
	if err := statesFrame.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("chart: states %q: %w", s.Title, err)
	}
	return b.Bytes(), nil
}

// check reports what is wrong with the states.
func (s *States) check() error {
	if s.Title == "" || len(s.Fields) == 0 {
		return errors.New("they need a title and a field")
	}
	n := 1
	for _, f := range s.Fields {
		if n *= len(f.Values); n == 0 {
			return fmt.Errorf("the field %q has no values", f.Name)
		}
	}
	switch {
	case n != len(s.List):
		return fmt.Errorf("%d states; the fields have %d combinations", len(s.List), n)
	case s.count(func(state State) bool { return len(state.Figures) > 0 }) == 0:
		return errors.New("none is recorded")
	}
	return nil
}

func (s *States) count(is func(State) bool) (n int) {
	for _, state := range s.List {
		if is(state) {
			n++
		}
	}
	return n
}

// caption says how to read the states and what is lost of them.
func (s *States) caption(recorded int) string {
	said := fmt.Sprintf("%d states.", recorded)
	if recorded < len(s.List) {
		said = fmt.Sprintf("%d of %d states; the others are not recorded.", recorded, len(s.List))
	}
	return said + fmt.Sprintf(" Vertical axes have the same range in all of them. "+
		"Points are drawn within %.2g %% of the recorded values; training steps and tables are exact.", 100*StateError)
}

// Names says the combination of the i-th state: "activation=relu depth=6".
func (s *States) Names(i int) string {
	var names []string
	for k := len(s.Fields) - 1; k >= 0; k-- {
		f := s.Fields[k]
		names = append(names, f.Name+"="+f.Values[i%len(f.Values)])
		i /= len(f.Values)
	}
	slices.Reverse(names)
	return strings.Join(names, " ")
}

// statePicture is the static picture of a state.
type statePicture struct {
	Name, Words string
	Images      []stateImage
}

type stateImage struct {
	Alt    string
	Source template.URL
	High   int
}

// The size of one of the static pictures, in CSS pixels.
const multipleWidth, multipleHeight = 340, 210

// pictures draws the static pictures of some states, the ends of each field among them.
func (s *States) pictures(list []State, o HTMLOptions) (all []statePicture, err error) {
	if o.Renderer == nil {
		return nil, nil
	}
	for _, i := range s.some(statePictures) {
		p := statePicture{Name: s.Names(i), Words: list[i].Words}
		for _, f := range list[i].Figures {
			if f == nil {
				continue
			}
			svg, err := o.Renderer.draw(f.withoutFaint(), Light, multipleWidth, multipleHeight, false)
			if err != nil {
				return nil, err
			}
			p.Images = append(p.Images, stateImage{p.Name + ": " + f.Title, template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg)), heightOf(svg)})
		}
		all = append(all, p)
	}
	return all, nil
}

// withoutFaint returns the figure without the recorded values behind smoothed lines, which
// are most of the size of a picture.
func (f *Figure) withoutFaint() *Figure {
	c := *f
	c.extras.Lines = slices.Clone(f.extras.Lines)
	for i := range c.extras.Lines {
		c.extras.Lines[i].Faint = false
	}
	return &c
}

// some picks up to n recorded states, with evenly spaced values of each field.
func (s *States) some(n int) (picked []int) {
	each := make([]int, len(s.Fields)) // how many values of each field
	product := 1
	for i := range each {
		each[i] = 1
	}
	for grown := true; grown; {
		grown = false
		for i, f := range s.Fields {
			if more := product / each[i] * (each[i] + 1); each[i] < len(f.Values) && more <= n {
				each[i], product, grown = each[i]+1, more, true
			}
		}
	}
	at := []int{0}
	for i, f := range s.Fields {
		var next []int
		for _, a := range at {
			for _, v := range evenly(indices(0, len(f.Values)), max(2, each[i]))[:each[i]] {
				next = append(next, a*len(f.Values)+v)
			}
		}
		at = next
	}
	return slices.DeleteFunc(at, func(i int) bool { return len(s.List[i].Figures) == 0 })
}

// pack returns the states with shared axes, and all of them compressed, as states.js
// reads them.
func (s *States) pack() (list []State, packed string, err error) {
	list = slices.Clone(s.List)
	trees := make([][]map[string]any, len(list))
	for i, state := range list {
		list[i].Figures = slices.Clone(state.Figures)
		for k, f := range state.Figures {
			tree, err := f.tree()
			if err != nil {
				return nil, "", err
			}
			if f != nil {
				c := *f // its axes become those of all states
				list[i].Figures[k] = &c
			}
			trees[i] = append(trees[i], tree)
		}
	}
	shared := sharedExtents(trees)
	p := statePacker{}
	states := make([]any, len(list))
	for i, figures := range list {
		if len(figures.Figures) == 0 {
			continue
		}
		from := [2]int{len(p.exact), len(p.logs)}
		var all []any
		for k, f := range figures.Figures {
			if f == nil {
				all = append(all, nil)
				continue
			}
			if f.extras.Log != nil {
				c := *f.extras.Log
				c.Shared = shared[k]
				f.extras.Log = &c
				trees[i][k]["log"].(map[string]any)["shared"] = shared[k]
			}
			all = append(all, p.figure(f, trees[i][k]))
		}
		states[i] = map[string]any{"at": from, "figures": all, "words": figures.Words}
	}
	head, err := json.Marshal(map[string]any{"fields": s.Fields, "states": states, "exact": len(p.exact), "steps": stateSteps, "bias": stateBias})
	if err != nil {
		return nil, "", fmt.Errorf("chart: states %q: %w", s.Title, err)
	}
	text := fmt.Sprintf("%08x", len(head)) + string(head) + string(p.exact) + string(p.logs)
	return list, pack(text), nil
}

var statesFrame = template.Must(template.New("states").Parse(`{{.Head}}<figure class="vgrad-figure" id="{{.ID}}" data-version="{{.Version}}"{{with .Kernelspec}} data-kernelspec="{{.}}"{{end}} data-states="{{.Recorded}}">
<p class="vgrad-title"><strong>{{.Title}}</strong></p>
<div class="vgrad-multiples">{{range .Shown}}<div class="vgrad-one"><p class="vgrad-name"><strong>{{.Name}}</strong>{{with .Words}}: {{.}}{{end}}</p>
{{range .Images}}<img class="vgrad-static" src="{{.Source}}" width="340" height="{{.High}}" alt="{{.Alt}}">
{{end}}</div>
{{else}}<p class="vgrad-absent">{{with .Absent}}{{.}}{{else}}The pictures need ECharts, which is not here: <code>go tool vgrad assets</code> fetches it.{{end}}</p>
{{end}}</div>
<figcaption>{{.Caption}}</figcaption>
<noscript><p class="vgrad-note">The pictures above are of some of the states, with smoothed lines. With scripts, a control for each field turns to any state.</p></noscript>
{{.Packed}}
</figure>
{{.Foot}}`))
