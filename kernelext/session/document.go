package session

import (
	"go/ast"
	"go/doc/comment"
	"go/format"
	"go/parser"
	"go/printer"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// document is what a reader is told of something.
type document struct {
	signature string         // in Go
	comment   string         // as it stands in the source, without its slashes
	of        *types.Package // that the comment is in; nil for a notebook
	lines     []string       // sentences behind it
	more      []string       // methods, in Go; only where all is asked for
	source    string         // file and line; only where all is asked for
}

// rendered is a document for a front end.
func (x *index) rendered(d document, detail int) map[string]string {
	parsed := x.commentParser(d.of).Parse(d.comment)
	if detail == 0 {
		shorten(parsed)
	}
	if d.of != nil && packageScope(d.of.Path()) != restScope {
		qualify(parsed.Content, d.of.Name())
	}
	p := &comment.Printer{TextWidth: 78, HeadingID: func(*comment.Heading) string { return "" }, HeadingLevel: 4, DocLinkURL: func(l *comment.DocLink) string {
		to := *l
		if to.ImportPath == "" && d.of != nil {
			to.ImportPath = d.of.Path()
		}
		if to.ImportPath == "" || packageScope(to.ImportPath) != restScope {
			return "" // only the standard library is sure to be there
		}
		return to.DefaultURL("https://pkg.go.dev")
	}}
	code := d.signature
	if detail > 0 && len(d.more) > 0 {
		code += "\n\n" + strings.Join(d.more, "\n")
	}
	lines := slices.Clone(d.lines)
	if detail > 0 && d.source != "" {
		lines = append(lines, d.source)
	}
	join := func(parts ...string) string {
		parts = slices.DeleteFunc(parts, func(s string) bool { return strings.TrimSpace(s) == "" })
		for i := range parts {
			parts[i] = strings.Trim(parts[i], "\n")
		}
		return strings.Join(parts, "\n\n") + "\n"
	}
	fenced := ""
	if code != "" {
		fenced = "```go\n" + code + "\n```"
	}
	return map[string]string{
		"text/plain":    join(code, string(p.Text(parsed)), strings.Join(lines, "\n")),
		"text/markdown": join(fenced, string(p.Markdown(parsed)), strings.Join(lines, "\n\n")),
	}
}

// shortDoc is how many bytes of documentation are shown where not all is asked for.
const shortDoc = 800

// shorten keeps the first paragraphs of a long comment.
func shorten(d *comment.Doc) {
	size := 0
	var p comment.Printer
	for i, block := range d.Content {
		size += len(p.Text(&comment.Doc{Content: []comment.Block{block}}))
		if i > 0 && size > shortDoc {
			d.Content = append(d.Content[:i:i], &comment.Paragraph{Text: []comment.Text{comment.Plain("…")}})
			return
		}
	}
}

// qualify writes the links to a package's own names as a cell does: vgrad.Zero. There is
// no page to link to.
func qualify(blocks []comment.Block, name string) {
	for _, b := range blocks {
		switch b := b.(type) {
		case *comment.Paragraph:
			for i, t := range b.Text {
				if l, ok := t.(*comment.DocLink); ok && l.ImportPath == "" {
					b.Text[i] = comment.Plain(name + "." + strings.TrimPrefix(l.Recv+".", ".") + l.Name)
				}
			}
		case *comment.List:
			for _, item := range b.Items {
				qualify(item.Content, name)
			}
		}
	}
}

// commentParser knows the names that a comment of a package may link to.
func (x *index) commentParser(p *types.Package) *comment.Parser {
	return &comment.Parser{
		LookupPackage: func(name string) (path string, ok bool) {
			path, ok = x.implicits()[name]
			return path, ok
		},
		LookupSym: func(receiver, name string) bool {
			if p == nil {
				return token.IsExported(name)
			}
			if receiver == "" {
				return p.Scope().Lookup(name) != nil
			}
			return p.Scope().Lookup(receiver) != nil
		},
	}
}

// declaration is where the source declares something.
type declaration struct {
	comment string
	text    string // of a type: the declaration without what is not exported
	line    int
}

// declarationIn finds what a file declares under a name nearest to a line.
func declarationIn(file string, line int, name string) (d declaration, ok bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return d, false
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, text, parser.ParseComments|parser.SkipObjectResolution)
	if f == nil || err != nil && len(f.Decls) == 0 {
		return d, false
	}
	best := 1 << 30
	take := func(id *ast.Ident, group *ast.GenDecl, spec ast.Spec, comments ...*ast.CommentGroup) {
		at := fset.Position(id.Pos()).Line
		if away := max(at-line, line-at); id.Name == name && away < best {
			best, ok = away, true
			d = declaration{comment: joined(comments), line: at}
			if t, isType := spec.(*ast.TypeSpec); isType {
				d.text = writtenType(fset, group, t)
			}
		}
	}
	var group *ast.GenDecl
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			take(n.Name, nil, nil, n.Doc)
			return false
		case *ast.GenDecl:
			group = n
		case *ast.TypeSpec:
			take(n.Name, group, n, firstComment(n.Doc, group.Doc))
		case *ast.ValueSpec:
			for _, id := range n.Names {
				take(id, group, n, n.Doc, n.Comment, group.Doc)
			}
		case *ast.Field:
			for _, id := range n.Names {
				take(id, nil, nil, n.Doc, n.Comment)
			}
			if id := embeddedName(n); id != nil {
				take(id, nil, nil, n.Doc, n.Comment)
			}
		}
		return true
	})
	return d, ok
}

func embeddedName(f *ast.Field) *ast.Ident {
	if len(f.Names) > 0 {
		return nil
	}
	e := f.Type
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	switch e := e.(type) {
	case *ast.Ident:
		return e
	case *ast.SelectorExpr:
		return e.Sel
	}
	return nil
}

func firstComment(groups ...*ast.CommentGroup) *ast.CommentGroup {
	for _, g := range groups {
		if g != nil {
			return g
		}
	}
	return nil
}

func joined(groups []*ast.CommentGroup) string {
	var parts []string
	for _, g := range groups {
		if g != nil {
			parts = append(parts, strings.TrimSpace(g.Text()))
		}
	}
	return strings.Join(parts, "\n\n")
}

// writtenType writes a type's declaration with the comments of its fields, without what is
// not exported.
func writtenType(fset *token.FileSet, group *ast.GenDecl, spec *ast.TypeSpec) string {
	hidden := false
	exported := func(list *ast.FieldList) {
		if list == nil {
			return
		}
		list.List = slices.DeleteFunc(list.List, func(f *ast.Field) bool {
			names := f.Names
			if id := embeddedName(f); id != nil {
				names = []*ast.Ident{id}
			}
			isHidden := len(names) > 0 && !slices.ContainsFunc(names, func(id *ast.Ident) bool { return id.IsExported() })
			hidden = hidden || isHidden
			return isHidden
		})
	}
	switch t := spec.Type.(type) {
	case *ast.StructType:
		exported(t.Fields)
	case *ast.InterfaceType:
		exported(t.Methods)
	}
	spec.Doc = nil
	var b strings.Builder
	decl := &ast.GenDecl{Tok: token.TYPE, TokPos: spec.Pos(), Specs: []ast.Spec{spec}}
	if (&printer.Config{Mode: printer.UseSpaces | printer.TabIndent, Tabwidth: 8}).Fprint(&b, fset, decl) != nil {
		return ""
	}
	text := b.String()
	if hidden && strings.HasSuffix(text, "}") {
		text = strings.TrimSuffix(strings.TrimSuffix(text, "}"), "\n")
		if strings.HasSuffix(text, "{") {
			return text + " /* unexported */ }"
		}
		text += "\n\t// Has unexported fields.\n}"
	}
	if formatted, err := format.Source([]byte(text)); err == nil {
		text = string(formatted)
	}
	return text
}

// commentAt is the comment of what a cell declares at an offset: on the lines before it,
// or behind it on its line.
func commentAt(code string, at int) string {
	lineOf := func(offset int) int { return strings.Count(code[:offset], "\n") }
	line := lineOf(at)
	var above []string
	beside, next := "", line
	tokens := scan(code)
	for _, t := range slices.Backward(tokens) {
		if t.tok != token.COMMENT {
			continue
		}
		from, to := lineOf(t.from), lineOf(t.to)
		isAlone := strings.TrimSpace(code[strings.LastIndexByte(code[:t.from], '\n')+1:t.from]) == ""
		switch {
		case from == line && t.from > at:
			beside = t.lit
		case to == next-1 && t.to <= at && isAlone:
			above, next = append(above, t.lit), from
		}
	}
	slices.Reverse(above)
	if len(above) == 0 && beside != "" {
		above = []string{beside}
	}
	group := &ast.CommentGroup{}
	for _, text := range above {
		group.List = append(group.List, &ast.Comment{Text: text})
	}
	if len(group.List) == 0 {
		return ""
	}
	return strings.TrimSpace(group.Text())
}

// packageDocument is what the sources say of a package.
func (x *index) packageDocument(path string) (document, bool) {
	x.mu.Lock()
	p, ok := x.pkgs[path]
	x.mu.Unlock()
	if !ok {
		return document{}, false
	}
	d := document{signature: "package " + p.Name + " // import \"" + path + "\"", source: p.Dir}
	files, _ := filepath.Glob(filepath.Join(p.Dir, "*.go"))
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, _ := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if f == nil || f.Doc == nil || f.Name.Name != p.Name {
			continue
		}
		if text := f.Doc.Text(); len(text) > len(d.comment) {
			d.comment = text
		}
	}
	return d, true
}
