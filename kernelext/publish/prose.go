package publish

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/vgrad/lab/vgrad/formula"
)

// Warning is something of a notebook that its page does not show as the notebook does.
type Warning struct {
	Path string // of the notebook
	Cell int    // number among all cells, from 1
	Text string // what it is, and what the page has instead
}

// String is the warning in one line.
func (w Warning) String() string { return fmt.Sprintf("%s: cell %d: %s", w.Path, w.Cell, w.Text) }

// document is a notebook while its page is made.
type document struct {
	nb       *Notebook
	pages    Pages
	to       string            // path of the page
	formulas *formula.Document // nil: they are shown as their source
	ids      map[string]bool
	inner    []*html.Node // links into the document itself
	innerOf  []int        // the cells that have them
	trees    []*html.Node // of the cells, nil where a cell is no prose
	warnings []Warning
	open     bool // an output runs scripts of its own, or loads something

	// Of a site.
	styles   []string // that outputs have
	cover    firstPicture
	sections []section

	// The cell that is being read.
	cell   Cell
	number int // among all cells, from 1
	found  []equation
}

// read reads the prose of a notebook.
func (p Pages) read(n *Notebook) *document {
	d := &document{nb: n, pages: p, to: p.At[absolute(n.Path)], ids: map[string]bool{}, trees: make([]*html.Node, len(n.Cells))}
	if d.to == "" {
		d.to = filepath.Join(filepath.Dir(n.Path), PageName(n.Path))
	}
	if p.Formulas != nil {
		d.formulas = p.Formulas.Document()
	}
	if p.site != nil {
		for _, id := range siteIDs {
			d.ids[id] = true
		}
	}
	for i, c := range n.Cells {
		d.cell, d.number = c, i+1
		switch {
		case c.Kind == "markdown":
			d.trees[i] = d.markdown(string(c.Source))
		case c.Kind == "raw":
			d.trees[i] = d.raw(c)
		}
		for len(d.innerOf) < len(d.inner) {
			d.innerOf = append(d.innerOf, d.number)
		}
	}
	d.resolveInner()
	return d
}

// tell adds a warning about the cell that is being read, once.
func (d *document) tell(format string, args ...any) {
	w := Warning{d.nb.Path, d.number, fmt.Sprintf(format, args...)}
	if !slices.Contains(d.warnings, w) {
		d.warnings = append(d.warnings, w)
	}
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(goldmarkhtml.WithUnsafe()))

// parseProse parses Markdown.
func parseProse(source []byte) ast.Node { return markdown.Parser().Parse(text.NewReader(source)) }

// markdown returns the tree of a Markdown text: formulas drawn, HTML made safe, links and
// pictures mended.
func (d *document) markdown(source string) *html.Node {
	var b bytes.Buffer
	text, found := takeFormulas(source)
	if err := markdown.Convert([]byte(text), &b); err != nil { // a buffer does not fail
		return d.verbatim(source)
	}
	return d.safe(b.String(), found)
}

// safe returns the tree of HTML that an author wrote.
func (d *document) safe(text string, found []equation) *html.Node {
	tree, err := fragment(text)
	if err != nil {
		return d.verbatim(text)
	}
	d.found = found
	d.clean(tree)
	d.finish(tree)
	return tree
}

// verbatim shows a text as it is.
func (d *document) verbatim(text string) *html.Node {
	tree := element("div")
	pre := element("pre")
	pre.AppendChild(&html.Node{Type: html.TextNode, Data: text})
	tree.AppendChild(pre)
	d.finish(tree)
	return tree
}

// raw shows a raw cell: HTML and Markdown as such, and any other format as its text.
func (d *document) raw(c Cell) *html.Node {
	switch format := string(cmp.Or(c.Metadata.Format, c.Metadata.MIME)); {
	case strings.TrimSpace(string(c.Source)) == "":
		return nil
	case format == "text/html":
		return d.safe(string(c.Source), nil)
	case format == "text/markdown":
		return d.markdown(string(c.Source))
	case format != "" && format != "text/plain":
		d.tell("a raw cell of the format %s is shown as its text", format)
	}
	return d.verbatim(string(c.Source))
}

func element(name string) *html.Node {
	return &html.Node{Type: html.ElementNode, Data: name, DataAtom: atom.Lookup([]byte(name))}
}

// finish gives headings their ids, and makes what may be wider than the page reachable for
// the keyboard.
func (d *document) finish(tree *html.Node) {
	for n := range tree.Descendants() {
		switch {
		case isHeading(n) && attr(n, "id") == "":
			if id := d.newID(strings.Join(strings.Fields(textOf(n)), "-")); id != "" {
				setAttr(n, "id", id)
			}
		case n.Type == html.ElementNode && n.Data == "pre" && isWide(textOf(n)):
			scrolls(n, fmt.Sprintf("Code in cell %d", d.number))
		}
	}
	unheaded(tree)
	for _, table := range find(tree, "table") {
		if !within(table, "table") {
			box := element("div")
			replace(table, box)
			box.AppendChild(table)
			setAttr(box, "class", "scroll")
			scrolls(box, fmt.Sprintf("Table in cell %d", d.number))
		}
	}
}

// unheaded makes an empty heading of a table an empty cell.
func unheaded(tree *html.Node) {
	for _, th := range find(tree, "th") {
		if strings.TrimSpace(textOf(th)) == "" && len(find(th, "img")) == 0 {
			rename(th, "td")
			removeAttr(th, "scope")
		}
	}
}

// scrolls makes an element that may be wider than the page one that the keyboard reaches.
func scrolls(n *html.Node, label string) {
	setAttr(n, "tabindex", "0")
	setAttr(n, "role", "group")
	setAttr(n, "aria-label", label)
}

// narrow is how many characters of code stand side by side on the smallest screen.
const narrow = 36

// isWide reports whether a text has a line that may not fit into the page.
func isWide(text string) bool {
	for line := range strings.Lines(text) {
		if len(strings.ReplaceAll(line, "\t", "    ")) > narrow {
			return true
		}
	}
	return false
}

// find lists the elements of a name.
func find(tree *html.Node, name string) (all []*html.Node) {
	for n := range tree.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			all = append(all, n)
		}
	}
	return all
}

func isHeading(n *html.Node) bool {
	return n.Type == html.ElementNode && len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6'
}

// newID returns an id that the page does not have yet.
func (d *document) newID(id string) string {
	for i, base := 1, id; id != "" && d.ids[id]; i++ {
		id = base + "-" + strconv.Itoa(i)
	}
	if id != "" {
		d.ids[id] = true
	}
	return id
}

// drawFormulas puts the formulas of a text node back, drawn.
func (d *document) drawFormulas(n *html.Node) {
	if !strings.Contains(n.Data, formulaFrom) {
		return
	}
	if within(n, "code", "pre", "kbd", "samp") {
		n.Data = withSources(n.Data, d.found)
		return
	}
	last := 0
	for _, m := range standIns.FindAllStringSubmatchIndex(n.Data, -1) {
		i, err := strconv.Atoi(n.Data[m[2]:m[3]])
		if err != nil || i >= len(d.found) {
			continue
		}
		n.Parent.InsertBefore(&html.Node{Type: html.TextNode, Data: n.Data[last:m[0]]}, n)
		n.Parent.InsertBefore(d.draw(d.found[i]), n)
		last = m[1]
	}
	n.Data = n.Data[last:]
}

// draw draws a formula. One that cannot be drawn is shown as its source, and told.
func (d *document) draw(e equation) *html.Node {
	err := errors.New("without KaTeX formulas are not drawn; go tool vgrad assets fetches it")
	if d.formulas != nil {
		var math string
		if math, err = d.formulas.MathML(e.tex, e.display); err == nil {
			return &html.Node{Type: html.RawNode, Data: math, Attr: []html.Attribute{{Key: "text", Val: mathText(math)}}}
		}
	}
	if errors.Is(err, formula.ErrTeX) || d.formulas == nil {
		d.tell("%v; the page shows its source", err)
	} else {
		d.tell("formulas are shown as their source: %v", err)
	}
	code := element("code")
	setAttr(code, "class", "formula")
	code.AppendChild(&html.Node{Type: html.TextNode, Data: e.source})
	return code
}

// mathText is the text of a drawn formula as a reader sees it.
func mathText(math string) string {
	tree, err := fragment(math)
	if err != nil {
		return ""
	}
	for _, n := range find(tree, "annotation") {
		n.Parent.RemoveChild(n)
	}
	return textOf(tree)
}

// resolveInner makes the links into the document lead to the ids that it has.
func (d *document) resolveInner() {
	for i, n := range d.inner {
		d.number = d.innerOf[i]
		href := attr(n, "href")
		if to, ok := d.resolve(href); ok {
			setAttr(n, "href", to)
		} else {
			d.tell("the link to %s leads nowhere: the notebook has no such heading", href)
		}
	}
}

// resolve returns the fragment that a link means: Jupyter, GitHub and authors write the id
// of a heading in different ways.
func (d *document) resolve(fragment string) (string, bool) {
	id := strings.TrimPrefix(fragment, "#")
	if plain, err := url.PathUnescape(id); err == nil {
		id = plain
	}
	if id == "" || strings.EqualFold(id, "top") || d.ids[id] {
		return "#" + (&url.URL{Fragment: id}).EscapedFragment(), true
	}
	for _, have := range slices.Sorted(maps.Keys(d.ids)) {
		if bareID(have) == bareID(id) && bareID(id) != "" {
			return "#" + (&url.URL{Fragment: have}).EscapedFragment(), true
		}
	}
	return fragment, false
}

// bareID is an id without what its writers differ in.
func bareID(id string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, id)
}

// fragment returns a link's fragment as the page of another notebook has it. One that it
// does not have is told.
func (d *document) fragment(file, fragment string) string {
	if fragment == "" {
		return ""
	}
	other, err := Open(file)
	if err != nil {
		return fragment
	}
	to, ok := Pages{site: d.pages.site}.read(other).resolve(fragment)
	if !ok {
		d.tell("the link to %s%s leads to the beginning of that page: its notebook has no such heading", filepath.Base(file), fragment)
	}
	return to
}

// titled is the heading that names a document.
func (d *document) titled() *html.Node {
	var first *html.Node
	for _, tree := range d.trees {
		if tree == nil {
			continue
		}
		for n := range tree.Descendants() {
			switch {
			case !isHeading(n) || strings.TrimSpace(textOf(n)) == "":
			case n.Data == "h1":
				return n
			case first == nil:
				first = n
			}
		}
	}
	return first
}

// title returns the text of the document's heading, and its HTML. The heading leaves the
// prose if it stands at the document's beginning, because the page has it above.
func (d *document) title() (text string, headline template.HTML) {
	h := d.titled()
	if h == nil {
		return strings.TrimSuffix(filepath.Base(d.nb.Path), filepath.Ext(d.nb.Path)), ""
	}
	text = strings.Join(strings.Fields(textOf(h)), " ")
	headline = template.HTML(`<span id="` + html.EscapeString(attr(h, "id")) + `">` + strings.TrimSpace(inside(h)) + `</span>`)
	if d.begins(h) {
		h.Parent.RemoveChild(h)
	} else {
		headline = ""
	}
	return text, headline
}

// begins reports whether neither code nor another heading comes before a heading.
func (d *document) begins(h *html.Node) bool {
	for i, tree := range d.trees {
		if d.nb.Cells[i].Kind == "code" {
			return false
		}
		if tree == nil {
			continue
		}
		for n := range tree.Descendants() {
			if isHeading(n) {
				return n == h && h.Parent == tree
			}
		}
	}
	return false
}

// lead returns the first paragraph of the prose; "" if there is none.
func (d *document) lead() template.HTML {
	for _, tree := range d.trees {
		if tree == nil {
			continue
		}
		for c := tree.FirstChild; c != nil; c = c.NextSibling {
			if c.Data == "p" && c.Type == html.ElementNode && strings.TrimSpace(textOf(c)) != "" {
				return template.HTML("<p>" + inside(c) + "</p>")
			}
		}
	}
	return ""
}
