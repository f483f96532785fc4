package publish

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"

	nethtml "golang.org/x/net/html"
)

// section is what stands below a heading of a lesson, for the search.
type section struct {
	id, heading string
	text        strings.Builder
}

// section begins a section. The first has no id: it is the page's beginning.
func (d *document) section(id, heading string) {
	if d.pages.site != nil {
		d.sections = append(d.sections, section{id: (&url.URL{Fragment: id}).EscapedFragment(), heading: strings.Join(strings.Fields(heading), " ")})
	}
}

// largestIndexed is how much of one text is found by the search, in bytes: the log of a
// training is not what a reader looks for.
const largestIndexed = 4000

// index adds a text to the section that is being read.
func (d *document) index(text string) {
	if len(d.sections) == 0 {
		return
	}
	if len(text) > largestIndexed {
		text = strings.ToValidUTF8(text[:largestIndexed], "")
	}
	last := &d.sections[len(d.sections)-1].text
	if words := strings.Join(strings.Fields(text), " "); words != "" {
		last.WriteString(words + "\n")
	}
}

// indexProse adds a prose cell to the index.
func (d *document) indexProse(tree *nethtml.Node) {
	if tree == nil {
		return
	}
	for c := tree.FirstChild; c != nil; c = c.NextSibling {
		if isHeading(c) && attr(c, "id") != "" {
			d.section(attr(c, "id"), textOf(c))
			continue
		}
		d.index(readable(c))
	}
}

// indexOutput adds the HTML of an output to the index, without the values of figures.
func (d *document) indexOutput(tree *nethtml.Node) {
	for c := tree.FirstChild; c != nil; c = c.NextSibling {
		d.index(readable(c))
	}
}

// readable is the text of a tree with a space between what stands apart, without scripts
// and the tables of figures.
func readable(n *nethtml.Node) string {
	if n.Type == nethtml.ElementNode && (n.Data == "script" || n.Data == "style" || n.Data == "details" && len(find(n, "table")) > 0) {
		return ""
	}
	if n.Type != nethtml.ElementNode || n.FirstChild == nil {
		return textOf(n)
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == nethtml.ElementNode && apart[c.Data] {
			b.WriteByte(' ')
		}
		b.WriteString(readable(c))
	}
	return b.String()
}

// apart are elements whose text does not join that before them.
var apart = set(`p div section figure figcaption li dt dd tr td th table ul ol dl blockquote pre h1 h2 h3 h4 h5 h6 br img details summary`)

// index is the script that holds the text of all lessons: a list of pages, each with its
// file, its title and its sections, each of these with its id, heading and text. It is a
// script because a page that is opened from disk may not read any other file.
func index(lessons []*lessonPage) []byte {
	var all []any
	for _, l := range lessons {
		var sections []any
		for i := range l.sections {
			s := &l.sections[i]
			sections = append(sections, []string{s.id, s.heading, strings.TrimSpace(s.text.String())})
		}
		all = append(all, []any{l.Page, l.Title, sections})
	}
	var b bytes.Buffer
	b.WriteString("window.vgradIndex = ")
	if err := json.NewEncoder(&b).Encode(all); err != nil {
		panic(err) // texts can be encoded
	}
	return b.Bytes()
}
