package session

import (
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// placeKind is what may stand at the cursor.
type placeKind int

const (
	valuePlace     placeKind = iota
	statementPlace           // a statement may begin
	typePlace                // a type
	namePlace                // a new name: nothing is known of it
	labelPlace
)

// place tells what the word is to be from what is around it.
func (sc *scene) place() placeKind {
	n := 0
	if sel, ok := sc.node(1).(*ast.SelectorExpr); ok && sel.Sel == sc.node(0) {
		n = 1
	}
	e := sc.node(n)
	switch parent := sc.node(n + 1).(type) {
	case *ast.ExprStmt:
		return statementPlace
	case *ast.Field:
		if parent.Type == e {
			return typePlace
		}
		return namePlace
	case *ast.FuncDecl:
		return namePlace
	case *ast.TypeSpec:
		if parent.Type == e {
			return typePlace
		}
		return namePlace
	case *ast.ValueSpec:
		if parent.Type == e {
			return typePlace
		}
		if slices.ContainsFunc(parent.Names, func(id *ast.Ident) bool { return id == e }) {
			return namePlace
		}
	case *ast.ArrayType:
		if parent.Elt == e {
			return typePlace
		}
	case *ast.MapType, *ast.ChanType, *ast.Ellipsis:
		return typePlace
	case *ast.StarExpr:
		return sc.placeOfPointer(n + 1)
	case *ast.CompositeLit:
		if parent.Type == e {
			return typePlace
		}
	case *ast.TypeAssertExpr:
		if parent.Type == e {
			return typePlace
		}
	case *ast.CallExpr:
		if id, ok := parent.Fun.(*ast.Ident); ok && (id.Name == "make" || id.Name == "new") && len(parent.Args) > 0 && parent.Args[0] == e {
			return typePlace
		}
	case *ast.CaseClause:
		if _, ok := sc.node(n + 3).(*ast.TypeSwitchStmt); ok {
			return typePlace
		}
	case *ast.BranchStmt:
		return labelPlace
	case *ast.ImportSpec, *ast.LabeledStmt:
		return namePlace
	}
	return valuePlace
}

// placeOfPointer tells *T from a value that is read through a pointer.
func (sc *scene) placeOfPointer(n int) placeKind {
	star := sc.node(n)
	switch parent := sc.node(n + 1).(type) {
	case *ast.Field, *ast.TypeSpec, *ast.MapType, *ast.ArrayType, *ast.ChanType, *ast.Ellipsis, *ast.TypeAssertExpr:
		return typePlace
	case *ast.ValueSpec:
		if parent.Type == star {
			return typePlace
		}
	case *ast.StarExpr:
		return sc.placeOfPointer(n + 1)
	}
	return valuePlace
}

// nameCandidates lists the names that may stand at the cursor.
func (sc *scene) nameCandidates() (list []candidate) {
	place, want := valuePlace, types.Type(nil)
	if len(sc.path) > 0 {
		place, want = sc.place(), sc.wanted(0)
	}
	switch place {
	case namePlace:
		return nil
	case labelPlace:
		return sc.labels()
	}
	list = sc.ofType(want)
	list = append(list, sc.localNames(place, want)...)
	list = append(list, sc.topNames(place, want)...)
	list = append(list, sc.universe(place, want)...)
	list = append(list, sc.keywords(place, want)...)
	list = append(list, sc.packageNames(withoutWish(place, want))...)
	if place == typePlace {
		list = slices.DeleteFunc(list, func(c candidate) bool { return c.misfit == noFit && c.kind != "module" && c.kind != "keyword" })
	}
	return list
}

// withoutWish is how what has no type fits.
func withoutWish(place placeKind, want types.Type) fitRank {
	if want != nil || place == typePlace {
		return noFit
	}
	return fitValue
}

// candidateFor judges an object by what is wanted.
func (sc *scene) candidateFor(o types.Object, name string, place placeKind, want types.Type) candidate {
	c := objectCandidate(o, name, sc.qualifier)
	c.misfit = fitOf(o, place, want)
	return c
}

// localNames lists what is defined in the functions and blocks around the cursor.
func (sc *scene) localNames(place placeKind, want types.Type) (list []candidate) {
	depth := 0
	for s := sc.innermost(); s != nil && s != sc.pkg.Scope() && s.Parent() != sc.pkg.Scope(); s = s.Parent() {
		for _, name := range s.Names() {
			o := s.Lookup(name)
			if _, visible := s.LookupParent(name, sc.pos); visible != o || name == holder {
				continue
			}
			c := sc.candidateFor(o, name, place, want)
			c.depth = depth
			list = append(list, c)
		}
		depth++
	}
	return list
}

// innermost is the scope at the cursor; nil outside of all functions.
func (sc *scene) innermost() *types.Scope {
	if !sc.pos.IsValid() {
		return nil
	}
	return sc.pkg.Scope().Innermost(sc.pos)
}

// topDepth puts the names of the notebook behind those of functions.
const topDepth = 100

// topNames lists what the notebook defines.
func (sc *scene) topNames(place placeKind, want types.Type) (list []candidate) {
	scope := sc.pkg.Scope()
	best := map[string]types.Object{}
	for _, name := range scope.Names() {
		o := scope.Lookup(name)
		reader := sc.readerName(name)
		if reader == "" || reader == "_" || name == holder || sc.isLater(o) {
			continue
		}
		if old := best[reader]; old == nil || old.Pos() < o.Pos() {
			best[reader] = o
		}
	}
	for _, name := range slices.Sorted(maps.Keys(best)) {
		c := sc.candidateFor(best[name], name, place, want)
		c.depth = topDepth
		if !sc.isOwn(name) {
			c.scope = earlierScope
		}
		list = append(list, c)
	}
	for s := range scope.Children() { // of the file: what imports with a dot bring
		for _, name := range s.Names() {
			o := s.Lookup(name)
			if _, isPackage := o.(*types.PkgName); !isPackage && o.Exported() {
				c := sc.candidateFor(o, name, place, want)
				c.scope = restScope
				list = append(list, c)
			}
		}
	}
	return list
}

// isLater reports whether a variable of the cell is defined at or behind the cursor, by a
// statement that is not reached yet there.
func (sc *scene) isLater(o types.Object) bool {
	if _, ok := o.(*types.Var); !ok || !sc.pos.IsValid() {
		return false
	}
	for _, n := range sc.path {
		if f, ok := n.(*ast.FuncDecl); ok && f.Name.Name != "_" {
			return false
		}
	}
	cell, at, exact := sc.text.origin(sc.offsetOf(o.Pos()))
	if !exact || cell != sc.p.cell {
		return false
	}
	_, cursor, _ := sc.text.origin(sc.offsetOf(sc.pos))
	for _, st := range sc.p.statements {
		if st.from <= at && at < st.to {
			return at >= cursor || st.from <= cursor && cursor <= st.to && len(st.bindings) > 0
		}
	}
	return false
}

// packageNames lists the packages that can be named.
func (sc *scene) packageNames(misfit fitRank) (list []candidate) {
	seen := map[string]bool{}
	add := func(name, path string, scope scopeRank, depth int) {
		if name != "_" && name != "." && name != "" && !seen[name] && !strings.HasPrefix(name, ".") {
			seen[name] = true
			list = append(list, candidate{text: name, kind: "module", signature: path, misfit: misfit, scope: scope, depth: depth})
		}
	}
	for _, i := range sc.p.imports {
		add(sc.s.importName(i), i.path, cellScope, topDepth+1)
	}
	for _, d := range sc.inOrder() {
		if d.kind == importKind {
			add(d.name, d.path, earlierScope, topDepth+1)
		}
	}
	names := sc.s.index.implicits()
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !sc.isOwn(name) && sc.find(name) == nil {
			add(name, names[name], packageScope(names[name]), 0)
		}
	}
	return list
}

func packageScope(path string) scopeRank {
	switch {
	case strings.HasPrefix(path, labModule+"/"):
		return labScope
	case strings.Contains(path, "."):
		return moduleScope
	}
	return restScope
}

// universe lists what the language declares.
func (sc *scene) universe(place placeKind, want types.Type) (list []candidate) {
	for _, name := range types.Universe.Names() {
		o := types.Universe.Lookup(name)
		c := objectCandidate(o, name, sc.qualifier)
		c.scope = restScope
		_, isBuiltin := o.(*types.Builtin)
		switch c.misfit = fitOf(o, place, want); {
		case name == "iota", isBuiltin && want != nil:
			c.misfit = noFit
		case name == "nil" && want != nil && nilFits(want):
			c.misfit = fitAssign
		}
		list = append(list, c)
	}
	return list
}

func nilFits(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Slice, *types.Map, *types.Chan, *types.Signature, *types.Interface:
		return true
	}
	return false
}

// keywords lists the keywords that may stand at the cursor.
func (sc *scene) keywords(place placeKind, want types.Type) (list []candidate) {
	words := []string{"chan", "func", "interface", "map", "struct"}
	switch place {
	case valuePlace:
		words = append(words, "range")
	case statementPlace:
		words = statementWords(sc.path)
	}
	for _, w := range words {
		list = append(list, candidate{text: w, kind: "keyword", misfit: withoutWish(place, want), scope: restScope})
	}
	return list
}

// statementWords are the keywords that a statement may begin with.
func statementWords(path []ast.Node) []string {
	words := []string{"const", "defer", "else", "for", "func", "go", "goto", "if", "import", "map", "select", "struct", "switch", "type", "var"}
	for _, n := range path {
		switch n := n.(type) {
		case *ast.FuncLit:
			words = append(words, "return")
		case *ast.FuncDecl:
			if n.Name.Name != "_" {
				words = append(words, "return")
			}
		case *ast.ForStmt, *ast.RangeStmt:
			words = append(words, "break", "continue")
		case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			words = append(words, "break", "case", "default", "fallthrough")
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// labels lists the labels of the function around the cursor.
func (sc *scene) labels() (list []candidate) {
	for _, n := range sc.path {
		if s, ok := n.(*ast.LabeledStmt); ok {
			list = append(list, candidate{text: s.Label.Name, kind: "keyword"})
		}
	}
	return list
}

// ofType lists what a package has to offer where one of its types is wanted: constants and
// variables of the type, what implements an interface, the type itself.
func (sc *scene) ofType(want types.Type) (list []candidate) {
	if want == nil {
		return nil
	}
	inner := want
	if p, ok := want.(*types.Pointer); ok {
		inner = p.Elem()
	}
	named, ok := types.Unalias(inner).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg() == sc.pkg || !sc.canName(named.Obj().Pkg()) {
		return nil
	}
	p := named.Obj().Pkg()
	for _, name := range p.Scope().Names() {
		o := p.Scope().Lookup(name)
		if !o.Exported() || !offers(o, want, named) {
			continue
		}
		c := objectCandidate(o, p.Name()+"."+name, sc.qualifier)
		c.by, c.scope = name, packageScope(p.Path())
		list = append(list, c)
	}
	return list
}

// canName reports whether a package is called by its own name in the cell.
func (sc *scene) canName(p *types.Package) bool {
	if sc.isOwn(p.Name()) {
		return false
	}
	if d := sc.find(p.Name()); d != nil {
		return d.path == p.Path()
	}
	return sc.s.index.implicits()[p.Name()] == p.Path()
}

func offers(o types.Object, want types.Type, named *types.Named) bool {
	switch o := o.(type) {
	case *types.Const, *types.Var:
		return types.Identical(o.Type(), want)
	case *types.TypeName:
		if i, ok := named.Underlying().(*types.Interface); ok {
			return !types.IsInterface(o.Type()) && !i.Empty() && types.Implements(o.Type(), i)
		}
		_, isStruct := named.Underlying().(*types.Struct)
		return isStruct && o == named.Obj() && types.Identical(named, want)
	}
	return false
}
