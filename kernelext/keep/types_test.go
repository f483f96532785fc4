package keep

import (
	containers "container/list"
	"errors"
	"io"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"testing"
	"time"
)

func TestExpression(t *testing.T) {
	for _, x := range []struct {
		t    reflect.Type
		want string
		ok   bool
	}{
		{reflect.TypeFor[int](), "int", true},
		{reflect.TypeFor[*dot](), "*dot", true},
		{reflect.TypeFor[map[string][]*dot](), "map[string][]*dot", true},
		{reflect.TypeFor[[3]any](), "[3]any", true},
		{reflect.TypeFor[error](), "error", true},
		{reflect.TypeFor[time.Duration](), `"time".Duration`, true},
		{reflect.TypeFor[*big.Int](), `*"math/big".Int`, true},
		{reflect.TypeFor[pair[dot, url.URL]](), `pair[dot,"net/url".URL]`, true},
		{reflect.TypeFor[pair[map[string]*dot, pair[int, []big.Int]]](), `pair[map[string]*dot,pair[int,[]"math/big".Int]]`, true},
		{reflect.TypeFor[func(int, ...string) (chan<- error, *dot)](), "func(int, ...string) (chan<- (error), *dot)", true},
		{reflect.TypeFor[struct {
			A int `k:"v"`
			b dot
		}](), "struct { A int \"k:\\\"v\\\"\"; b dot }", true},
		{reflect.TypeOf(errors.New("")), `*"errors".errorString`, false},
		{reflect.TypeFor[containers.List](), `"container/list".List`, true},
	} {
		if got, ok := expression(x.t, ""); got != x.want || ok != x.ok {
			t.Errorf("%v: %s %v, want %s", x.t, got, ok, x.want)
		}
	}
}

func TestTypes(t *testing.T) {
	registerType(reflect.TypeFor[holder]())
	x := []any{1, "a", dot{}, &dot{}, time.Second, big.NewInt(3), []int{1}, map[string]any{"k": netip.Addr{}}, io.EOF, holder{&containers.List{}, nil}, struct{ A int }{1}}
	g := encodeVariables([]variable{{"x", &x}})
	want := []string{`"net/netip".Addr`, `*"container/list".List`, `*"math/big".Int`, `*dot`, `dot`, `holder`, `struct { A int }`}
	if k := g[0].Kept[0]; !reflect.DeepEqual(k.Types, want) || k.Type != "[]any" || k.Size != int64(len(g[0].Bytes)) {
		t.Errorf("%q %+v", k.Types, k)
	}
}

// TestReadable has types of package main only by name.
func TestReadable(t *testing.T) {
	if got := readable(reflect.TypeFor[map[string]any]()); got != "map[string]any" {
		t.Error(got)
	}
}
