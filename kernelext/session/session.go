package session

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Options says where a session keeps values and what its cells see. The zero value sees
// the standard library.
type Options struct {
	// Dir is the session's folder. In it are values/, what is kept from cell to cell,
	// and cell/, what the program of a cell leaves for the kernel.
	Dir string
	// Modules are the folders of the modules that cells see. Nil: none.
	Modules []string
	// GoRoot is of the Go that compiles cells. Zero: the one on PATH.
	GoRoot string
	// Env is the environment of the go command. Nil: that of this process.
	Env []string
}

// Session is what a notebook has defined. Its methods may be called at the same time.
type Session struct {
	options Options
	index   *index

	mu   sync.Mutex
	defs map[string]*definition // by name, methods by "T.M"; of each name the latest
	gonb map[string]bool        // what GoNB remembers

	without map[string]bool // packages that cannot be got
	blanks  map[string]bool // packages that were imported for their effect alone
}

// New returns a session without definitions. Call [Session.Warm] at once: what needs to
// know packages waits for it.
func New(o Options) *Session {
	return &Session{options: o, index: newIndex(o), defs: map[string]*definition{}, gonb: map[string]bool{}, without: map[string]bool{}, blanks: map[string]bool{}}
}

// Warm finds out which packages cells can import, and the types of those that are used
// most. It takes a tenth of a second where an earlier kernel did it, and minutes where
// the laboratory has to be compiled first. When it fails, cells can still import what was
// found.
func (s *Session) Warm(ctx context.Context) error { return s.index.warm(ctx) }

// Look names the folder of a module that has packages which the cells' modules lack:
// GoNB's, after go get. What was not to be found is looked for again.
func (s *Session) Look(dir string) { s.index.look(dir) }

// Program is what a cell becomes.
type Program struct {
	Source     string   // what GoNB is given; "" where there is nothing to run
	Declared   []string // what GoNB would remember of it, and should forget
	Missing    []string // packages that are not at hand; Source is then empty
	Plain      bool     // a plain cell; else the cell is GoNB's
	ReadsInput bool     // it may read standard input
	Forget     []string // what GoNB has to forget before, in silence
	Lines      int      // lines that Source has before the reader's, of a GoNB cell

	number   int
	defines  []*definition // functions, types, constants, imports
	values   map[string]*definition
	earlier  map[string][]*definition // versions before those of values that a failure may leave
	loaded   []string
	dropped  []string  // methods of earlier cells
	blanks   []string  // packages that it imports for their effect alone
	gonb     []string  // what GoNB remembers of it
	removes  []string  // what GoNB is told to forget
	problems []problem // what to tell where Missing cannot be got
}

// Translate makes a program of a cell. The error is a *[CellError].
func (s *Session) Translate(number int, code string) (p *Program, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { // a fault of this package costs one cell and not the kernel
		if fault := recover(); fault != nil {
			c := &cellText{number: number, code: code}
			p, err = nil, newCellError([]problem{{c, 0, fmt.Sprintf("this cell brings out a fault of the kernel, please report it: %v", fault)}})
		}
	}()
	s.index.refresh()
	commands, rest := Split(code)
	switch {
	case strings.TrimSpace(code) == "":
		return &Program{Plain: true, number: number}, nil
	case rest == "", isForGoNB(rest):
		return s.translateGoNB(number, code), nil
	}
	parsed := parseCell(&cellText{number: number, code: rest})
	if declaresInit(parsed) {
		return s.translateGoNB(number, code), nil
	}
	if len(parsed.wrong) > 0 {
		return nil, newCellError(parsed.wrong)
	}
	program, err := s.translate(parsed)
	if err != nil {
		return nil, err
	}
	if commands != "" && len(program.Missing) == 0 {
		program.Source = commands + "\n" + program.Source
	}
	return program, nil
}

// isForGoNB reports whether a cell has a command that makes it GoNB's as a whole.
func isForGoNB(code string) bool {
	inText := insideLiterals(code)
	for i, line := range strings.Split(code, "\n") {
		if !inText[i] && isWholeCell(line) {
			return true
		}
	}
	return false
}

// declaresInit reports whether a cell has functions that GoNB runs with every cell.
func declaresInit(p *parsed) bool {
	return slices.ContainsFunc(p.decls, func(d *declared) bool {
		return d.kind == funcKind && (d.names[0] == "init" || strings.HasPrefix(d.names[0], "init_"))
	})
}

// translate makes a program of a cell whose syntax is right.
func (s *Session) translate(p *parsed) (*Program, error) {
	s.dropImports(p)
	b := s.newBuild(p)
	b.close()
	missing, problems := b.missing()
	if len(missing) > 0 {
		return &Program{Plain: true, Missing: missing, problems: problems, number: p.cell.number}, nil
	}
	b.check()
	if problems := append(b.diagnose(), b.experiments()...); len(problems) > 0 {
		return nil, newCellError(problems)
	}
	program := &Program{Plain: true, number: p.cell.number, ReadsInput: b.readsInput()}
	program.Source, program.Declared = b.emit()
	if method := ambiguous(program.Declared); method != "" {
		return nil, newCellError([]problem{{p.cell, 0, fmt.Sprintf("two generic types have a method %s with a value receiver, which GoNB takes for one; make one a pointer receiver", method)}})
	}
	program.Forget = slices.Sorted(maps.Keys(s.gonb))
	b.record(program)
	if len(p.statements) == 0 && !p.names["main"] {
		program.Source, program.Declared, program.Forget = "", nil, nil
	}
	return program, nil
}

// ambiguous finds a method that GoNB takes for another's: it knows methods of generic types
// by their names alone, unless the receiver is a pointer.
func ambiguous(keys []string) string {
	seen := map[string]bool{}
	for _, key := range keys {
		method, ok := strings.CutPrefix(key, "unknown~")
		if ok && seen[method] {
			return method
		}
		seen[method] = ok
	}
	return ""
}

// missing lists the packages that the cell imports and that are not at hand.
func (b *build) missing() (paths []string, problems []problem) {
	look := func(path string, at int) {
		if _, err := b.s.index.load(path); errors.Is(err, errNoPackage) && !slices.Contains(paths, path) {
			paths = append(paths, path)
			text := fmt.Sprintf("there is no package %q at hand", path)
			if meant := b.s.nearestPackage(path); meant != "" {
				text += fmt.Sprintf("; did you mean %q?", meant)
			}
			problems = append(problems, problem{b.p.cell, at, text})
		}
	}
	for _, i := range b.p.imports {
		look(i.path, i.from)
	}
	for _, d := range b.inOrder() {
		if d.kind == importKind {
			look(d.path, b.firstMention(d.name))
		}
	}
	return paths, problems
}

func (s *Session) nearestPackage(path string) string {
	var paths []string
	for _, p := range s.index.known() {
		paths = append(paths, p.Path)
	}
	return nearest(path, paths)
}

// NotFound is what to tell the reader where the missing packages of a program cannot be
// got.
func (s *Session) NotFound(p *Program) error {
	if len(p.problems) == 0 {
		return nil
	}
	return newCellError(p.problems)
}

// Without names packages that cannot be got: a cell that imports one and does not name it
// is translated without it.
func (s *Session) Without(packages []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, path := range packages {
		s.without[path] = true
	}
}

// dropImports takes imports of packages that cannot be got, and whose name the cell does
// not mention, out of the cell.
func (s *Session) dropImports(p *parsed) {
	p.imports = slices.DeleteFunc(p.imports, func(i imported) bool {
		if !s.without[i.path] || i.name == "." || i.name == "_" {
			return false
		}
		if _, err := s.index.load(i.path); !errors.Is(err, errNoPackage) {
			return false
		}
		mention := regexp.MustCompile(`\b` + regexp.QuoteMeta(s.importName(i)) + `\s*\.`)
		return !mention.MatchString(p.cell.code[:i.from]) && !mention.MatchString(p.cell.code[i.to:])
	})
}

// readsInput reports whether the cell, or what it names, may read standard input.
func (b *build) readsInput() bool {
	for id, o := range b.info.Uses {
		if o.Pkg() == nil {
			continue
		}
		switch o.Pkg().Path() + "." + id.Name {
		case "os.Stdin", "fmt.Scan", "fmt.Scanf", "fmt.Scanln", "syscall.Stdin":
			return true
		}
	}
	return false
}

// recordDeclarations notes what the cell declares, for Finish.
func (b *build) recordDeclarations(p *Program) {
	p.dropped = b.dropped
	for _, i := range b.p.imports {
		name := b.s.importName(i)
		if name == "." {
			name += i.path
		}
		if name == "_" {
			p.blanks = append(p.blanks, i.path)
		} else {
			p.defines = append(p.defines, &definition{name: name, kind: importKind, cell: b.p.cell, from: i.from, to: i.to, path: i.path})
		}
	}
	for _, d := range b.p.decls {
		for _, name := range d.names {
			def := definitionOf(b.p.cell, d, name)
			def.refs = b.bound(d.refs)
			if c, ok := b.pkg.Scope().Lookup(name).(*types.Const); ok && d.kind == constKind {
				def.typ, def.value = constType(c, b.pkg), constValue(c)
				def.refs = nil
			}
			if name != "main" {
				p.defines = append(p.defines, def)
			}
		}
	}
}

// record notes what the cell defines, for Finish.
func (b *build) record(p *Program) {
	b.recordDeclarations(p)
	p.values, p.earlier = map[string]*definition{}, map[string][]*definition{}
	for _, v := range b.cellVariables() { // the last version of a name wins
		before := p.values[v.name]
		if old := b.needed[v.name]; before == nil && old != nil && old.kind == varKind && !old.made {
			same := *old
			before = &same
		}
		if before != nil {
			p.earlier[v.name] = append(p.earlier[v.name], before)
		}
		p.values[v.name] = b.valueOf(v)
	}
	for _, d := range b.needed {
		switch {
		case d.kind != varKind:
		case !d.made:
			p.loaded = append(p.loaded, d.name)
		case !d.gonb && b.changes(b.pkg.Scope().Lookup(b.goName(d.name, 0))):
			gone := *d
			gone.made, gone.kept = false, &kept{Reason: fmt.Sprintf("it was assigned to in cell [%d], and a function value cannot be kept", b.p.cell.number)}
			p.defines = append(p.defines, &gone)
		}
	}
	for name := range b.p.versions { // an earlier cell's variable that the cell assigned to
		if p.values[name] == nil && b.needed[name] != nil {
			p.values[name] = b.valueOf(variable{name, 0})
		}
	}
}

// bound are the refs of a declaration with the packages that they stand for: a variable
// of a later cell does not hide these.
func (b *build) bound(refs []ref) []ref {
	refs = slices.Clone(refs)
	for i, f := range refs {
		refs[i].path = b.packageOf(f)
	}
	return refs
}

// functionOf tells how a variable is made anew whose value is a function literal: a
// function value cannot be kept, but what it is written as can, unless it is assigned to.
// The same goes for var x = pkg.Call(), as in var Backend = compute.MustNew(), where the
// value cannot be kept: GoNB makes such a variable anew in every cell.
func (b *build) functionOf(d *definition) {
	for _, s := range b.p.statements {
		for _, bind := range s.bindings {
			if !bind.literal && !bind.call || bind.names[0].name != d.name || b.p.versions[d.name] != 1 || b.changes(b.pkg.Scope().Lookup(d.name)) {
				continue
			}
			d.spec, d.from, d.to = bind.names, bind.names[0].from, bind.values[1]
			d.refs = b.bound(inside(s.refs, d.from, d.to))
			for _, t := range scan(b.p.cell.code[bind.names[0].to:bind.values[0]]) {
				if at := bind.names[0].to + t.from; t.tok == token.DEFINE {
					d.fixes = []edit{{at, at + len(":="), "="}}
				}
			}
		}
	}
}

// valueOf is what a later cell is told of a variable.
func (b *build) valueOf(v variable) *definition {
	t := textOf(b.typeOf(b.canonical(v)), b.pkg)
	d := &definition{
		name: v.name, kind: varKind, cell: b.p.cell, typ: t, nameAt: b.firstDefinition(v.name),
		kept: &kept{Reason: t.bad, types: fingerprint(b.find, t.own)},
	}
	b.functionOf(d)
	return d
}

func (b *build) firstDefinition(name string) int {
	for _, s := range b.p.statements {
		for _, bind := range s.bindings {
			for _, n := range bind.names {
				if n.name == name {
					return n.from
				}
			}
		}
	}
	return 0
}

// Variable is a row of what a notebook has defined.
type Variable struct {
	Name string
	Kind string // "variable", "constant", "function", "type"
	Type string
	Size int64  // bytes that the value takes on disk; 0 for what has none
	Cell int    // number of the cell that defined it
	Note string // why its value was not kept; "" where it was
	Text string // the value in a short line; "" for functions and types
}

// Who lists what the notebook has defined: variables first, each kind by name.
func (s *Session) Who() []Variable {
	s.mu.Lock()
	defer s.mu.Unlock()
	words := map[kind]string{varKind: "variable", constKind: "constant", funcKind: "function", typeKind: "type"}
	var rows []Variable
	for _, name := range slices.Sorted(maps.Keys(s.defs)) {
		d := s.defs[name]
		if words[d.kind] == "" {
			continue
		}
		v := Variable{Name: name, Kind: words[d.kind], Type: d.describe(), Cell: d.cell.number}
		if d.kept != nil && !d.made {
			v.Size, v.Note = d.kept.Size, d.kept.Reason
		}
		if d.kept != nil {
			v.Text = d.kept.Brief
		}
		if d.kind == constKind {
			v.Text = d.shownValue()
		}
		rows = append(rows, v)
	}
	slices.SortStableFunc(rows, func(a, b Variable) int { return order(a.Kind) - order(b.Kind) })
	return rows
}

func order(kind string) int {
	return slices.Index([]string{"variable", "constant", "function", "type"}, kind)
}

// describe is the type of what is defined, in a line.
func (d *definition) describe() string {
	switch d.kind {
	case varKind:
		return d.typ.plain()
	case constKind:
		return strings.TrimSpace(d.typ.plain() + " = " + d.shownValue())
	case funcKind:
		to := d.to
		if d.body[0] > 0 {
			to = d.body[0]
		}
		return strings.Join(strings.Fields(strings.Replace(d.cell.code[d.from:to], " "+d.name, "", 1)), " ")
	case typeKind:
		line, _, isLonger := strings.Cut(strings.TrimPrefix(d.cell.code[d.from:d.to], d.name+" "), "\n")
		if isLonger {
			line += " … }"
		}
		return line
	}
	return ""
}

// Reset forgets all that the notebook has defined, values included.
func (s *Session) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.defs)
	clear(s.gonb)
	clear(s.blanks)
	s.removeValues()
}

// shownValue is a constant as a reader writes it: 2.5, where the program has (5./2.).
func (d *definition) shownValue() string {
	v, err := types.Eval(token.NewFileSet(), nil, token.NoPos, d.value)
	if err != nil || v.Value == nil {
		return d.value
	}
	return v.Value.String()
}
