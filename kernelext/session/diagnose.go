package session

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// diagnose tells what the checker found in the reader's words: what is an error in a
// program and none in a cell is left out.
func (b *build) diagnose() []problem {
	problems := b.wrong
	problems = append(problems, b.usedTooEarly()...)
	problems = append(problems, b.gone()...)
	problems = append(problems, b.unnamed()...)
	for _, err := range b.errors {
		if b.isHarmless(err) {
			continue
		}
		c, offset, _ := b.text.origin(b.offsetOf(err.Pos))
		if c == nil {
			c, offset = b.p.cell, 0
		}
		message := b.message(err)
		if c != b.p.cell {
			message += fmt.Sprintf(" (cell [%d] defined this; run it again, changed, or define it here)", c.number)
		}
		problems = append(problems, problem{c, offset, message})
	}
	return problems
}

// isHarmless reports what a cell may have.
func (b *build) isHarmless(err types.Error) bool {
	switch {
	case strings.HasSuffix(err.Msg, " imported and not used"), strings.Contains(err.Msg, " imported as ") && strings.HasSuffix(err.Msg, " and not used"),
		strings.HasPrefix(err.Msg, "initialization cycle"), strings.HasPrefix(err.Msg, "\t"):
		return true
	case b.isFixable(err), isUnusedLabel(err):
		return true
	case strings.HasSuffix(err.Msg, "is not used"):
		return b.atTop(err)
	}
	return false
}

// atTop reports whether an error is of an expression at the top of the cell.
func (b *build) atTop(err types.Error) bool {
	for _, node := range b.statementNodes() {
		if x, ok := node.(*ast.ExprStmt); ok && err.Pos >= x.Pos() && err.Pos < x.End() {
			return isStatementOf(b.file, x, err)
		}
	}
	return false
}

// isStatementOf reports whether an error is of the expression itself and not of a
// function literal in it.
func isStatementOf(file *ast.File, x *ast.ExprStmt, err types.Error) bool {
	for _, n := range pathTo(file, err.Pos) {
		if s, ok := n.(*ast.ExprStmt); ok && s != x {
			return false
		}
	}
	return true
}

// usedTooEarly finds variables that a statement uses before the cell defines them, which
// the checker does not see.
func (b *build) usedTooEarly() (problems []problem) {
	for _, s := range b.p.statements {
		for _, f := range s.refs {
			if b.p.versions[f.name] > 0 && f.version == 0 && !f.key && !b.p.names[f.name] && b.find(f.name) == nil && types.Universe.Lookup(f.name) == nil && !b.isPackage(f) {
				problems = append(problems, problem{b.p.cell, f.from, "undefined: " + f.name + " (it is defined later in the cell)"})
			}
		}
	}
	return problems
}

func (b *build) isPackage(f ref) bool { return b.packageOf(f) != "" }

// gone finds variables of earlier cells that the cell names and whose values could not
// be kept.
func (b *build) gone() (problems []problem) {
	for _, d := range b.inOrder() {
		if d.kind != varKind || d.made {
			continue
		}
		if why := b.whyGone(d); why != "" {
			if name := b.sharingNamed(d); name != "" {
				why += fmt.Sprintf(" (%s shares memory with it)", name)
			}
			problems = append(problems, problem{b.p.cell, b.firstMention(d.name), why})
		}
	}
	return problems
}

// mentioned is where the cell itself mentions a name first, or -1.
func (b *build) mentioned(name string) int {
	found := -1
	mention := func(refs []ref) {
		for _, f := range refs {
			if f.name == name && (found < 0 || f.from < found) {
				found = f.from
			}
		}
	}
	for _, d := range b.p.decls {
		mention(d.refs)
	}
	for _, s := range b.p.statements {
		mention(s.refs)
	}
	return found
}

// sharingNamed is a variable that the cell names and that shares memory with one that it does
// not name.
func (b *build) sharingNamed(d *definition) string {
	if b.mentioned(d.name) >= 0 {
		return ""
	}
	for _, other := range slices.Sorted(slices.Values(b.s.sharing(d))) {
		if b.mentioned(other) >= 0 {
			return other
		}
	}
	return ""
}

// unnamed finds variables that functions of the cell use and that cannot be variables of
// the program, since their types cannot be written.
func (b *build) unnamed() (problems []problem) {
	for _, v := range b.cellVariables() {
		t := b.typeOf(v)
		if t == nil {
			continue
		}
		why := textOf(t, b.pkg).bad
		for _, d := range b.p.decls {
			for _, f := range d.refs {
				if why != "" && f.name == v.name {
					problems = append(problems, problem{b.p.cell, f.from, fmt.Sprintf("%s has no type that functions could name: %s", f.name, why)})
				}
			}
		}
	}
	return problems
}

// whyGone says in words why the value of a variable is not there; "" where it is.
func (b *build) whyGone(d *definition) string {
	switch {
	case d.kept == nil:
		return fmt.Sprintf("%s of cell [%d] has no value", d.name, d.cell.number)
	case d.kept.Reason != "":
		return fmt.Sprintf("%s of cell [%d] was not kept: %s", d.name, d.cell.number, d.kept.Reason)
	case d.kept.types != fingerprint(b.find, d.typ.own):
		return fmt.Sprintf("the value of %s is gone: its type %s has changed since cell [%d] made it; run that cell again", d.name, d.typ.plain(), d.cell.number)
	}
	return ""
}

// firstMention is where the cell first names something, or what leads to it.
func (b *build) firstMention(name string) int {
	if found := b.mentioned(name); found >= 0 {
		return found
	}
	for _, s := range b.p.statements { // through a function of an earlier cell
		for _, f := range s.refs {
			if d := b.needed[f.name]; d != nil && b.leadsTo(d, name, map[string]bool{}) {
				return f.from
			}
		}
	}
	return 0
}

func (b *build) leadsTo(d *definition, name string, seen map[string]bool) bool {
	for _, other := range slices.Concat(d.names(), b.s.sharing(d)) {
		if other == name {
			return true
		}
		if next := b.needed[other]; next != nil && !seen[other] {
			seen[other] = true
			if b.leadsTo(next, name, seen) {
				return true
			}
		}
	}
	return false
}

var (
	undefinedName   = regexp.MustCompile(`^undefined: (\S+)$`)
	missingMember   = regexp.MustCompile(`^(\S+) undefined \(type (.+) has no field or method (\w+)`)
	unknownField    = regexp.MustCompile(`^unknown field (\w+) in struct literal of type (.+)$`)
	generatedName   = regexp.MustCompile(`[\pL_][\pL\pN_]*`)
	alreadySuggests = regexp.MustCompile(`but does have|did you mean`)
)

// message is an error in the reader's names, with what may have been meant.
func (b *build) message(err types.Error) string {
	text := generatedName.ReplaceAllStringFunc(err.Msg, func(word string) string {
		if name, ok := b.renamed[word]; ok {
			return name
		}
		return word
	})
	if i := strings.Index(text, "ˇ"); i >= 0 {
		text = regexp.MustCompile(`ˇ([\pL_][\pL\pN_]*?)_\d+`).ReplaceAllString(text, "$1")
	}
	text = strings.ReplaceAll(text, "main.", "")
	if alreadySuggests.MatchString(text) {
		return text
	}
	if meant := b.meant(err, text); meant != "" {
		text += fmt.Sprintf("; did you mean %s?", meant)
	}
	return text
}

// meant guesses the name that was misspelt.
func (b *build) meant(err types.Error, text string) string {
	if m := undefinedName.FindStringSubmatch(text); m != nil {
		of, member, isMember := strings.Cut(m[1], ".")
		if isMember {
			return with(of+".", nearest(member, b.membersOf(of, err)))
		}
		if name := nearest(m[1], b.visible(b.qualifies(err.Pos))); name != "" {
			return name
		}
		return b.meantElsewhere(m[1])
	}
	if m := missingMember.FindStringSubmatch(text); m != nil {
		if sel, ok := last(b.selectors(err)).(*ast.SelectorExpr); ok {
			return nearest(m[3], members(b.info.TypeOf(sel.X), b.pkg))
		}
	}
	if m := unknownField.FindStringSubmatch(text); m != nil {
		for _, n := range slices.Backward(pathTo(b.file, err.Pos)) {
			if lit, ok := n.(*ast.CompositeLit); ok {
				return nearest(m[1], fields(b.info.TypeOf(lit), b.pkg))
			}
		}
	}
	return ""
}

// qualifies reports whether the name at a place stands before a dot, as a package's does.
func (b *build) qualifies(pos token.Pos) bool {
	path := pathTo(b.file, pos)
	if len(path) < 2 {
		return false
	}
	sel, ok := path[len(path)-2].(*ast.SelectorExpr)
	return ok && sel.X == path[len(path)-1]
}

// meantElsewhere looks for a bare name among what the laboratory's packages export, and
// among the words that it takes in strings.
func (b *build) meantElsewhere(word string) string {
	best := ""
	for _, name := range slices.Sorted(maps.Keys(b.s.index.implicits())) {
		path := b.s.index.implicits()[name]
		if !strings.HasPrefix(path, labModule) {
			continue
		}
		p, err := b.s.index.load(path)
		if err != nil {
			continue
		}
		members := exported(p)
		if slices.Contains(members, word) {
			return name + "." + word
		}
		if near := nearest(word, members); near != "" && best == "" {
			best = name + "." + near
		}
	}
	if near := nearest(word, activations); best == "" && near != "" {
		best = fmt.Sprintf("%q", near)
	}
	return best
}

func exported(p *types.Package) (names []string) {
	for _, n := range p.Scope().Names() {
		if ast.IsExported(n) {
			names = append(names, n)
		}
	}
	return names
}

func with(prefix, name string) string {
	if name == "" {
		return ""
	}
	return prefix + name
}

func (b *build) selectors(err types.Error) (all []ast.Node) {
	for _, n := range pathTo(b.file, err.Pos) {
		if _, ok := n.(*ast.SelectorExpr); ok {
			all = append(all, n)
		}
	}
	return all
}

// membersOf lists what a package exports.
func (b *build) membersOf(name string, err types.Error) (names []string) {
	for _, i := range b.file.Imports {
		if i.Name == nil || b.renamed[i.Name.Name] != name && i.Name.Name != name {
			continue
		}
		if p, _ := b.s.index.load(strings.Trim(i.Path.Value, `"`)); p != nil {
			names = append(names, exported(p)...)
		}
	}
	return names
}

// visible lists the names that a cell can use at its top, with or without those of packages.
func (b *build) visible(packages bool) []string {
	names := slices.Concat(types.Universe.Names(), slices.Collect(maps.Keys(b.p.names)), slices.Collect(maps.Keys(b.p.versions)))
	if packages {
		names = slices.AppendSeq(names, maps.Keys(b.s.index.implicits()))
	}
	for name, d := range b.s.defs {
		if d.kind != methodKind {
			names = append(names, name)
		}
	}
	return names
}

// members lists the fields and methods of a type.
func members(t types.Type, own *types.Package) (names []string) {
	if t == nil {
		return nil
	}
	names = fields(t, own)
	if _, isPointer := t.Underlying().(*types.Pointer); !isPointer && !types.IsInterface(t) {
		t = types.NewPointer(t)
	}
	for m := range types.NewMethodSet(t).Methods() {
		if o := m.Obj(); o.Exported() || o.Pkg() == own {
			names = append(names, o.Name())
		}
	}
	return names
}

// fields lists the fields of a struct, promoted ones too.
func fields(t types.Type, own *types.Package) []string { return fieldsWithin(t, own, 0) }

// deepest is how many levels of embedded structs are looked into: one may embed itself.
const deepest = 5

func fieldsWithin(t types.Type, own *types.Package, depth int) (names []string) {
	if t == nil || depth > deepest {
		return nil
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	for f := range s.Fields() {
		if f.Exported() || f.Pkg() == own {
			names = append(names, f.Name())
		}
		if f.Embedded() {
			names = append(names, fieldsWithin(f.Type(), own, depth+1)...)
		}
	}
	return names
}
