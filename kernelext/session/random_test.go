package session

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// author writes cells that are right, of what it defined before.
type author struct {
	*rand.Rand
	types map[string]string // of variables
	funcs map[string]string // results of functions of an int
}

func (a *author) pick(of string) string {
	var names []string
	for _, name := range "abcdefgh" {
		if a.types[string(name)] == of {
			names = append(names, string(name))
		}
	}
	if len(names) == 0 || a.IntN(3) == 0 {
		return map[string]string{"int": "7", "string": `"s"`, "[]int": "[]int{1, 2}", "T": "T{A: 1}", "*int": "new(int)", "map[string]int": `map[string]int{"k": 2}`}[of]
	}
	return names[a.IntN(len(names))]
}

// value is an expression of a type.
func (a *author) value(of string) string {
	switch of {
	case "int":
		for f, result := range a.funcs {
			if result == "int" && a.IntN(3) == 0 {
				return fmt.Sprintf("%s(%s)", f, a.pick("int"))
			}
		}
		return []string{a.pick("int") + " + 1", "len(" + a.pick("string") + ")", "len(" + a.pick("[]int") + ")", a.pick("T") + ".A", "*" + a.pick("*int"), a.pick("map[string]int") + `["k"]`}[a.IntN(6)]
	case "string":
		return []string{"fmt.Sprint(" + a.pick("T") + ")", a.pick("string") + ` + "x"`, "strings.ToUpper(" + a.pick("string") + ")", a.pick("T") + ".Text()"}[a.IntN(4)]
	case "[]int":
		return "append(" + a.pick("[]int") + ", " + a.pick("int") + ")"
	case "T":
		return "T{A: " + a.pick("int") + "}"
	}
	return a.pick(of)
}

func (a *author) statement() string {
	kinds := []string{"int", "string", "[]int", "T", "*int", "map[string]int"}
	kind := kinds[a.IntN(len(kinds))]
	name := string("abcdefgh"[a.IntN(8)])
	switch a.IntN(7) {
	case 0, 1, 2:
		text := name + " := " + a.value(kind)
		a.types[name] = kind
		return text
	case 3:
		text := "var " + name + " " + kind + " = " + a.value(kind)
		a.types[name] = kind
		return text
	case 4:
		other := string("abcdefgh"[a.IntN(8)])
		if other == name {
			return "fmt.Println(" + a.value(kind) + ")"
		}
		text := name + ", " + other + " := " + a.value(kind) + ", " + a.value("int")
		a.types[name], a.types[other] = kind, "int"
		return text
	case 5:
		return "for i := range 3 {\n\tunused := i\n\tfmt.Println(" + a.value("int") + ")\n}"
	}
	return "if q := (" + a.value("int") + "); q > 0 {\n\tfmt.Println(" + a.value("string") + ")\n}"
}

// Whatever a notebook defines and defines anew, its programs compile.
func TestRandomNotebooks(t *testing.T) {
	notebooks := uint64(200)
	if testing.Short() {
		notebooks = 40
	}
	for seed := range notebooks {
		s := newSession(t)
		a := &author{rand.New(rand.NewPCG(seed, 0)), map[string]string{}, map[string]string{}}
		story := ""
		for n := range 8 {
			var lines []string
			if n == 0 || a.IntN(6) == 0 {
				lines = append(lines, "type T struct{ A int }\nfunc (t T) Text() string { return fmt.Sprint(t.A) }")
			}
			if a.IntN(3) == 0 {
				f := string("uvw"[a.IntN(3)])
				delete(a.funcs, f) // it may not call itself
				lines = append(lines, fmt.Sprintf("func %s(n int) int { return n + %d }", f, a.IntN(9)))
				a.funcs[f] = "int"
			}
			for range 1 + a.IntN(4) {
				lines = append(lines, a.statement())
			}
			lines = append(lines, a.value("int"))
			code := strings.Join(lines, "\n")
			story += fmt.Sprintf("--- %d\n%s\n", n+1, code)
			p, err := s.Translate(n+1, code)
			if err != nil {
				t.Fatalf("seed %d: %v\n%s\n%s", seed, err, strings.Join(err.(*CellError).Traceback, "\n"), story)
			}
			if compiles(t, s, p.Source); t.Failed() {
				t.Fatalf("seed %d\n%s", seed, story)
			}
			finish(t, s, p, nil)
		}
	}
}
