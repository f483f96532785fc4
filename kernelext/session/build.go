package session

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// build is a cell on its way to a program.
type build struct {
	s       *Session
	p       *parsed
	all     bool                   // every earlier definition is in, not only what is named
	needed  map[string]*definition // of earlier cells, by name; methods too
	dots    []*definition          // earlier imports with a dot
	dropped []string               // methods that do not fit the cell's types

	merged  map[variable]variable // versions of a variable that are one
	names   map[variable]string   // in the program
	aliases map[imported]string   // names of packages, by path and by what the reader calls them
	taken   map[string]bool       // names at the top of the program
	renamed map[string]string     // back to the reader's names

	wrong []problem
	checked
}

// variable is a variable of the cell in one of its versions; version 0 is that of an
// earlier cell.
type variable struct {
	name    string
	version int
}

// checked is what the type-checker found.
type checked struct {
	text   *text
	fset   *token.FileSet
	file   *ast.File
	info   *types.Info
	pkg    *types.Package
	errors []types.Error
}

func (s *Session) newBuild(p *parsed) *build {
	b := &build{s: s, p: p, needed: map[string]*definition{}, merged: map[variable]variable{}}
	return b
}

// find returns what a name means to the cell, apart from its own variables and packages
// that need no import.
func (b *build) find(name string) *definition {
	for _, i := range b.p.imports {
		if b.s.importName(i) == name {
			return &definition{name: name, kind: importKind, path: i.path, cell: b.p.cell, from: i.from, to: i.to}
		}
	}
	for _, d := range b.p.decls {
		if slices.Contains(d.names, name) {
			return definitionOf(b.p.cell, d, name)
		}
	}
	return b.s.defs[name]
}

func (s *Session) importName(i imported) string {
	if i.name != "" {
		return i.name
	}
	return s.index.nameOf(i.path)
}

// isOwn reports whether the cell itself declares a name, or defines it as a variable.
func (b *build) isOwn(name string) bool {
	return b.p.names[name] || b.p.versions[name] > 0
}

// close collects what the cell names of earlier cells, and what that names in turn.
func (b *build) close() {
	for _, d := range b.p.decls {
		d.refs = slices.DeleteFunc(d.refs, b.isField)
	}
	for _, s := range b.p.statements {
		s.refs = slices.DeleteFunc(s.refs, b.isField)
	}
	for _, d := range b.s.defs {
		if d.kind == importKind && strings.HasPrefix(d.name, ".") {
			b.dots = append(b.dots, d)
		}
	}
	slices.SortFunc(b.dots, func(x, y *definition) int { return cmp.Compare(x.path, y.path) })
	for _, d := range b.p.decls {
		b.follow(d.refs)
		if d.kind == typeKind {
			b.addMethods(d.names[0])
		}
		if d.kind == methodKind { // of a type of an earlier cell
			b.need(strings.Split(d.names[0], ".")[0])
		}
	}
	for _, s := range b.p.statements {
		b.follow(s.refs)
	}
	b.followDefined()
	if b.all {
		for name, d := range b.s.defs {
			if d.kind != methodKind && !strings.HasPrefix(name, ".") {
				b.need(name)
			}
		}
	}
}

// isField reports whether a key of a composite literal is a field's name: the literal is
// of a type that the notebook declares as a struct.
func (b *build) isField(f ref) bool {
	if !f.key || f.of == "" {
		return false
	}
	d := b.find(f.of)
	return d != nil && d.kind == typeKind && slices.ContainsFunc(scan(d.cell.code[d.from:d.to]), func(t scanned) bool { return t.tok == token.STRUCT }) &&
		!strings.Contains(tokens(d.cell.code[d.from:d.to]), d.name+" map ")
}

// follow needs what refs of the cell name.
func (b *build) follow(refs []ref) {
	for _, f := range refs {
		if f.version == 0 && !b.p.names[f.name] {
			b.need(f.name)
		} else if f.version < 0 {
			b.mention(f.name)
		}
	}
}

// need takes in a definition of an earlier cell.
func (b *build) need(name string) {
	d := b.s.defs[name]
	if d == nil || b.needed[name] != nil || b.p.names[name] || b.importsName(name) {
		return
	}
	b.needed[name] = d
	for _, other := range d.names() {
		b.mention(other)
	}
	switch d.kind {
	case typeKind:
		b.addMethods(name)
	case varKind:
		for _, other := range b.s.sharing(d) {
			b.need(other)
		}
		for _, other := range d.typesOfGroup() {
			if !b.isOwn(other) {
				b.need(other)
			}
		}
	}
}

// typesOfGroup lists the types of the notebook that the values of a variable's file had
// when it was kept, those in interfaces too: to load it the program has to declare them.
func (d *definition) typesOfGroup() (names []string) {
	if d.kept == nil {
		return nil
	}
	for _, t := range d.kept.beside {
		names = append(names, t.own...)
	}
	for _, reported := range d.kept.Types {
		e, err := parser.ParseExpr(quoted.ReplaceAllString(reported, "p."))
		if err != nil {
			continue
		}
		ast.Inspect(e, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				return false
			case *ast.Ident:
				names = append(names, n.Name)
			}
			return true
		})
	}
	return names
}

// quoted is a package's path in a type that package keep reports.
var quoted = regexp.MustCompile(`"[^"]*"\.`)

// mention needs what a declaration names. A variable that the cell defines anew may be used
// before: a function is called that names it.
func (b *build) mention(name string) {
	if !b.isOwn(name) || b.isThere(name) {
		b.need(name)
	}
}

// isThere reports whether a name is a variable of an earlier cell whose value can be loaded.
func (b *build) isThere(name string) bool {
	d := b.s.defs[name]
	if d == nil || d.kind != varKind || d.made || b.p.names[name] {
		return false
	}
	isGone := func(name string) bool { return b.whyGone(b.s.defs[name]) != "" }
	return d.kept != nil && d.kept.group == fingerprint(b.find, d.typesOfGroup()) && !slices.ContainsFunc(append(b.s.sharing(d), name), isGone)
}

// followDefined needs the variables that the cell defines anew while others share their
// memory: to define a variable again is to assign to it, which pointers to it see. Where
// all that share it are defined anew, or their values are gone, nobody looks.
func (b *build) followDefined() {
	for name := range b.p.versions {
		if !b.isThere(name) {
			continue
		}
		isOther := func(name string) bool { return b.p.versions[name] == 0 }
		if slices.ContainsFunc(b.s.sharing(b.s.defs[name]), isOther) {
			b.need(name)
		}
	}
}

func (b *build) importsName(name string) bool {
	return slices.ContainsFunc(b.p.imports, func(i imported) bool { return b.s.importName(i) == name })
}

// addMethods takes in the methods of a type that the cell does not declare anew.
func (b *build) addMethods(name string) {
	for key, d := range b.s.defs {
		if d.kind != methodKind || !strings.HasPrefix(key, name+".") || b.needed[key] != nil || b.ownMethod(key) {
			continue
		}
		b.needed[key] = d
		for _, other := range d.names() {
			b.mention(other)
		}
	}
}

func (b *build) ownMethod(key string) bool {
	return slices.ContainsFunc(b.p.decls, func(d *declared) bool { return d.kind == methodKind && d.names[0] == key })
}

// sharing lists the variables that share memory with one.
func (s *Session) sharing(d *definition) (names []string) {
	if d.kept == nil || d.kept.Group == "" {
		return nil
	}
	for name, other := range s.defs {
		if other.kind == varKind && other.kept != nil && other.kept.Group == d.kept.Group && other.kept.File == d.kept.File && name != d.name {
			names = append(names, name)
		}
	}
	return names
}

// name gives the names of the program: those of readers wherever that can be.
func (b *build) name() {
	b.names, b.aliases, b.taken, b.renamed = map[variable]string{}, map[imported]string{}, map[string]bool{"main": true, "init": true}, map[string]string{}
	for name := range b.p.names {
		b.taken[name] = true
	}
	for name := range b.p.versions {
		b.taken[name] = true
	}
	for name, d := range b.needed {
		if d.kind != importKind && d.kind != methodKind {
			b.taken[name] = true
		}
	}
	for name, versions := range b.p.versions {
		for v := range versions + 1 {
			b.nameVersion(variable{name, v})
		}
	}
}

func (b *build) nameVersion(v variable) {
	c := b.canonical(v)
	if c != v || v.version == 0 && b.needed[v.name] == nil {
		return
	}
	if v.version == 1 || v.version == 0 && b.canonical(variable{v.name, 1}) == v {
		b.names[v] = v.name
		return
	}
	fresh := b.fresh(fmt.Sprintf("%s_%d", v.name, v.version))
	b.names[v], b.renamed[fresh] = fresh, v.name
}

// fresh makes a name that nothing at the top of the program has.
func (b *build) fresh(name string) string {
	for b.taken[name] {
		name += "_"
	}
	b.taken[name] = true
	return name
}

func (b *build) canonical(v variable) variable {
	for {
		c, ok := b.merged[v]
		if !ok {
			return v
		}
		v = c
	}
}

// goName is what a variable is called in the program.
func (b *build) goName(name string, version int) string {
	if version < 0 {
		version = b.p.versions[name]
	}
	if given, ok := b.names[b.canonical(variable{name, version})]; ok {
		return given
	}
	return name
}

// alias is what a package is called in the program that the reader calls name.
func (b *build) alias(name, path string) string {
	key := imported{name: name, path: path}
	if a, ok := b.aliases[key]; ok {
		return a
	}
	a := b.fresh(name)
	if a != name {
		b.renamed[a] = name
	}
	b.aliases[key] = a
	return a
}

// aliasOf is what a package is called of which only the path is known.
func (b *build) aliasOf(path string) string {
	for key, a := range b.aliases {
		if key.path == path && key.name != "_" && key.name != "." {
			return a
		}
	}
	return b.alias(b.s.index.nameOf(path), path)
}

// edits renames what refs mention where the program calls it otherwise.
func (b *build) edits(refs []ref) (edits []edit) {
	for _, f := range refs {
		if now := b.called(f); now != f.name {
			edits = append(edits, edit{f.from, f.to, now})
		}
	}
	return edits
}

// called is what the program calls what a ref mentions.
func (b *build) called(f ref) string {
	switch {
	case f.path != "":
		return b.alias(f.name, f.path)
	case b.p.versions[f.name] > 0 && (f.version != 0 || b.needed[f.name] != nil):
		return b.goName(f.name, f.version)
	case b.p.names[f.name]:
		return f.name
	}
	if path := b.packageOf(f); path != "" {
		return b.alias(f.name, path)
	}
	return f.name
}

// packageOf is the package that a ref stands for; "" where it is none.
func (b *build) packageOf(f ref) string {
	if f.path != "" {
		return f.path
	}
	if b.isOwn(f.name) && f.version != 0 || b.p.names[f.name] {
		return ""
	}
	if d := b.find(f.name); d != nil {
		return d.path
	}
	if f.selector && types.Universe.Lookup(f.name) == nil {
		path, _ := b.s.index.implicit(f.name)
		return path
	}
	return ""
}

// atEnd are refs of an earlier definition: variables of the cell are those at its end.
func atEnd(refs []ref) []ref {
	refs = slices.Clone(refs)
	for i := range refs {
		refs[i].version = -1
	}
	return refs
}

// inOrder lists what is needed in an order that is the same each time.
func (b *build) inOrder() []*definition {
	var all []*definition
	for _, d := range b.needed {
		all = append(all, d)
	}
	slices.SortFunc(all, func(x, y *definition) int {
		return cmp.Or(cmp.Compare(x.kind, y.kind), cmp.Compare(x.name, y.name))
	})
	return all
}

// compose writes the text that is type-checked. Variables of the cell are variables of
// the package, in the place of the statements that define them: the checker finds their
// types whatever the order, functions included.
func (b *build) compose() *text {
	var body text
	for _, d := range b.inOrder() {
		switch d.kind {
		case varKind:
			if d.made {
				if b.isFirstOfSpec(d) {
					body.add("var ")
					body.code(d.cell, d.from, d.to, b.specEdits(d))
					body.add("\n")
				}
			} else if b.p.versions[d.name] == 0 || b.names[variable{d.name, 0}] != "" {
				body.add("var ", b.goName(d.name, 0), " ", d.typ.write(b.aliasOf), "\n")
			}
		case constKind:
			body.add("const ", d.name, " ", d.typ.write(b.aliasOf), " = ", d.value, "\n")
		case typeKind, funcKind, methodKind:
			body.add(d.keyword)
			body.code(d.cell, d.from, d.to, b.edits(atEnd(d.refs)))
			body.add("\n")
		}
	}
	for _, d := range b.p.decls {
		body.add(d.keyword)
		body.code(b.p.cell, d.from, d.to, b.edits(d.refs))
		body.add("\n")
	}
	for _, s := range b.p.statements {
		for _, bind := range s.bindings {
			b.composeBinding(&body, s, bind)
		}
	}
	body.add("func _() {\n")
	for _, s := range b.p.statements {
		if len(s.bindings) == 0 {
			body.code(b.p.cell, s.from, s.to, b.edits(s.refs))
			body.add("\n")
		}
	}
	body.add("}\n")
	return b.withImports(&body)
}

func (b *build) composeBinding(body *text, s *statement, bind *binding) {
	edits := b.edits(s.refs)
	body.add("var ")
	for i, n := range bind.names {
		if i > 0 {
			body.add(", ")
		}
		rename := []edit{}
		if now := b.declaredName(n); now != n.name {
			rename = []edit{{n.from, n.to, now}}
		}
		body.code(b.p.cell, n.from, n.to, rename)
	}
	if bind.typ[1] > 0 {
		body.add(" ")
		body.code(b.p.cell, bind.typ[0], bind.typ[1], edits)
	}
	if bind.values[1] > 0 {
		body.add(" = ")
		body.code(b.p.cell, bind.values[0], bind.values[1], edits)
	}
	body.add("\n")
}

// declaredName is what the checked text calls a variable where it is defined. One that
// is merged with an earlier one needs a name of its own there.
func (b *build) declaredName(n ref) string {
	if n.name == "_" {
		return "_"
	}
	v := variable{n.name, n.version}
	if b.canonical(v) == v {
		return b.goName(n.name, n.version)
	}
	return checkedName(v)
}

// checkedName is a name that no reader's name is, for the type-checker.
func checkedName(v variable) string { return fmt.Sprintf("ˇ%s_%d", v.name, v.version) }

// withImports puts the imports before a program that has named what it needs.
func (b *build) withImports(body *text) *text {
	var t text
	t.add("package main\n")
	for _, key := range b.imports() {
		t.add("import ", b.aliases[key], " ", fmt.Sprintf("%q", key.path), "\n")
	}
	for _, i := range b.p.imports {
		if i.name == "." || i.name == "_" {
			t.add("import ", i.name, " ", fmt.Sprintf("%q", i.path), "\n")
		}
	}
	for _, d := range b.dots {
		t.add("import . ", fmt.Sprintf("%q", d.path), "\n")
	}
	shift := t.b.Len()
	for _, r := range body.runs {
		r.at += shift
		t.runs = append(t.runs, r)
	}
	t.add(body.String())
	return &t
}

// imports lists the packages that the program names.
func (b *build) imports() []imported {
	var all []imported
	for key := range b.aliases {
		all = append(all, key)
	}
	slices.SortFunc(all, func(x, y imported) int {
		return cmp.Or(cmp.Compare(x.path, y.path), cmp.Compare(x.name, y.name))
	})
	return all
}

// check type-checks the cell, first with every definition of a variable by itself, then
// with those made one that may be.
func (b *build) check() {
	b.name()
	b.checkText(b.compose())
	if b.merge() {
		b.name()
		b.checkText(b.compose())
	}
	if b.dropMethods() {
		b.merged = map[variable]variable{}
		b.check()
	}
}

// dropMethods drops methods that earlier cells gave to a type which this cell declares
// anew, and which do not fit it.
func (b *build) dropMethods() (dropped bool) {
	for _, err := range b.errors {
		if b.isHarmless(err) {
			continue
		}
		c, offset, _ := b.text.origin(b.offsetOf(err.Pos))
		for name, d := range b.needed {
			of, _, _ := strings.Cut(name, ".")
			if d.kind == methodKind && d.cell == c && c != b.p.cell && d.from <= offset && offset <= d.to && b.p.names[of] {
				delete(b.needed, name)
				b.dropped, dropped = append(b.dropped, name), true
			}
		}
	}
	return dropped
}

func (b *build) checkText(t *text) {
	b.checked = checked{text: t, fset: token.NewFileSet()}
	b.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, Implicits: map[ast.Node]types.Object{}, Scopes: map[ast.Node]*types.Scope{},
		Instances: map[*ast.Ident]types.Instance{},
	}
	file, err := parser.ParseFile(b.fset, "", t.String(), parser.SkipObjectResolution)
	if err != nil && file == nil {
		b.wrong = append(b.wrong, problem{b.p.cell, 0, err.Error()})
		return
	}
	b.file = file
	config := types.Config{
		Importer: b.s.index,
		Error: func(err error) {
			if e, ok := err.(types.Error); ok {
				b.errors = append(b.errors, e)
			}
		},
	}
	b.pkg, _ = config.Check("main", b.fset, []*ast.File{file}, b.info) // errors are in b.errors
}

// merge makes versions of a variable one that have one type: to define a variable again
// is to assign to it. So is, as in Go, to define it beside a new one where the value fits.
func (b *build) merge() (changed bool) {
	current := map[string]variable{}
	for name := range b.p.versions {
		if b.needed[name] != nil && b.needed[name].kind == varKind {
			current[name] = variable{name, 0}
		}
	}
	for _, s := range b.p.statements {
		for _, bind := range s.bindings {
			fresh := 0
			for _, n := range bind.names {
				if n.version == 1 {
					fresh++
				}
			}
			for _, n := range bind.names {
				if n.name == "_" {
					continue
				}
				v := variable{n.name, n.version}
				before, ok := current[n.name]
				if ok && b.fits(v, before, bind.define && fresh > 0 && before.version > 0) {
					b.merged[v], changed = before, true
					continue
				}
				current[n.name] = v
			}
		}
	}
	return changed
}

// fits reports whether a version of a variable can be the one before.
func (b *build) fits(v, before variable, assign bool) bool {
	t, old := b.typeOf(v), b.typeOf(before)
	if t == nil || old == nil || isInvalid(t) || isInvalid(old) {
		return false
	}
	return types.Identical(t, old) || assign && types.AssignableTo(t, old)
}

func isInvalid(t types.Type) bool { return t == types.Typ[types.Invalid] }

// typeOf is the type of a variable of the checked text.
func (b *build) typeOf(v variable) types.Type {
	o := b.pkg.Scope().Lookup(b.names[v])
	if o == nil {
		return nil
	}
	return o.Type()
}
