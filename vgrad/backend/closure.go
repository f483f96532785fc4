package backend

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/gomlx/gomlx/core/graph"
)

// NewClosure is graph.NewClosure for closures with constants and reductions.
//
// GoMLX 0.28.2 caches scalar constants per graph. go-xla 0.4.1 caches the
// functions of reductions per builder. A second closure would therefore get a node
// or a function of the first. The graph would fail with "operands are not part of
// the function" or "reductionFn is not a StableHLO closure". NewClosure gives f
// empty caches and restores the old ones afterwards.
//
// It reaches the caches by reflection. If a later version keeps them elsewhere,
// NewClosure panics with a message that says so.
func NewClosure(g *graph.Graph, f func(g *graph.Graph) []*graph.Node) *graph.Function {
	fields := reflect.ValueOf(g).Elem()
	defer fresh(fields, "scalars")()
	if b := compiler(fields.FieldByName("builder")); b.IsValid() {
		defer fresh(b, "cacheReductions")()
		defer fresh(b, "cacheArgMinMax")()
	}
	return graph.NewClosure(g, f)
}

// compiler finds the struct of go-xla's builder inside an interface and its
// wrappers. It is the zero value if the builder is another backend's.
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

// fresh sets a struct's field to an empty map. It returns a function that restores
// the old map.
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

// writable returns a field in a form that may be set even if it is unexported.
func writable(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}
