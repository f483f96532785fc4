package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/vgrad/lab/vgrad/chart"
)

// Page is a title and what stands below it, in order. The zero value is an
// empty page without a title; Title is required to write it.
type Page struct {
	Title string // of the page and of its first heading
	Lead  string // one paragraph below the title, with markup as in Text; "" for none
	Lang  string // language of the prose. Zero: "en"

	parts []part
}

// part is one piece of the page. Exactly one exported field is set.
type part struct {
	Heading, Text string
	Figure        *chart.Figure
	Table         *Table
	HTML          template.HTML
	figures       int // in the HTML
}

// Heading starts a section.
func (p *Page) Heading(text string) { p.parts = append(p.parts, part{Heading: text}) }

// Text adds a paragraph. `code`, *emphasis* and **strong** are marked as here;
// anything else stands as it is, HTML included, which is shown and not obeyed.
func (p *Page) Text(text string) { p.parts = append(p.parts, part{Text: text}) }

// Figures adds figures, one below the other. A label has the same colour in
// all figures of a page.
func (p *Page) Figures(figures ...*chart.Figure) {
	for _, f := range figures {
		p.parts = append(p.parts, part{Figure: f})
	}
}

// Table adds a table.
func (p *Page) Table(t Table) { p.parts = append(p.parts, part{Table: &t}) }

// HTML adds a fragment as it is, in which there are so many figures that were
// made for a page, see [chart.HTMLOptions.Bare].
func (p *Page) HTML(fragment template.HTML, figures int) {
	p.parts = append(p.parts, part{HTML: fragment, figures: figures})
}

// Options says what a page is written with. The zero value writes prose and
// tables, and says what is missing.
type Options struct {
	// ECharts is the library, embedded once. Nil: figures are not live.
	ECharts []byte
	// Renderer draws the static pictures, for print and for readers without
	// scripts. Nil: none.
	Renderer *chart.Renderer
}

// Write writes the page as one HTML file. It fails on a page without a title,
// on a malformed table, on a figure that cannot be drawn, and where w does.
func (p *Page) Write(w io.Writer, o Options) error {
	if p.Title == "" {
		return fmt.Errorf("page: no title")
	}
	body, n, err := p.body(o)
	if err != nil {
		return fmt.Errorf("page %q: %w", p.Title, err)
	}
	data := struct {
		Title, Lang            string
		Lead, Body, Head, Foot template.HTML
		Style                  template.CSS
		Absent                 bool
	}{Title: p.Title, Lang: p.Lang, Lead: inline(p.Lead), Body: body, Style: template.CSS(style), Absent: n > 0 && o.ECharts == nil}
	if data.Lang == "" {
		data.Lang = "en"
	}
	if n > 0 {
		data.Head, data.Foot = chart.Head(), chart.Foot(o.ECharts)
	}
	if err := frame.Execute(w, data); err != nil {
		return fmt.Errorf("page %q: %w", p.Title, err)
	}
	return nil
}

// body writes the parts and returns how many figures there are.
func (p *Page) body(o Options) (body template.HTML, figures int, err error) {
	given := 0
	var own []*chart.Figure
	for _, part := range p.parts {
		if part.Figure != nil {
			own = append(own, part.Figure)
		}
	}
	own = chart.SameColours(own...)
	for _, part := range p.parts {
		var text template.HTML
		switch {
		case part.Figure != nil:
			text, err = figure(own[figures], o, figures)
			figures++
		case part.Table != nil:
			text, err = part.Table.HTML()
		case part.HTML != "":
			text = part.HTML
			given += part.figures
		case part.Heading != "":
			text = "<h2>" + inline(part.Heading) + "</h2>\n"
		default:
			text = "<p>" + inline(part.Text) + "</p>\n"
		}
		if err != nil {
			return "", 0, err
		}
		body += text
	}
	return body, figures + given, nil
}

// figure writes one figure without style and runtime, which the page has once.
func figure(f *chart.Figure, o Options, position int) (template.HTML, error) {
	text, err := f.HTML(chart.HTMLOptions{Renderer: o.Renderer, Bare: true, Position: position})
	return template.HTML(text), err
}

//go:embed page.css
var style string

//go:embed page.html
var frameText string

var frame = template.Must(template.New("page").Parse(frameText))
