package session

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runner builds and runs programs of cells, as the kernel does through GoNB.
type runner struct {
	t   *testing.T
	s   *Session
	dir string // of the program
	n   int
}

func newRunner(t *testing.T) *runner {
	t.Helper()
	r := &runner{t: t, s: newSession(t), dir: t.TempDir()}
	r.write("go.mod", "module cell\n\ngo 1.26.5\n")
	r.write("go.work", "go 1.26.5\n\nuse .\nuse "+labRoot(t)+"\n")
	return r
}

func (r *runner) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o666); err != nil {
		r.t.Fatal(err)
	}
}

// run runs a cell and returns what it printed, its result as text, and its error.
func (r *runner) run(code string) (printed, result, failed string) {
	r.t.Helper()
	r.n++
	p, err := r.s.Translate(r.n, code)
	if err != nil {
		return "", "", err.Error()
	}
	defer r.s.Finish(p)
	if p.Source == "" {
		return "", "", ""
	}
	exchange := filepath.Join(r.s.options.Dir, "cell")
	os.RemoveAll(exchange)
	for _, dir := range []string{exchange, filepath.Join(r.s.options.Dir, "values")} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			r.t.Fatal(err)
		}
	}
	r.write("main.go", "package main\n"+p.Source)
	build := exec.Command("go", "build", "-o", "program", ".")
	build.Dir = r.dir
	if out, err := build.CombinedOutput(); err != nil {
		r.t.Fatalf("%v: %s\n%s", err, out, p.Source)
	}
	cmd := exec.Command(filepath.Join(r.dir, "program"))
	cmd.Env = append(os.Environ(), "VGRAD_SESSION="+r.s.options.Dir)
	out, _ := cmd.Output() // how it ended is in error.json
	return string(out), r.plain("result.json"), r.read("error.json")
}

func (r *runner) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(r.s.options.Dir, "cell", name))
	return string(text)
}

// plain is the text of a result.
func (r *runner) plain(name string) string {
	var bundle struct{ Data map[string]any }
	if text := r.read(name); text == "" || json.Unmarshal([]byte(text), &bundle) != nil {
		return ""
	}
	text, _ := bundle.Data["text/plain"].(string)
	return text
}

// A notebook that runs: values, types, functions and pointers go from cell to cell, and
// what fails is told in its own lines.
func TestRun(t *testing.T) {
	newRunner(t).all([]step{
		{code: "x := 42\nfmt.Println(x)", printed: "42\n"},
		{code: "x + 1", result: "43"},
		{code: "type P struct{ X, y float64 }\nfunc (p *P) Scale(by float64) { p.X *= by; p.y *= by }\np := P{3, 4}\nq := &p"},
		{code: "q.Scale(2)\np.X + p.y", result: "14"},
		{code: "p.X", result: "6"},
		{code: "s := []any{time.Second, P{1, 2}, \"a\"}\nm := map[string][]int{\"a\": {1, 2}}"},
		{code: "fmt.Println(s[0], s[1].(P).X, m[\"a\"])", printed: "1s 1 [1 2]\n"},
		{code: "x := fmt.Sprint(x, \"!\")\nx", result: `"42!"`},
		{code: "n := 5\n\nvar zero int\nn / zero", failed: `"line":4`},
		{code: "n", result: "5"},
		{code: "func fib(n int) int {\n\tif n < 2 {\n\t\treturn n\n\t}\n\treturn fib(n-1) + fib(n-2)\n}\nfib(20)", result: "6765"},
		{code: "c := make(chan int)"},
		{code: "c <- 1", failed: "was not kept"},
		{code: "defer fmt.Println(\"last\")\nfmt.Println(\"first\")\nv := 1", printed: "first\nlast\n"},
		{code: "strconv.Atoi(\"x\")", failed: "invalid syntax"},
		{code: "type Stack[T any] struct{ items []T }\nfunc (s *Stack[T]) Push(x T) { s.items = append(s.items, x) }\nvar st Stack[string]\nst.Push(\"a\")"},
		{code: "st.Push(\"b\")\nlen(st.items)", result: "2"},
		{code: "len(st.items)", result: "2"},
		{code: "when := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)\nsum := big.NewInt(7)\ntriple := func(x int) int { return 3 * x * n }"},
		{code: "fmt.Println(when.Year(), sum, triple(2))", printed: "2026 7 30\n"},
		{code: "type P struct{ Z int }"},
		{code: "p", failed: "its type P has changed"},
		{code: "const (\n\ta = iota + 1\n\tb\n)\nvar zero int\nzero", result: "0"},
		{code: "func main() {\n\tfmt.Println(\"main\", b)\n}", printed: "main 2\n"},
		{code: "xs := []int{1, 2, 3}\nys := xs[:2]"},
		{code: "ys[0] = 9\nxs[0]", result: "9"},
		{code: "var e error = os.ErrNotExist\n_, err := os.Open(\"/none\")"},
		{code: "errors.Is(err, os.ErrNotExist)", result: "true"},
	})
}

// Imports stay for later cells, whatever their form, and a name goes from one package to
// another or to a variable.
func TestRunImports(t *testing.T) {
	const isKnown = "func isKnown(head string) bool {\n\t_, _, err := image.DecodeConfig(strings.NewReader(head))\n\treturn !errors.Is(err, image.ErrFormat)\n}\n"
	newRunner(t).all([]step{
		{code: "import . \"strings\"\nToUpper(\"a\")", result: `"A"`},
		{code: "Repeat(\"ab\", 2) + strings.ToLower(\"C\")", result: `"ababc"`},
		{code: "func ToUpper(s string) string { return s + \"!\" }\nToUpper(\"a\")", failed: "already declared through dot-import of package strings"},
		{code: isKnown + "[]bool{isKnown(\"\\x89PNG\\r\\n\\x1a\\n\"), isKnown(\"GIF89a\")}", result: "[]bool{false, false}"},
		{code: "import _ \"image/png\""},
		{code: "import (\n\t_ \"image/gif\"\n)"},
		{code: "[]bool{isKnown(\"\\x89PNG\\r\\n\\x1a\\n\"), isKnown(\"GIF89a\"), isKnown(\"BM\")}", result: "[]bool{true, true, false}"},
		{code: "import m \"math\"\nm.Sqrt(16)", result: "4"},
		{code: "m.Sqrt(9)", result: "3"}, // the import is not in the cell any more
		{code: "import m \"strings\"\nm.Count(\"aa\", \"a\")", result: "2"},
		{code: "m.Sqrt(9)", failed: "undefined: m.Sqrt"},
		{code: "m := 5\nm + 1", result: "6"},
		{code: "m + 2", result: "7"},
	})
}

// A variable that is made anew with another type: functions that use it are told of, until
// they fit again.
func TestRunRemade(t *testing.T) {
	newRunner(t).all([]step{
		{code: "x := 1\nxs := []int{x}"},
		{code: "func next() int { return x + 1 }\nnext()", result: "2"},
		{code: "x := \"a\"\nx + x", result: `"aa"`},
		{code: "x", result: `"a"`},
		{code: "next()", failed: "mismatched types"},
		{code: "xs := map[string]int{x: 3}\nxs[x]", result: "3"},
		{code: "x := 2.5\nfunc next() float64 { return x + 1 }\nnext()", result: "3.5"},
		{code: "x := 7\nfunc next() int { return x + 1 }"},
		{code: "next() + xs[\"a\"]", result: "11"},
		{code: "type T struct{ A int }\nvalue := T{3}"},
		{code: "value := []T{{1}, {2}}\nlen(value)", result: "2"},
		{code: "value[1].A", result: "2"},
	})
}

// step is a cell and what it does; failed is a part of its error.
type step struct{ code, printed, result, failed string }

func (r *runner) all(steps []step) {
	r.t.Helper()
	for _, c := range steps {
		printed, result, failed := r.run(c.code)
		if printed != c.printed || result != c.result || !strings.Contains(failed, c.failed) || c.failed == "" && failed != "" {
			r.t.Errorf("%s\nprinted %q, result %q, failed %q", c.code, printed, result, failed)
		}
	}
}
