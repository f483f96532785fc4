package publish

import (
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"io"
	"path/filepath"
	"strings"

	"github.com/vgrad/lab/vgrad/formula"
	"github.com/vgrad/lab/vgrad/page"
)

//go:embed page.css
var style string

// Pages are the pages of notebooks that are published together.
type Pages struct {
	page.Options
	// Formulas draws formulas. Nil: they are shown as their source.
	Formulas *formula.Renderer
	// At has the absolute path of each notebook's page, by the absolute path of the
	// notebook. Links between these notebooks are links between their pages. A notebook
	// that is not there has its page beside it.
	At map[string]string

	site *siteFiles // nil: the pages stand alone
}

// Page writes the notebook as a stand-alone HTML page beside it, by itself and without
// formulas. [Pages.Write] does more.
func (n *Notebook) Page(w io.Writer, o page.Options) error {
	_, err := Pages{Options: o}.Write(w, n)
	return err
}

// Write writes a notebook as a stand-alone HTML page with prose, code and outputs. Its
// figures are live without a network; ECharts and the figures' runtime are in the page
// once. Attachments, pictures and files beside the notebook are in the page. Of HTML in
// prose, what is safe is kept. HTML in outputs is not made safe: the notebook's cells are
// trusted. What the page does not show as the notebook does is a warning. Writing fails if
// w does.
//
// The page has a content security policy by which it runs its figures' scripts and asks for
// nothing, unless an output brings a script of its own or loads something.
func (p Pages) Write(w io.Writer, n *Notebook) ([]Warning, error) {
	d := p.read(n)
	var out page.Page
	out.Title, out.Headline = d.title()
	out.HTML(template.HTML("<style>\n"+style+"</style>\n"), 0)
	for i, c := range n.Cells {
		d.cell, d.number = c, i+1
		text, figures := d.html(i, c)
		out.HTML(template.HTML(text), figures)
	}
	out.Open = d.open
	if err := out.Write(w, p.Options); err != nil {
		return d.warnings, fmt.Errorf("publish: %s: %w", n.Path, err)
	}
	return d.warnings, nil
}

// html renders a cell and returns the number of its figures.
func (d *document) html(i int, c Cell) (text string, figures int) {
	switch tree := d.trees[i]; {
	case tree != nil && tree.FirstChild != nil:
		return `<div class="prose">` + inside(tree) + "</div>\n", 0
	case c.Kind == "code":
		outputs, figures := d.outputs(c)
		return d.code(strings.Trim(string(c.Source), "\r\n")) + outputs, figures
	}
	return "", 0
}

// code renders the source of a code cell.
func (d *document) code(source string) string {
	if strings.TrimSpace(source) == "" {
		return ""
	}
	text := html.EscapeString(source)
	if d.nb.checkKernel() == nil {
		text = highlight(source)
	}
	return `<pre class="cell"` + d.reachable("Code", source) + `><code>` + text + "</code></pre>\n"
}

// Index writes an HTML page, for the folder at, that lists notebooks by title, each with a
// link to its page and its first paragraph.
func (p Pages) Index(w io.Writer, title, at string, notebooks []*Notebook) error {
	out := page.Page{Title: title}
	var b strings.Builder
	for _, n := range notebooks {
		d := p.read(n)
		to := d.to
		d.to = filepath.Join(at, "index.html")
		name, _ := d.title()
		fmt.Fprintf(&b, "<li><a href=%q>%s</a>%s</li>\n", html.EscapeString(d.from(to)), html.EscapeString(name), d.lead())
	}
	out.HTML(template.HTML("<ul>\n"+b.String()+"</ul>\n"), 0)
	return out.Write(w, page.Options{})
}

// PageName returns the file name of the page of the notebook at path.
func PageName(path string) string {
	return strings.TrimSuffix(filepath.Base(path), ".ipynb") + ".html"
}
