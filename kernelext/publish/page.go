package publish

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"html/template"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/page"
)

//go:embed page.css
var style string

// Page writes the notebook as a stand-alone HTML page with prose, code and outputs. Its
// figures are live without a network; ECharts and the figures' runtime are in the page
// once. HTML in prose is left out. HTML in outputs is not escaped: the notebook's cells are
// trusted.
func (n *Notebook) Page(w io.Writer, o page.Options) error {
	p := page.Page{Title: n.Title()}
	p.HTML(template.HTML("<style>\n"+style+"</style>\n"), 0)
	titled := false
	for _, c := range n.Cells {
		switch c.Kind {
		case "markdown":
			title := p.Title
			if titled {
				title = ""
			}
			text, left, err := proseWithout(title, string(c.Source))
			titled = titled || left
			if err != nil {
				return fmt.Errorf("publish: %s: %w", n.Path, err)
			}
			p.HTML(text, 0)
		case "code":
			text, figures := c.html()
			p.HTML(text, figures)
		}
	}
	return p.Write(w, o)
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

var notebookLinks = regexp.MustCompile(`(href="[^":?]*)\.ipynb(["#])`)

// parseProse parses Markdown.
func parseProse(source []byte) ast.Node { return markdown.Parser().Parse(text.NewReader(source)) }

// prose renders Markdown. Links to other notebooks become links to their pages.
func prose(source string) (template.HTML, error) {
	out, _, err := proseWithout("", source)
	return out, err
}

// proseWithout renders Markdown. If the Markdown begins with the title, which the page has
// already, the title is left out and left is true.
func proseWithout(title, source string) (out template.HTML, left bool, err error) {
	doc := parseProse([]byte(source))
	if h, ok := doc.FirstChild().(*ast.Heading); ok && h.Level == 1 && strings.TrimSpace(string(h.Lines().Value([]byte(source)))) == title {
		doc.RemoveChild(doc, h)
		left = true
	}
	var b bytes.Buffer
	if err := markdown.Renderer().Render(&b, []byte(source), doc); err != nil {
		return "", left, fmt.Errorf("render Markdown: %w", err)
	}
	return template.HTML(`<div class="prose">` + notebookLinks.ReplaceAllString(b.String(), "$1.html$2") + "</div>\n"), left, nil
}

// html renders a code cell and returns the number of its figures.
func (c Cell) html() (text template.HTML, figures int) {
	var b strings.Builder
	if source := strings.TrimSpace(string(c.Source)); source != "" {
		b.WriteString(`<pre class="cell"><code>` + highlight(source) + "</code></pre>\n")
	}
	for _, o := range c.Outputs {
		out := o.html()
		figures += strings.Count(out, `<figure class="vgrad-figure"`)
		b.WriteString(out)
	}
	return template.HTML(b.String()), figures
}

// html renders an output, in the richest form it has.
func (o Output) html() string {
	plain := func(class, text string) string {
		return fmt.Sprintf("<pre class=%q>%s</pre>\n", class, html.EscapeString(escapes.ReplaceAllString(text, "")))
	}
	switch {
	case o.Kind == "stream":
		return plain(o.Name, string(o.Text))
	case o.Kind == "error":
		return plain("stderr", strings.Join(o.Traceback, "\n"))
	case o.Data["text/html"] != "":
		return `<div class="output">` + once(string(o.Data["text/html"])) + "</div>\n"
	case o.Data["image/svg+xml"] != "":
		return `<div class="output"><img alt="" src="data:image/svg+xml;base64,` + base64.StdEncoding.EncodeToString([]byte(o.Data["image/svg+xml"])) + `"></div>` + "\n"
	case o.Data["image/png"] != "":
		return `<div class="output"><img alt="" src="data:image/png;base64,` + html.EscapeString(string(o.Data["image/png"])) + `"></div>` + "\n"
	case o.Data["text/markdown"] != "":
		if text, err := prose(string(o.Data["text/markdown"])); err == nil {
			return string(text)
		}
	case o.Data["text/plain"] == "":
		return ""
	}
	return plain("stdout", string(o.Data["text/plain"]))
}

// once removes from an output the style and the runtime, which the page has once.
func once(output string) string {
	output = strings.ReplaceAll(output, string(chart.Head()), "")
	return strings.ReplaceAll(output, string(chart.PackedFoot()), "")
}

// Index writes an HTML page that lists notebooks by title, each with a link to its page and
// its first paragraph.
func Index(w io.Writer, title string, notebooks []*Notebook) error {
	p := page.Page{Title: title}
	var b strings.Builder
	for _, n := range notebooks {
		lead, err := prose(n.lead())
		if err != nil {
			return fmt.Errorf("publish: %s: %w", n.Path, err)
		}
		fmt.Fprintf(&b, "<li><a href=%q>%s</a>%s</li>\n", html.EscapeString(PageName(n.Path)), html.EscapeString(n.Title()), lead)
	}
	p.HTML(template.HTML("<ul>\n"+b.String()+"</ul>\n"), 0)
	return p.Write(w, page.Options{})
}

// PageName returns the file name of the page of the notebook at path.
func PageName(path string) string {
	return strings.TrimSuffix(filepath.Base(path), ".ipynb") + ".html"
}
