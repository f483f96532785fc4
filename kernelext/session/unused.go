package session

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// unusedName is the local variable that, as the checker says, nothing uses; "" of other
// errors.
func unusedName(err types.Error) string {
	if name, ok := strings.CutPrefix(err.Msg, "declared and not used: "); ok {
		return name
	}
	name, ok := strings.CutSuffix(err.Msg, " declared and not used") // of a type switch
	if !ok || strings.HasPrefix(name, "label ") {
		return ""
	}
	return name
}

// unusedFixes uses the local variables that nothing uses: in a cell they are no error.
func (b *build) unusedFixes() map[*cellText][]edit {
	fixes := map[*cellText][]edit{}
	for _, err := range b.errors {
		if isUnusedLabel(err) {
			b.fixLabel(err, fixes)
		}
		name := unusedName(err)
		if name == "" {
			continue
		}
		at, text := placeOfUse(b.file, err.Pos, name)
		if !at.IsValid() {
			continue
		}
		if c, offset, _ := b.text.origin(b.offsetOf(at)); c != nil {
			fixes[c] = append(fixes[c], edit{offset, offset, text})
		}
	}
	return fixes
}

// isUnusedLabel reports the error of a label that nothing jumps to.
func isUnusedLabel(err types.Error) bool {
	return strings.HasPrefix(err.Msg, "label ") && strings.HasSuffix(err.Msg, " declared and not used")
}

// fixLabel takes out a label.
func (b *build) fixLabel(err types.Error, fixes map[*cellText][]edit) {
	for _, n := range pathTo(b.file, err.Pos) {
		if l, ok := n.(*ast.LabeledStmt); ok && l.Label.Pos() == err.Pos {
			if c, from, _ := b.text.origin(b.offsetOf(l.Pos())); c != nil {
				fixes[c] = append(fixes[c], edit{from, from + int(l.Colon-l.Pos()) + 1, ""})
			}
		}
	}
}

func (b *build) offsetOf(pos token.Pos) int { return b.fset.Position(pos).Offset }

// isFixable reports whether an error is of a variable that unusedFixes uses.
func (b *build) isFixable(err types.Error) bool {
	name := unusedName(err)
	if name == "" {
		return false
	}
	at, _ := placeOfUse(b.file, err.Pos, name)
	return at.IsValid()
}

// placeOfUse returns where a use of a variable can be put that is declared at pos, and
// its text.
func placeOfUse(file *ast.File, pos token.Pos, name string) (token.Pos, string) {
	path := pathTo(file, pos)
	for i := len(path) - 1; i > 0; i-- {
		var parent ast.Node = path[i-1]
		switch s := path[i].(type) {
		case *ast.RangeStmt:
			if pos < s.Body.Lbrace {
				return s.Body.Lbrace + 1, "_ = " + name + ";"
			}
		case *ast.AssignStmt, *ast.DeclStmt:
			return besideStatement(parent, s.(ast.Stmt), name)
		}
	}
	return token.NoPos, ""
}

// besideStatement is where the scope of what a statement declares has room for a use.
func besideStatement(parent ast.Node, s ast.Stmt, name string) (token.Pos, string) {
	before := "_ = " + name + ";"
	switch p := parent.(type) {
	case *ast.IfStmt:
		return p.Body.Lbrace + 1, before
	case *ast.ForStmt:
		return p.Body.Lbrace + 1, before
	case *ast.SwitchStmt:
		return firstClause(p.Body), before
	case *ast.TypeSwitchStmt:
		return firstClause(p.Body), before
	case *ast.CommClause:
		if p.Comm == s {
			return p.Colon + 1, before
		}
	}
	return s.End(), "; _ = " + name
}

// firstClause is behind the colon of the first clause of a switch.
func firstClause(body *ast.BlockStmt) token.Pos {
	if len(body.List) == 0 {
		return token.NoPos
	}
	return body.List[0].(*ast.CaseClause).Colon + 1
}

// pathTo lists the nodes around a place, the outermost first.
func pathTo(root ast.Node, pos token.Pos) (path []ast.Node) {
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil || pos < n.Pos() || pos >= n.End() {
			return false
		}
		path = append(path, n)
		return true
	})
	return path
}
