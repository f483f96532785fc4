package session

import (
	"go/ast"
	"go/types"
)

// memberCandidates lists what may stand behind a dot.
func (sc *scene) memberCandidates(sel *ast.SelectorExpr) (list []candidate) {
	want, place := sc.wanted(0), sc.place()
	if id, ok := sel.X.(*ast.Ident); ok {
		if p, ok := sc.info.Uses[id].(*types.PkgName); ok {
			return sc.packageMembers(p.Imported(), want, place)
		}
	}
	tv := sc.info.Types[sel.X]
	t := tv.Type
	if t == nil || isInvalid(t) {
		return nil
	}
	for _, m := range membersOf(t, sc.pkg) {
		o := m.object
		if _, isField := o.(*types.Var); isField && tv.IsType() {
			continue
		}
		c := objectCandidate(o, o.Name(), sc.qualifier)
		c.depth = m.depth
		c.misfit = fitOf(o, valuePlace, want)
		list = append(list, c)
	}
	return alphabetical(list)
}

// packageMembers lists what a package exports.
func (sc *scene) packageMembers(p *types.Package, want types.Type, place placeKind) (list []candidate) {
	scope := p.Scope()
	for _, name := range scope.Names() {
		o := scope.Lookup(name)
		if !o.Exported() {
			continue
		}
		c := objectCandidate(o, name, sc.qualifier)
		c.misfit = fitOf(o, place, want)
		list = append(list, c)
	}
	return list
}

// member is a field or a method.
type member struct {
	object types.Object
	depth  int
}

// membersOf lists the fields and methods of a type, promoted ones too, as far as package
// own can name them. A name that is nearer hides those below.
func membersOf(t types.Type, own *types.Package) (list []member) {
	seen := map[string]bool{}
	add := func(o types.Object, depth int) {
		if (o.Exported() || o.Pkg() == own) && !seen[o.Name()] && o.Name() != "_" {
			seen[o.Name()] = true
			list = append(list, member{o, depth})
		}
	}
	for _, f := range fieldsOf(t) {
		add(f.object, f.depth)
	}
	receiver := t
	if p, ok := t.Underlying().(*types.Pointer); ok && types.IsInterface(p.Elem()) {
		return list
	} else if !ok && !types.IsInterface(t) {
		receiver = types.NewPointer(t)
	}
	for m := range types.NewMethodSet(receiver).Methods() {
		add(m.Obj(), len(m.Index())-1)
	}
	return list
}

// fieldsOf lists the fields of a struct or a pointer to one, the nearest first.
func fieldsOf(t types.Type) (list []member) {
	level := []types.Type{t}
	seen := map[types.Type]bool{}
	for depth := 0; len(level) > 0 && depth <= deepest; depth++ {
		var next []types.Type
		for _, t := range level {
			if p, ok := t.Underlying().(*types.Pointer); ok {
				t = p.Elem()
			}
			s, ok := t.Underlying().(*types.Struct)
			if !ok || seen[t] {
				continue
			}
			seen[t] = true
			for f := range s.Fields() {
				list = append(list, member{f, depth})
				if f.Embedded() {
					next = append(next, f.Type())
				}
			}
		}
		level = next
	}
	return list
}

// keyCandidates lists the fields that a literal may set and has not. ok is false where the
// word cannot be a field's name.
func (sc *scene) keyCandidates() (list []candidate, ok bool) {
	n := 1
	if pair, isPair := sc.node(1).(*ast.KeyValueExpr); isPair {
		if pair.Key != sc.node(0) {
			return nil, false
		}
		n = 2
	}
	lit, isLit := sc.node(n).(*ast.CompositeLit)
	if !isLit || lit.Type == sc.node(0) {
		return nil, false
	}
	s, isStruct := underlying(sc.literalType(lit)).(*types.Struct)
	if !isStruct {
		return nil, false
	}
	set := map[string]bool{}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok && kv.Key != sc.node(0) {
			if id, ok := kv.Key.(*ast.Ident); ok {
				set[id.Name] = true
			}
		} else if e != sc.node(0) && kv == nil {
			return nil, false // without keys
		}
	}
	for f := range s.Fields() {
		if (f.Exported() || f.Pkg() == sc.pkg) && !set[f.Name()] && f.Name() != "_" {
			list = append(list, objectCandidate(f, f.Name(), sc.qualifier))
		}
	}
	return list, true
}
