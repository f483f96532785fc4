package raster

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// node is an element of an SVG.
type node struct {
	name     string
	attr     map[string]string // with the declarations of its style attribute
	text     string
	children []*node
}

// parse reads an SVG.
func parse(svg []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(svg))
	top := &node{}
	open := []*node{top}
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("raster: the SVG cannot be read: %w", err)
		}
		last := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			n := element(t)
			last.children = append(last.children, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			last.text += string(t)
		}
	}
	for _, n := range top.children {
		if n.name == "svg" {
			return n, nil
		}
	}
	return nil, errors.New("raster: this is no SVG: there is no element svg")
}

func element(t xml.StartElement) *node {
	n := &node{name: t.Name.Local, attr: map[string]string{}}
	for _, a := range t.Attr {
		n.attr[a.Name.Local] = strings.TrimSpace(a.Value)
	}
	for part := range strings.SplitSeq(n.attr["style"], ";") {
		if name, value, ok := strings.Cut(part, ":"); ok {
			n.attr[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return n
}

// index lists the elements that have an id.
func (n *node) index(ids map[string]*node) {
	if id := n.attr["id"]; id != "" {
		ids[id] = n
	}
	for _, c := range n.children {
		c.index(ids)
	}
}

// number reads an attribute in pixels.
func (n *node) number(name string, otherwise float64) float64 {
	v, err := strconv.ParseFloat(strings.TrimSuffix(n.attr[name], "px"), 64)
	if err != nil {
		return otherwise
	}
	return v
}

// numbers reads a list of numbers, separated by spaces or commas.
func numbers(list string) (all []float64) {
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' }) {
		v, err := strconv.ParseFloat(strings.TrimSuffix(word, "px"), 64)
		if err != nil {
			return nil
		}
		all = append(all, v)
	}
	return all
}
