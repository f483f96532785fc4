package session

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"slices"
	"strconv"
)

// parsed is a cell as its syntax tells it: what it declares and defines, and which names
// it mentions that are not its functions' own.
type parsed struct {
	cell       *cellText
	imports    []imported
	decls      []*declared
	statements []*statement
	versions   map[string]int // how often the cell's statements define a variable
	names      map[string]bool
	wrong      []problem // in the syntax
}

// problem is something wrong at a place of a cell.
type problem struct {
	cell    *cellText
	offset  int
	message string
}

// imported is an import of a cell.
type imported struct {
	name     string // "" for the package's own
	path     string
	from, to int
}

// declared is a function, a method, a type or a group of constants of a cell.
type declared struct {
	kind     kind
	names    []string // of a method "T.M"
	keyword  string   // that the text lacks: "type"
	from, to int
	name     int // offset of the name
	body     [2]int
	receiver string // as GoNB writes it: "T", "Stack[T]", "unknown"
	refs     []ref
}

// statement is a statement at the top of a cell.
type statement struct {
	piece
	bindings []*binding // variables that it defines
	refs     []ref
	call     bool // of an expression: a call or a receive, which may stand alone
}

// binding is a line of variables that are defined together.
type binding struct {
	names   []ref // with their versions; _ has none
	typ     [2]int
	values  [2]int
	define  bool // by :=
	literal bool // one variable, whose value is a function literal
	call    bool // var x = pkg.F(…) with literal arguments
}

// ref is a name that a piece of a cell mentions, and which something outside of it defines.
type ref struct {
	from, to int
	name     string
	version  int    // of the cell's variable; 0: defined elsewhere; -1: that at the end of the cell
	selector bool   // as in name.Member
	key      bool   // of a composite literal; it may be a field's name
	of       string // the literal's type, where that is a name of the notebook
	path     string // the package that the name stands for, once that is known
}

// parseCell parses a cell. Pieces that are no Go are in wrong and left out.
func parseCell(c *cellText) *parsed {
	p := &parsed{cell: c, versions: map[string]int{}, names: map[string]bool{}}
	_, errs := scanErrors(c.code)
	for _, e := range errs {
		p.wrong = append(p.wrong, problem{c, e.offset, e.message})
	}
	var decls, statements []piece
	for _, piece := range split(c.code) {
		switch wrong := p.syntax(piece); {
		case len(wrong) > 0:
			if len(errs) == 0 {
				p.wrong = append(p.wrong, wrong...)
			}
		case piece.kind == importPiece:
			p.addImports(piece)
		case piece.kind == declPiece:
			decls = append(decls, piece)
		default:
			statements = append(statements, piece)
		}
	}
	p.resolve(decls, statements)
	return p
}

// syntax parses a piece by itself, so that what is wrong with it is told once.
func (p *parsed) syntax(piece piece) []problem {
	var t text
	t.add("package p; ")
	inside := piece.kind != importPiece && piece.kind != declPiece
	if inside {
		t.add("func _() { ")
	}
	t.code(p.cell, piece.from, piece.to, nil)
	if inside {
		t.add("\n}")
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", t.String(), parser.SkipObjectResolution)
	if err == nil {
		if f, ok := last(file.Decls).(*ast.FuncDecl); inside && (!ok || f.Name.Name != "_" || len(f.Body.List) > 1) || len(file.Decls) > 1 {
			return []problem{{p.cell, piece.from, "unexpected }"}}
		}
		return nil
	}
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		return []problem{{p.cell, piece.from, err.Error()}}
	}
	_, at, _ := t.origin(list[0].Pos.Offset)
	return []problem{{p.cell, min(at, piece.to), list[0].Msg}}
}

func last[T any](list []T) (t T) {
	if len(list) > 0 {
		t = list[len(list)-1]
	}
	return t
}

func (p *parsed) addImports(piece piece) {
	prefix := "package p; "
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", prefix+p.cell.code[piece.from:piece.to], parser.ImportsOnly)
	if err != nil {
		return // told by syntax
	}
	offset := func(pos token.Pos) int { return fset.Position(pos).Offset - len(prefix) + piece.from }
	for _, spec := range file.Imports {
		i := imported{from: offset(spec.Path.Pos()), to: offset(spec.Path.End())}
		i.path, _ = strconv.Unquote(spec.Path.Value)
		if spec.Name != nil {
			i.name = spec.Name.Name
		}
		p.imports = append(p.imports, i)
	}
}

// resolve parses the good pieces together, which tells local names from others.
func (p *parsed) resolve(decls, statements []piece) {
	var t text
	t.add("package p\n")
	for _, d := range decls {
		t.code(p.cell, d.from, d.to, nil)
		t.add("\n")
	}
	t.add("func _() {\n")
	for _, s := range statements {
		t.code(p.cell, s.from, s.to, nil)
		t.add("\n")
	}
	t.add("}\n")
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", t.String(), 0)
	if err != nil || len(file.Decls) != len(decls)+1 {
		if len(p.wrong) == 0 {
			p.wrong = append(p.wrong, problem{p.cell, 0, "this is no Go that can be taken apart"})
		}
		return
	}
	r := newResolver(p, fset, file, &t)
	for i, d := range file.Decls[:len(decls)] {
		r.declaration(decls[i], d)
	}
	body := file.Decls[len(decls)].(*ast.FuncDecl).Body.List
	for i, s := range body[:min(len(body), len(statements))] {
		r.statement(statements[i], s)
	}
}

// object is what a parser resolves a name to. It is deprecated for what it cannot know, a
// key of a composite literal; keyOf sees to those. It is all that there is before types
// are known.
//
//lint:ignore SA1019 see above
type object = ast.Object

// resolver takes apart the syntax of a cell.
type resolver struct {
	p          *parsed
	fset       *token.FileSet
	text       *text
	unresolved map[*ast.Ident]bool
	global     map[*object]bool // of the file, and variables at the top of the statements
	variables  map[*object]bool // the latter
}

func newResolver(p *parsed, fset *token.FileSet, file *ast.File, t *text) *resolver {
	r := &resolver{p, fset, t, map[*ast.Ident]bool{}, map[*object]bool{}, map[*object]bool{}}
	for _, id := range file.Unresolved {
		r.unresolved[id] = true
	}
	for _, obj := range file.Scope.Objects {
		r.global[obj] = true
	}
	for _, s := range last(file.Decls).(*ast.FuncDecl).Body.List {
		for _, id := range defined(s) {
			if id.Obj != nil {
				r.global[id.Obj], r.variables[id.Obj] = true, true
			}
		}
	}
	return r
}

// defined lists the variables that a statement defines, _ among them.
func defined(s ast.Stmt) (names []*ast.Ident) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE {
			for _, e := range s.Lhs {
				if id, ok := e.(*ast.Ident); ok {
					names = append(names, id)
				}
			}
		}
	case *ast.DeclStmt:
		if d, ok := s.Decl.(*ast.GenDecl); ok && d.Tok == token.VAR {
			for _, spec := range d.Specs {
				names = append(names, spec.(*ast.ValueSpec).Names...)
			}
		}
	}
	return names
}

func (r *resolver) offset(pos token.Pos) int {
	_, at, _ := r.text.origin(r.fset.Position(pos).Offset)
	return at
}

func (r *resolver) span(from, to token.Pos) [2]int { return [2]int{r.offset(from), r.offset(to)} }

// declaration takes apart a func, type or const declaration.
func (r *resolver) declaration(at piece, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		f := &declared{kind: funcKind, names: []string{d.Name.Name}, from: at.from, to: at.to, name: r.offset(d.Name.Pos())}
		if d.Body != nil {
			f.body = r.span(d.Body.Lbrace, d.Body.Rbrace)
		}
		if d.Recv != nil && len(d.Recv.List) > 0 {
			f.kind = methodKind
			f.names[0] = receiverName(d.Recv.List[0].Type) + "." + d.Name.Name
			f.receiver = r.gonbReceiver(d.Recv.List[0].Type)
		}
		f.refs = r.refs(d, -1)
		r.add(f)
	case *ast.GenDecl:
		if d.Tok == token.CONST {
			r.constants(at, d)
			return
		}
		for _, spec := range d.Specs {
			s, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			span := r.span(s.Pos(), s.End())
			r.add(&declared{kind: typeKind, names: []string{s.Name.Name}, keyword: "type ", from: span[0], to: span[1], name: span[0], refs: r.refs(s, -1)})
		}
	}
}

func (r *resolver) add(d *declared) {
	r.p.decls = append(r.p.decls, d)
	for _, name := range d.names {
		if d.kind != methodKind {
			r.p.names[name] = true
		}
	}
}

func (r *resolver) constants(at piece, d *ast.GenDecl) {
	group := &declared{kind: constKind, from: at.from, to: at.to, name: at.from, refs: r.refs(d, -1)}
	for _, spec := range d.Specs {
		for _, id := range spec.(*ast.ValueSpec).Names {
			if id.Name != "_" {
				group.names = append(group.names, id.Name)
			}
		}
	}
	r.add(group)
}

// receiverName is the name of a receiver's type.
func receiverName(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return "_"
		}
	}
}

// gonbReceiver is how GoNB calls the receiver in its list of functions.
func (r *resolver) gonbReceiver(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.StarExpr:
		span := r.span(x.X.Pos(), x.X.End())
		return r.p.cell.code[span[0]:span[1]]
	}
	return "unknown"
}

// statement takes apart a statement at the top of the cell.
func (r *resolver) statement(at piece, s ast.Stmt) {
	st := &statement{piece: at}
	before := versionsOf(r.p.versions)
	switch s := s.(type) {
	case *ast.ExprStmt:
		st.kind = valuePiece
		switch e := ast.Unparen(s.X).(type) {
		case *ast.CallExpr:
			st.call = true
		case *ast.UnaryExpr:
			st.call = e.Op == token.ARROW
		}
	case *ast.AssignStmt:
		if ids := identifiers(s.Lhs); s.Tok == token.DEFINE && len(ids) == len(s.Lhs) {
			st.kind = definePiece
			st.bindings = []*binding{r.binding(ids, nil, s.Rhs, true)}
		}
	case *ast.DeclStmt:
		if d, ok := s.Decl.(*ast.GenDecl); ok && d.Tok == token.VAR {
			st.kind = varPiece
			for _, spec := range d.Specs {
				v := spec.(*ast.ValueSpec)
				refs := r.refsAt(v, versionsOf(r.p.versions))
				st.bindings = append(st.bindings, r.binding(v.Names, v.Type, v.Values, false))
				st.refs = append(st.refs, slices.DeleteFunc(refs, st.defines)...)
			}
			r.p.statements = append(r.p.statements, st)
			return
		}
	}
	st.refs = slices.DeleteFunc(r.refsAt(s, before), st.defines)
	r.p.statements = append(r.p.statements, st)
}

// defines reports whether a mention is the place where the statement defines the name.
func (st *statement) defines(f ref) bool {
	for _, b := range st.bindings {
		if slices.ContainsFunc(b.names, func(n ref) bool { return n.from == f.from }) {
			return true
		}
	}
	return false
}

func versionsOf(m map[string]int) map[string]int {
	now := make(map[string]int, len(m))
	for name, n := range m {
		now[name] = n
	}
	return now
}

func identifiers(list []ast.Expr) (ids []*ast.Ident) {
	for _, e := range list {
		if id, ok := e.(*ast.Ident); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

func (r *resolver) binding(names []*ast.Ident, typ ast.Expr, values []ast.Expr, define bool) *binding {
	b := &binding{define: define}
	if typ != nil {
		b.typ = r.span(typ.Pos(), typ.End())
	}
	if len(values) > 0 {
		b.values = r.span(values[0].Pos(), last(values).End())
		_, isFunction := ast.Unparen(values[0]).(*ast.FuncLit)
		b.literal = isFunction && len(values) == 1 && len(names) == 1
		b.call = !define && len(values) == 1 && len(names) == 1 && isPackageCall(values[0])
	}
	for _, id := range names {
		n := ref{from: r.offset(id.Pos()), to: r.offset(id.End()), name: id.Name}
		if id.Name != "_" {
			r.p.versions[id.Name]++
			n.version = r.p.versions[id.Name]
		}
		b.names = append(b.names, n)
	}
	return b
}

// isPackageCall reports whether an expression is of the form pkg.F(…) with nothing but
// literals in the parentheses.
func isPackageCall(e ast.Expr) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || slices.ContainsFunc(call.Args, func(a ast.Expr) bool { _, ok := a.(*ast.BasicLit); return !ok }) {
		return false
	}
	s, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	_, ok = s.X.(*ast.Ident)
	return ok
}

// refs lists the names that a declaration mentions.
func (r *resolver) refs(n ast.Node, version int) []ref {
	return r.collect(n, func(string) int { return version })
}

// refsAt lists the names that a statement mentions, where variables of the cell have
// been defined so often.
func (r *resolver) refsAt(n ast.Node, versions map[string]int) []ref {
	return r.collect(n, func(name string) int { return versions[name] })
}

func (r *resolver) collect(n ast.Node, version func(string) int) (refs []ref) {
	selectors, keys := map[*ast.Ident]bool{}, map[*ast.Ident]*ast.CompositeLit{}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok {
				selectors[id] = true
			}
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					if id, ok := kv.Key.(*ast.Ident); ok {
						keys[id] = n
					}
				}
			}
		case *ast.Ident:
			lit := keys[n]
			key, of, isField := keyOf(n, lit)
			if isField || !r.mentions(n, lit != nil) {
				return true
			}
			f := ref{from: r.offset(n.Pos()), to: r.offset(n.End()), name: n.Name, selector: selectors[n], key: key, of: of}
			if n.Obj == nil || r.variables[n.Obj] {
				f.version = version(n.Name)
			}
			refs = append(refs, f)
		}
		return true
	})
	slices.SortFunc(refs, func(a, b ref) int { return a.from - b.from })
	return refs
}

// keyOf tells what a key of a composite literal may be: a field, which is no mention, or
// an expression, or either where that depends on what the type is.
func keyOf(id *ast.Ident, lit *ast.CompositeLit) (key bool, of string, isField bool) {
	if lit == nil {
		return false, "", false
	}
	t := lit.Type
	switch x := t.(type) {
	case *ast.IndexExpr:
		t = x.X
	case *ast.IndexListExpr:
		t = x.X
	}
	switch t := t.(type) {
	case nil:
		return true, "", false
	case *ast.Ident:
		return true, t.Name, false
	case *ast.SelectorExpr:
		return false, "", id.IsExported() // another package's fields are; keys of its maps are seldom
	case *ast.StructType:
		return false, "", true
	}
	return false, "", false
}

// mentions reports whether an identifier stands for something outside.
func (r *resolver) mentions(id *ast.Ident, key bool) bool {
	switch {
	case id.Name == "_":
		return false
	case id.Obj == nil:
		return r.unresolved[id] || key
	case !r.global[id.Obj]:
		return false
	}
	return id.Obj.Pos() != id.Pos() // that is where it is declared
}
