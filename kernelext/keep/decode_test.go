package keep

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// changed makes another type under the name of an earlier one.
func changed[A, B any](t *testing.T, a A, b *B) error {
	t.Helper()
	g := encodeVariables([]variable{{"x", &a}})
	if g[0].Bytes == nil {
		t.Fatal(g[0].Kept[0].Reason)
	}
	old := codecs.byType
	defer func() { codecs.byType = old }()
	codecs.byType = nil
	return decodeGroup(g[0].Bytes, []variable{{"x", b}})
}

func TestChanged(t *testing.T) {
	err := changed(t, []int{1}, new([]string))
	if err == nil || err.Error() != "x was kept as a []int and is a []string now" {
		t.Error(err)
	}
	type P struct{ A int }
	p := P{1}
	data := encodeVariables([]variable{{"x", &p}})[0].Bytes
	if err := decodeGroup(data, []variable{{"x", other()}}); err == nil || err.Error() != "the type P has changed since x was kept" {
		t.Error(err)
	}
	var in any = p
	registerType(reflect.TypeFor[P]())
	data = encodeVariables([]variable{{"x", &in}})[0].Bytes
	id := codecOf(reflect.TypeFor[P]()).name()
	delete(codecs.named, id)
	if err := decodeGroup(data, []variable{{"x", &in}}); err == nil || err.Error() != "the type P is not known here" {
		t.Error(err)
	}
}

func other() any {
	type P struct{ A, B int }
	return new(P)
}

func TestPartOfGroup(t *testing.T) {
	x := 5
	p := &x
	data := encodeVariables([]variable{{"x", &x}, {"p", &p}})[0].Bytes
	var q *int
	if err := decodeGroup(data, []variable{{"p", &q}, {"unrelated", new(string)}}); err != nil || *q != 5 {
		t.Error(err, q)
	}
}

func TestDamaged(t *testing.T) {
	x := []string{"a", "b", strings.Repeat("c", 100)}
	data := encodeVariables([]variable{{"x", &x}})[0].Bytes
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x40
		var y []string
		if err := decodeGroup(bad, []variable{{"x", &y}}); err == nil || err.Error() != "its file is damaged" {
			t.Fatal(i, err)
		}
		if err := decodeGroup(data[:i], []variable{{"x", &y}}); err == nil {
			t.Fatal(i)
		}
	}
}

// everything has all kinds of values, for the fuzzer.
type everything struct {
	Ints    []int
	Text    string
	Texts   []string
	Points  map[string]*dot
	Any     any
	Anys    map[any]any
	Tree    *tree
	Tail    []int
	When    time.Time
	Err     error
	Tensor  *tensor
	Array   [2][2]*int
	Nothing []struct{}
}

func sample() *everything {
	x := &everything{Ints: []int{1, 2, 3}, Text: strings.Repeat("abc", 50), When: time.Now(), Err: fmt.Errorf("x %w", io.EOF), Tensor: &tensor{name: "t"}, Nothing: make([]struct{}, 3)}
	x.Texts = []string{x.Text[3:], "short"}
	x.Points = map[string]*dot{"a": {1, 2}, "b": nil}
	x.Any = holder{[]any{1, x}, &x.Ints[1]}
	x.Anys = map[any]any{1: "x", "y": holder{2, nil}, dot{1, 2}: nil, [2]any{1, x}: 3}
	x.Tree = &tree{left: &tree{name: "l"}}
	x.Tree.right = x.Tree
	x.Tail = x.Ints[1:]
	x.Array[1][0] = &x.Ints[2]
	return x
}

func FuzzDecode(f *testing.F) {
	registerType(reflect.TypeFor[everything]())
	registerType(reflect.TypeFor[holder]())
	registerType(reflect.TypeFor[dot]())
	x := sample()
	for _, v := range []variable{{"x", x}, {"x", &x.Texts}, {"x", &x.Anys}, {"x", &x.Any}, {"x", &[]any{make([]int, 100), map[dot]string{}, 2.5}}} {
		f.Add(encodeVariables([]variable{v})[0].Bytes)
	}
	f.Fuzz(readDamaged)
}

// readDamaged reads bytes that have the right checksum, but not the right contents.
func readDamaged(t *testing.T, data []byte) {
	if len(data) < headerSize {
		return
	}
	data = bytes.Clone(data)
	copy(data, magic)
	binary.LittleEndian.PutUint32(data[len(magic):], crc32.Checksum(data[len(magic)+4:], castagnoli))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	targets := []any{new(everything), new([]string), new(map[any]any), new(any), new([]any)}
	for _, p := range targets {
		if err := decodeGroup(data, []variable{{"x", p}}); err != nil {
			continue
		}
		if g := encodeVariables([]variable{{"x", p}}); g[0].Bytes == nil && strings.Contains(g[0].Kept[0].Reason, "runtime error") {
			t.Error(g[0].Kept[0].Reason)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20+10000*uint64(len(data)) {
		t.Errorf("%d bytes for %d", grown, len(data))
	}
}

func TestManyDamages(t *testing.T) {
	registerType(reflect.TypeFor[holder]())
	registerType(reflect.TypeFor[dot]())
	data := encodeVariables([]variable{{"x", sample()}})[0].Bytes
	r := rand.New(rand.NewSource(1))
	n := 3000
	if !testing.Short() {
		n = 100000
	}
	for range n {
		bad := bytes.Clone(data)
		for range 1 + r.Intn(3) {
			switch i := len(magic) + 4 + r.Intn(len(bad)-len(magic)-4); r.Intn(4) {
			case 0:
				bad[i] = byte(r.Intn(256))
			case 1:
				bad[i] += byte(r.Intn(5)) - 2
			case 2: // a large number
				copy(bad[i:], "\xff\xff\xff\xff\xff\xff\xff\x3f")
			case 3:
				bad = append(bad[:i], bad[min(i+1+r.Intn(3), len(bad)):]...)
			}
			if len(bad) < headerSize+10 {
				break
			}
		}
		readDamaged(t, bad)
	}
}
