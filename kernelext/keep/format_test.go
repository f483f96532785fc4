package keep

import (
	"errors"
	"strings"
	"testing"
	"time"
)

type point struct {
	X, Y int
	name string
	next *point
}

type celsius float64

type loud struct{ n int }

func (l loud) String() string { return strings.Repeat("!", l.n) }

type broken struct{}

func (broken) String() string { panic("no") }

func TestFormat(t *testing.T) {
	ring := &point{X: 1, Y: 2, name: "a"}
	ring.next = ring
	self := []any{1, nil}
	self[1] = self
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, "nil"},
		{42, "42"},
		{uint8(200), "200"},
		{2.5, "2.5"},
		{float32(0.1), "0.1"},
		{celsius(21), "21"},
		{complex(1, -2), "(1-2i)"},
		{true, "true"},
		{"a\"b\n", `"a\"b\n"`},
		{[]byte("hi"), `[]byte("hi")`},
		{[]byte{0, 1}, "[]byte{0, 1}"},
		{[]string{"a", "b"}, `[]string{"a", "b"}`},
		{[]int(nil), "[]int(nil)"},
		{[]int{}, "[]int{}"},
		{[3]int{1, 2, 3}, "[3]int{1, 2, 3}"},
		{map[string]any{"b": []int{1}, "a": 2.5, "c": nil}, `map[string]any{"a": 2.5, "b": []int{1}, "c": nil}`},
		{map[int]bool{10: true, 9: false}, "map[int]bool{9: false, 10: true}"},
		{ring, `&keep.point{X: 1, Y: 2, name: "a", next: ↻ *keep.point}`},
		{(*point)(nil), "(*keep.point)(nil)"},
		{self, "[]any{1, ↻ []any}"},
		{time.Second, "1s"},
		{errors.New("no such thing"), "no such thing"},
		{loud{3}, "!!!"},
		{[]loud{{1}, {2}}, "[]keep.loud{!, !!}"},
		{broken{}, "keep.broken{}"},
		{func(int) string { return "" }, "func(int) string"},
		{make(chan int), "chan int"},
		{struct{}{}, "struct{}{}"},
	} {
		if got := Format(c.v); got != c.want {
			t.Errorf("%#v: %s, want %s", c.v, got, c.want)
		}
	}
}

// What is long is cut, and what is left out is counted.
func TestFormatLong(t *testing.T) {
	got := Format(make([]float64, 1000))
	lines := strings.Split(got, "\n")
	if len(lines) < 4 || !strings.Contains(got, "… 900 more") {
		t.Errorf("a long slice:\n%s", got)
	}
	for _, line := range lines {
		if len(line) > lineWidth+10 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	if got := Format(strings.Repeat("x", 5000)); !strings.HasSuffix(got, " … 1000 more bytes") {
		t.Errorf("a long string ends in %q", got[len(got)-30:])
	}
	type record struct{ Name, Of, Some, Fields string }
	got = Format([]record{{strings.Repeat("a", 40), "b", "c", "d"}, {strings.Repeat("a", 40), "b", "c", "d"}})
	if strings.Count(got, "\n") != 3 {
		t.Errorf("records:\n%s", got)
	}
	type deep struct{ Next *deep }
	var d *deep
	for range 100_000 {
		d = &deep{d}
	}
	if got := Format(d); !strings.Contains(got, "…") || len(got) > 2000 {
		t.Errorf("a deep value: %d bytes", len(got))
	}
}

func TestTable(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string // "": no table
	}{
		{[]point{{X: 1, name: "<b>"}}, `<table><thead><tr><th></th><th>X</th><th>Y</th><th>name</th><th>next</th></tr></thead><tbody><tr><th>0</th><td>1</td><td>0</td><td>&lt;b&gt;</td><td>nil</td></tr></tbody></table>`},
		{[][]float64{{1, 2.5}, {3}}, `<table><tbody><tr><th>0</th><td>1</td><td>2.5</td></tr><tr><th>1</th><td>3</td></tr></tbody></table>`},
		{[]int{1, 2}, ""}, {[]loud{{1}}, ""}, {[][]byte{{1}}, ""}, {[]point{}, ""}, {7, ""}, {nil, ""},
	} {
		if got := bundleOf(c.v)["text/html"]; got != c.want {
			t.Errorf("%#v:\n%s\nwant\n%s", c.v, got, c.want)
		}
	}
	if got := bundleOf(make([][]int, 60))["text/html"]; !strings.Contains(got, "… 10 more rows") {
		t.Errorf("a long table: %s", got)
	}
}
