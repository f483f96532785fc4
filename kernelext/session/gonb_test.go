package session

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// asGoNB makes a file of a cell as GoNB does, goimports included.
func asGoNB(t *testing.T, source string) string {
	t.Helper()
	var lines []string
	opened := false
	for line := range strings.SplitSeq(source, "\n") {
		word, isCommand := commandWord(line)
		switch {
		case word == "%":
			lines, opened = append(lines, "func main() {"), true
		case !isCommand:
			lines = append(lines, line)
		}
	}
	if opened {
		lines = append(lines, "", "}")
	}
	text := strings.Join(lines, "\n")
	f, err := parser.ParseFile(token.NewFileSet(), "", "package main\n"+text, 0)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	missing := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && id.Obj == nil && standard[id.Name] != "" && !strings.Contains(text, `"`+standard[id.Name]+`"`) {
				missing[standard[id.Name]] = true
			}
		}
		return true
	})
	for path := range missing {
		text = "import \"" + path + "\"; " + text
	}
	return text
}

func TestGoNBCells(t *testing.T) {
	for _, c := range []struct {
		name  string
		cells []string
		has   []string // in the last program
		not   []string
		lines int
	}{
		{"as it is", []string{"%%\nfmt.Println(1)"}, nil, []string{"init_vgrad"}, 0},
		{"plain function", []string{"func f() int { return 3 }", "%%\nfmt.Println(f())"}, []string{"%%\nfmt.Println(f())\n}\n", "func f() int"}, nil, 0},
		{"plain value", []string{"x := 3", "%%\nfmt.Println(x)"}, []string{"var x int", `keep.Load("x", &x)`, "import (keep"}, nil, 1},
		{"declarations first", []string{"x := 3", "func g() int { return x }\n%%\nfmt.Println(g())"}, []string{"); func g() int", `keep.Load("x", &x)`}, nil, 0},
		{"remembered", []string{"func f() int { return 3 }\n%%\nf()", "%%\nfmt.Println(f())"}, nil, []string{"func f"}, 0},
		{"forgotten", []string{"func f() int { return 3 }\nvar a, b = 1, 2\n%%\nf()", "x := 1", "%%\nfmt.Println(f())"}, []string{"func f", "var a, b = "}, nil, 0},
		{"for plain cells", []string{"type T struct{ A int }\nconst (\n\tc0 = iota\n\tc1\n)\nvar v, w = T{1}, 2\nfunc f() T { return v }\n%%\nf()", "fmt.Println(f(), c1, w)"}, []string{"type T struct", "var v, w =", "const c1  = 1"}, nil, 0},
		{"one of a line", []string{"func two() (int, string) { return 1, \"\" }\nvar a, b = two()\n%%\n", "a := 3.5", "fmt.Println(a, b)"}, []string{"var _, b = two()", `keep.Load("a", &a)`}, nil, 0},
		{"laboratory", []string{"%%\ne := vgrad.Experiment{}\n_ = e"}, []string{`import (vgrad "github.com/vgrad/lab/vgrad"); `}, nil, 1},
		{"another language", []string{"x := 3", "%%bash\necho x"}, nil, []string{"Load"}, 0},
		{"init", []string{"x := 3", "func init_a() {\n\tfmt.Println(\"a\", x)\n}"}, []string{"func init_a", `keep.Load("x", &x)`}, nil, 0},
		{"test", []string{"func f() int { return 3 }", "%test\nfunc TestF(t *testing.T) {\n\tf()\n}"}, []string{"func f() int"}, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t)
			var p *Program
			for i, code := range c.cells {
				var err error
				if p, err = s.Translate(i+1, code); err != nil {
					t.Fatal(err)
				}
				if p.Plain {
					compiles(t, s, p.Source)
				}
				finish(t, s, p, nil)
			}
			if !p.Plain && !strings.Contains(p.Source, "%%bash") {
				if text := asGoNB(t, p.Source); c.name != "remembered" {
					compiles(t, s, text)
				}
			}
			if p.Lines != c.lines {
				t.Errorf("%d lines before the reader's; want %d", p.Lines, c.lines)
			}
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
		})
	}
}

// Before a plain cell GoNB forgets, and what the reader removes is gone.
func TestGoNBForgets(t *testing.T) {
	s := newSession(t)
	p, err := s.Translate(1, "func f() {}\ntype T int\nfunc (t *T) M() {}\n%%\nf()")
	if err != nil {
		t.Fatal(err)
	}
	finish(t, s, p, nil)
	if p, err = s.Translate(2, "x := 1"); err != nil || strings.Join(p.Forget, " ") != "T T~M f" {
		t.Errorf("forget %v, %v", p.Forget, err)
	}
	if p, err = s.Translate(3, "%rm f"); err != nil {
		t.Fatal(err)
	}
	s.Finish(p)
	if _, err = s.Translate(4, "f()"); err == nil {
		t.Error("f is there after %rm f")
	}
}

// GoNB forgets how values of plain cells are read, too: the next plain cell may lack them.
func TestGoNBForgetsValues(t *testing.T) {
	s := newSession(t)
	for i, code := range []string{"x := 3", "%%\nfmt.Println(x)"} {
		p, err := s.Translate(i+1, code)
		if err != nil {
			t.Fatal(err)
		}
		finish(t, s, p, nil)
	}
	p, err := s.Translate(3, "y := 1")
	if err != nil || !strings.Contains(" "+strings.Join(p.Forget, " ")+" ", " "+valuesFunction+" ") || !slices.Contains(p.Forget, "x") {
		t.Errorf("forget %v, %v", p.Forget, err)
	}
}

// A dot import that the cell has no use for stays where a function that GoNB remembers
// needs it: GoNB puts that function into every program.
func TestDotOfRemembered(t *testing.T) {
	for _, c := range []struct {
		first  string
		forget bool
	}{
		{"import . \"math\"\n\nfunc root(x float64) float64 { return Sqrt(x) }\n\n%%\nfmt.Println(root(4))", false},
		{"import . \"math\"\n\n%%\nfmt.Println(Sqrt(4))", true},
	} {
		s := newSession(t)
		for number, code := range []string{c.first, "%%\nfmt.Println(1)"} {
			p, err := s.Translate(number+1, code)
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Contains(p.Forget, ".~math"); got != (c.forget && number == 1) {
				t.Errorf("cell %d after %s\nforgets %q", number+1, c.first, p.Forget)
			}
			s.Finish(p)
		}
	}
}
