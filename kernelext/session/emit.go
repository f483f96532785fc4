package session

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	keepPath   = labModule + "/kernelext/keep"
	cellPath   = labModule + "/kernelext/cell"
	tensorPath = keepPath + "/tensor" // lets keep keep what is of
	gomlxPath  = "github.com/gomlx/"  // GoMLX
)

// emission is the program of a cell that was checked, as GoNB is given it.
//
// GoNB takes a program apart into its declarations and puts them together in another
// order, so lines are told by directives in the bodies of functions. It computes the
// number of lines of a declaration from positions that follow the directives, and makes a
// slice of that size: each function begins on line 1 and ends on line 2 of main.go for its
// sake. It loses the comment before main, so main is but a call. Lines that begin with %, !
// or the word package would be taken for its own, so none does.
type emission struct {
	tensor string // the name of package keep/tensor; "": the program has nothing of GoMLX
	*build
	keep     string // what that package is called
	fixes    map[*cellText][]edit
	nodes    map[*statement]ast.Stmt // of the checked text
	locals   map[string]bool         // variables whose type cannot be written
	declared map[string]bool         // locals that were declared
	main     string                  // what the reader's own main is called
	keys     []string                // what GoNB would remember
	number   int                     // of statements that package keep was told of
}

// emit writes the program.
func (b *build) emit() (source string, declared []string) {
	e := &emission{build: b, nodes: b.statementNodes(), locals: map[string]bool{}, declared: map[string]bool{}}
	e.fixes = b.unusedFixes()
	e.keep = b.alias("keep", keepPath)
	if e.usesGoMLX() {
		e.tensor = b.alias("tensor", tensorPath)
	}
	if b.p.names["main"] {
		e.main = b.fresh("cellMain")
	}
	var out strings.Builder
	kinds, constants, functions := e.declarations()
	variables := e.variables()
	body := e.body()
	out.WriteString(e.importBlock())
	for _, part := range slices.Concat(kinds, constants, variables, functions) {
		out.WriteString(part)
	}
	out.WriteString(body)
	return out.String(), e.keys
}

// statementNodes finds the statements in the checked text.
func (b *build) statementNodes() map[*statement]ast.Stmt {
	nodes := map[*statement]ast.Stmt{}
	f, ok := last(b.file.Decls).(*ast.FuncDecl)
	if !ok {
		return nodes
	}
	i := 0
	for _, s := range b.p.statements {
		if len(s.bindings) == 0 && i < len(f.Body.List) {
			nodes[s] = f.Body.List[i]
			i++
		}
	}
	return nodes
}

func (e *emission) importBlock() string {
	text := "import (\n"
	for _, key := range e.imports() {
		a := e.aliases[key]
		e.keys = append(e.keys, a)
		text += fmt.Sprintf("\t%s %q\n", a, key.path)
	}
	for _, d := range e.dots {
		if e.usesDot(d.path) {
			e.keys = append(e.keys, ".~"+d.path)
			text += fmt.Sprintf("\t. %q\n", d.path)
		}
	}
	for _, i := range e.p.imports {
		if i.name == "_" || i.name == "." && e.usesDot(i.path) {
			key := i.name
			if key == "." {
				key += "~" + i.path
			}
			e.keys = append(e.keys, key)
			text += fmt.Sprintf("\t%s %q\n", i.name, i.path)
		}
	}
	if e.needsBlanks() {
		for _, path := range slices.Sorted(maps.Keys(e.s.blanks)) {
			if !slices.ContainsFunc(e.p.imports, func(i imported) bool { return i.name == "_" }) { // GoNB knows one
				e.keys = append(e.keys, "_")
				text += fmt.Sprintf("\t_ %q\n", path)
			}
		}
	}
	return text + ")\n"
}

// needsBlanks reports whether what earlier cells import for its effect alone may matter: a
// cell of nothing but the standard library and the laboratory does not pay for it, unless
// it deals with what others register themselves for.
func (e *emission) needsBlanks() bool {
	return slices.ContainsFunc(e.imports(), func(i imported) bool {
		first, _, _ := strings.Cut(i.path, "/")
		return strings.Contains(first, ".") && !strings.HasPrefix(i.path, labModule+"/") || first == "image" || first == "database"
	})
}

// usesGoMLX reports whether the program imports a package of GoMLX.
func (b *build) usesGoMLX() bool {
	return slices.ContainsFunc(b.imports(), func(i imported) bool { return strings.HasPrefix(i.path, gomlxPath) })
}

func (b *build) usesDot(path string) bool {
	return !slices.ContainsFunc(b.errors, func(e types.Error) bool {
		return strings.HasPrefix(e.Msg, strconv.Quote(path)+" imported and not used")
	})
}

// declarations writes what is declared at the top of the program.
func (e *emission) declarations() (kinds, constants, functions []string) {
	for _, d := range e.inOrder() {
		switch {
		case d.kind == constKind:
			constants = append(constants, e.constant(d.name, d.typ, d.value))
		case d.kind == typeKind:
			kinds = append(kinds, e.typeDecl(d.cell, d.name, d.from, d.to, e.edits(atEnd(d.refs))))
		case d.kind == funcKind || d.kind == methodKind:
			functions = append(functions, e.function(d.cell, d.name, d.receiver, [4]int{d.from, d.body[0], d.body[1], d.to}, e.edits(atEnd(d.refs))))
		}
	}
	for _, d := range e.p.decls {
		switch d.kind {
		case constKind:
			for _, name := range d.names {
				if c, ok := e.pkg.Scope().Lookup(name).(*types.Const); ok {
					constants = append(constants, e.constant(name, constType(c, e.pkg), constValue(c)))
				}
			}
		case typeKind:
			kinds = append(kinds, e.typeDecl(e.p.cell, d.names[0], d.from, d.to, e.edits(d.refs)))
		default:
			edits := e.edits(d.refs)
			if d.names[0] == "main" {
				edits = sorted(append(edits, edit{d.name, d.name + len("main"), e.main}))
			}
			functions = append(functions, e.function(e.p.cell, d.names[0], d.receiver, [4]int{d.from, d.body[0], d.body[1], d.to}, edits))
		}
	}
	return kinds, constants, functions
}

func (e *emission) constant(name string, t typeText, value string) string {
	e.keys = append(e.keys, name)
	return fmt.Sprintf("const %s %s = %s\n", name, t.write(e.aliasOf), value)
}

func (e *emission) typeDecl(c *cellText, name string, from, to int, edits []edit) string {
	e.keys = append(e.keys, name)
	return "type " + e.clean(c, from, to, edits) + "\n"
}

// function writes a function: span is where it begins, its body's braces, and its end.
func (e *emission) function(c *cellText, name, receiver string, span [4]int, edits []edit) string {
	key := name
	if receiver != "" {
		key = receiver + "~" + name[strings.IndexByte(name, '.')+1:]
	}
	if name == "main" {
		key = e.main
	}
	e.keys = append(e.keys, key)
	if span[1] == 0 { // without a body
		return "//line main.go:1\n" + e.clean(c, span[0], span[3], edits) + "\n"
	}
	return "//line main.go:1\n" + e.clean(c, span[0], span[1]+1, edits) + directive(c, span[1]+1) +
		e.clean(c, span[1]+1, span[2], edits) + "/*line main.go:2:1*/}\n\n"
}

// directive says that what follows is at that place of the cell.
func directive(c *cellText, offset int) string {
	line, column := c.position(offset)
	return fmt.Sprintf("/*line cell[%d]:%d:%d*/", c.number, line, column)
}

// clean copies a reader's text with edits, without comments, and with strings of several
// lines on one. No line begins with what GoNB would take for its own.
func (e *emission) clean(c *cellText, from, to int, edits []edit) string {
	edits = slices.Clone(edits)
	edits = append(edits, e.fixes[c]...)
	for _, t := range c.tokens() {
		if t.from < from || t.to > to {
			continue
		}
		lines := strings.Count(c.code[t.from:t.to], "\n")
		switch {
		case t.tok == token.COMMENT:
			edits = append(edits, edit{t.from, t.to, " " + strings.Repeat("\n", lines)})
		case t.tok == token.STRING && lines > 0:
			value, _ := strconv.Unquote(t.lit)
			edits = append(edits, edit{t.from, t.to, strconv.Quote(value) + directive(c, t.to)})
		}
	}
	var out text
	out.code(c, from, to, sorted(edits))
	return strings.ReplaceAll(out.String(), "\n", "\n\t")
}

// variables declares the variables of the program, and notes those that cannot be.
func (e *emission) variables() []string {
	var parts []string
	for _, d := range e.inOrder() {
		if d.kind == varKind && (e.p.versions[d.name] == 0 || e.names[variable{d.name, 0}] != "") {
			parts = append(parts, e.variable(d))
		}
	}
	for _, v := range e.cellVariables() {
		if e.canonical(v).version == 0 {
			continue
		}
		t := textOf(e.typeOf(v), e.pkg)
		if name := e.names[v]; t.bad != "" {
			e.locals[name] = true
		} else {
			e.keys = append(e.keys, name)
			parts = append(parts, "var "+name+" "+t.write(e.aliasOf)+"\n")
		}
	}
	return parts
}

// variable declares a variable of an earlier cell.
func (e *emission) variable(d *definition) string {
	e.keys = append(e.keys, e.goName(d.name, 0))
	switch {
	case !d.made:
		return "var " + e.goName(d.name, 0) + " " + d.typ.write(e.aliasOf) + "\n"
	case e.isFirstOfSpec(d):
		return "var " + e.clean(d.cell, d.from, d.to, e.specEdits(d)) + "\n"
	}
	return ""
}

// cellVariables lists the variables that the cell defines, each version that is one of
// its own, in order.
func (b *build) cellVariables() (all []variable) {
	for _, s := range b.p.statements {
		for _, bind := range s.bindings {
			for _, n := range bind.names {
				if v := (variable{n.name, n.version}); n.name != "_" && b.canonical(v) == v {
					all = append(all, v)
				}
			}
		}
	}
	return all
}

// body writes func main, and the function with the statements that it calls.
func (e *emission) body() string {
	var out strings.Builder
	name := e.fresh("runCell")
	e.keys = append(e.keys, name)
	input := ""
	if e.readsInput() {
		input = ", Input: true"
	}
	fmt.Fprintf(&out, "//line main.go:1\nfunc %s() {\n\t%s.Begin(%s.Cell{Number: %d%s})\n\tdefer %s.End()\n", name, e.keep, e.keep, e.p.cell.number, input, e.keep)
	if e.tensor != "" {
		fmt.Fprintf(&out, "\t_ = %s.Kept\n", e.tensor)
	}
	loads := e.loads()
	for _, line := range loads {
		out.WriteString("\t" + line + "\n")
	}
	defined := len(loads) > 0 // there is something to keep
	for i, s := range e.p.statements {
		line := e.statement(s, i == len(e.p.statements)-1)
		if line == "" {
			continue
		}
		if defined && len(s.bindings) == 0 {
			out.WriteString("\t" + e.next() + "\n")
		}
		defined = defined || len(s.bindings) > 0
		out.WriteString("\t" + line + "\n")
	}
	if e.main != "" {
		out.WriteString("\t" + e.main + "()\n")
	}
	out.WriteString("\t/*line main.go:2:1*/}\n\nfunc main() { " + name + "() }\n")
	return out.String()
}

// loads has the values of earlier cells read.
func (e *emission) loads() (lines []string) {
	registered := map[string]bool{}
	register := func(text string) {
		if !registered[text] {
			registered[text] = true
			lines = append(lines, fmt.Sprintf("%s.Type[%s]()", e.keep, text))
		}
	}
	for _, d := range e.inOrder() {
		if d.kind != varKind || d.made || d.kept == nil || e.p.versions[d.name] > 0 && e.names[variable{d.name, 0}] == "" {
			continue
		}
		for _, t := range d.kept.Types {
			if text, ok := e.s.typeExpression(t, e.aliasOf, e.find); ok {
				register(text)
			}
		}
		for _, t := range d.kept.beside { // of a variable that may no longer be there
			if !slices.ContainsFunc(t.own, func(name string) bool { return e.find(name) == nil }) {
				register(t.write(e.aliasOf))
			}
		}
	}
	for _, d := range e.inOrder() {
		if d.kind == varKind && !d.made && d.kept != nil && (e.p.versions[d.name] == 0 || e.names[variable{d.name, 0}] != "") {
			lines = append(lines, fmt.Sprintf("%s.Load(%q, &%s)", e.keep, d.name, e.goName(d.name, 0)))
		}
	}
	if len(lines) > 0 {
		lines = append(lines, e.keep+".Ready()")
	}
	return lines
}

// statement writes a statement of the cell; isLast: its value is the result.
func (e *emission) statement(s *statement, isLast bool) string {
	c := e.p.cell
	if len(s.bindings) > 0 {
		return e.definitions(s)
	}
	code := e.clean(c, s.from, s.to, e.edits(s.refs))
	at := directive(c, s.from)
	if s.kind != valuePiece {
		return at + code
	}
	x, ok := e.nodes[s].(*ast.ExprStmt)
	if !ok {
		return at + code
	}
	tv := e.info.Types[x.X]
	switch {
	case isLast && !s.silent && !tv.IsVoid() && !e.isOutput(x.X):
		return e.result(tv, at, code)
	case tv.IsNil():
		return ""
	case s.call && !e.unusedValue(x):
		return at + code
	}
	return "_ = " + at + code
}

// isOutput reports whether an expression is a call whose values say only how the writing
// went, as those of fmt.Println do: nobody looks at them.
func (b *build) isOutput(x ast.Expr) bool {
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := b.info.Uses[sel.Sel].(*types.Func)
	if !ok || f.Pkg() == nil {
		return false
	}
	switch f.Name() {
	case "Write", "WriteString", "WriteByte", "WriteRune":
		return f.Signature().Recv() != nil
	case "Print", "Printf", "Println", "Fprint", "Fprintf", "Fprintln":
		return f.Pkg().Path() == "fmt"
	}
	return false
}

// result shows a value: package cell knows how to show the laboratory's.
func (e *emission) result(tv types.TypeAndValue, at, code string) string {
	by := e.keep
	if isLab(tv.Type) || isImage(tv.Type) {
		by = e.alias("cell", cellPath)
	}
	if basic, ok := tv.Type.(*types.Basic); ok && tv.Value != nil && basic.Info()&types.IsUntyped != 0 && !fitsDefault(tv.Value, basic) {
		return by + ".Result(" + at + "float64(" + code + "))"
	}
	return by + ".Result(" + at + code + ")"
}

// fitsDefault reports whether an untyped constant fits the type that it has by default.
func fitsDefault(v constant.Value, t *types.Basic) bool {
	if t.Kind() != types.UntypedInt {
		return true
	}
	_, exact := constant.Int64Val(constant.ToInt(v))
	return exact
}

// unusedValue reports whether the checker finds that an expression cannot stand alone.
func (b *build) unusedValue(x *ast.ExprStmt) bool {
	return slices.ContainsFunc(b.errors, func(e types.Error) bool {
		return strings.HasSuffix(e.Msg, "is not used") && e.Pos >= x.Pos() && e.Pos <= x.End()
	})
}

// next tells package keep that a statement follows.
func (e *emission) next() string {
	e.number++
	return fmt.Sprintf("%s.Statement(%d)", e.keep, e.number)
}

// definitions writes a statement that defines variables.
func (e *emission) definitions(s *statement) string {
	lines := []string{e.next()}
	edits := e.edits(s.refs)
	for _, bind := range s.bindings {
		lines = append(lines, e.assign(bind, edits)...)
		for _, n := range bind.names {
			if name := e.goName(n.name, n.version); n.name != "_" && !e.locals[name] {
				lines = append(lines, fmt.Sprintf("%s.Define(%q, &%s)", e.keep, n.name, name))
			}
		}
	}
	return strings.Join(lines, "\n\t")
}

// assign writes the assignment that a definition becomes.
func (e *emission) assign(bind *binding, edits []edit) (lines []string) {
	c := e.p.cell
	var left []string
	isLocal, blank := false, true
	for _, n := range bind.names {
		name := "_"
		if n.name != "_" {
			name, blank = e.goName(n.name, n.version), false
		}
		isLocal = isLocal || e.locals[name] && !e.declared[name]
		left = append(left, name)
	}
	if bind.values[1] == 0 {
		return e.reset(bind, edits)
	}
	at := directive(c, bind.values[0])
	values := e.clean(c, bind.values[0], bind.values[1], edits)
	switch {
	case blank && bind.typ[1] > 0:
		return []string{"var " + strings.Join(left, ", ") + " " + e.clean(c, bind.typ[0], bind.typ[1], edits) + " = " + at + values}
	case !isLocal:
		return []string{strings.Join(left, ", ") + " = " + at + values}
	}
	return e.assignLocal(left, at+values)
}

// assignLocal declares those variables in main whose type only the compiler can write.
func (e *emission) assignLocal(left []string, values string) (lines []string) {
	var names, after []string
	for _, name := range left {
		if name == "_" || e.locals[name] && !e.declared[name] {
			e.declared[name] = true
			names = append(names, name)
			if name != "_" {
				after = append(after, "_ = "+name)
			}
			continue
		}
		value := e.fresh("value")
		names, after = append(names, value), append(after, name+" = "+value)
	}
	return append([]string{"var " + strings.Join(names, ", ") + " = " + values}, after...)
}

// reset gives variables that are defined without a value, and were there before, their
// zero value.
func (e *emission) reset(bind *binding, edits []edit) (lines []string) {
	for _, n := range bind.names {
		if n.name != "_" && e.canonical(variable{n.name, n.version}) != (variable{n.name, n.version}) {
			lines = append(lines, e.goName(n.name, n.version)+" = *new("+e.clean(e.p.cell, bind.typ[0], bind.typ[1], edits)+")")
		}
	}
	return lines
}

// constType is the type that a constant is declared with; "" where it has none.
func constType(c *types.Const, own *types.Package) typeText {
	if b, ok := c.Type().(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		return typeText{}
	}
	return textOf(c.Type(), own)
}

// constValue writes the value of a constant, of untyped ones so that they are of the
// same kind.
func constValue(c *types.Const) string {
	kind := types.Invalid
	if b, ok := c.Type().Underlying().(*types.Basic); ok {
		kind = b.Kind()
	}
	v := c.Val()
	switch v.Kind() {
	case constant.Bool, constant.String:
		return v.ExactString()
	case constant.Complex:
		return "complex(" + floatText(constant.Real(v)) + ", " + floatText(constant.Imag(v)) + ")"
	}
	switch kind {
	case types.UntypedRune:
		if r, ok := constant.Int64Val(v); ok && r >= 0 && r <= 0x10ffff {
			return strconv.QuoteRune(rune(r))
		}
		return "'\\x00' + " + v.ExactString()
	case types.UntypedFloat, types.Float32, types.Float64:
		return floatText(v)
	case types.UntypedComplex, types.Complex64, types.Complex128:
		return "complex(" + floatText(v) + ", 0)"
	}
	return constant.ToInt(v).ExactString()
}

// floatText writes a number as a float, exactly: as a quotient where it is one.
func floatText(v constant.Value) string {
	text := constant.ToFloat(v).ExactString()
	num, den, isQuotient := strings.Cut(text, "/")
	if isQuotient {
		return "(" + num + "./" + den + ".)"
	}
	if strings.ContainsAny(text, ".epx") {
		return text
	}
	return text + ".0"
}

// tokens are the tokens of the cell, scanned once.
func (c *cellText) tokens() []scanned {
	if c.scanned == nil {
		c.scanned = scan(c.code)
	}
	return c.scanned
}
