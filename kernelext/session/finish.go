package session

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Finish takes in what a cell defined, after its program has ended in whatever way: what
// it declared, and of its variables those that package keep reports. A variable that the
// program did not get to define stays as an earlier cell left it.
func (s *Session) Finish(p *Program) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(p.removes)
	for _, name := range p.dropped {
		delete(s.defs, name)
	}
	for _, d := range p.defines {
		s.define(d)
	}
	for _, path := range p.blanks {
		s.blanks[path] = true
	}
	if !p.Plain {
		for _, key := range p.gonb {
			s.gonb[key] = true
		}
		return
	}
	if p.Source == "" {
		return // it did not run
	}
	clear(s.gonb) // GoNB was told to forget all
	reported := s.readKept()
	all := maps.Clone(reported)
	for name, d := range p.values {
		k, ok := reported[name]
		if ok {
			d = s.versionOf(k, d, p.earlier[name])
		}
		switch {
		case ok:
			k.types = d.kept.types
			d.kept = k
			d.made = d.spec != nil && k.Reason != ""
			s.define(d)
		case d.typ.bad != "":
			s.define(d)
		}
		delete(reported, name)
	}
	for _, name := range p.loaded {
		if k, ok := reported[name]; ok && s.defs[name] != nil && s.defs[name].kept != nil {
			k.types = s.defs[name].kept.types
			s.defs[name].kept = k
		}
	}
	for _, d := range s.defs {
		if d.kind != varKind || d.kept == nil || all[d.name] != d.kept {
			continue
		}
		for _, other := range s.sharing(d) {
			d.kept.beside = append(d.kept.beside, s.defs[other].typ)
		}
		d.kept.group = fingerprint(func(name string) *definition { return s.defs[name] }, d.typesOfGroup())
	}
}

// versionOf is the version of a variable that was kept: a cell that failed may have got to an
// earlier one, of another type, or to none of its own.
func (s *Session) versionOf(k *kept, last *definition, earlier []*definition) *definition {
	all := append([]*definition{last}, earlier...)
	if len(all) == 1 || sameType(k.Type, last) {
		return last
	}
	for _, d := range all {
		if sameType(k.Type, d) {
			return d
		}
	}
	return last
}

// sameType reports whether a type that package keep reports is that of a variable.
func sameType(reported string, d *definition) bool {
	return typeSpelling.Replace(reported) == typeSpelling.Replace(d.typ.plain())
}

// typeSpelling levels how package reflect and the type-checker write types.
var typeSpelling = strings.NewReplacer(" ", "", "interface{}", "any", "byte", "uint8", "rune", "int32")

// define makes a name stand for something else from now on. A type that is no longer one
// that can have methods loses those it had.
func (s *Session) define(d *definition) {
	s.defs[d.name] = d
	if d.kind != typeKind || !d.isInterface() {
		return
	}
	for key, m := range s.defs {
		if m.kind == methodKind && strings.HasPrefix(key, d.name+".") {
			delete(s.defs, key)
		}
	}
}

// isInterface reports whether a type is written as an interface or a pointer, which have
// no methods of their own.
func (d *definition) isInterface() bool {
	e, err := parser.ParseExpr(strings.TrimLeft(strings.TrimPrefix(d.cell.code[d.from:d.to], d.name), " ="))
	if err != nil {
		return false
	}
	switch e.(type) {
	case *ast.InterfaceType, *ast.StarExpr:
		return true
	}
	return false
}

// readKept reads what the program reported of its variables.
func (s *Session) readKept() map[string]*kept {
	text, err := os.ReadFile(filepath.Join(s.options.Dir, "cell", "kept.json"))
	if err != nil {
		return nil // the program was killed: nothing is settled
	}
	var list []*kept
	if json.Unmarshal(text, &list) != nil {
		return nil
	}
	all := map[string]*kept{}
	for _, k := range list {
		all[k.Name] = k
	}
	return all
}

func (s *Session) removeValues() {
	dir := filepath.Join(s.options.Dir, "values")
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		os.RemoveAll(filepath.Join(dir, e.Name()))
	}
}

// typeExpression turns a type as package keep reports it, with full paths in quotes, into
// one of a program. It fails where a type of the notebook is gone.
func (s *Session) typeExpression(reported string, name func(path string) string, find lookup) (text string, ok bool) {
	for reported != "" {
		i := strings.IndexByte(reported, '"')
		if i < 0 {
			text += reported
			break
		}
		quoted, err := strconv.QuotedPrefix(reported[i:])
		if err != nil {
			return "", false
		}
		path, err := strconv.Unquote(quoted)
		if err != nil {
			return "", false
		}
		text += reported[:i] + name(path)
		reported = reported[i+len(quoted):]
	}
	e, err := parser.ParseExpr(text)
	if err != nil {
		return "", false
	}
	ok = true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr, *ast.Field:
			return false
		case *ast.Ident:
			ok = ok && (isPredeclared(n.Name) || find(n.Name) != nil)
		}
		return true
	})
	return text, ok
}

func isPredeclared(name string) bool { return types.Universe.Lookup(name) != nil }
