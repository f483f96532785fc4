package session

import (
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// A cell that GoNB runs as a whole is handed to it as it is. What it names and GoNB does
// not remember, since a plain cell defined it, is added: declarations behind the reader's
// text, so that lines keep their numbers, and imports on its first line.
//
// GoNB puts all that it remembers into every program. It has to forget it before a plain
// cell, which brings what it names; the next GoNB cell brings the rest back.

// valuesFunction reads values of plain cells in a GoNB cell; GoNB runs functions of such
// names before main.
const valuesFunction = "init_vgrad_values"

// translateGoNB makes a program of a cell that is GoNB's.
func (s *Session) translateGoNB(number int, code string) *Program {
	g := newGoNBCell(number, code)
	p := &Program{Source: code, number: number, removes: g.removes}
	if !g.hasGo {
		return p
	}
	decls, body := parseCell(g.decls), parseCell(g.body)
	if len(decls.wrong) > 0 || len(body.wrong) > 0 {
		return p // GoNB tells
	}
	b := s.newBuild(decls)
	b.close()
	b.closeGoNB(body)
	b.check()
	if b.file == nil || b.pkg == nil {
		return p
	}
	b.recordGoNB(p)
	b.supply(p, g, body)
	return p
}

// gonbCell is the text of a GoNB cell, taken apart by lines.
type gonbCell struct {
	decls, body *cellText // each with the other part, and commands, as empty lines
	hasGo       bool
	opensMain   bool     // %% or %main is in it: GoNB closes a brace at the end
	firstGo     int      // the first line of declarations that is no command; -1
	removes     []string // names that GoNB is told to forget
}

func newGoNBCell(number int, code string) *gonbCell {
	g := &gonbCell{firstGo: -1}
	lines := strings.Split(code, "\n")
	g.hasGo = !isOtherLanguage(lines[0])
	inText := insideLiterals(code)
	decls, body := make([]string, len(lines)), make([]string, len(lines))
	continued := false
	for i, line := range lines {
		word, isCommand := commandWord(line)
		switch {
		case (isCommand || continued) && !inText[i]:
			continued = strings.HasSuffix(line, `\`)
			g.opensMain = g.opensMain || word == "%" || word == "main"
			if word == "rm" || word == "remove" {
				g.removes = append(g.removes, strings.Fields(line)[1:]...)
			}
			if word == "reset" {
				g.removes = append(g.removes, "*")
			}
			line = ""
		case g.opensMain:
			body[i] = line
		default:
			decls[i] = line
			if g.firstGo < 0 {
				g.firstGo = i
			}
		}
		pad(decls, body, i, lines[i])
	}
	g.decls = &cellText{number: number, code: strings.Join(decls, "\n")}
	g.body = &cellText{number: number, code: strings.Join(body, "\n")}
	return g
}

// pad fills a line that a part does not have, so that offsets are those of the cell.
func pad(decls, body []string, i int, line string) {
	for _, part := range [][]string{decls, body} {
		if part[i] == "" {
			part[i] = strings.Repeat(" ", len(line))
		}
	}
}

// isOtherLanguage reports a first line that makes the cell no Go: %%bash and the like.
func isOtherLanguage(line string) bool {
	word, isCommand := commandWord(line)
	return isCommand && len(word) > 1 && word[0] == '%'
}

// closeGoNB collects what the statements of a GoNB cell name, and what GoNB remembered
// and has forgotten.
func (b *build) closeGoNB(body *parsed) {
	for _, st := range body.statements {
		for _, f := range st.refs {
			if f.version == 0 && !b.isOwn(f.name) {
				b.need(f.name)
			}
		}
	}
	for name, d := range b.s.defs {
		if d.gonb && !b.isOwn(name) && d.kind != methodKind && d.kind != importKind {
			b.need(name)
		}
	}
}

// recordGoNB notes what a GoNB cell declares.
func (b *build) recordGoNB(p *Program) {
	b.recordDeclarations(p)
	for _, st := range b.p.statements {
		for _, bind := range st.bindings {
			for _, n := range bind.names {
				if n.name == "_" {
					continue
				}
				from, to := bind.names[0].from, last(bind.names).to
				to = max(to, bind.typ[1], bind.values[1])
				d := &definition{name: n.name, kind: varKind, cell: b.p.cell, from: from, to: to, nameAt: n.from, spec: bind.names, refs: b.bound(inside(st.refs, from, to))}
				if t := b.typeOf(b.canonical(variable{n.name, n.version})); t != nil {
					d.typ = textOf(t, b.pkg)
				}
				p.defines = append(p.defines, d)
			}
		}
	}
	for _, d := range p.defines {
		d.gonb, d.made = true, d.kind == varKind
		p.gonb = append(p.gonb, d.gonbKey())
	}
	if len(p.blanks) > 0 {
		p.gonb = append(p.gonb, "_")
	}
}

func inside(refs []ref, from, to int) (some []ref) {
	for _, f := range refs {
		if f.from >= from && f.to <= to {
			some = append(some, f)
		}
	}
	return some
}

// gonbKey is what GoNB calls a definition.
func (d *definition) gonbKey() string {
	if path, ok := strings.CutPrefix(d.name, "."); ok && d.kind == importKind {
		return ".~" + path
	}
	if d.kind == methodKind {
		return d.receiver + "~" + d.name[strings.IndexByte(d.name, '.')+1:]
	}
	return d.name
}

// supply adds to a GoNB cell what it names and GoNB does not remember.
func (b *build) supply(p *Program, g *gonbCell, body *parsed) {
	e := &emission{build: b, locals: map[string]bool{}, declared: map[string]bool{}, fixes: b.unusedFixes()}
	own := b.p.decls
	b.p.decls = nil
	var loads []string
	for name, d := range b.needed {
		switch {
		case b.s.gonb[d.gonbKey()] && d.kind != importKind, d.kind == varKind && !d.made && b.whyGone(d) != "":
			delete(b.needed, name)
		case d.kind == varKind && !d.made:
			loads = append(loads, name)
		}
	}
	b.name()
	if len(loads) > 0 {
		e.keep = b.alias("keep", keepPath)
	}
	kinds, constants, functions := e.declarations()
	text := strings.Join(slices.Concat(kinds, constants, e.neededVariables(), functions), "")
	lines := e.loads()
	if len(lines) > 0 {
		lines = slices.Insert(lines, 0, fmt.Sprintf("%s.Begin(%s.Cell{Number: %d})", e.keep, e.keep, p.number))
		e.keys = append(e.keys, valuesFunction)
	}
	b.p.decls = own
	b.importsOfGoNB(body)
	if text != "" || len(lines) > 0 {
		p.Source += "\n" + g.tail(text, lines)
	}
	p.gonb = append(p.gonb, e.keys...)
	b.addImports(p, g)
}

// tail is what is added behind a GoNB cell. Where the cell opened main, GoNB closes the
// function that comes last.
func (g *gonbCell) tail(text string, loads []string) string {
	function := "func " + valuesFunction + "() {\n\t" + strings.Join(loads, "\n\t")
	switch {
	case g.opensMain:
		return "}\n" + text + function
	case len(loads) > 0:
		return text + function + "\n}\n"
	}
	return text
}

// importsOfGoNB names the packages that a GoNB cell uses and that are not the standard
// library's, which goimports finds.
func (b *build) importsOfGoNB(body *parsed) {
	add := func(refs []ref) {
		for _, f := range refs {
			if f.version > 0 || b.importsName(f.name) || b.isOwn(f.name) || b.s.gonb[f.name] {
				continue
			}
			if path := b.packageOf(f); path != "" && (strings.Contains(path, ".") || b.s.defs[f.name] != nil) {
				b.aliases[imported{name: f.name, path: path}] = f.name
			}
		}
	}
	for _, d := range b.p.decls {
		add(d.refs)
	}
	for _, st := range slices.Concat(b.p.statements, body.statements) {
		add(st.refs)
	}
}

// addImports puts imports before the first line of Go of a GoNB cell, or on a line of
// their own where it begins with %%.
func (b *build) addImports(p *Program, g *gonbCell) {
	var specs []string
	for _, key := range b.imports() {
		if !b.importsName(b.aliases[key]) {
			specs = append(specs, b.aliases[key]+` "`+key.path+`"`)
		}
	}
	if b.aliases[imported{name: "keep", path: keepPath}] != "" && b.usesGoMLX() {
		specs = append(specs, `_ "`+tensorPath+`"`)
	}
	specs = append(specs, b.effects(p)...)
	if len(specs) == 0 {
		return
	}
	text := "import (" + strings.Join(specs, "; ") + "); "
	if g.firstGo < 0 {
		p.Source, p.Lines = text+"\n"+p.Source, 1
		return
	}
	lines := strings.Split(p.Source, "\n")
	lines[g.firstGo] = text + lines[g.firstGo]
	p.Source = strings.Join(lines, "\n")
}

// effects are the imports of earlier cells with a dot or a blank that a GoNB cell needs. A dot
// that GoNB remembers and the cell has no use for is an error of the compiler: GoNB is to
// forget it.
func (b *build) effects(p *Program) (specs []string) {
	words := b.wordsOfProgram(p)
	for _, d := range b.dots {
		imported, err := b.s.index.load(d.path)
		used := err == nil && slices.ContainsFunc(imported.Scope().Names(), func(name string) bool { return token.IsExported(name) && words[name] })
		key := d.gonbKey()
		switch {
		case used && !b.s.gonb[key]:
			specs = append(specs, fmt.Sprintf(". %q", d.path))
			p.gonb = append(p.gonb, key)
		case !used && b.s.gonb[key]:
			p.Forget, p.removes = append(p.Forget, key), append(p.removes, key)
		}
	}
	hasBlank := slices.ContainsFunc(b.p.imports, func(i imported) bool { return i.name == "_" })
	far := slices.ContainsFunc(b.imports(), func(i imported) bool { return strings.Contains(i.path, ".") })
	if far && !hasBlank && !b.s.gonb["_"] {
		for _, path := range slices.Sorted(maps.Keys(b.s.blanks)) {
			specs = append(specs, fmt.Sprintf("_ %q", path))
			p.gonb = append(p.gonb, "_")
		}
	}
	return specs
}

// wordsOfProgram are the names in the program that GoNB makes: of the cell, and of all that
// GoNB remembers.
func (b *build) wordsOfProgram(p *Program) map[string]bool {
	words := map[string]bool{}
	add := func(text string) {
		for _, t := range scan(text) {
			if t.tok == token.IDENT {
				words[t.lit] = true
			}
		}
	}
	add(p.Source)
	for name, d := range b.s.defs {
		if b.s.gonb[d.gonbKey()] && d.kind != importKind && !b.isOwn(name) {
			add(d.cell.code[d.from:d.to])
		}
	}
	return words
}

// neededVariables declares the variables of earlier cells that a GoNB cell names.
func (e *emission) neededVariables() (parts []string) {
	for _, d := range e.inOrder() {
		if d.kind == varKind {
			parts = append(parts, e.variable(d))
		}
	}
	return parts
}

// specEdits prepares the line of a variable that a GoNB cell declared, which is evaluated
// in every cell that names it. Names that stand for something else by now are left out.
func (b *build) specEdits(d *definition) []edit {
	edits := append(b.edits(atEnd(d.refs)), d.fixes...)
	for _, n := range d.spec {
		other, now := b.needed[n.name], b.goName(n.name, 0)
		switch {
		case n.name == "_":
		case other == nil || other.cell != d.cell || other.from != d.from:
			edits = append(edits, edit{n.from, n.to, "_"})
		case now != n.name:
			edits = append(edits, edit{n.from, n.to, now})
		}
	}
	return sorted(edits)
}

// isFirstOfSpec reports whether a variable is the one by which its line is written.
func (b *build) isFirstOfSpec(d *definition) bool {
	for _, n := range d.spec {
		if other := b.needed[n.name]; other != nil && other.cell == d.cell && other.from == d.from {
			return other == d
		}
	}
	return true
}

// Refused is to be called in the place of [Session.Finish] for a cell that GoNB could not
// compile: nothing of it is there.
func (s *Session) Refused(p *Program) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(p.removes)
	for _, key := range p.Forget {
		delete(s.gonb, key)
	}
}

// remove forgets what the reader told GoNB to forget.
func (s *Session) remove(keys []string) {
	for _, key := range keys {
		if key == "*" {
			maps.DeleteFunc(s.defs, func(_ string, d *definition) bool { return d.gonb })
			clear(s.gonb)
			continue
		}
		delete(s.gonb, key)
		delete(s.defs, strings.Replace(key, "~", ".", 1))
	}
}
