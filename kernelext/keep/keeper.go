package keep

import (
	"errors"
	"reflect"
	"unsafe"
)

// A Keeper is a pointer to a type that knows better than its fields do how its values are
// kept. A recorded run, for example, is a reference to its store. Programs that only use
// the type need no hook then, as they do with [Register].
type Keeper interface {
	// KeepValue returns what LoadValue needs. Its error is the reason why the value is
	// not kept, in words.
	KeepValue() ([]byte, error)
	// LoadValue fills a zero value.
	LoadValue(kept []byte) error
}

// keeperOf makes a hook of the methods of a type; nil if it has none.
func keeperOf(t reflect.Type) *hook {
	if t.Kind() == reflect.Interface || !reflect.PointerTo(t).Implements(reflect.TypeFor[Keeper]()) {
		return nil
	}
	at := func(p unsafe.Pointer) Keeper { return reflect.NewAt(t, p).Interface().(Keeper) }
	return &hook{
		name:   "KeepValue",
		encode: func(p unsafe.Pointer) ([]byte, error) { return at(p).KeepValue() },
		decode: func(data []byte, p unsafe.Pointer) error {
			if t.Size() == 0 {
				return errors.New("a value without size has nothing to fill")
			}
			reflect.NewAt(t, p).Elem().SetZero()
			return at(p).LoadValue(data)
		},
	}
}
