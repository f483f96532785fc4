package keep

import (
	"errors"
	"reflect"
	"testing"
)

// tensor is kept by a hook.
type tensor struct {
	f    func() float64
	name string
}

type unit struct{ f func() }

func init() {
	Register("tensor", func(t *tensor) ([]byte, error) {
		switch t.name {
		case "bad":
			return nil, errors.New("it was given back")
		case "panic":
			panic("no")
		}
		return []byte(t.name), nil
	}, func(data []byte) (*tensor, error) {
		if string(data) == "gone" {
			return nil, errors.New("it is gone")
		}
		return &tensor{name: string(data), f: func() float64 { return 1 }}, nil
	})
	Register("unit", func(u unit) ([]byte, error) { return []byte("u"), nil }, func([]byte) (unit, error) { return unit{func() {}}, nil })
}

func TestRegister(t *testing.T) {
	x := &tensor{name: "x"}
	all := []*tensor{x, nil, {name: "y"}, x}
	byTensor := map[*tensor]int{x: 1}
	units := []unit{{}, {func() {}}}
	var in any = x
	registerType(reflect.TypeFor[*tensor]())
	back := trip(t, []variable{{"all", &all}, {"byTensor", &byTensor}, {"in", &in}, {"units", &units}, {"x", &x}})
	y := *back[4].Ptr.(**tensor)
	got := *back[0].Ptr.(*[]*tensor)
	if got[0] != y || got[3] != y || got[1] != nil || got[2].name != "y" || y.f == nil || *back[2].Ptr.(*any) != any(y) {
		t.Errorf("%v", got)
	}
	if (*back[1].Ptr.(*map[*tensor]int))[y] != 1 {
		t.Error("a key of a map is lost")
	}
	if u := *back[3].Ptr.(*[]unit); u[0].f == nil || u[1].f == nil {
		t.Error(u)
	}
	for name, want := range map[string]string{
		"bad":   "x.t[1] cannot be kept: it was given back",
		"panic": "x.t[1] cannot be kept: panic: no",
	} {
		v := struct{ t []*tensor }{[]*tensor{nil, {name: name}}}
		if g := encodeVariables([]variable{{"x", &v}}); g[0].Kept[0].Reason != want {
			t.Error(g[0].Kept[0].Reason)
		}
	}
	gone := &tensor{name: "gone"}
	g := encodeVariables([]variable{{"gone", &gone}})
	if err := decodeGroup(g[0].Bytes, fresh([]variable{{"gone", &gone}})); err == nil || err.Error() != "a *keep.tensor cannot be read: it is gone" {
		t.Error(err)
	}
}
