package session

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// writer writes a notebook at random, and the program with the same statements. A name of
// the notebook is written $x in what it makes; in the program each variable, type and
// function has a name of its own for every type that it ever has.
type writer struct {
	*rand.Rand
	vars      map[string]variableOf
	funcs     map[string]functionOf
	typeT     string // what T is called in the program
	fields    int    // of T, beside those that it always has
	addressed map[string]bool
	pinned    map[string]bool // of functions that the current cell calls or declares: they mean the variable at its end
	count     int

	declared []string // of the program, at its top
	cells    []string // of the notebook
	bodies   []string // of the program: what the cells do
	code     []string // of the current cell
	body     []string
}

// variableOf is a variable that later statements may name.
type variableOf struct{ kind, name string }

// functionOf is a function of an int.
type functionOf struct {
	name string
	uses []string // variables
}

var marked = regexp.MustCompile(`\$[A-Za-z]+`)

// inNotebook and inProgram write what has $ before names.
func inNotebook(text string) string { return strings.ReplaceAll(text, "$", "") }

func (w *writer) inProgram(text string) string {
	return marked.ReplaceAllStringFunc(text, func(m string) string {
		name := m[1:]
		if name == "T" {
			return w.typeT
		}
		if f, ok := w.funcs[name]; ok {
			return f.name
		}
		return w.vars[name].name
	})
}

func (w *writer) fresh(name string) string {
	w.count++
	return fmt.Sprintf("%s_%d", name, w.count)
}

const varNames = "abcdefgh"

// one picks a variable of a kind.
func (w *writer) one(kind string) (string, bool) {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(w.vars)) {
		if w.vars[name].kind == kind {
			names = append(names, "$"+name)
		}
	}
	if len(names) == 0 {
		return "", false
	}
	return names[w.IntN(len(names))], true
}

// address notes that something may refer to a variable from now on.
func (w *writer) address(name string) string {
	w.addressed[name[1:]] = true
	return "&" + name
}

var kinds = []string{
	"int", "string", "float64", "[]int", "map[string]int", "*int", "$T", "*$T", "[]*$T", "map[string]*$T", "any", "[]any",
	"Box[int]", "*Box[string]", "[3]int", "**int", "[][]int", "Pair[string, *int]", "map[Point]string", "error", "Shape", "[]Shape",
}

// value writes an expression of a kind. What it leads to is never nil.
func (w *writer) value(kind string, depth int) string {
	if name, ok := w.one(kind); ok && (depth > 3 || w.IntN(3) == 0) {
		return name
	}
	return blanks.ReplaceAllStringFunc(w.form(kind, depth), func(blank string) string {
		return w.value(strings.Trim(blank, "‹›"), depth+1)
	})
}

// blanks stand for values of a kind in a form.
var blanks = regexp.MustCompile(`‹[^›]*›`)

func v(kind string) string { return "‹" + kind + "›" }

// form writes an expression of a kind with blanks in it.
func (w *writer) form(kind string, depth int) string {
	n := w.IntN(4)
	if depth > 3 {
		n = 0
	}
	to := func(kind, other string) string { // a pointer to a variable
		if name, ok := w.one(kind); ok && n < 3 {
			return w.address(name)
		}
		return other
	}
	switch kind {
	case "int":
		return w.number(n)
	case "string":
		return []string{fmt.Sprintf("%q", string(varNames[w.IntN(8)])), "fmt.Sprint(" + v("int") + ")", "strings.Repeat(" + v("string") + ", 2)[:1]", "fmt.Sprintf(\"%T\", " + v("error") + ")"}[n]
	case "float64":
		return []string{"0.5", "float64(" + v("int") + ") / 3", "math.Sqrt(2)", v("float64") + " + 1"}[n]
	case "[]int":
		return []string{"[]int{1, 2, 3}", "append(" + v("[]int") + ", " + v("int") + ")", v("[]int") + "[:1:2]", "make([]int, 2, 5)"}[[]int{0, 1, 3, 3}[n]]
	case "map[string]int":
		return []string{"map[string]int{}", "map[string]int{\"k\": " + v("int") + "}", "maps.Clone(" + v("map[string]int") + ")", "map[string]int{" + v("string") + ": 1}"}[n]
	case "*int":
		if n == 3 {
			return "&append(" + v("[]int") + ", 4)[0]"
		}
		if t, ok := w.one("$T"); ok && n == 2 {
			return w.address(t) + ".A"
		}
		if a, ok := w.one("[3]int"); ok && n == 1 {
			return w.address(a) + "[1]"
		}
		return to("int", "new(int)")
	case "**int":
		return to("*int", "func() **int { p := "+v("*int")+"; return &p }()")
	case "$T":
		return []string{"$T{A: 1}", "$T{A: " + v("int") + ", S: " + v("[]int") + "}", "$T{P: " + v("*int") + ", N: " + v("*$T") + "}", "$T{I: " + v("any") + "}"}[n]
	case "*$T":
		return to("$T", "&"+[]string{"$T{}", "$T{I: " + v("any") + "}", "$T{N: " + v("*$T") + "}", "$T{S: " + v("[]int") + "}"}[n])
	case "[]*$T":
		return []string{"[]*$T{}", "[]*$T{" + v("*$T") + ", nil}", "append(" + v("[]*$T") + ", " + v("*$T") + ")", "make([]*$T, 1, 3)"}[n]
	case "map[string]*$T":
		return []string{"map[string]*$T{}", "map[string]*$T{\"k\": " + v("*$T") + "}", "map[string]*$T{\"a\": " + v("*$T") + ", \"b\": nil}", "make(map[string]*$T)"}[n]
	case "any":
		of := kinds[w.IntN(len(kinds))]
		if depth > 3 {
			of = "int"
		}
		return "any(" + v(of) + ")"
	case "[]any":
		return []string{"[]any{}", "[]any{" + v("any") + ", nil, 1.5}", "append(" + v("[]any") + ", " + v("any") + ")", "[]any{" + v("*int") + ", " + v("map[string]int") + "}"}[n]
	case "Box[int]":
		return []string{"Box[int]{}", "Box[int]{V: " + v("int") + "}", "Box[int]{L: " + v("[]int") + "}", "MakeBox(" + v("int") + ")"}[n]
	case "*Box[string]":
		return []string{"&Box[string]{}", "&Box[string]{V: " + v("string") + "}", "new(Box[string])", "&Box[string]{L: []string{" + v("string") + "}}"}[n]
	case "[3]int":
		return []string{"[3]int{}", "[3]int{1, " + v("int") + "}", "[...]int{1, 2, 3}", "[3]int{2: 9}"}[n]
	case "[][]int":
		return []string{"[][]int{}", "[][]int{" + v("[]int") + "}", "append(" + v("[][]int") + ", " + v("[]int") + ")", "[][]int{" + v("[]int") + ", nil}"}[n]
	case "Pair[string, *int]":
		return []string{"Pair[string, *int]{}", "Pair[string, *int]{" + v("string") + ", " + v("*int") + "}", "Pair[string, *int]{B: " + v("*int") + "}", "Pair[string, *int]{A: \"x\"}"}[n]
	case "map[Point]string":
		return []string{"map[Point]string{}", "map[Point]string{{1, 2}: " + v("string") + "}", "map[Point]string{{}: \"o\"}", "make(map[Point]string)"}[n]
	case "error":
		return []string{"errors.New(\"e\")", "fmt.Errorf(\"of %w\", " + v("error") + ")", "error(Fault(" + v("int") + "))", "io.EOF"}[n]
	case "Shape":
		return []string{"Shape(Point{1, 2})", "Shape(Point{" + v("int") + ", 0})", "Shape(&Circle{" + v("int") + "})", "Shape(&Circle{})"}[n]
	case "[]Shape":
		return []string{"[]Shape{}", "[]Shape{" + v("Shape") + ", nil}", "append(" + v("[]Shape") + ", " + v("Shape") + ")", "[]Shape{" + v("Shape") + "}"}[n]
	}
	panic(kind)
}

func (w *writer) number(n int) string {
	if n == 0 {
		return fmt.Sprint(w.IntN(9))
	}
	if len(w.funcs) > 0 && w.IntN(4) == 0 {
		names := slices.Sorted(maps.Keys(w.funcs))
		name := names[w.IntN(len(names))]
		w.pin(name)
		return "$" + name + "(" + v("int") + ")"
	}
	return []string{
		v("int") + " + 1", "len(" + v("string") + ")", "len(" + v("[]int") + ")", v("$T") + ".Sum()", "*" + v("*int"), v("map[string]int") + "[\"k\"]",
		v("Box[int]") + ".V", "cap(" + v("[]int") + ")", v("Shape") + ".Area()", "len(" + v("[]any") + ")",
	}[w.IntN(10)]
}

func (w *writer) pin(function string) {
	for _, name := range w.funcs[function].uses {
		w.pinned[name] = true
	}
}

// add adds a statement that means the same in both.
func (w *writer) add(text string) {
	text = blanks.ReplaceAllStringFunc(text, func(blank string) string { return w.value(strings.Trim(blank, "‹›"), 1) })
	w.code = append(w.code, inNotebook(text))
	w.body = append(w.body, w.inProgram(text))
}

// define defines a variable.
func (w *writer) define() {
	name, kind := string(varNames[w.IntN(8)]), kinds[w.IntN(len(kinds))]
	if v, ok := w.vars[name]; ok && w.IntN(2) == 0 {
		kind = v.kind
	}
	value := w.value(kind, 0)
	if w.pinned[name] && w.vars[name].kind != kind {
		return
	}
	if kind == "float64" {
		value = "float64(" + value + ")"
	}
	form := w.IntN(3)
	if kind == "error" && form == 1 {
		form = 0 // the value has a type of its own
	}
	assigned := w.inProgram(value)
	w.become(name, kind)
	switch form {
	case 0:
		w.code = append(w.code, "var "+name+" "+inNotebook(kind)+" = "+inNotebook(value))
	case 1:
		if kind == "error" {
			value = "error(" + value + ")"
		}
		w.code = append(w.code, name+" := "+inNotebook(value))
	case 2:
		w.code = append(w.code, "var "+name+" = "+inNotebook(value))
		if kind == "error" {
			w.code[len(w.code)-1] = "var " + name + " error = " + inNotebook(value)
		}
	}
	w.body = append(w.body, w.vars[name].name+" = "+assigned)
}

// defineTwo defines two variables in one statement.
func (w *writer) defineTwo() {
	i, j := w.IntN(8), w.IntN(7)
	if j >= i {
		j++
	}
	a, b := string(varNames[i]), string(varNames[j])
	x, y := w.value("*int", 1), w.value("string", 1)
	if w.vars[a].kind == "any" || w.vars[b].kind == "any" { // a new variable beside it would make this an assignment
		return
	}
	if w.pinned[a] && w.vars[a].kind != "*int" || w.pinned[b] && w.vars[b].kind != "string" {
		return
	}
	assigned := w.inProgram(x) + ", " + w.inProgram(y)
	w.become(a, "*int")
	w.become(b, "string")
	w.code = append(w.code, a+", "+b+" := "+inNotebook(x)+", "+inNotebook(y))
	w.body = append(w.body, w.vars[a].name+", "+w.vars[b].name+" = "+assigned)
}

// become makes a name a variable of a kind; it stays the variable that it is if it has that
// kind. Functions that name it do no longer compile if it does not.
func (w *writer) become(name, kind string) {
	if w.vars[name].kind == kind {
		return
	}
	w.forget(name)
	v := variableOf{kind, w.fresh(name)}
	w.vars[name] = v
	w.declared = append(w.declared, "var "+v.name+" "+w.inProgram(kind))
}

func (w *writer) forget(name string) {
	delete(w.vars, name)
	delete(w.addressed, name)
	for f, of := range w.funcs {
		if slices.Contains(of.uses, name) {
			delete(w.funcs, f)
		}
	}
}

// mutate changes what variables hold or lead to.
func (w *writer) mutate() {
	for range 20 {
		kind := kinds[w.IntN(len(kinds))]
		name, ok := w.one(kind)
		if !ok {
			continue
		}
		n := w.IntN(3)
		switch {
		case n == 0:
			w.add(name + " = " + v(kind))
		case kind == "int":
			w.add(name + "++")
		case kind == "string":
			w.add(name + " += \"+\"")
		case kind == "[]int" && n == 1:
			w.add("if len(" + name + ") > 0 {\n\t" + name + "[0] += 10\n}")
		case kind == "[]int":
			w.add(name + " = append(" + name + ", " + v("int") + ")")
		case kind == "map[string]int" && n == 1:
			w.add(name + "[" + v("string") + "] = " + v("int"))
		case kind == "map[string]int":
			w.add("delete(" + name + ", \"k\")")
		case kind == "*int":
			w.add("*" + name + " = " + v("int"))
		case kind == "**int" && n == 1:
			w.add("**" + name + " += 100")
		case kind == "**int":
			w.add("*" + name + " = " + v("*int"))
		case kind == "$T" && n == 1:
			w.add(name + ".P, " + name + ".S = " + v("*int") + ", " + v("[]int"))
		case kind == "$T" || kind == "*$T":
			w.add(name + ".Add(" + v("int") + ")")
		case kind == "[]*$T":
			w.add("for _, x := range " + name + " {\n\tif x != nil {\n\t\tx.Add(1)\n\t}\n}")
		case kind == "map[string]*$T":
			w.add(name + "[\"n\"] = " + v("*$T"))
		case kind == "any":
			w.add("if p, ok := " + name + ".(*int); ok {\n\t*p = " + v("int") + "\n}")
		case kind == "[]any":
			w.add("for i, x := range " + name + " {\n\tif n, ok := x.(int); ok {\n\t\t" + name + "[i] = n + 1\n\t}\n}")
		case kind == "Box[int]":
			w.add(name + ".Put(" + v("int") + ")")
		case kind == "*Box[string]":
			w.add(name + ".Put(" + v("string") + ")")
		case kind == "[3]int":
			w.addressed[name[1:]] = true
			w.add("clear(" + name + "[1:])")
		case kind == "Pair[string, *int]":
			w.add(name + ".B = " + v("*int"))
		case kind == "map[Point]string":
			w.add(name + "[Point{" + v("int") + ", 1}] = " + v("string"))
		case kind == "[]Shape":
			w.add("for _, s := range " + name + " {\n\tif c, ok := s.(*Circle); ok {\n\t\tc.R++\n\t}\n}")
		default:
			w.add(name + " = " + v(kind))
		}
		return
	}
}

// show prints something, in blocks with names of their own.
func (w *writer) show() {
	switch w.IntN(4) {
	case 0:
		w.add("fmt.Println(" + w.value("int", 0) + ", " + w.value("string", 0) + ")")
	case 1:
		w.add("for a := range 2 {\n\tb := a * 2\n\tfmt.Println(a, b)\n}")
	case 2:
		w.add("if c := (" + w.value("int", 0) + "); c > 3 {\n\tunused := c\n\tfmt.Println(c)\n}")
	case 3:
		w.add("switch x := any(" + w.value("any", 0) + ").(type) {\ncase int, string:\n\tfmt.Println(x)\ncase error:\n\tfmt.Println(x.Error())\ndefault:\n\tfmt.Printf(\"%T\\n\", x)\n}")
	}
}

// function declares a function of an int that reads and changes variables.
func (w *writer) function() {
	name := string("uvw"[w.IntN(3)])
	for f, of := range w.funcs { // what calls it, and so what calls that: no cycles
		if f == name || slices.Contains(of.uses, name) {
			delete(w.funcs, f)
		}
	}
	saved := maps.Clone(w.funcs)
	clear(w.funcs)
	expr := w.value("int", 1)
	w.funcs = saved
	body := "\treturn n + " + expr + "\n"
	if x, ok := w.one("int"); ok {
		body = "\t" + x + " += n\n" + body
	}
	if p, ok := w.one("*int"); ok && w.IntN(2) == 0 {
		body = "\t*" + p + " = n\n" + body
	}
	of := functionOf{name: w.fresh(name)}
	for _, m := range marked.FindAllString(body, -1) {
		of.uses = append(of.uses, m[1:])
	}
	form := "func $" + name + "(n int) int {\n" + body + "}"
	w.funcs[name] = of
	w.pin(name)
	w.declared = append(w.declared, w.inProgram(form))
	if w.IntN(3) == 0 { // a function value, which is made anew in each cell
		form = "$" + name + " := " + strings.Replace(form, " $"+name, "", 1)
	}
	w.code = append(w.code, inNotebook(form))
}

// types declares T: as it was, or with another field, which ends all values that may have
// a T in them.
func (w *writer) types(change bool) {
	if change {
		w.fields++
		for _, name := range slices.Sorted(maps.Keys(w.vars)) {
			plain := []string{"int", "string", "float64", "[3]int"} // others may share memory with a T
			if w.addressed[name] || !slices.Contains(plain, w.vars[name].kind) {
				w.forget(name)
			}
		}
		for f, of := range w.funcs {
			if slices.Contains(of.uses, "T") {
				delete(w.funcs, f)
			}
		}
		w.typeT = w.fresh("T")
	}
	form := fmt.Sprintf("type $T struct {\n\tA int\n\tS []int\n\tP *int\n\tN *$T\n\tI any\n\tf%d int8\n}\n", w.fields) +
		strings.ReplaceAll(typeMethods, "T)", "$T)")
	w.code = append(w.code, inNotebook(form))
	if change {
		w.declared = append(w.declared, w.inProgram(form))
	}
}

// typeMethods are the methods of T.
const typeMethods = `func (t *T) Add(n int) {
	t.A += n
	if t.P != nil {
		*t.P += n
	}
	t.S = append(t.S, n)
}
func (t T) Sum() int {
	s := t.A
	for _, x := range t.S {
		s += x
	}
	return s
}`

// sameTypes are types that stay as they are.
const sameTypes = `type Point struct{ X, Y int }
func (p Point) Area() int { return p.X * p.Y }
type Circle struct{ R int }
func (c *Circle) Area() int { return 3 * c.R * c.R }
type Shape interface{ Area() int }
type Fault int
func (f Fault) Error() string { return fmt.Sprint("fault ", int(f)) }
type Box[E any] struct {
	V E
	L []E
}
func (b *Box[E]) Put(x E) { b.L = append(b.L, b.V); b.V = x }
func MakeBox[E any](x E) Box[E] { return Box[E]{V: x} }
type Pair[A comparable, B any] struct {
	A A
	B B
}`

// snapshot is what a cell that fails goes back to: what it declares stays, what its later
// statements define does not.
func (w *writer) snapshot() func() {
	vars, addressed := maps.Clone(w.vars), maps.Clone(w.addressed)
	return func() {
		for name, v := range w.vars {
			if vars[name] != v { // functions were written for what is undone
				for f, of := range w.funcs {
					if slices.Contains(of.uses, name) {
						delete(w.funcs, f)
					}
				}
			}
		}
		for name := range addressed {
			w.addressed[name] = true
		}
		w.vars = vars
		for name := range w.addressed {
			if _, ok := vars[name]; !ok {
				delete(w.addressed, name)
			}
		}
	}
}

// statements writes some statements.
func (w *writer) statements(n int) {
	for range n {
		switch w.IntN(10) {
		case 0, 1, 2, 3:
			w.define()
		case 4:
			w.defineTwo()
		case 5, 6, 7:
			w.mutate()
		default:
			w.show()
		}
	}
}

// cell writes a cell: one in four fails or is interrupted.
func (w *writer) cell(first bool) {
	w.code, w.body, w.pinned = nil, nil, map[string]bool{}
	switch {
	case first:
		w.code = append(w.code, sameTypes)
		w.declared = append(w.declared, sameTypes)
		w.types(true)
	case w.IntN(8) == 0:
		w.types(true)
	case w.IntN(8) == 0:
		w.types(false)
	}
	if w.IntN(3) == 0 {
		w.function()
	}
	end := w.IntN(16)
	if end != 3 {
		w.statements(1 + w.IntN(5))
	}
	switch end {
	case 0:
		w.add("panic(fmt.Sprint(" + w.value("int", 0) + "))")
	case 1:
		w.add("for i := range 3 {\n\tfmt.Println([]int{1, 2}[i])\n}")
	case 2:
		w.add("map[string]int(nil)[\"k\"] = " + w.value("int", 0))
	case 3:
		w.define() // on a busy machine, package keep may have time for no more before the end
		w.code = append(w.code, "fmt.Println(\"waiting\")\ntime.Sleep(time.Minute)")
		w.body = append(w.body, "fmt.Println(\"waiting\")\npanic(\"interrupted\")")
	}
	if end < 4 {
		undo := w.snapshot()
		w.statements(w.IntN(3))
		undo()
	}
	w.cells = append(w.cells, strings.Join(w.code, "\n"))
	w.bodies = append(w.bodies, strings.Join(w.body, "\n"))
}

// end writes the last cell, which prints all variables.
func (w *writer) end() {
	w.code, w.body, w.pinned = nil, nil, map[string]bool{}
	call := "dump("
	for _, name := range slices.Sorted(maps.Keys(w.vars)) {
		call += fmt.Sprintf("%q, &$%s, ", name, name)
	}
	call = strings.TrimSuffix(call, ", ") + ")"
	w.cells = append(w.cells, dumper+"\n"+inNotebook(call))
	w.bodies = append(w.bodies, w.inProgram(call))
	w.declared = append(w.declared, dumper)
}

// write writes a notebook of a number of cells.
func write(seed uint64, cells int) *writer {
	w := &writer{Rand: rand.New(rand.NewPCG(seed, 12)), vars: map[string]variableOf{}, funcs: map[string]functionOf{}, addressed: map[string]bool{}}
	for n := range cells - 1 {
		w.cell(n == 0)
	}
	w.end()
	return w
}

// program is the same as one program.
func (w *writer) program(pkg string) string {
	text := "package " + pkg + "\nimport (\"errors\"; \"fmt\"; \"io\"; \"maps\"; \"math\"; \"reflect\"; \"slices\"; \"strings\"; \"time\")\n" +
		"var _, _, _, _, _, _ = errors.New, io.EOF, maps.Clone[map[int]int], math.Pi, strings.Join, time.Second\n" + strings.Join(w.declared, "\n") +
		"\nfunc cell(n int, f func()) {\n\tfmt.Println(\"--- cell\", n)\n\tdefer func() { recover() }()\n\tf()\n}\nfunc Main() {\n"
	for i, body := range w.bodies {
		text += fmt.Sprintf("cell(%d, func() {\n%s\n})\n", i+1, strings.ReplaceAll(body, "unused := c", "unused := c; _ = unused"))
	}
	return text + "}\n"
}

// dumper is a function that prints variables so that two runs can be compared: what was printed already is
// named by the way to it.
const dumper = `func dump(pairs ...any) {
	type place struct {
		at uintptr
		of reflect.Type
	}
	seen := map[place]string{}
	var show func(v reflect.Value, way, indent string)
	show = func(v reflect.Value, way, indent string) {
		if v.CanAddr() && v.Type().Size() > 0 {
			p := place{v.Addr().Pointer(), v.Type()}
			if first, ok := seen[p]; ok {
				fmt.Println(indent + "= " + first)
				return
			}
			seen[p] = way
		}
		fmt.Print(indent, v.Type())
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() {
				fmt.Println(" nil")
				return
			}
			fmt.Println()
			show(v.Elem(), "*"+way, indent+"  ")
		case reflect.Interface:
			if v.IsNil() {
				fmt.Println(" nil")
				return
			}
			fmt.Println()
			show(v.Elem(), way+".()", indent+"  ")
		case reflect.Slice, reflect.Array:
			fmt.Println("", v.Len(), v.Cap(), v.Kind() == reflect.Slice && v.IsNil())
			for i := range v.Len() {
				show(v.Index(i), fmt.Sprint(way, "[", i, "]"), indent+"  ")
			}
		case reflect.Map:
			p := place{v.Pointer(), v.Type()}
			if first, ok := seen[p]; ok && !v.IsNil() {
				fmt.Println(" =", first)
				return
			}
			seen[p] = way
			fmt.Println("", v.Len(), v.IsNil())
			keys := v.MapKeys()
			slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(fmt.Sprint(x), fmt.Sprint(y)) })
			for _, k := range keys {
				fmt.Println(indent+" ", k)
				show(v.MapIndex(k), fmt.Sprint(way, "[", k, "]"), indent+"  ")
			}
		case reflect.Struct:
			fmt.Println()
			for i := range v.NumField() {
				show(v.Field(i), way+"."+v.Type().Field(i).Name, indent+"  ")
			}
		default:
			fmt.Println("", v)
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		fmt.Println(pairs[i])
		show(reflect.ValueOf(pairs[i+1]).Elem(), pairs[i].(string), "  ")
	}
}`
