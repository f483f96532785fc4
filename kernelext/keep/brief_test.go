package keep

import (
	"bytes"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

// noisy is a type whose method must not be called for a list of variables.
type noisy struct{ N int }

func (noisy) String() string { panic("called") }

func TestBrief(t *testing.T) {
	large := map[int]int{}
	for i := range 1000 {
		large[i] = i
	}
	type tree struct {
		Left, Right *tree
		Name        string
	}
	ring := &tree{Name: "ring"}
	ring.Left = ring
	for _, c := range []struct {
		v    any
		want string
	}{
		{42, "42"},
		{"two\nlines", `"two\nlines"`},
		{noisy{3}, "noisy{N: 3}"},
		{90 * time.Second, "1m30s"},
		{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "2026-01-02 03:04:05 +0000 UTC"},
		{big.NewInt(7), "7"},
		{new(big.Int).Lsh(big.NewInt(1), 10_000), "&big.Int{"},
		{large, "map[int]int{… 1000 entries}"},
		{map[string]int{"b": 1, "a": 2}, `map[string]int{"a": 2, "b": 1}`},
		{make([]float64, 1000), "[]float64{0, 0, 0, 0, 0, 0, 0, 0, … 992 more}"},
		{strings.Repeat("x", 1000), `"` + strings.Repeat("x", 80) + `" … 920 more bytes`},
		{bytes.Repeat([]byte("x"), 1<<20), "[]byte{120, 120"},
		{[]any{1, "a", nil}, `[]any{1, "a", nil}`},
		{ring, "&tree{Left: ↻ *tree, Right: (*tree)(nil), Name: \"ring\"}"},
		{(*tree)(nil), "(*keep.tree)(nil)"},
		{make(chan int), "chan int"},
	} {
		got := brief(reflect.ValueOf(&c.v).Elem())
		if !strings.Contains(strings.ReplaceAll(got, "keep.", ""), strings.ReplaceAll(c.want, "keep.", "")) || len([]rune(got)) > mostBrief || strings.Contains(got, "\n") {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}

// A key that leads to its own map is written, and ends.
func TestFormatKeyOfItself(t *testing.T) {
	type holder struct{ M map[any]int }
	m := map[any]int{}
	a, b := &holder{m}, &holder{m}
	m[a], m[b], m["x"], m[2] = 1, 2, 3, 4
	for _, text := range []string{Format(m), brief(reflect.ValueOf(&m).Elem())} {
		if !strings.Contains(text, `"x": 3`) || !strings.Contains(text, "↻") {
			t.Error(text)
		}
	}
}

// What a glance costs does not grow with the value.
func BenchmarkBrief(b *testing.B) {
	x := make([]map[string][]float64, 100_000)
	for i := range x {
		x[i] = map[string][]float64{"a": make([]float64, 3)}
	}
	v := reflect.ValueOf(&x).Elem()
	for b.Loop() {
		brief(v)
	}
}
