package session

import (
	"go/ast"
	"go/token"
	"go/types"
)

// wanted is the type that an expression should have at a node of the path; nil where
// anything goes. n counts nodes above the word.
func (sc *scene) wanted(n int) types.Type {
	e, ok := sc.node(n).(ast.Expr)
	if !ok {
		return nil
	}
	switch parent := sc.node(n + 1).(type) {
	case *ast.ParenExpr:
		return sc.wanted(n + 1)
	case *ast.SelectorExpr:
		if parent.Sel == e {
			return sc.wanted(n + 1)
		}
	case *ast.UnaryExpr:
		return sc.wantedOperand(parent, n)
	case *ast.BinaryExpr:
		if parent.Op == token.LAND || parent.Op == token.LOR {
			return types.Typ[types.Bool]
		}
		if parent.Op == token.SHL || parent.Op == token.SHR {
			return nil
		}
		return sc.typeOfExpr(other(parent, e))
	case *ast.CallExpr:
		if p, _ := sc.param(parent, e); p != nil {
			return p.Type()
		}
		return sc.wantedOfBuiltin(parent, e)
	case *ast.KeyValueExpr:
		return sc.wantedInPair(parent, e, n)
	case *ast.CompositeLit:
		return elementType(sc.literalType(parent), parent, e)
	case *ast.IndexExpr:
		if parent.Index == e {
			return indexType(sc.typeOfExpr(parent.X))
		}
	case *ast.AssignStmt:
		if parent.Tok != token.DEFINE {
			return sc.wantedByPlace(parent.Rhs, parent.Lhs, e)
		}
	case *ast.ValueSpec:
		if parent.Type != nil && parent.Type != e {
			return sc.info.TypeOf(parent.Type)
		}
	case *ast.ReturnStmt:
		return sc.wantedResult(parent, e)
	case *ast.SendStmt:
		if t := sc.typeOfExpr(parent.Chan); parent.Value == e && t != nil {
			if c, ok := t.Underlying().(*types.Chan); ok {
				return c.Elem()
			}
		}
	case *ast.IfStmt, *ast.ForStmt:
		return types.Typ[types.Bool]
	case *ast.CaseClause:
		for i := n + 2; sc.node(i) != nil; i++ {
			if s, ok := sc.node(i).(*ast.SwitchStmt); ok && s.Tag != nil {
				return sc.typeOfExpr(s.Tag)
			}
		}
	}
	return nil
}

func other(b *ast.BinaryExpr, e ast.Expr) ast.Expr {
	if b.X == e {
		return b.Y
	}
	return b.X
}

// typeOfExpr is the type of a value; nil where it is not known.
func (sc *scene) typeOfExpr(e ast.Expr) types.Type {
	t := sc.info.TypeOf(e)
	if t == nil || isInvalid(t) {
		return nil
	}
	if b, ok := t.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		return types.Default(t)
	}
	return t
}

func (sc *scene) wantedOperand(u *ast.UnaryExpr, n int) types.Type {
	switch u.Op {
	case token.NOT:
		return types.Typ[types.Bool]
	case token.AND:
		if p, ok := underlying(sc.wanted(n + 1)).(*types.Pointer); ok {
			return p.Elem()
		}
		return nil
	case token.ARROW:
		return nil
	}
	return sc.wanted(n + 1)
}

func underlying(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	return t.Underlying()
}

// param is the parameter of a call that an argument is for, and the function.
func (sc *scene) param(call *ast.CallExpr, e ast.Expr) (*types.Var, types.Object) {
	sig, ok := underlying(sc.typeOfExpr(call.Fun)).(*types.Signature)
	if !ok {
		return nil, nil
	}
	for i, arg := range call.Args {
		if arg != e {
			continue
		}
		params := sig.Params()
		if sig.Variadic() && i >= params.Len()-1 {
			p := params.At(params.Len() - 1)
			if s, ok := p.Type().(*types.Slice); ok && !call.Ellipsis.IsValid() {
				return types.NewVar(p.Pos(), p.Pkg(), p.Name(), s.Elem()), sc.callee(call)
			}
			return p, sc.callee(call)
		}
		if i < params.Len() {
			return params.At(i), sc.callee(call)
		}
	}
	return nil, nil
}

func (sc *scene) callee(call *ast.CallExpr) types.Object {
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		return sc.info.Uses[f]
	case *ast.SelectorExpr:
		return sc.info.Uses[f.Sel]
	}
	return nil
}

// wantedOfBuiltin is what append, delete and conversions want.
func (sc *scene) wantedOfBuiltin(call *ast.CallExpr, e ast.Expr) types.Type {
	tv := sc.info.Types[call.Fun]
	if tv.IsType() {
		return tv.Type
	}
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok || len(call.Args) == 0 || call.Args[0] == e {
		return nil
	}
	switch t := underlying(sc.typeOfExpr(call.Args[0])).(type) {
	case *types.Slice:
		if id.Name == "append" {
			return t.Elem()
		}
	case *types.Map:
		if id.Name == "delete" {
			return t.Key()
		}
	}
	return nil
}

func (sc *scene) wantedInPair(pair *ast.KeyValueExpr, e ast.Expr, n int) types.Type {
	lit, ok := sc.node(n + 2).(*ast.CompositeLit)
	if !ok {
		return nil
	}
	switch t := underlying(sc.literalType(lit)).(type) {
	case *types.Struct:
		if f := fieldOf(t, pair.Key); f != nil && pair.Value == e {
			return f.Type()
		}
	case *types.Map:
		if pair.Key == e {
			return t.Key()
		}
		return t.Elem()
	case *types.Slice:
		if pair.Value == e {
			return t.Elem()
		}
	case *types.Array:
		if pair.Value == e {
			return t.Elem()
		}
	}
	return nil
}

// literalType is the type of a composite literal; of &T{} written as {} in a slice of
// pointers it is T.
func (sc *scene) literalType(lit *ast.CompositeLit) types.Type {
	t := sc.typeOfExpr(lit)
	if p, ok := underlying(t).(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

func fieldOf(s *types.Struct, key ast.Expr) *types.Var {
	id, ok := key.(*ast.Ident)
	if !ok {
		return nil
	}
	for f := range s.Fields() {
		if f.Name() == id.Name {
			return f
		}
	}
	return nil
}

// elementType is that of an element of a literal without a key.
func elementType(t types.Type, lit *ast.CompositeLit, e ast.Expr) types.Type {
	switch t := underlying(t).(type) {
	case *types.Slice:
		return t.Elem()
	case *types.Array:
		return t.Elem()
	case *types.Map:
		return t.Key()
	case *types.Struct:
		for i, x := range lit.Elts {
			if x == e && i < t.NumFields() {
				return t.Field(i).Type()
			}
		}
	}
	return nil
}

func indexType(t types.Type) types.Type {
	switch t := underlying(t).(type) {
	case *types.Map:
		return t.Key()
	case *types.Slice, *types.Array, *types.Pointer, *types.Basic:
		return types.Typ[types.Int]
	}
	return nil
}

func (sc *scene) wantedByPlace(right, left []ast.Expr, e ast.Expr) types.Type {
	for i, x := range right {
		if x == e && i < len(left) {
			return sc.typeOfExpr(left[i])
		}
	}
	return nil
}

func (sc *scene) wantedResult(r *ast.ReturnStmt, e ast.Expr) types.Type {
	for i := len(sc.path) - 1; i >= 0; i-- {
		var sig *types.Signature
		switch f := sc.path[i].(type) {
		case *ast.FuncLit:
			sig, _ = sc.info.TypeOf(f).(*types.Signature)
		case *ast.FuncDecl:
			if o := sc.info.Defs[f.Name]; o != nil {
				sig, _ = o.Type().(*types.Signature)
			}
		default:
			continue
		}
		if sig == nil {
			return nil
		}
		for k, x := range r.Results {
			if x == e && k < sig.Results().Len() {
				return sig.Results().At(k).Type()
			}
		}
		return nil
	}
	return nil
}

// suits tells how well a value of a type, or what a call of it gives, fits where a type is
// wanted.
func suits(t, want types.Type) fitRank {
	if want == nil || t == nil || isInvalid(t) || isInvalid(want) {
		return noFit
	}
	if _, ok := want.(*types.TypeParam); ok {
		return noFit
	}
	if i, ok := want.Underlying().(*types.Interface); ok && i.Empty() {
		return noFit // all fits, which tells nothing
	}
	switch {
	case types.Identical(t, want):
		return fitValue
	case types.AssignableTo(t, want):
		if types.IsInterface(want) {
			return fitValue
		}
		return fitAssign
	}
	sig, ok := t.Underlying().(*types.Signature)
	if ok && sig.Results().Len() > 0 && types.AssignableTo(sig.Results().At(0).Type(), want) {
		return fitCall
	}
	return noFit
}
