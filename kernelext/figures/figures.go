// Package figures finds the figures in the outputs of a notebook, and makes one picture of
// each output.
//
//	found := figures.In(html)              // of an output that package chart has made
//	picture, err := figures.Draw(found)    // with titles, notes and captions
//
// An output of a cell is HTML with SVG in it. The kernel adds such a picture to it, because
// LaTeX, GitLab and other places take neither: see [Add]. The kernel does it, and not the
// cell, because a cell is linked each time it runs.
package figures

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Figure is a figure in an output.
type Figure struct {
	Title, Note, Caption string
	SVG                  []byte   // the static picture, without title; nil: there is none
	Spec                 []byte   // what package chart draws it from, as JSON; nil: it cannot be read
	Version              string   // of the runtime that understands the spec
	Columns              []string // of the table of its values
	Rows                 [][]string
}

// mark is in the HTML of each figure.
const mark = `class="vgrad-figure"`

// In returns the figures in the HTML of an output, in their order; nil if there are none.
func In(text string) (all []*Figure) {
	if !strings.Contains(text, mark) {
		return nil
	}
	nodes, err := html.ParseFragment(strings.NewReader(text), &html.Node{Type: html.ElementNode, DataAtom: atom.Body, Data: "body"})
	if err != nil { // the reader does not fail
		return nil
	}
	for _, top := range nodes {
		if is(top, "figure", "vgrad-figure") {
			all = append(all, readAll(top)...)
		}
		for n := range top.Descendants() {
			if is(n, "figure", "vgrad-figure") {
				all = append(all, readAll(n)...)
			}
		}
	}
	return all
}

// readAll returns a figure, or, of one with controls, its pictures of some states, each
// titled by its alternative text. The last has the caption of all.
func readAll(top *html.Node) (all []*Figure) {
	f := read(top)
	if attr(top, "data-states") == "" {
		return []*Figure{f}
	}
	for n := range top.Descendants() {
		if is(n, "img", "vgrad-static") {
			all = append(all, &Figure{Title: attr(n, "alt"), SVG: svgIn(n), Version: f.Version})
		}
	}
	if all == nil {
		return []*Figure{f}
	}
	all[len(all)-1].Caption = f.Caption
	return all
}

// svgIn returns the SVG of an image; nil if it has none.
func svgIn(img *html.Node) []byte {
	text, ok := strings.CutPrefix(attr(img, "src"), "data:image/svg+xml;base64,")
	if !ok {
		return nil
	}
	svg, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return svg
}

func read(top *html.Node) *Figure {
	f := &Figure{Version: attr(top, "data-version")}
	for n := range top.Descendants() {
		switch {
		case is(n, "p", "vgrad-title"):
			f.Title = content(n)
		case is(n, "p", "vgrad-note"):
			f.Note = content(n)
		case is(n, "img", "vgrad-static"):
			if svg := svgIn(n); svg != nil {
				f.SVG = svg
			}
		case n.Data == "figcaption":
			f.Caption = content(n)
		case is(n, "script", "vgrad-says"):
			f.Spec = unpacked(attr(n, "type"), content(n))
		case n.Data == "tr" && n.Parent.Data == "thead":
			f.Columns = cells(n)
		case n.Data == "tr" && n.Parent.Data == "tbody":
			f.Rows = append(f.Rows, cells(n))
		}
	}
	return f
}

func is(n *html.Node, element, class string) bool {
	if n.Type != html.ElementNode || n.Data != element {
		return false
	}
	for _, word := range strings.Fields(attr(n, "class")) {
		if word == class {
			return true
		}
	}
	return false
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// content is the text in an element.
func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

func cells(row *html.Node) (all []string) {
	for c := range row.ChildNodes() {
		if c.Data == "th" || c.Data == "td" {
			all = append(all, content(c))
		}
	}
	return all
}

// largest bounds an unpacked spec, in bytes.
const largest = 64 << 20

// unpacked returns a spec as JSON; nil if it cannot be read.
func unpacked(kind, text string) []byte {
	if kind != "application/gzip" {
		return []byte(text)
	}
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		return nil
	}
	var b bytes.Buffer
	if _, err := io.Copy(&b, io.LimitReader(z, largest)); err != nil {
		return nil
	}
	return b.Bytes()
}
