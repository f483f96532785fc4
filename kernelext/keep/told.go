package keep

import (
	"reflect"
)

// told stands for an error that later cells cannot have: only its package can name its
// type, as those of github.com/pkg/errors, or something in it belongs to the program. It
// says the same, and is what the error wraps.
type told struct {
	Text string
	In   []error
}

func (e *told) Error() string   { return e.Text }
func (e *told) Unwrap() []error { return e.In }

// bound are errors that have a reflect.Type in them.
var bound = map[string]bool{
	"encoding/json.UnmarshalTypeError": true, "encoding/json.InvalidUnmarshalError": true,
	"encoding/json.UnsupportedTypeError": true, "encoding/json.MarshalerError": true,
}

// isTold reports whether values of a type are told in the place of being kept.
func (c *codec) isTold() bool {
	if c.told == 0 {
		c.told = -1
		t := c.t
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		_, named := expression(c.t, "")
		if c.t.Implements(reflect.TypeFor[error]()) && refused(t) == "" && (!named && builtin()[c.name()] != c.t || bound[t.PkgPath()+"."+t.Name()]) {
			c.told = 1
		}
	}
	return c.told > 0
}

// keepable is what is kept of a value in an interface of type in: the value, or what
// stands for it, always the same.
func (w *walker) keepable(in reflect.Type, v any) any {
	c := codecOf(reflect.TypeOf(v))
	if !c.isTold() || !reflect.TypeFor[*told]().Implements(in) {
		return v
	}
	var key any = c.name() + "\x00" + messageOf(v)
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer {
		if r.IsNil() {
			return v
		}
		key = r.UnsafePointer()
	}
	if w.tolds[key] == nil {
		w.tolds[key] = tell(v.(error))
	}
	return w.tolds[key]
}

func tell(err error) *told {
	e := &told{Text: messageOf(err)}
	defer func() { recover() }() // of its own methods
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		if in := err.Unwrap(); in != nil {
			e.In = []error{in}
		}
	case interface{ Unwrap() []error }:
		e.In = err.Unwrap()
	}
	return e
}
