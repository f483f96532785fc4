package session

import (
	"context"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// Inspect explains what is at a position, which counts unicode characters: a name, a
// package, a word of the laboratory's in a string, or, inside a call's parentheses, the
// function. The data has "text/plain" and "text/markdown". Detail 0 shortens a long text;
// 1 gives all of it, a type's methods, and where the source is.
func (s *Session) Inspect(ctx context.Context, code string, cursor, detail int) (found bool, data map[string]string) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	defer func() {
		if recover() != nil {
			found, data = false, nil // nothing is better than no kernel
		}
	}()
	at := byteOffset(code, cursor)
	d, ok := s.explain(ctx, newSpot(code, at), code)
	if !ok {
		return false, nil
	}
	return true, s.index.rendered(d, detail)
}

// explain finds what the cursor is on.
func (s *Session) explain(ctx context.Context, p *spot, code string) (document, bool) {
	switch p.kind {
	case commandSpot:
		return explainMagic(code, p.at)
	case pathSpot:
		s.waitCold(ctx)
		return s.index.packageDocument(p.code[p.from:p.to])
	case textSpot:
		if d, ok := s.explainWord(ctx, p); ok {
			return d, true
		}
	case codeSpot:
		if p.from < p.to && !(p.at == p.from && beginsArgument(p)) {
			if !token.IsKeyword(p.code[p.from:p.to]) {
				return s.explainName(ctx, p.code, p.from, p.to)
			}
			return document{}, false
		}
	case deafSpot:
		if p.inComment() {
			return document{}, false
		}
	}
	if f, ok := p.enclosingCall(); ok {
		return s.explainName(ctx, p.code, f.from, f.to)
	}
	return document{}, false
}

// beginsArgument reports whether the cursor is behind ( or a comma.
func beginsArgument(p *spot) bool {
	t := last(p.before()).tok
	return t == token.LPAREN || t == token.COMMA
}

func (p *spot) inComment() bool {
	return p.tokens == nil || slices.ContainsFunc(p.tokens, func(t scanned) bool {
		return t.tok == token.COMMENT && t.from < p.at && p.at <= t.to
	})
}

// enclosingCall is the name of the function whose parentheses the cursor is in.
func (p *spot) enclosingCall() (name scanned, ok bool) {
	var tokens []scanned
	for _, t := range p.tokens {
		if t.from < p.at && t.tok != token.COMMENT {
			tokens = append(tokens, t)
		}
	}
	depth := 0
	for i := len(tokens) - 1; i > 0; i-- {
		switch t := tokens[i]; {
		case isClosing(t.tok) && t.to <= p.at:
			depth++
		case isOpening(t.tok) && depth > 0:
			depth--
		case t.tok == token.LPAREN:
			k := i - 1
			if tokens[k].tok == token.RBRACK { // f[T](
				for k > 0 && tokens[k].tok != token.LBRACK {
					k--
				}
				k--
			}
			if k >= 0 && tokens[k].tok == token.IDENT && (k == 0 || tokens[k-1].tok != token.FUNC) {
				return tokens[k], true
			}
		case t.tok == token.LBRACE && tokens[i-1].tok == token.RPAREN:
			return scanned{}, false // a block
		}
	}
	return scanned{}, false
}

func explainMagic(code string, at int) (document, bool) {
	from := strings.LastIndexByte(code[:at], '\n') + 1
	word, _, _ := strings.Cut(code[from:]+"\n", "\n")
	word, _, _ = strings.Cut(word, " ")
	for _, m := range magic {
		if m.name == strings.TrimSpace(word) {
			return document{signature: m.name, comment: m.name + " " + m.about + "."}, true
		}
	}
	return document{}, false
}

// explainName explains the name between two offsets of a cell.
func (s *Session) explainName(ctx context.Context, code string, from, to int) (d document, ok bool) {
	a, isGo := repaired(code, from, to, code[from:to])
	if !isGo {
		a = attempt{"_ = " + code[from:to], len("_ = ")}
	}
	s.withScene(ctx, a, func(sc *scene) { d, ok = sc.explain(code[from:to]) })
	return d, ok
}

func (sc *scene) explain(name string) (document, bool) {
	id, ok := sc.node(0).(*ast.Ident)
	if !ok {
		return document{}, false
	}
	o := sc.info.ObjectOf(id)
	if o == nil {
		for i := 1; sc.node(i) != nil; i++ { // the variable of a type switch
			if o = sc.info.Implicits[sc.node(i)]; o != nil && o.Name() == id.Name {
				break
			}
			o = nil
		}
	}
	switch p := o.(type) {
	case nil:
		if path, ok := sc.s.index.implicits()[name]; ok {
			return sc.s.index.packageDocument(path)
		}
		return document{}, false
	case *types.PkgName:
		return sc.s.index.packageDocument(p.Imported().Path())
	}
	return sc.documentOf(o, name), true
}

// documentOf explains an object that the reader calls by a name.
func (sc *scene) documentOf(o types.Object, name string) document {
	d := document{signature: sc.signature(o, name), of: o.Pkg()}
	switch o.Pkg() {
	case nil:
		sc.explainBuiltin(&d, o)
	case sc.pkg:
		d.of = nil
		sc.explainOwn(&d, o, name)
	default:
		sc.explainImported(&d, o)
	}
	switch o := o.(type) {
	case *types.TypeName:
		d.more = sc.methods(o)
	case *types.Const:
		if q, ok := quantityOf(o); ok {
			d.lines = append(d.lines, describeQuantity(q)...)
		}
	}
	return d
}

// signature is an object in Go.
func (sc *scene) signature(o types.Object, name string) string {
	full := name
	if o.Pkg() != nil && o.Pkg() != sc.pkg {
		full = o.Pkg().Name() + "." + o.Name()
	}
	typ := types.TypeString(o.Type(), sc.qualifier)
	switch o := o.(type) {
	case *types.Func:
		sig := strings.TrimPrefix(typ, "func")
		if r := o.Signature().Recv(); r != nil {
			receiver := types.TypeString(r.Type(), sc.qualifier)
			if r.Name() != "" && r.Name() != "_" {
				receiver = r.Name() + " " + receiver
			}
			return "func (" + receiver + ") " + o.Name() + sig
		}
		return "func " + full + sig
	case *types.Builtin:
		return "func " + name
	case *types.TypeName:
		sep := " "
		if o.IsAlias() {
			sep = " = "
		}
		return "type " + full + sep + shortType(o.Type().Underlying(), sc.qualifier)
	case *types.Const:
		return "const " + full + " " + typ + " = " + shortValue(o.Val())
	case *types.Var:
		if o.IsField() {
			return "field " + o.Name() + " " + typ
		}
		return "var " + full + " " + typ
	}
	return types.ObjectString(o, sc.qualifier)
}

// explainBuiltin takes what package builtin says.
func (sc *scene) explainBuiltin(d *document, o types.Object) {
	x := sc.s.index
	x.mu.Lock()
	dir := x.pkgs["fmt"].Dir
	x.mu.Unlock()
	file := filepath.Join(filepath.Dir(dir), "builtin", "builtin.go")
	found, ok := declarationIn(file, 0, o.Name())
	if !ok || dir == "" {
		return
	}
	d.comment, d.source = found.comment, fmt.Sprintf("%s:%d", file, found.line)
	if _, isFunction := o.(*types.Builtin); isFunction {
		d.signature = signatureIn(file, o.Name(), d.signature)
	}
}

// signatureIn is the line on which a file declares a function.
func signatureIn(file, name, otherwise string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return otherwise
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "func "+name+"(") || strings.HasPrefix(line, "func "+name+"[") {
			return strings.TrimSpace(line)
		}
	}
	return otherwise
}

// explainOwn explains what a cell defines.
func (sc *scene) explainOwn(d *document, o types.Object, name string) {
	c, at, exact := sc.text.origin(sc.offsetOf(o.Pos()))
	if def := sc.s.defs[name]; !exact && def != nil { // of a variable only the type is in the text
		c, at = def.cell, def.nameAt
	}
	if c == nil {
		return
	}
	d.comment = commentAt(c.code, min(at, len(c.code)))
	switch {
	case c == sc.p.cell:
		line, _ := c.position(at)
		d.lines = append(d.lines, fmt.Sprintf("Defined in line %d of this cell.", line))
	default:
		d.lines = append(d.lines, fmt.Sprintf("Defined in cell %d.", c.number))
	}
	if t, ok := o.(*types.TypeName); ok && exact {
		if text := sc.ownTypeText(t); text != "" {
			d.signature = text
		}
	}
	if v, ok := o.(*types.Var); ok {
		sc.explainTypeOf(d, v)
	}
}

// ownTypeText is the declaration of a type as a cell has it.
func (sc *scene) ownTypeText(t *types.TypeName) (text string) {
	ast.Inspect(sc.file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok && sc.info.Defs[spec.Name] == t {
			whole := sc.text.String()
			text = "type " + whole[sc.offsetOf(spec.Pos()):sc.offsetOf(spec.End())]
		}
		return text == ""
	})
	return text
}

// explainTypeOf adds the first sentence on a variable's type, where another package
// declares it.
func (sc *scene) explainTypeOf(d *document, v *types.Var) {
	t := v.Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg() == sc.pkg || d.comment != "" {
		return
	}
	var of document
	sc.explainImported(&of, named.Obj())
	first, _, _ := strings.Cut(of.comment, "\n\n")
	d.comment, d.of = first, named.Obj().Pkg()
}

// explainImported explains what another package declares.
func (sc *scene) explainImported(d *document, o types.Object) {
	file, line := sc.s.index.sourceOf(o)
	if file == "" {
		return
	}
	if f, ok := o.(*types.Func); ok {
		o = f.Origin()
	} else if v, ok := o.(*types.Var); ok {
		o = v.Origin()
	}
	found, ok := declarationIn(file, line, o.Name())
	if !ok {
		return
	}
	d.comment, d.source = found.comment, fmt.Sprintf("%s:%d", file, found.line)
	if found.text != "" {
		d.signature = strings.Replace(found.text, "type "+o.Name(), "type "+o.Pkg().Name()+"."+o.Name(), 1)
	}
}

// methods lists the exported methods of a type, in Go.
func (sc *scene) methods(o *types.TypeName) (list []string) {
	if types.IsInterface(o.Type()) {
		return nil
	}
	for _, m := range membersOf(o.Type(), sc.pkg) {
		if f, ok := m.object.(*types.Func); ok && m.depth == 0 {
			list = append(list, sc.signature(f, f.Name()))
		}
	}
	return list
}

func quantityOf(c *types.Const) (vgrad.Quantity, bool) {
	named, ok := types.Unalias(c.Type()).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != labModule+"/vgrad" || named.Obj().Name() != "Quantity" {
		return "", false
	}
	return vgrad.Quantity(constant.StringVal(c.Val())), true
}

// describeQuantity says what package vgrad knows of a quantity.
func describeQuantity(q vgrad.Quantity) []string {
	info, err := q.Info()
	if err != nil {
		return nil
	}
	subject := map[vgrad.Subject]string{vgrad.WholeNetwork: "the whole network", vgrad.LayerWeights: "the weights of a layer", vgrad.LayerUnits: "the units of a layer"}[info.Subject]
	text := fmt.Sprintf("Quantity %q: %s, of %s", string(q), info.Title, subject)
	if info.Unit != "" {
		text += ", in " + info.Unit
	}
	switch {
	case info.Final:
		text += "; measured once, after the last step"
	case info.Histogram:
		text += "; a histogram"
	case info.Log:
		text += "; drawn on a log axis"
	}
	return []string{text + "."}
}

// explainWord explains a word of the laboratory's in a string.
func (s *Session) explainWord(ctx context.Context, p *spot) (d document, ok bool) {
	from, to := p.labWord()
	word := p.code[from:to]
	a, isGo := s.textAttempt(p)
	if !isGo || word == "" {
		return document{}, false
	}
	s.withScene(ctx, a, func(sc *scene) {
		r := sc.roleOfText()
		field := r.field
		text := p.code[p.from:from]
		switch {
		case r.kind == variantRole || r.kind == axisRole:
			field = "activation"
			if i := strings.LastIndexByte(text, '='); i >= 0 && !strings.ContainsAny(text[i:], " \t") {
				field = text[strings.LastIndexAny(text[:i], " \t")+1 : i]
			}
		case r.kind == constantRole:
			d, ok = sc.explainConstant(r, word)
			return
		}
		for _, w := range r.wordsAt(text).words {
			switch {
			case w.text != word && w.text != word+"=":
			case w.kind == "field":
				d, ok = sc.explainField(r.bases(text), word), true
				return
			default:
				d, ok = sc.explainValue(r.bases(text), field, word), true
				return
			}
		}
	})
	return d, ok
}

// labWord is the part of a string around the cursor that is a word of a variant.
func (p *spot) labWord() (from, to int) {
	from, to = p.from, p.to
	if i := strings.LastIndexAny(p.code[p.from:p.at], " \t\n,="); i >= 0 {
		from = p.from + i + 1
	}
	if i := strings.IndexAny(p.code[p.at:p.to], " \t\n,="); i >= 0 {
		to = p.at + i
	}
	return from, to
}

// explainConstant explains the value of a constant of the type that a string is to have.
func (sc *scene) explainConstant(r role, word string) (document, bool) {
	i := slices.IndexFunc(r.names, func(w labWord) bool { return w.text == word })
	if i < 0 {
		return document{}, false
	}
	t, _ := types.Unalias(sc.wantedOfText()).(*types.Named)
	if t != nil && t.Obj().Pkg() != nil {
		scope := t.Obj().Pkg().Scope()
		for _, name := range scope.Names() {
			c, ok := scope.Lookup(name).(*types.Const)
			if ok && types.Identical(c.Type(), t) && constant.StringVal(c.Val()) == word {
				return sc.documentOf(c, name), true
			}
		}
	}
	return document{signature: strconv.Quote(word), lines: append(describeQuantity(vgrad.Quantity(word)), r.names[i].about)[:1]}, true
}

func (sc *scene) wantedOfText() types.Type {
	n := 0
	for {
		if _, ok := sc.node(n + 1).(*ast.ParenExpr); !ok {
			return sc.wanted(n)
		}
		n++
	}
}

// explainField explains a field of an experiment or of its network, by its JSON name.
func (sc *scene) explainField(bases []vgrad.Experiment, field string) document {
	d := document{signature: field + "=…"}
	if f, s := sc.vgradField(bases, field); f != nil {
		d = sc.documentOf(f, f.Name())
		d.signature = fmt.Sprintf("%s=… // field %s %s of vgrad.%s", field, f.Name(), types.TypeString(f.Type(), sc.qualifier), s)
	}
	if field == "network" {
		d.lines = append(d.lines, "The families are "+strings.Join(vgrad.Families(), ", ")+".")
	} else if words := valuesOf(field); len(words) > 0 {
		d.lines = append(d.lines, "The values are "+texts(words)+".")
	}
	for _, e := range bases {
		if value, err := e.Field(field); err == nil && value != "" {
			d.lines = append(d.lines, fmt.Sprintf("The default of %s is %s.", e.Resolved().Family(), value))
		}
	}
	return d
}

func texts(words []labWord) string {
	var list []string
	for _, w := range words {
		list = append(list, w.text)
	}
	return strings.Join(list, ", ")
}

// explainValue explains the value of a field.
func (sc *scene) explainValue(bases []vgrad.Experiment, field, word string) document {
	if field == "network" {
		if t := reflect.TypeOf(ofFamily(word).Resolved()); t != nil && t.PkgPath() == labModule+"/vgrad" {
			if o := sc.vgradObject(t.Name()); o != nil {
				return sc.documentOf(o, t.Name())
			}
		}
	}
	d := document{signature: fmt.Sprintf("%s=%s", field, word)}
	if f, s := sc.vgradField(bases, field); f != nil {
		of := sc.documentOf(f, f.Name())
		d.comment, d.of, d.source = of.comment, of.of, of.source
		d.signature = fmt.Sprintf("%s: %q // of vgrad.%s", f.Name(), word, s)
	}
	what := labels[field]
	article := "a"
	if what != "" && strings.ContainsRune("aeiou", rune(what[0])) {
		article = "an"
	}
	d.lines = append(d.lines, fmt.Sprintf("%s is %s %s; there are %s.", word, article, what, texts(valuesOf(field))))
	return d
}

// vgradObject is what package vgrad declares.
func (sc *scene) vgradObject(name string) types.Object {
	path := labModule + "/vgrad"
	if !sc.s.index.atHand(path) {
		return nil
	}
	p, err := sc.s.index.load(path)
	if err != nil {
		return nil
	}
	return p.Scope().Lookup(name)
}

// vgradField is the field of a network or of an experiment with a JSON name, and the name
// of the struct.
func (sc *scene) vgradField(bases []vgrad.Experiment, field string) (*types.Var, string) {
	var structs []string
	for _, e := range bases {
		if t := reflect.TypeOf(e.Resolved()); t.PkgPath() == labModule+"/vgrad" {
			structs = append(structs, t.Name())
		}
	}
	for _, name := range append(structs, "Experiment") {
		o := sc.vgradObject(name)
		if o == nil {
			continue
		}
		s, ok := o.Type().Underlying().(*types.Struct)
		if !ok {
			continue
		}
		for i := range s.NumFields() {
			if jsonName(s.Tag(i)) == field || field == "network" && s.Field(i).Name() == "Network" {
				return s.Field(i), name
			}
		}
	}
	return nil, ""
}
