package session

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// labRoot is the folder of the laboratory's module.
func labRoot(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// sharedIndex is warmed once for all tests.
var sharedIndex = sync.OnceValues(func() (*index, error) {
	dir, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp("", "session")
	if err != nil {
		return nil, err
	}
	x := newIndex(Options{Dir: tmp, Modules: []string{dir}})
	return x, x.warm(context.Background())
})

func TestMain(m *testing.M) {
	code := m.Run()
	if x, err := sharedIndex(); err == nil {
		os.RemoveAll(x.tool.opts.Dir)
	}
	os.Exit(code)
}

// newSession returns a session that sees the laboratory.
func newSession(t testing.TB) *Session {
	t.Helper()
	x, err := sharedIndex()
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Dir: t.TempDir(), Modules: []string{labRoot(t)}})
	s.index = x
	return s
}

// finish does what the program would: it keeps all variables, but for those in lost.
func finish(t testing.TB, s *Session, p *Program, lost map[string]string) {
	t.Helper()
	var list []kept
	names := slices.Sorted(maps.Keys(p.values))
	for _, name := range append(names, p.loaded...) {
		if p.values[name] != nil && p.values[name].typ.bad != "" {
			continue
		}
		list = append(list, kept{Name: name, Size: 8, File: name, Reason: lost[name]})
	}
	report(t, s, list)
	s.Finish(p)
}

// result adds the function Result to package cell where that does not have it yet.
type result struct{ of *index }

func (i result) Import(path string) (*types.Package, error) {
	p, err := i.of.load(path)
	if err == nil && path == cellPath && p.Scope().Lookup("Result") == nil {
		values := types.NewVar(token.NoPos, p, "values", types.NewSlice(types.Universe.Lookup("any").Type()))
		p.Scope().Insert(types.NewFunc(token.NoPos, p, "Result", types.NewSignatureType(nil, nil, nil, types.NewTuple(values), nil, true)))
	}
	return p, err
}

// compiles type-checks a program as the compiler would.
func compiles(t testing.TB, s *Session, source string) {
	t.Helper()
	if err := compilesQuietly(s, source); err != nil {
		t.Errorf("the program does not compile: %v\n%s", err, source)
	}
}

func compilesQuietly(s *Session, source string) error {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "main.go", "package main\n"+source, parser.SkipObjectResolution)
	if err == nil {
		_, err = (&types.Config{Importer: result{s.index}}).Check("main", fset, []*ast.File{f}, nil)
	}
	return err
}

// cells are cells one after another: what their programs have, and what is wrong with
// the last.
type cells struct {
	name  string
	cells []string
	has   []string // in the last program
	not   []string
	wrong string // in the message of the last cell
	trace []string
}

func (c cells) run(t *testing.T) {
	s := newSession(t)
	for i, code := range c.cells {
		isLast := i == len(c.cells)-1
		p, err := s.Translate(i+1, code)
		if err != nil {
			e := err.(*CellError)
			if !isLast || c.wrong == "" || !strings.Contains(e.Message, c.wrong) {
				t.Fatalf("cell %d: %s\n%s", i+1, e.Message, strings.Join(e.Traceback, "\n"))
			}
			for _, want := range c.trace {
				if !strings.Contains(strings.Join(e.Traceback, "\n"), want) {
					t.Errorf("the traceback lacks %q:\n%s", want, strings.Join(e.Traceback, "\n"))
				}
			}
			return
		}
		if isLast && c.wrong != "" {
			t.Fatalf("no error; want %q\n%s", c.wrong, p.Source)
		}
		if p.Plain {
			compiles(t, s, p.Source)
		}
		if isLast {
			for _, want := range c.has {
				if !strings.Contains(bare(p.Source), want) {
					t.Errorf("the program lacks %q:\n%s", want, p.Source)
				}
			}
			for _, not := range c.not {
				if strings.Contains(bare(p.Source), not) {
					t.Errorf("the program has %q:\n%s", not, p.Source)
				}
			}
		}
		finish(t, s, p, nil)
	}
}

// bare is a program without directives for lines.
func bare(source string) string {
	for {
		before, after, ok := strings.Cut(source, "/*line ")
		if !ok {
			return source
		}
		_, after, _ = strings.Cut(after, "*/")
		source = before + after
	}
}

func TestTranslate(t *testing.T) {
	for _, c := range []cells{
		{name: "print", cells: []string{`fmt.Println("hello")`}, has: []string{`fmt "fmt"`, `fmt.Println("hello")`}, not: []string{"Result"}},
		{name: "sum", cells: []string{`1 + 1`}, has: []string{"keep.Result(1 + 1)"}},
		{name: "silent", cells: []string{`1 + 1;`}, has: []string{"_ = 1 + 1"}, not: []string{"Result"}},
		{name: "define", cells: []string{"x := 42"}, has: []string{"var x int\n", "x = 42", `keep.Define("x", &x)`}, not: []string{"Result"}},
		{name: "define and show", cells: []string{"x := 42\nx + 1"}, has: []string{"keep.Result(x + 1)"}},
		{name: "two on a line", cells: []string{"x := 42; y := x * 2; y"}, has: []string{"y = x * 2", "keep.Result(y)"}},
		{name: "behind a label", cells: []string{"here: x := 42", "x"}, has: []string{`keep.Load("x", &x)`, "keep.Result(x)"}},
		{name: "behind a label, with another type", cells: []string{"x :x := 1\nx := \"a\"\nx"}, has: []string{"x_2 = \"a\""}},
		{name: "later", cells: []string{"x := 42", "x"}, has: []string{`keep.Load("x", &x)`, "keep.Result(x)"}},
		{name: "only what is named", cells: []string{"x := 42\ny := 3", "func f() int { return x }", "f()"}, has: []string{`keep.Load("x", &x)`, "func f()"}, not: []string{`"y"`}},
		{name: "pairs", cells: []string{`n, err := strconv.Atoi("3")`, "m, err := strconv.ParseFloat(\"1\", 64)\nerr == nil"}, has: []string{"m, err = strconv", "var err error"}},
		{name: "pair shown", cells: []string{`strconv.Atoi("3")`}, has: []string{`keep.Result(strconv.Atoi("3"))`}},
		{name: "void call", cells: []string{"func f() {}\nf()"}, not: []string{"Result"}},
		{name: "functions refer to variables", cells: []string{"func f() int { return x + 1 }\nx := 2\nf()"}, has: []string{"keep.Result(f())"}},
		{name: "new type across cells", cells: []string{"x := 1", `x := "a"`, "x"}, has: []string{"var x string"}},
		{name: "new type from the old", cells: []string{"x := 1", "x := fmt.Sprint(x)", "x"}, has: []string{"var x string"}},
		{name: "old and new", cells: []string{"x := 1", "x := fmt.Sprint(x)"}, has: []string{`keep.Load("x", &x_0)`, "x = fmt.Sprint(x_0)", `keep.Define("x", &x)`}},
		{name: "same type from the old", cells: []string{"x := 1", "x := x + 1\nx"}, has: []string{`keep.Load("x", &x)`, "x = x + 1"}, not: []string{"x_0"}},
		{name: "twice in a cell", cells: []string{"x := 1\ny := x\nx := \"a\"\nz := x\nfmt.Println(x, y, z)"}, has: []string{"x_2 = \"a\"", "z = x_2", "y = x\n", `keep.Define("x", &x_2)`}},
		{name: "twice with one type", cells: []string{"x := 1\nx := 2\nx"}, has: []string{"x = 1", "x = 2"}, not: []string{"x_2"}},
		{name: "as Go assigns", cells: []string{"var e error\nn, e := 1, &os.PathError{}\nfmt.Println(n, e)"}, has: []string{"var e error", "n, e = 1, &os.PathError{}"}},
		{name: "var", cells: []string{"var a, b int = 1, 2\nvar c []string\na + b + len(c)"}, has: []string{"a, b = 1, 2", "var c []string"}},
		{name: "var again", cells: []string{"c := []int{1}\nvar c []int\nc"}, has: []string{"c = *new([]int)"}},
		{name: "var group", cells: []string{"var (\n\ta = 1\n\tb = a + 1\n)\nb"}, has: []string{"b = a + 1"}},
		{name: "blank", cells: []string{"_, err := os.Open(\"x\")\n_ = 3\nvar _ fmt.Stringer = time.Second\nerr"}, has: []string{"_, err = os.Open", "var _ fmt.Stringer = time.Second"}},
		{name: "struct and method", cells: []string{"type P struct{ X, Y float64 }", "func (p *P) Len() float64 { return math.Hypot(p.X, p.Y) }", "p := P{3, 4}", "p.Len()"},
			has: []string{"type P struct", "func (p *P) Len()", "var p P"}},
		{name: "generics", cells: []string{"type Stack[T any] struct{ items []T }\nfunc (s *Stack[T]) Push(x T) { s.items = append(s.items, x) }\nfunc Map[A, B any](xs []A, f func(A) B) (ys []B) {\n\tfor _, x := range xs {\n\t\tys = append(ys, f(x))\n\t}\n\treturn\n}",
			"var s Stack[int]\ns.Push(3)\nMap(s.items, func(i int) string { return fmt.Sprint(i) })"}, has: []string{"var s Stack[int]", "func (s *Stack[T]) Push"}},
		{name: "iota", cells: []string{"type C int\nconst (\n\tRed C = iota\n\tGreen\n\t_\n\tBlue\n)\nconst A, B = iota, iota + 1", "fmt.Println(Blue, B)"}, has: []string{"const Blue C = 3", "const B  = 1"}, not: []string{"Green"}},
		{name: "constants", cells: []string{"const third = 1.0 / 3\nconst r = 'x'\nconst big = 1 << 100\nconst s = \"a\"\nconst z = 1i\nfmt.Println(third, r, big/(1<<98), s, z)"}},
		{name: "labels", cells: []string{"outer:\nfor i := range 3 {\n\tfor {\n\t\tif i > 1 { break outer }\n\t\tcontinue outer\n\t}\n}"}},
		{name: "return and defer", cells: []string{"defer fmt.Println(\"end\")\nif len(os.Args) > 5 {\n\treturn\n}\nx := 1"}},
		{name: "select", cells: []string{"c := make(chan int, 1)\nselect {\ncase v := <-c:\ndefault:\n}\nswitch x := any(3).(type) {\ncase int:\n}"}},
		{name: "unused", cells: []string{"import \"net/http\"\nfor i := 0; i < 3; i++ {\n\ty := i\n}\nfunc f() {\n\ta, b := 1, 2\n\tvar c int\n\tfmt.Println(a)\n}\nif z := 3; true {\n}\nfor k, v := range map[int]int{} {\n}"}, not: []string{"net/http"}},
		{name: "package name as variable", cells: []string{"func f() string { return strings.ToUpper(\"a\") }", "strings := []string{\"a\"}\nf()", "len(strings)"}, has: []string{"var strings []string"}},
		{name: "package hidden by a variable", cells: []string{"func f() string { return strings.ToUpper(\"a\") }", "strings := []string{f()}\nlen(strings)"}, has: []string{`strings_ "strings"`, "strings_.ToUpper"}},
		{name: "imports stay", cells: []string{"import r \"math/rand\"\nimport . \"math\"", "fmt.Println(r.Intn(3), Sqrt(2))"}, has: []string{`r "math/rand"`, `. "math"`}},
		{name: "rand", cells: []string{"rand.Intn(3)"}, has: []string{`rand "math/rand"`}},
		{name: "main", cells: []string{"func main() {\n\tfmt.Println(\"hi\")\n}"}, has: []string{"func cellMain()", "\tcellMain()\n"}},
		{name: "laboratory", cells: []string{"vgrad.Experiment{Depth: 3}"}, has: []string{"cell.Result(vgrad.Experiment{Depth: 3})"}},
		{name: "laboratory's values", cells: []string{"e := vgrad.Experiment{Depth: 3}", "e.Depth"}, has: []string{"keep.Result(e.Depth)", "var e vgrad.Experiment"}},
		{name: "raw strings", cells: []string{"s := `a\n%b\n!c\npackage d`\nlen(s)"}, has: []string{`s = "a\n%b\n!c\npackage d"`}},
		{name: "comments", cells: []string{"// first\nx := 1 // one\n/* two\nlines */ x"}, has: []string{"keep.Result(x)"}, not: []string{"one", "two"}},
		{name: "function literals", cells: []string{"func() { fmt.Println(1) }()\nf := func(x int) int { return x }\nf(3)"}, has: []string{"var f func(x int) int"}},
		{name: "method of an earlier type", cells: []string{"type T int", "func (t T) Twice() T { return 2 * t }\nT(4).Twice()"}},
		{name: "composite keys", cells: []string{"k := \"a\"", "m := map[string]int{k: 1}\nm"}, has: []string{`keep.Load("k", &k)`}},
		{name: "field like a variable", cells: []string{"type T struct{ k int }\nk := \"a\"\nk := 3\nt := T{k: 2}\nfmt.Println(k, t)"}, has: []string{"T{k: 2}"}},
		{name: "self reference", cells: []string{"type Node struct {\n\tnext *Node\n}\nn := &Node{}\nn.next = n"}, has: []string{"var n *Node"}},
		{name: "type that cannot be written", cells: []string{"x := reflect.ValueOf(3).Type()\nr := http.NoBody\nfmt.Println(x, r)"}, has: []string{"var x reflect.Type"}},
		{name: "too big", cells: []string{"1 << 100"}, has: []string{"keep.Result(float64(1 << 100))"}},
		{name: "nil", cells: []string{"nil"}, has: []string{"keep.Result(nil)"}},
		{name: "values in an interface", cells: []string{"var a any = 3\na = \"x\"\na"}, has: []string{"a = 3"}},
		{name: "received", cells: []string{"c := make(chan int, 1)\nc <- 2\n<-c"}, has: []string{"keep.Result(<-c)"}},
		{name: "last is a loop", cells: []string{"for range 3 {\n}"}, not: []string{"Result"}},
		{name: "goto", cells: []string{"i := 0\nagain:\ni++\nif i < 3 {\n\tgoto again\n}\ni"}, has: []string{"keep.Result(i)"}},
		{name: "pasted program", cells: []string{"package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(1)\n}"}, has: []string{"cellMain()"}},
		{name: "image", cells: []string{"image.NewGray(image.Rect(0, 0, 2, 2))"}, has: []string{"cell.Result("}},
		{name: "image or error", cells: []string{"import _ \"image/png\"\nfunc f() (image.Image, error) { return nil, nil }\nf()"}, has: []string{"cell.Result("}},
		{name: "no image", cells: []string{"type T struct{}\nfunc (T) Bounds() {}\nfunc (T) At() {}\nfunc (T) ColorModel() {}\nT{}"}, has: []string{"keep.Result("}},
		{name: "statements", cells: []string{"x := 1\nx++\nfmt.Println(x)", "fmt.Println()\nx++\nx++"}, has: []string{"keep.Ready()", "keep.Statement(2)", "keep.Statement(3)"}},
		{name: "tensor", cells: []string{"import \"github.com/gomlx/gomlx/core/tensors\"\nx := tensors.FromValue(1.0)", "x.Shape()"}, has: []string{`tensor "github.com/vgrad/lab/kernelext/keep/tensor"`, "_ = tensor.Kept"}},
		{name: "input", cells: []string{"var n int\nfmt.Scan(&n)"}, has: []string{"keep.Cell{Number: 1, Input: true}"}},
		{name: "unused label", cells: []string{"outer:\nfor range 3 {\n}\nfunc f() {\nagain:\n\tfmt.Println(1)\n}"}, not: []string{"outer", "again"}},
		{name: "methods that do not fit", cells: []string{"type T struct{ A int }\nfunc (t T) Get() int { return t.A }\nfunc (t T) Name() string { return \"t\" }", "type T struct{ B int }\nT{}.Name()", "T{}.Name()"}, has: []string{"Name()"}, not: []string{"Get()"}},
		{name: "swap", cells: []string{"x, y := 1, 2\nx, y := y, x\nfmt.Println(x, y)"}, has: []string{"x, y = y, x"}},
		{name: "carriage returns", cells: []string{"x := 1\r\nif x > 0 {\r\n\tx++\r\n}\r\ns := `a\r\nb`\r\nx"}, has: []string{"keep.Result(x)", `s = "a\nb"`}},
		{name: "builtin as variable", cells: []string{"len := 3\nlen", "len + 1"}, has: []string{"var len int"}},
		{name: "alias and embedding", cells: []string{"type E = vgrad.Experiment\ntype Mine struct {\n\tE\n\tNote string\n}", "m := Mine{E: E{Depth: 3}, Note: \"a\"}", "m.Depth"}, has: []string{"type E = vgrad.Experiment"}},
		{name: "recursive functions over cells", cells: []string{"func even(n int) bool { return n == 0 || odd(n-1) }\nfunc odd(n int) bool { return n != 0 && even(n-1) }", "func odd(n int) bool { return n%2 == 1 }", "even(3)"}, has: []string{"n%2 == 1"}, not: []string{"n != 0"}},
		{name: "interface", cells: []string{"type Shape interface{ Area() float64 }\ntype Sq float64\nfunc (s Sq) Area() float64 { return float64(s * s) }", "var s Shape = Sq(2)\ns.Area()", "s.(Sq)"}, has: []string{"func (s Sq) Area"}},
		{name: "type of an import", cells: []string{"import r \"math/rand\"\ng := r.New(r.NewSource(1))", "g.Intn(3)"}, has: []string{"var g *rand.Rand"}},
		{name: "types of types", cells: []string{"m := map[string][]func(int, ...string) (chan<- error, *time.Time){}\nvar s struct {\n\tA int `json:\"a\"`\n}", "fmt.Println(m, s)"}},
		{name: "literals", cells: []string{"struct{ A int }{1}"}, has: []string{"keep.Result(struct{ A int }{1})"}},
		{name: "slice literal", cells: []string{"[]int{1,\n2}"}, has: []string{"keep.Result([]int{1,"}},
		{name: "map literal", cells: []string{"map[string]int{\"a\": 1}"}, has: []string{"keep.Result("}},
		{name: "function literal", cells: []string{"func(x int) int { return x }"}, has: []string{"keep.Result("}},
		{name: "assertion", cells: []string{"var a any = 3\na.(int)"}, has: []string{"keep.Result(a.(int))"}},
		{name: "address", cells: []string{"x := 3\n&x"}, has: []string{"keep.Result(&x)"}},
		{name: "increment", cells: []string{"x := 3\nx++"}, not: []string{"Result"}},
		{name: "parentheses", cells: []string{"(1 + 2)"}, has: []string{"keep.Result((1 + 2))"}},
		{name: "block", cells: []string{"{\n\tx := 1\n\t_ = x\n}\nx := \"a\"\nx"}, has: []string{"var x string"}},
		{name: "goroutine", cells: []string{"var wg sync.WaitGroup\nwg.Add(1)\ngo func() { defer wg.Done() }()\nwg.Wait()"}},
		{name: "comma ok", cells: []string{"m := map[string]int{}\nv, ok := m[\"a\"]\nc := make(chan int, 1)\nclose(c)\nw, ok := <-c\nvar a any = v\nn, ok := a.(int)\nfmt.Println(v, w, n, ok)"}, not: []string{"ok_2"}},
		{name: "new type beside a new variable", cells: []string{"a, e := 1, 2\nb, e := 1, \"x\"\nfmt.Println(a, b, e)"}, has: []string{"b, e_2 = 1, \"x\""}},
		{name: "generic redefined", cells: []string{"func id[T any](x T) T { return x }\ntype Pair[A, B any] struct {\n\tFirst A\n\tSecond B\n}", "p := Pair[int, string]{1, id(\"a\")}", "p.Second"}, has: []string{"var p Pair[int, string]"}},
		{name: "closure over a version", cells: []string{"x := 1\nf := func() int { return x }\nx := \"a\"\nfmt.Println(f(), x)"}, has: []string{"return x }", "f(), x_2"}},
		{name: "function sees the last version", cells: []string{"x := 1\nfunc f() string { return x }\nx := \"a\"\nfmt.Println(f())"}, has: []string{"return x_2 }"}},
		{name: "names that collide", cells: []string{"x_2 := 5\nx := 1\nx := \"a\"\nkeep := x_2\nrunCell := 3\nfmt.Println(x, keep, runCell)"}, has: []string{"keep_ \"", "x_2_ = \"a\""}},
		{name: "constants of a type", cells: []string{"type Level int\nconst (\n\tLow Level = iota + 1\n\tHigh\n)\nfunc (l Level) String() string { return [...]string{\"\", \"low\", \"high\"}[l] }", "High"}, has: []string{"const High Level = 2", "func (l Level) String()"}},
		{name: "local of an unwritable type", cells: []string{"type inner = struct{ a int }\nfunc f() any {\n\ttype T struct{}\n\treturn T{}\n}\nx := f()\nx"}, has: []string{"var x any"}},
		{name: "unexported type", cells: []string{"n, err := 3, reflect.TypeOf(atomic.Int64{}).Field(0)\nb := binary.LittleEndian\nb.Uint16([]byte{1, 2})"}, has: []string{"var b = binary.LittleEndian"}, not: []string{`Define("b"`}},
		{name: "unexported type beside others", cells: []string{"b, n := binary.BigEndian, 3\nb, m := binary.BigEndian, 4\nfmt.Println(n, m)", "n + m"}, has: []string{`keep.Load("n", &n)`}},
	} {
		t.Run(c.name, c.run)
	}
}

func TestWrong(t *testing.T) {
	for _, c := range []cells{
		{name: "undefined", cells: []string{"x := 1\nfmt.Println(yy)"}, wrong: "undefined: yy", trace: []string{"Cell [1], line 2", "    fmt.Println(yy)\n                ^"}},
		{name: "misspelt variable", cells: []string{"weights := 1", "weigths + 1"}, wrong: "did you mean weights?"},
		{name: "misspelt package", cells: []string{"strngs.ToUpper(\"a\")"}, wrong: "did you mean strings?"},
		{name: "misspelt member", cells: []string{"chart.GradientFlo(nil, \"\")"}, wrong: "did you mean chart.GradientFlow?"},
		{name: "missing letter", cells: []string{"fmt.Printn(1)"}, wrong: "did you mean fmt.Println?"},
		{name: "misspelt method", cells: []string{"var b strings.Builder\nb.WriteSting(\"a\")"}, wrong: "did you mean WriteString?"},
		{name: "misspelt field", cells: []string{"vgrad.Experiment{Actvation: \"relu\"}"}, wrong: "did you mean Activation?"},
		{name: "types", cells: []string{"x := 1\nx + \"a\""}, wrong: "mismatched types"},
		{name: "syntax", cells: []string{"x := (1 + \ny := 2"}, wrong: "expected"},
		{name: "brace", cells: []string{"}"}, wrong: "expected"},
		{name: "too early", cells: []string{"fmt.Println(x)\nx := 1"}, wrong: "undefined: x (it is defined later in the cell)"},
		{name: "redeclared", cells: []string{"func f() {}\nfunc f() {}"}, wrong: "f redeclared"},
		{name: "old function breaks", cells: []string{"type T struct{ A int }\nfunc f(t T) int { return t.A }", "type T struct{ B int }\nf(T{})"}, wrong: "A"},
		{name: "type changed", cells: []string{"type T struct{ A int }\nt := T{1}", "type T struct{ B int }", "t"}, wrong: "its type T has changed since cell [1]"},
		{name: "all errors", cells: []string{"a1\nb1\nc1\nd1\ne1\nf1\ng1\nh1\ni1\nj1\nk1\nl1"}, wrong: "undefined: a1", trace: []string{"line 10", "and 2 more"}},
		{name: "GoNB's limit", cells: []string{"type A[T any] []T\ntype B[T any] []T\nfunc (a A[T]) Len() int { return 1 }\nfunc (b B[T]) Len() int { return 2 }\nA[int]{}.Len()"}, wrong: "make one a pointer receiver"},
		{name: "bare member", cells: []string{"GradientFlo"}, wrong: "did you mean chart.GradientFlow?"},
		{name: "bare word", cells: []string{"cell.Compare(vgrad.Experiment{}, rleu)"}, wrong: `did you mean "relu"?`},
		{name: "unexported type later", cells: []string{"b := binary.LittleEndian", "b"}, wrong: "b of cell [1] was not kept: its type binary.littleEndian is not exported"},
		{name: "local in a function", cells: []string{"b := binary.LittleEndian\nfunc f() { b.Uint16(nil) }"}, wrong: "b has no type that functions could name: its type binary.littleEndian is not exported"},
		{name: "import", cells: []string{"import \"fmt\n"}, wrong: "string literal not terminated"},
		{name: "several on a line", cells: []string{"a := nope; b := nada"}, wrong: "undefined: nope", trace: []string{"undefined: nada"}},
		{name: "unicode", cells: []string{"ä := \"öö\" + nö"}, wrong: "undefined: nö", trace: []string{"\n    ä := \"öö\" + nö\n                ^"}},
		{name: "in a function of the cell", cells: []string{"func f() int {\n\treturn \"a\"\n}\nf()"}, wrong: "cannot use \"a\"", trace: []string{"Cell [1], line 2", "    return \"a\"\n           ^"}},
		{name: "goes nowhere", cells: []string{"for {\n\tbreak outer\n}"}, wrong: "outer"},
		{name: "own initializer", cells: []string{"f := func(n int) int { return f(n - 1) }"}, wrong: "undefined: f"},
		{name: "version names", cells: []string{"x := 1\nx := \"a\"\nx * 2"}, wrong: "x * 2"},
	} {
		t.Run(c.name, c.run)
	}
}

// What could not be kept is said when a later cell names it, and not before.
func TestNotKept(t *testing.T) {
	s := newSession(t)
	p, err := s.Translate(1, "c := make(chan int)\nn := 3")
	if err != nil {
		t.Fatal(err)
	}
	finish(t, s, p, map[string]string{"c": "a channel lives in its process only"})
	if p, err = s.Translate(2, "n"); err != nil {
		t.Fatal(err)
	}
	finish(t, s, p, nil)
	_, err = s.Translate(3, "n++\nc <- n")
	if err == nil || !strings.Contains(err.Error(), "c of cell [1] was not kept: a channel lives in its process only") {
		t.Errorf("%v", err)
	}
}

// What shares memory comes as a whole, and types in interfaces are named.
func TestKept(t *testing.T) {
	s := newSession(t)
	p, err := s.Translate(1, "type P struct{ A any }\nx := 1\np := &x\ny := P{time.Second}\nother := 2")
	if err != nil {
		t.Fatal(err)
	}
	report(t, s, []kept{
		{Name: "x", File: "1", Group: "g", Size: 8}, {Name: "p", File: "1", Group: "g"}, {Name: "other", File: "2", Size: 9},
		{Name: "y", File: "3", Types: []string{`"time".Duration`, "*P", "Gone"}},
	})
	s.Finish(p)
	if p, err = s.Translate(2, "*p"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`keep.Load("p", &p)`, `keep.Load("x", &x)`} {
		if !strings.Contains(p.Source, want) {
			t.Errorf("no %s in\n%s", want, p.Source)
		}
	}
	if strings.Contains(p.Source, "other") {
		t.Error("other is loaded")
	}
	if p, err = s.Translate(3, "y"); err != nil {
		t.Fatal(err)
	}
	compiles(t, s, p.Source)
	if !strings.Contains(p.Source, "keep.Type[time.Duration]()") || !strings.Contains(p.Source, "keep.Type[*P]()") || strings.Contains(p.Source, "Gone") {
		t.Errorf("types:\n%s", p.Source)
	}
	if rows := s.Who(); len(rows) != 5 || rows[0] != (Variable{Name: "other", Kind: "variable", Type: "int", Size: 9, Cell: 1}) || rows[4].Kind != "type" || rows[4].Type != "struct{ A any }" {
		t.Errorf("%+v", rows)
	}
	// A variable that the program did not get to stays as it was.
	if p, err = s.Translate(4, "panic(1)\nx := \"a\""); err != nil {
		t.Fatal(err)
	}
	report(t, s, nil)
	s.Finish(p)
	if p, err = s.Translate(5, "x"); err != nil || !strings.Contains(p.Source, "var x int") {
		t.Errorf("x is not what it was: %v", err)
	}
	s.Reset()
	if _, err = s.Translate(6, "x"); err == nil || len(s.Who()) > 0 {
		t.Error("x is there after Reset")
	}
}

// report writes what a program reports of its variables.
func report(t testing.TB, s *Session, list []kept) {
	t.Helper()
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(s.options.Dir, "cell")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kept.json"), text, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestMissing(t *testing.T) {
	s := newSession(t)
	p, err := s.Translate(1, "import \"gonum.org/v1/gonum/statt\"\nstatt.Mean(nil, nil)")
	if err != nil || len(p.Missing) != 1 || p.Missing[0] != "gonum.org/v1/gonum/statt" || p.Source != "" {
		t.Fatalf("%+v, %v", p, err)
	}
	if err := s.NotFound(p); err == nil || !strings.Contains(err.Error(), `did you mean "gonum.org/v1/gonum/stat"?`) {
		t.Errorf("%v", err)
	}
}

// What only declares need not run.
func TestNothingToRun(t *testing.T) {
	s := newSession(t)
	for _, code := range []string{"// a comment", "func f() int { return 3 }\ntype T int\nconst c = 3\nimport \"fmt\"", ""} {
		p, err := s.Translate(1, code)
		if err != nil || p.Source != "" || len(p.Missing) > 0 {
			t.Errorf("%q: %+v, %v", code, p, err)
		}
		s.Finish(p)
	}
	if _, err := s.Translate(2, "f() + c + int(T(3))"); err != nil {
		t.Error(err)
	}
}

func TestReadsInput(t *testing.T) {
	s := newSession(t)
	for code, want := range map[string]bool{"var n int\nfmt.Scan(&n)": true, "bufio.NewScanner(os.Stdin)": true, "fmt.Sscan(\"a\")": false} {
		if p, err := s.Translate(1, code); err != nil || p.ReadsInput != want {
			t.Errorf("%q: %v, %v", code, p, err)
		}
	}
}

// A function value cannot be kept; what it is written as can.
func TestFunctionValues(t *testing.T) {
	s := newSession(t)
	step := func(n int, code string) (*Program, error) {
		t.Helper()
		p, err := s.Translate(n, code)
		if err == nil {
			compiles(t, s, p.Source)
			finish(t, s, p, map[string]string{"f": "a function value", "g": "a function value", "h": "a function value"})
		}
		return p, err
	}
	if _, err := step(1, "k := 3\nf := func(x int) int {\n\treturn k * x // times\n}\nvar g func() = func() { f(1) }\nh := f"); err != nil {
		t.Fatal(err)
	}
	p, err := step(2, "f(2)")
	if err != nil || !strings.Contains(bare(p.Source), "var f  = func(x int) int {") && !strings.Contains(bare(p.Source), "var f = func(x int) int {") || !strings.Contains(p.Source, `keep.Load("k", &k)`) || strings.Contains(p.Source, `Load("f"`) {
		t.Errorf("%v\n%v", err, p)
	}
	if p, err = step(3, "g()"); err != nil || !strings.Contains(p.Source, "var f") || !strings.Contains(p.Source, "var g func() =") {
		t.Errorf("%v\n%v", err, p)
	}
	if _, err = step(4, "h(2)"); err == nil || !strings.Contains(err.Error(), "h of cell [1] was not kept") {
		t.Errorf("%v", err)
	}
	if _, err = step(5, "k := \"a\"\nk"); err != nil {
		t.Error(err)
	}
	if _, err = step(6, "f(2)"); err == nil {
		t.Error("f compiles with a k of another type")
	}
	if _, err = step(7, "k := 4\nf = func(x int) int { return k }"); err != nil {
		t.Error(err)
	}
	if _, err = step(8, "f(2)"); err == nil || !strings.Contains(err.Error(), "it was assigned to in cell [7]") {
		t.Errorf("%v", err)
	}
}

func TestStatus(t *testing.T) {
	for _, c := range []struct{ code, status, indent string }{
		{"x := 1", "complete", ""},
		{"", "complete", ""},
		{"for i := range 3 {", "incomplete", "\t"},
		{"for i := range 3 {\n\tif true {", "incomplete", "\t\t"},
		{"f(1,", "incomplete", "\t"},
		{"s := `a\nb", "incomplete", ""},
		{"/* a", "incomplete", ""},
		{"x := 1 +", "incomplete", "\t"},
		{"x :=", "incomplete", "\t"},
		{"a.", "incomplete", "\t"},
		{"func f()", "complete", ""},
		{"x := \"a", "invalid", ""},
		{"}", "invalid", ""},
		{"x = = 2", "invalid", ""},
		{"%%\nfor {", "complete", ""},
		{"!ls", "complete", ""},
		{"f(map[string]int{\n\"a\": 1,", "incomplete", "\t"},
	} {
		status, indent := newSession(t).Status(c.code)
		if status != c.status || indent != c.indent {
			t.Errorf("%q: %s %q; want %s %q", c.code, status, indent, c.status, c.indent)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct{ code, commands, rest string }{
		{"x := 1", "", "x := 1"},
		{"!ls\nx := 1", "!ls", "\nx := 1"},
		{"%env A b\n!*ls \\\n -l\nx := 1", "%env A b\n!*ls \\\n -l", "\n\n\nx := 1"},
		{"%%\nx := 1", "", "%%\nx := 1"},
		{"!ls", "!ls", ""},
		{"s := `\n!ls\n`", "", "s := `\n!ls\n`"},
		{"%args --a\nfunc main() {}", "", "%args --a\nfunc main() {}"},
	} {
		commands, rest := Split(c.code)
		if commands != c.commands || rest != c.rest {
			t.Errorf("%q: %q %q; want %q %q", c.code, commands, rest, c.commands, c.rest)
		}
	}
}
