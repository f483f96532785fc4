package session

import (
	"cmp"
	"go/constant"
	"go/types"
	"slices"
	"strings"
)

// candidate is what may be meant by the word at the cursor.
type candidate struct {
	text      string // what takes the word's place
	by        string // the word that it is found by as well: Loss, of vgrad.Loss
	kind      string // for the front end: "function", "module" …
	signature string // or the type
	misfit    fitRank
	scope     scopeRank
	depth     int // of the structs that it is promoted from
}

// fitRank orders candidates by how well they fit where they would stand.
type fitRank int

const (
	fitValue  fitRank = iota // a value of the type that is wanted, or all fits
	fitCall                  // a function that returns one
	fitAssign                // what can be assigned
	noFit
)

// scopeRank orders candidates by where they come from.
type scopeRank int

const (
	cellScope    scopeRank = iota // the cell's own, its functions' first
	earlierScope                  // what earlier cells define
	labScope                      // packages of the laboratory
	restScope                     // the language, the standard library
	moduleScope                   // packages of other modules
)

// maxMatches is how many candidates a front end is given.
const maxMatches = 300

// matching keeps the candidates that begin as the word does, the likely ones first: those
// whose case is right, those that fit, then by scope.
func matching(list []candidate, typed string) []candidate {
	type ranked struct {
		candidate
		folded int
	}
	var found []ranked
	seen := map[string]bool{}
	for _, c := range list {
		folded := min(foldedPrefix(c.text, typed), foldedPrefix(c.by, typed))
		if folded < 2 && !seen[c.text] && c.text != "" {
			seen[c.text] = true
			found = append(found, ranked{c, folded})
		}
	}
	slices.SortStableFunc(found, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.folded, b.folded), cmp.Compare(a.misfit, b.misfit), cmp.Compare(a.scope, b.scope),
			cmp.Compare(a.depth, b.depth))
	})
	var best []candidate
	for _, f := range found[:min(len(found), maxMatches)] {
		best = append(best, f.candidate)
	}
	return best
}

// foldedPrefix compares the beginning of text with typed. It is 0 if they are equal, 1 if
// only their case differs, and 2 otherwise.
func foldedPrefix(text, typed string) int {
	switch {
	case text == "" && typed != "":
		return 2
	case strings.HasPrefix(text, typed):
		return 0
	case len(text) >= len(typed) && strings.EqualFold(text[:len(typed)], typed):
		return 1
	}
	return 2
}

// alphabetical orders candidates that are alike in all else.
func alphabetical(list []candidate) []candidate {
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(a.text, b.text) })
	return list
}

// objectCandidate is a candidate that stands for an object.
func objectCandidate(o types.Object, text string, q types.Qualifier) candidate {
	c := candidate{text: text, kind: kindWord(o)}
	switch o := o.(type) {
	case *types.Func:
		c.signature = strings.TrimPrefix(types.TypeString(o.Type(), q), "func")
	case *types.PkgName:
		c.signature = o.Imported().Path()
	case *types.TypeName:
		c.signature = shortType(o.Type().Underlying(), q)
	case *types.Const:
		c.signature = types.TypeString(o.Type(), q) + " = " + shortValue(o.Val())
	case *types.Builtin, *types.Nil:
	default:
		if o.Type() != nil {
			c.signature = types.TypeString(o.Type(), q)
		}
	}
	return c
}

func shortValue(v constant.Value) string {
	if v == nil {
		return ""
	}
	return v.String()
}

// shortType is a type in few words.
func shortType(t types.Type, q types.Qualifier) string {
	switch t.(type) {
	case *types.Struct:
		return "struct"
	case *types.Interface:
		return "interface"
	}
	return types.TypeString(t, q)
}

func kindWord(o types.Object) string {
	switch o := o.(type) {
	case *types.Func:
		if o.Signature().Recv() != nil {
			return "method"
		}
		return "function"
	case *types.Builtin:
		return "function"
	case *types.TypeName:
		if types.IsInterface(o.Type()) {
			return "interface"
		}
		if _, ok := o.Type().Underlying().(*types.Struct); ok {
			return "class"
		}
		return "type"
	case *types.Const, *types.Nil:
		return "constant"
	case *types.PkgName:
		return "module"
	case *types.Var:
		if o.IsField() {
			return "field"
		}
	}
	return "variable"
}

// fitOf judges an object for a place where a type is wanted, nil for any.
func fitOf(o types.Object, place placeKind, want types.Type) fitRank {
	_, isType := o.(*types.TypeName)
	switch {
	case place == typePlace && isType, place != typePlace && want == nil:
		return fitValue
	case place == typePlace:
		return noFit
	case isType:
		switch o.Type().Underlying().(type) {
		case *types.Struct, *types.Map, *types.Slice, *types.Array: // of a literal
			return min(noFit, suits(o.Type(), want)+fitCall)
		}
		return noFit
	}
	return suits(o.Type(), want)
}
