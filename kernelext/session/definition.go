package session

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// kind is what a name of a notebook stands for.
type kind int

const (
	varKind kind = iota
	constKind
	typeKind
	funcKind
	methodKind // its name is "T.M"
	importKind
)

// definition is what a name stands for, as the latest cell says that defined it.
type definition struct {
	name string
	kind kind
	cell *cellText
	gonb bool // of a cell that GoNB ran
	made bool // a variable that is made anew in every cell, by its line: GoNB's, and functions

	// Of functions, methods, types.
	keyword  string
	from, to int
	nameAt   int
	body     [2]int
	receiver string
	refs     []ref

	path  string   // of an import
	typ   typeText // of variables and constants
	value string   // of a constant, as Go
	spec  []ref    // of a variable that is made anew: the names of its line, which is from from to to
	fixes []edit   // of that line
	kept  *kept    // of a variable
}

// kept is how the value of a variable lies on disk.
type kept struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Size   int64    `json:"size"`
	File   string   `json:"file"`
	Types  []string `json:"types"` // in interfaces
	Group  string   `json:"group"` // that shares memory
	Reason string   `json:"reason"`
	Brief  string   `json:"brief"` // the value in a short line

	types  string     // what the types of the notebook were that it is made of
	beside []typeText // types of the variables that are in the same file
	group  string     // what the types of the notebook were that the file has values of
}

// definitionOf makes a definition of what a cell declares.
func definitionOf(c *cellText, d *declared, name string) *definition {
	return &definition{
		name: name, kind: d.kind, cell: c, keyword: d.keyword, from: d.from, to: d.to,
		nameAt: d.name, body: d.body, receiver: d.receiver, refs: d.refs,
	}
}

// names lists what a definition mentions, each once.
func (d *definition) names() []string {
	seen := map[string]bool{}
	for _, f := range d.refs {
		if f.path == "" {
			seen[f.name] = true
		}
	}
	for _, name := range d.typ.own {
		seen[name] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// lookup finds what a name stands for; nil where nothing of the notebook does.
type lookup func(name string) *definition

// fingerprint tells whether types are still what they were: it is of the text of all
// types of the notebook that the named ones are made of.
func fingerprint(find lookup, names []string) string {
	if len(names) == 0 {
		return ""
	}
	seen := map[string]bool{}
	var walk func(name string)
	h := sha256.New()
	walk = func(name string) {
		d := find(name)
		if seen[name] || d == nil {
			return
		}
		seen[name] = true
		switch d.kind {
		case typeKind:
			fmt.Fprintln(h, name, tokens(d.cell.code[d.from:d.to]))
			for _, f := range d.refs {
				if f.path != "" {
					fmt.Fprintln(h, f.name, f.path)
				}
			}
			for _, other := range d.names() {
				walk(other)
			}
		case constKind:
			fmt.Fprintln(h, name, d.value)
		case importKind:
			fmt.Fprintln(h, name, d.path)
		}
	}
	for _, name := range slices.Sorted(slices.Values(names)) {
		walk(name)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// tokens is a text without comments and layout.
func tokens(code string) string {
	var words []string
	for _, t := range scan(code) {
		switch {
		case t.tok == token.COMMENT:
		case t.lit != "":
			words = append(words, strings.TrimSuffix(t.lit, "\n"))
		default:
			words = append(words, t.tok.String())
		}
	}
	return strings.Join(words, " ")
}
