package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"

	"github.com/vgrad/lab/vgrad/chart"
)

// Page is a title and the parts below it, in order. The zero value is an empty page.
// It needs a Title before it can be written.
type Page struct {
	Title string // title and first heading of the page; required
	Lead  string // a paragraph below the title, with the marks of Text. Zero: none
	Lang  string // language of the prose as in HTML: "de". Zero: "en"
	// Headline is the first heading where it has markup, such as a formula. Zero: Title
	Headline template.HTML
	// Open says that fragments of [Page.HTML] run scripts of their own or load something.
	// Zero: the page has a content security policy by which it runs its figures' scripts
	// and asks for nothing.
	Open bool

	parts []part
}

// part is one part of the page. Exactly one exported field is set.
type part struct {
	Heading, Text string
	Figure        *chart.Figure
	Table         *Table
	HTML          template.HTML
	figures       int // number of figures in HTML
}

// Heading adds the heading of a section. text may have the marks of Text.
func (p *Page) Heading(text string) { p.parts = append(p.parts, part{Heading: text}) }

// Text adds a paragraph. It may have three marks: `code`, *emphasis* and **strong**.
// All other text is escaped, so HTML in it is shown as text.
func (p *Page) Text(text string) { p.parts = append(p.parts, part{Text: text}) }

// Figures adds figures, one below the other. A label has the same colour in all
// figures that a page is given in this way.
func (p *Page) Figures(figures ...*chart.Figure) {
	for _, f := range figures {
		p.parts = append(p.parts, part{Figure: f})
	}
}

// Table adds a table.
func (p *Page) Table(t Table) { p.parts = append(p.parts, part{Table: &t}) }

// HTML adds a fragment without changes. figures is the number of figures in it. They
// must be made with [chart.HTMLOptions.Bare], because the page has their style and
// runtime.
func (p *Page) HTML(fragment template.HTML, figures int) {
	p.parts = append(p.parts, part{HTML: fragment, figures: figures})
}

// Options are the options of [Page.Write]. With the zero value, the figures of a page
// have captions and tables but no pictures, and the page says what is missing.
type Options struct {
	// ECharts is the bytes of echarts.min.js, embedded once. Nil: figures are not live.
	ECharts []byte
	// Renderer draws the static pictures, for print and for browsers without
	// scripts. Nil: there are none.
	Renderer *chart.Renderer
}

// Write writes the page as one HTML file. It fails if the page has no title, if a
// table has a wrong number of cells or verdicts, if a figure cannot be drawn, and if
// writing to w fails.
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
		Headline               template.HTML
		Lead, Body, Head, Foot template.HTML
		Style                  template.CSS
		Absent                 bool
		Policy                 string
	}{Title: p.Title, Lang: p.Lang, Headline: p.Headline, Lead: inline(p.Lead), Body: body, Style: template.CSS(style), Absent: n > 0 && o.ECharts == nil}
	if data.Lang == "" {
		data.Lang = "en"
	}
	if n > 0 {
		data.Head, data.Foot = chart.Head(), chart.Foot(o.ECharts)
	}
	if !p.Open {
		data.Policy = policy(data.Foot)
	}
	if err := frame.Execute(w, data); err != nil {
		return fmt.Errorf("page %q: %w", p.Title, err)
	}
	return nil
}

// policy is what a page may do: run the scripts at its foot, which are named by their hashes,
// show what is in it or beside it, and ask for nothing else. Styles may stand in the page,
// because tables and prose have style attributes.
func policy(foot template.HTML) string {
	scripts := ""
	for _, m := range script.FindAllStringSubmatch(string(foot), -1) {
		sum := sha256.Sum256([]byte(m[1]))
		scripts += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	if scripts == "" {
		scripts = " 'none'"
	}
	return "default-src 'none'; script-src" + scripts + "; style-src 'unsafe-inline'; img-src 'self' file: data:; media-src 'self' file: data:; base-uri 'none'; form-action 'none'"
}

// script matches a script of a foot. There is no end tag in its text: see [chart.Foot].
var script = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// body returns the HTML of the parts and the number of figures in it.
func (p *Page) body(o Options) (body template.HTML, figures int, err error) {
	inHTML := 0           // figures in fragments
	var b strings.Builder // pages of many cells have megabytes
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
			inHTML += part.figures
		case part.Heading != "":
			text = "<h2>" + inline(part.Heading) + "</h2>\n"
		default:
			text = "<p>" + inline(part.Text) + "</p>\n"
		}
		if err != nil {
			return "", 0, err
		}
		b.WriteString(string(text))
	}
	return template.HTML(b.String()), figures + inHTML, nil
}

// Made reports whether a file with this text was written by [Page.Write]. A program asks
// before it replaces a file that its user did not name.
func Made(text []byte) bool {
	head := text[:min(len(text), 1024)]
	return bytes.Contains(head, []byte(generator)) || bytes.Contains(head, []byte(olderMark))
}

// The marks of pages in their head. Pages of earlier versions have the second alone.
const (
	generator = `<meta name="generator" content="vgrad">`
	olderMark = `<link rel="icon" href="data:,">`
)

// figure returns the HTML of one figure. The page has its style and runtime.
func figure(f *chart.Figure, o Options, position int) (template.HTML, error) {
	text, err := f.HTML(chart.HTMLOptions{Renderer: o.Renderer, Bare: true, Position: position})
	return template.HTML(text), err
}

//go:embed page.css
var style string

// Style returns the style sheet of a page, without that of its figures. Pages that share one
// file of it look like this package's.
func Style() string { return style }

//go:embed page.html
var frameText string

var frame = template.Must(template.New("page").Parse(frameText))
