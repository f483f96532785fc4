package session

import (
	"go/types"
	"slices"
	"strings"
)

// typeText is a type as Go source, with the paths of packages in place of their names,
// between mark bytes.
type typeText struct {
	text string
	own  []string // the notebook's types in it
	bad  string   // why it cannot be written: in words; "" where it can
	lab  bool     // a type of the laboratory is in it
}

const mark = "\x00"

// textOf writes a type of a program whose own package is own.
func textOf(t types.Type, own *types.Package) typeText {
	w := &typeWalk{own: own, seen: map[types.Type]bool{}}
	w.walk(t)
	text := types.TypeString(t, func(p *types.Package) string {
		if p == own {
			return ""
		}
		return mark + p.Path() + mark
	})
	slices.Sort(w.names)
	return typeText{text, slices.Compact(w.names), w.bad, w.lab}
}

// write writes the type with the names that packages have in a program.
func (t typeText) write(name func(path string) string) string {
	parts := strings.Split(t.text, mark)
	for i := 1; i < len(parts); i += 2 {
		parts[i] = name(parts[i])
	}
	return strings.Join(parts, "")
}

// plain writes the type with packages called by the last words of their paths.
func (t typeText) plain() string { return t.write(lastWord) }

// typeWalk looks at the parts of a type as far as they would be written.
type typeWalk struct {
	own   *types.Package
	seen  map[types.Type]bool
	names []string
	bad   string
	lab   bool
}

func (w *typeWalk) walk(t types.Type) {
	if w.seen[t] {
		return
	}
	w.seen[t] = true
	switch t := t.(type) {
	case *types.Alias:
		w.named(t.Obj(), t.TypeArgs())
	case *types.Named:
		w.named(t.Obj(), t.TypeArgs())
	case *types.Pointer:
		w.walk(t.Elem())
	case *types.Slice:
		w.walk(t.Elem())
	case *types.Array:
		w.walk(t.Elem())
	case *types.Chan:
		w.walk(t.Elem())
	case *types.Map:
		w.walk(t.Key())
		w.walk(t.Elem())
	case *types.Signature:
		w.tuple(t.Params())
		w.tuple(t.Results())
	case *types.Tuple:
		w.tuple(t)
	case *types.Struct:
		for f := range t.Fields() {
			w.member(f)
		}
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			w.member(m)
		}
		for e := range t.EmbeddedTypes() {
			w.walk(e)
		}
	case *types.Union:
		for term := range t.Terms() {
			w.walk(term.Type())
		}
	case *types.TypeParam:
		w.bad = "its type " + t.String() + " is a parameter"
	}
}

func (w *typeWalk) tuple(t *types.Tuple) {
	for v := range t.Variables() {
		w.walk(v.Type())
	}
}

// member looks at a field or method of a type without a name.
func (w *typeWalk) member(o types.Object) {
	if !o.Exported() && o.Pkg() != nil && o.Pkg() != w.own {
		w.bad = "its type has the field " + o.Name() + ", which only package " + o.Pkg().Name() + " can name"
	}
	w.walk(o.Type())
}

func (w *typeWalk) named(o *types.TypeName, args *types.TypeList) {
	for a := range args.Types() {
		w.walk(a)
	}
	switch p := o.Pkg(); {
	case p == nil: // error, any
	case o.Parent() != nil && o.Parent() != p.Scope():
		w.bad = "its type " + o.Name() + " is declared inside a function"
	case p == w.own:
		w.names = append(w.names, o.Name())
	case !o.Exported():
		w.bad = "its type " + p.Name() + "." + o.Name() + " is not exported"
	case strings.HasPrefix(p.Path(), "internal/") || strings.Contains(p.Path(), "/internal/") || strings.HasPrefix(p.Path(), "vendor/"):
		w.bad = "its type " + p.Name() + "." + o.Name() + " is of an internal package"
	default:
		w.lab = w.lab || p.Path() == labModule || strings.HasPrefix(p.Path(), labModule+"/")
	}
}

// isLab reports whether a value of the type is shown by package cell: it is of the
// laboratory, or made of what is.
func isLab(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		p := t.Obj().Pkg()
		return p != nil && strings.HasPrefix(p.Path(), labModule+"/")
	case *types.Pointer:
		return isLab(t.Elem())
	case *types.Slice:
		return isLab(t.Elem())
	case *types.Array:
		return isLab(t.Elem())
	case *types.Map:
		return isLab(t.Key()) || isLab(t.Elem())
	case *types.Tuple:
		for v := range t.Variables() {
			if isLab(v.Type()) {
				return true
			}
		}
	}
	return false
}

// isImage reports whether a value of the type, or the first of two, is a picture: an
// image.Image.
func isImage(t types.Type) bool {
	if pair, ok := t.(*types.Tuple); ok {
		return pair.Len() > 0 && isImage(pair.At(0).Type())
	}
	methods := types.NewMethodSet(t)
	for _, name := range []string{"Bounds", "At"} {
		if methods.Lookup(nil, name) == nil {
			return false
		}
	}
	model := methods.Lookup(nil, "ColorModel")
	if model == nil {
		return false
	}
	f, ok := model.Obj().Type().(*types.Signature)
	return ok && f.Results().Len() == 1 && f.Results().At(0).Type().String() == "image/color.Model"
}
