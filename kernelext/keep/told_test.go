package keep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"testing"
)

// stacked is an error of a package that keeps its type to itself.
type stacked struct {
	error
	stack []uintptr
	more  func()
}

func (s *stacked) Unwrap() error { return s.error }

func init() { bound[reflect.TypeFor[stacked]().PkgPath()+".stacked"] = true } // later cells could name it

// Errors whose types later cells cannot name say what they said, and are what they wrap.
func TestTold(t *testing.T) {
	base := errors.New("base")
	wrapped := fmt.Errorf("around: %w", &stacked{base, []uintptr{1}, func() {}})
	twice := []error{&stacked{io.EOF, nil, nil}, nil}
	twice[1] = twice[0]
	var outOfRange error
	func() {
		defer func() { outOfRange = recover().(error) }()
		_ = os.Args[len(os.Args)]
	}()
	wrong := json.Unmarshal([]byte(`{"A": "x"}`), &struct{ A int }{})
	vars := []variable{{"base", &base}, {"outOfRange", &outOfRange}, {"twice", &twice}, {"wrapped", &wrapped}, {"wrong", &wrong}}
	for i := range 2 { // from a kept one, too
		var next []variable
		for _, v := range vars {
			next = append(next, variable{v.Name, reflect.New(reflect.TypeOf(v.Ptr).Elem()).Interface()})
		}
		for _, g := range encodeVariables(vars) {
			if g.Bytes == nil {
				t.Fatalf("%v: %s", g.Names, g.Kept[0].Reason)
			}
			var mine []variable
			for _, v := range next {
				for _, name := range g.Names {
					if v.Name == name {
						mine = append(mine, v)
					}
				}
			}
			if err := decodeGroup(g.Bytes, mine); err != nil {
				t.Fatalf("%v: %v", g.Names, err)
			}
		}
		for n, want := range map[int]error{0: base, 1: outOfRange, 3: wrapped, 4: wrong} {
			if got := *next[n].Ptr.(*error); got == nil || got.Error() != want.Error() {
				t.Errorf("%d: %s is %v, want %v", i, next[n].Name, got, want)
			}
		}
		if got := *next[3].Ptr.(*error); !errors.Is(got, *next[0].Ptr.(*error)) {
			t.Errorf("%d: %v no longer wraps what it did", i, got)
		}
		if got := *next[2].Ptr.(*[]error); got[0] != got[1] || !errors.Is(got[0], io.EOF) {
			t.Errorf("%d: the same error is now %v", i, got)
		}
		vars = next
	}
}
