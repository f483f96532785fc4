package session

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// shelf runs many notebooks at once: the n-th cells of all are packages of one program, for
// to link a program for each cell would take most of the time. So their types are not of
// package main; what package keep reports of them is rewritten.
type shelf struct {
	t   *testing.T
	dir string
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{t, t.TempDir()}
	s.write("go.mod", "module cells\n\ngo 1.26.5\n")
	s.write("go.work", "go 1.26.5\n\nuse .\nuse "+labRoot(t)+"\n")
	return s
}

func (s *shelf) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		s.t.Fatal(err)
	}
}

// build builds a program of packages, by name; its argument says which one runs.
func (s *shelf) build(program string, sources map[string]string) string {
	s.t.Helper()
	var imports, cases strings.Builder
	for name, source := range sources {
		s.write(name+"/cell.go", source)
		fmt.Fprintf(&imports, "import %s \"cells/%s\"\n", name, name)
		fmt.Fprintf(&cases, "case %q: %s.Main()\n", name, name)
	}
	s.write(program+"/main.go", "package main\nimport \"os\"\n"+imports.String()+"func main() {\nswitch os.Args[1] {\n"+cases.String()+"}\n}\n")
	path := filepath.Join(s.dir, program+".exe")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, "./"+program)
	build.Dir = s.dir
	if out, err := build.CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	return path
}

// interrupter interrupts a program that says that it waits.
type interrupter struct {
	printed bytes.Buffer
	of      *exec.Cmd
}

func (i *interrupter) Write(p []byte) (int, error) {
	n, err := i.printed.Write(p)
	if bytes.HasSuffix(i.printed.Bytes(), []byte("waiting\n")) {
		i.of.Process.Signal(os.Interrupt)
	}
	return n, err
}

// run runs a program and returns what it prints, as both kinds of programs print it.
func (s *shelf) run(program, name, session string) string {
	cmd := exec.Command(program, name)
	cmd.Env = append(os.Environ(), "VGRAD_SESSION="+session)
	out := &interrupter{of: cmd}
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &stderr
	if session == "" {
		cmd.Stdout = &out.printed
	}
	cmd.Run() // how a cell ended is in error.json
	text := ownNames.ReplaceAllString(out.printed.String(), "")
	if strings.Contains(stderr.String(), "not kept") || strings.Contains(stderr.String(), "fatal") {
		text += stderr.String()
	}
	return text
}

var ownNames = regexp.MustCompile(`\bcells/\w+\.|\bnb\.`)

// versionOf finds the numbers that the program gives to versions of T.
var versionOf = regexp.MustCompile(`\b(T)_\d+`)

// Many notebooks give, cell by cell and at the end, what one program with the same
// statements gives: values, what they share, and what a cell prints until it fails. Ten
// notebooks run unless VGRAD_NOTEBOOKS says how many.
func TestNotebooks(t *testing.T) {
	count := 10
	if testing.Short() {
		count = 4
	}
	if text := os.Getenv("VGRAD_NOTEBOOKS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		count = n
	}
	const cells = 9
	shelf := newShelf(t)
	names, writers, sessions := make([]string, count), make([]*writer, count), make([]*Session, count)
	programs := map[string]string{}
	for i := range count {
		names[i] = fmt.Sprintf("n%03d", i)
		writers[i], sessions[i] = write(uint64(i), cells), newSession(t)
		programs["p"+names[i]] = writers[i].program("nb")
	}
	program := shelf.build("whole", programs)
	want := make([][]string, count)
	for i, name := range names {
		out := versionOf.ReplaceAllString(shelf.run(program, "p"+name, ""), "$1")
		want[i] = regexp.MustCompile(`(?m)^--- cell \d+\n`).Split(out, -1)[1:]
	}
	wrong, ran := map[int]bool{}, 0
	fail := func(i, cell int, format string, args ...any) {
		wrong[i] = true
		t.Errorf("notebook %d, cell %d: %s\n%s", i, cell+1, fmt.Sprintf(format, args...), story(writers[i], cell))
	}
	for cell := range cells {
		sources, translated := map[string]string{}, map[int]*Program{}
		for i, name := range names {
			if wrong[i] {
				continue
			}
			p, err := sessions[i].Translate(cell+1, writers[i].cells[cell])
			if err != nil {
				fail(i, cell, "%v", err)
				continue
			}
			translated[i] = p
			if p.Source != "" {
				sources[name] = "package nb\n" + p.Source + "\nfunc Main() { main() }\n"
			}
		}
		program := shelf.build(fmt.Sprint("cell", cell+1), sources)
		got := make([]string, count)
		var group sync.WaitGroup
		slots := make(chan bool, 2)
		for i, p := range translated {
			if p.Source == "" {
				sessions[i].Finish(p)
				continue
			}
			ran++
			slots <- true
			group.Go(func() {
				defer func() { <-slots }()
				got[i] = shelf.cell(program, names[i], sessions[i], p)
			})
		}
		group.Wait()
		for i := range translated {
			if got[i] != want[i][cell] {
				failure, _ := os.ReadFile(filepath.Join(sessions[i].options.Dir, "cell", "error.json"))
				fail(i, cell, "prints\n%swant\n%s%s", got[i], want[i][cell], failure)
			}
		}
	}
	t.Logf("%d notebooks, %d cells", count, ran)
}

// cell runs a cell of a notebook.
func (s *shelf) cell(program, name string, of *Session, p *Program) string {
	exchange := filepath.Join(of.options.Dir, "cell")
	os.RemoveAll(exchange)
	os.MkdirAll(exchange, 0o777)
	os.MkdirAll(filepath.Join(of.options.Dir, "values"), 0o777)
	out := s.run(program, name, of.options.Dir)
	kept := filepath.Join(exchange, "kept.json")
	if text, err := os.ReadFile(kept); err == nil {
		text = bytes.ReplaceAll(text, []byte(`\"cells/`+name+`\".`), nil)
		os.WriteFile(kept, ownNames.ReplaceAll(text, nil), 0o666)
	}
	of.Finish(p)
	if text, _ := os.ReadFile(filepath.Join(exchange, "error.json")); bytes.Contains(text, []byte("cannot be read")) || bytes.Contains(text, []byte("not there")) {
		out += string(text)
	}
	for _, v := range of.Who() {
		if v.Note != "" {
			out += v.Name + ": " + v.Note + "\n"
		}
	}
	return out
}

// story is a notebook up to a cell.
func story(w *writer, cell int) string {
	text := ""
	for i, c := range w.cells[:cell+1] {
		c = strings.NewReplacer(dumper, "…", sameTypes, "…", typeMethods, "…").Replace(c)
		text += fmt.Sprintf("--- %d\n%s\n", i+1, c)
	}
	return text
}
