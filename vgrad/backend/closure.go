package backend

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/gomlx/gomlx/core/graph"
)

// NewClosure is graph.NewClosure for closures whose functions compute whatever
// they like. GoMLX 0.28.2 keeps scalar constants per graph, and go-xla 0.4.1 the
// functions of its reductions per builder, so that a second closure is handed a
// node or a function of the first, and the graph fails with "operands are not
// part of the function" or "reductionFn is not a StableHLO closure". While f
// builds, the closure has caches of its own; then those from outside are back.
//
// The caches are reached by reflection. Where a later version keeps them
// elsewhere, NewClosure panics and says so.
func NewClosure(g *graph.Graph, f func(g *graph.Graph) []*graph.Node) *graph.Function {
	fields := reflect.ValueOf(g).Elem()
	defer fresh(fields, "scalars")()
	if b := compiler(fields.FieldByName("builder")); b.IsValid() {
		defer fresh(b, "cacheReductions")()
		defer fresh(b, "cacheArgMinMax")()
	}
	return graph.NewClosure(g, f)
}

// compiler is the struct of go-xla's builder behind an interface and whatever
// wraps it; the zero value where the builder is another backend's.
func compiler(v reflect.Value) reflect.Value {
	v = writable(v)
	for v.IsValid() {
		switch v.Kind() {
		case reflect.Interface, reflect.Pointer:
			v = v.Elem()
		case reflect.Struct:
			if v.FieldByName("cacheReductions").IsValid() {
				return v
			}
			v = v.FieldByName("Builder")
		default:
			return reflect.Value{}
		}
	}
	return v
}

// fresh puts an empty map into a struct's field and returns what puts the old one back.
func fresh(of reflect.Value, field string) (restore func()) {
	v := of.FieldByName(field)
	if !v.IsValid() || v.Kind() != reflect.Map {
		panic(fmt.Sprintf("backend: %s has no map %q; vgrad/backend/closure.go is for GoMLX 0.28.2 and go-xla 0.4.1", of.Type(), field))
	}
	v = writable(v)
	old := reflect.ValueOf(v.Interface())
	v.Set(reflect.MakeMap(v.Type()))
	return func() { v.Set(old) }
}

// writable is a field that may be set though its name is not exported.
func writable(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}
