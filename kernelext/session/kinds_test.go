package session

import (
	"fmt"
	"strings"
	"testing"
)

// Values of every kind come to a later cell as they were, or a later cell that names them is
// told why not.
func TestKinds(t *testing.T) {
	kept := []struct{ define, show, want string }{
		{"b := true", "b", "true"},
		{"i, i8, i16, i32, i64 := -1, int8(-128), int16(-2), int32(-3), int64(math.MinInt64)", "[]any{i, i8, i16, i32, i64}", "[-1 -128 -2 -3 -9223372036854775808]"},
		{"u, u8, u16, u32, u64, up := uint(1), uint8(255), uint16(2), uint32(3), uint64(math.MaxUint64), uintptr(7)", "[]any{u, u8, u16, u32, u64, up}", "[1 255 2 3 18446744073709551615 7]"},
		{"f32, f64, nan := float32(0.1), math.Copysign(0, -1), math.NaN()", "[]any{f32, 1 / f64, nan}", "[0.1 -Inf NaN]"},
		{"c64, c128 := complex64(1i), 2 - 3i", "[]any{c64, c128}", "[(0+1i) (2-3i)]"},
		{"s, r, raw := \"a\\x00ü\\xff\", 'ü', []byte(nil)", "fmt.Sprintf(\"%q %c %t\", s, r, raw == nil)", `"a\x00ü\xff" ü true`},
		{"a := [2][2]int{{1, 2}, {3, 4}}", "a", "[[1 2] [3 4]]"},
		{"ints := make([]int, 2, 8)\nrest := ints[1:]", "[]any{append(rest, 5), cap(ints), cap(rest), &ints[1] == &rest[0]}", "[[0 5] 8 7 true]"},
		{"m := map[[2]int][]string{{1, 2}: {\"a\"}}\nempty := map[string]int{}\nvar none map[string]int", "[]any{m, empty != nil, none == nil}", "[map[[1 2]:[a]] true true]"},
		{"p := &P{X: 1}\np.Next = p", "[]any{p.Next == p, p.X}", "[true 1]"},
		{"hidden := P{x: 5}", "hidden.x", "5"},
		{"tree := Tree[string]{Value: \"r\"}\ntree.Add(\"l\")", "tree.Left.Value", "l"},
		{"pairs := []Pair[string, P]{{\"a\", P{X: 2}}}", "pairs[0].B.X", "2"},
		{"anonymous := struct{ A, b int }{1, 2}", "anonymous.b", "2"},
		{"e := struct{}{}\nes := make([]struct{}, 3)", "[]any{e, len(es)}", "[{} 3]"},
		{"weekday, wait := time.Tuesday, 90 * time.Second", "[]any{weekday, wait}", "[Tuesday 1m30s]"},
		{"when := time.Date(2026, 3, 1, 12, 0, 0, 5, time.FixedZone(\"X\", 3600))", "when", "2026-03-01 12:00:00.000000005 +0100 X"},
		{"z, _ := new(big.Int).SetString(strings.Repeat(\"9\", 40), 10)\nq := big.NewRat(-3, 6)\nbf := big.NewFloat(1.5).SetPrec(100)", "[]any{z, q, bf, bf.Prec()}", "[" + strings.Repeat("9", 40) + " -1/2 1.5 100]"},
		{"var anything any = P{X: 9}\nvar pointer any = &P{X: 8}\nvar nothing any", "[]any{anything.(P).X, pointer.(*P).X, nothing}", "[9 8 <nil>]"},
		{"wrapped := fmt.Errorf(\"reading: %w\", fmt.Errorf(\"twice: %w\", io.ErrUnexpectedEOF))\njoined := errors.Join(wrapped, Broken{3})", "[]any{errors.Is(joined, io.ErrUnexpectedEOF), wrapped, errors.Is(joined, Broken{3})}", "[true reading: twice: unexpected EOF true]"},
		{"var shape fmt.Stringer = Name(\"n\")", "shape", "name n"},
		{"var buffer bytes.Buffer\nbuffer.WriteString(\"text\")", "buffer.String()", "text"},
		{"var builder strings.Builder\nbuilder.WriteString(\"text\")", "builder.String()", "text"},
		{"address := netip.MustParseAddr(\"::1\")\nlink, _ := url.Parse(\"https://a@b/c?d#e\")", "[]any{address, link}", "[::1 https://a@b/c?d#e]"},
		{"pattern := regexp.MustCompile(`a+`)", "pattern.FindString(\"baa\")", "aa"},
		{"var free sync.Mutex\nvar once sync.Once", "fmt.Sprint(free.TryLock())", "true"},
		{"chain := list.New()\nchain.PushBack(1)\nchain.PushBack(\"two\")", "[]any{chain.Len(), chain.Back().Value}", "[2 two]"},
		{"triple := func(x int) int { return 3 * x }", "triple(2)", "6"},
		{"numbers := rand.New(rand.NewSource(1))\nnumbers.Int()", "fmt.Sprint(numbers.Int() == func() int { r := rand.New(rand.NewSource(1)); r.Int(); return r.Int() }())", "true"},
	}
	r := newRunner(t)
	cell := func(code string) string {
		printed, _, failed := r.run(code)
		if failed != "" {
			t.Errorf("%s\n%s", code, failed)
		}
		return printed
	}
	definitions, shows := "", ""
	for _, k := range kept {
		definitions += k.define + "\n"
		shows += "fmt.Printf(\"%v\\n\", " + k.show + ")\n"
	}
	cell(`type P struct{ X, x int; Next *P }
type Tree[T any] struct { Value T; Left *Tree[T] }
func (t *Tree[T]) Add(v T) { t.Left = &Tree[T]{Value: v} }
type Pair[A comparable, B any] struct { A A; B B }
type Broken struct{ Code int }
func (b Broken) Error() string { return fmt.Sprint("broken ", b.Code) }
type Name string
func (n Name) String() string { return "name " + string(n) }
` + definitions)
	cell("fmt.Print()") // values that are not named stay as they are
	lines := strings.Split(cell(shows), "\n")
	for i, k := range kept {
		if i >= len(lines) || lines[i] != k.want {
			t.Errorf("%s\n%s is %q, want %q", k.define, k.show, append(lines, make([]string, len(kept))...)[i], k.want)
		}
	}
}

// What cannot be kept is told in words, and does no harm to what can.
func TestLost(t *testing.T) {
	lost := []struct{ name, define, words string }{
		{"locked", "var locked sync.Mutex\nlocked.Lock()", "lock"},
		{"guarded", "guarded := &struct{ mu sync.RWMutex; n int }{n: 1}\nguarded.mu.RLock()", "lock"},
		{"channel", "channel := make(chan int, 1)", "a channel"},
		{"deep", "deep := map[string][]any{\"k\": {1, make(chan bool)}}", "a channel"},
		{"function", "function := strings.ToUpper", "a function"},
		{"closure", "closure := []func(){func() {}}", "a function"},
		{"file", "file, err := os.Open(os.DevNull)", "file"},
		{"ctx", "ctx, stop := context.WithCancel(context.Background())", ""},
		{"timer", "timer := time.NewTimer(time.Hour)", ""},
	}
	r := newRunner(t)
	code := "good := []int{1, 2}\n"
	for _, k := range lost {
		code += k.define + "\n"
	}
	if _, _, failed := r.run(code); failed != "" {
		t.Fatal(failed)
	}
	for _, k := range lost {
		_, _, failed := r.run(k.name)
		if !strings.Contains(failed, k.name+" of cell [1] was not kept: ") || !strings.Contains(failed, k.words) {
			t.Errorf("%s: %q", k.define, failed)
		}
	}
	if _, result, failed := r.run("good"); failed != "" || result != fmt.Sprintf("%#v", []int{1, 2}) {
		t.Errorf("%q, %q", result, failed)
	}
}

// A tensor of GoMLX comes to a later cell by value, shared as it was.
func TestTensor(t *testing.T) {
	r := newRunner(t)
	for _, c := range []struct{ code, printed string }{
		{"import \"github.com/gomlx/gomlx/core/tensors\"\nx := tensors.FromValue([][]float32{{1, 2}, {3, 4}})\nxs := []*tensors.Tensor{x, x}", ""},
		{"fmt.Println(xs[0] == xs[1], x == xs[0], x.Value())", "true true [[1 2] [3 4]]\n"},
	} {
		if printed, _, failed := r.run(c.code); printed != c.printed || failed != "" {
			t.Errorf("%s\nprints %q, %s", c.code, printed, failed)
		}
	}
}
