package session

import (
	"go/ast"
	"go/token"
	"go/types"
)

// view is a cell's text as the type-checker sees it, whatever is wrong with it.
type view struct {
	fset *token.FileSet
	file *ast.File      // package main: imports, what earlier cells declare, then the cell
	info *types.Info    // of what could be understood
	pkg  *types.Package // its scope has the names of the notebook, variables included
	text *text
	cell *cellText
}

// look type-checks a cell's text beside all that the notebook has defined. It never
// fails: a top-level piece that is no Go is left out. s.mu is held.
func (s *Session) look(code string) *view {
	c := &cellText{code: code}
	b := s.newBuild(parseCell(c))
	b.all = true
	b.close()
	b.check()
	v := &view{fset: b.fset, file: b.file, info: b.info, pkg: b.pkg, text: b.text, cell: c}
	if v.file == nil {
		v.file = &ast.File{Name: ast.NewIdent("main")}
	}
	if v.pkg == nil {
		v.pkg = types.NewPackage("main", "main")
	}
	return v
}

// pos is where an offset of the cell is in v.file; NoPos in a piece that was left out.
func (v *view) pos(offset int) token.Pos {
	at := v.text.place(v.cell, offset)
	if at < 0 || v.file.FileStart == token.NoPos {
		return token.NoPos
	}
	return v.file.FileStart + token.Pos(at)
}

// offset is where a position of v.file is in the cell; false where it is of no text of
// the cell.
func (v *view) offset(pos token.Pos) (int, bool) {
	c, at, exact := v.text.origin(v.fset.Position(pos).Offset)
	return at, exact && c == v.cell
}

// scope is the innermost scope at an offset of the cell.
func (v *view) scope(offset int) *types.Scope {
	if pos := v.pos(offset); pos.IsValid() {
		if inner := v.pkg.Scope().Innermost(pos); inner != nil {
			return inner
		}
	}
	return v.pkg.Scope()
}
