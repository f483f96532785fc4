package keep

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// These are programs of cells: the test binary runs itself as one, with the cell's name in
// the environment. They are the cells of one notebook, in any order that a test has them in.
var (
	my struct { // the notebook's variables
		x     int
		p     *int
		names map[string][]string
		rest  []any
		c     chan int
		big   []float64

		lock   sync.Mutex
		counts map[string][]int
	}
	cells = map[string]func(){
		"define": func() {
			Statement(1)
			my.x, my.p = 42, &my.x
			Define("x", &my.x)
			Define("p", &my.p)
			Statement(2)
			my.names = map[string][]string{"a": {"b", "c"}}
			Define("names", &my.names)
			my.rest = []any{[]string{"z"}, time.Second, &my.x}
			Define("rest", &my.rest)
		},
		"use": func() {
			use()
			*my.p++
			Result(my.x, *my.p, my.names, my.rest[1])
		},
		"channel": func() {
			my.c = make(chan int)
			Define("c", &my.c)
		},
		"panic": func() {
			use()
			my.names["d"] = nil
			var empty []int
			func() { _ = empty[len(my.names)] }()
		},
		"panic with a value":  func() { panic(fmt.Sprint("no ", 7)) },
		"panic with an error": func() { panic(errors.New("no way")) },
		"panic in a panic": func() {
			defer func() { panic("second") }()
			panic("first")
		},
		"fail": func() {
			my.x = 7
			Define("x", &my.x)
			go Fail("Interrupted", "enough")
			select {}
		},
		"error":    func() { Result(1, errors.New("no such thing")) },
		"no error": func() { Result(error(nil)) },
		"html":     func() { Result([]point{{X: 1}}) },
		"exit": func() {
			my.x = 8
			Define("x", &my.x)
			os.Exit(3)
		},
		"read": func() {
			var n int
			fmt.Scan(&n)
			s, _ := bufio.NewReader(os.Stdin).ReadString('\n')
			s2, err := io.ReadAll(os.Stdin)
			Result(n, s, string(s2), err)
		},
		"busy": func() {
			my.counts = map[string][]int{}
			Define("counts", &my.counts)
			for range 4 {
				go func() {
					for i := 0; ; i++ {
						my.lock.Lock()
						my.counts[strconv.Itoa(i%5000)] = append(my.counts[strconv.Itoa(i%5000)], i)
						my.lock.Unlock()
					}
				}()
			}
			for start := time.Now(); time.Since(start) < 300*time.Millisecond; {
				this.spent = 0
				Statement(1)
			}
		},
		"changed": func() {
			my.x, my.p = 1, nil
			Define("x", &my.x)
			Statement(2)
			my.x = 2
			Statement(3)
			os.Exit(1)
		},
		"look": func() {
			Load("x", &my.x)
			Ready()
			Result(my.x)
		},
		"gone": func() {
			Load("nothing", &my.x)
			Ready()
		},
		"many": func() {
			for i := range 1000 {
				my.x = i
				Define("x", &my.x)
			}
			my.big = make([]float64, 1<<20)
			Define("big", &my.big)
			for range 1000 {
				my.big[0]++
				Define("big", &my.big)
			}
		},
	}
)

func use() {
	Type[[]string]()
	for name, v := range map[string]any{"x": &my.x, "p": &my.p, "names": &my.names, "rest": &my.rest} {
		Load(name, v)
	}
	Ready()
}

func TestMain(m *testing.M) {
	if name := os.Getenv("KEEP_TEST_CELL"); name != "" {
		Begin(Cell{Number: 1, Input: name == "read"})
		func() {
			defer End()
			cells[name]()
		}()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// notebook is a session in which cells run.
type notebook struct {
	t   *testing.T
	dir string
}

func newNotebook(t *testing.T) notebook {
	n := notebook{t, t.TempDir()}
	if err := os.Mkdir(filepath.Join(n.dir, "values"), 0o700); err != nil {
		t.Fatal(err)
	}
	return n
}

// run runs a cell and returns its exit status and output.
func (n notebook) run(name string) (status int, out string) {
	n.t.Helper()
	exchange := filepath.Join(n.dir, "cell")
	if name != "read" {
		os.RemoveAll(exchange)
	}
	if err := os.MkdirAll(exchange, 0o700); err != nil {
		n.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "KEEP_TEST_CELL="+name, "VGRAD_SESSION="+n.dir)
	text, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		n.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// read reads a file of the exchange folder as JSON; "" is none.
func (n notebook) read(name string) string {
	n.t.Helper()
	text, err := os.ReadFile(filepath.Join(n.dir, "cell", name))
	if err != nil {
		return ""
	}
	if !json.Valid(text) {
		n.t.Errorf("%s is not JSON: %s", name, text)
	}
	return string(text)
}

func (n notebook) plain() string {
	n.t.Helper()
	var result struct{ Data map[string]string }
	json.Unmarshal([]byte(n.read("result.json")), &result)
	return result.Data["text/plain"]
}

// Values go from process to process, and share memory there again.
func TestNotebook(t *testing.T) {
	n := newNotebook(t)
	if status, out := n.run("define"); status != 0 || out != "" || n.read("result.json")+n.read("error.json") != "" {
		t.Fatalf("define: %d %s", status, out)
	}
	var list []struct {
		Name, Type, File, Group, Reason string
		Size                            int
		Types                           []string
	}
	if err := json.Unmarshal([]byte(n.read("kept.json")), &list); err != nil || len(list) != 4 {
		t.Fatalf("kept.json: %v %+v", err, list)
	}
	groups := map[string]string{}
	for _, k := range list {
		groups[k.Name] = k.Group
		if k.File == "" || k.Size == 0 || k.Reason != "" {
			t.Errorf("%+v", k)
		}
	}
	if groups["x"] != groups["p"] || groups["x"] != groups["rest"] || groups["x"] == groups["names"] {
		t.Errorf("groups: %v", groups)
	}
	for i, want := range []string{"43, 43, ", "44, 44, "} { // rest[2] is &x, too
		if status, out := n.run("use"); status != 0 || n.plain() != want+`map[string][]string{"a": []string{"b", "c"}}, 1s` && n.plain() != want+`map[string][]string{"a": {"b", "c"}}, 1s` {
			t.Errorf("use %d: %d %s %s", i, status, out, n.plain())
		}
	}
}

// However a cell ends, what it has defined is kept.
func TestEnds(t *testing.T) {
	n := newNotebook(t)
	n.run("define")
	for _, c := range []struct {
		cell   string
		status int
		failed []string // parts of error.json
	}{
		{"panic", 1, []string{`"ename":"Panic"`, `index out of range [2] with length 0`, `program_test.go`, `"line":`}},
		{"panic with a value", 1, []string{`"evalue":"no 7"`}},
		{"panic with an error", 1, []string{`"evalue":"no way"`}},
		{"panic in a panic", 1, []string{`"evalue":"second"`}},
		{"error", 1, []string{`"ename":"Error"`, `"evalue":"no such thing"`}},
		{"no error", 0, nil},
		{"gone", 1, []string{"the value of nothing is not there"}},
		{"fail", 1, []string{`"ename":"Interrupted"`, `"evalue":"enough"`}},
		{"exit", 3, nil},
	} {
		status, out := n.run(c.cell)
		failed := n.read("error.json")
		if status != c.status || out != "" || (failed == "") != (c.failed == nil) || n.read("result.json") != "" {
			t.Errorf("%s: status %d, %s, error %s, result %s", c.cell, status, out, failed, n.read("result.json"))
		}
		for _, part := range c.failed {
			if !strings.Contains(failed, part) {
				t.Errorf("%s: %s; want %s", c.cell, failed, part)
			}
		}
	}
	n.run("use") // x is alone since fail defined it anew: p is what it was
	if got := n.plain(); got != `8, 43, map[string][]string{"a": {"b", "c"}, "d": nil}, 1s` {
		t.Errorf("afterwards: %s", got)
	}
}

// What a statement changed is kept before the next one begins.
func TestStatement(t *testing.T) {
	n := newNotebook(t)
	n.run("changed")
	if n.run("look"); n.plain() != "2" {
		t.Errorf("x is %s", n.plain())
	}
}

// Goroutines that go on while values are kept do no harm.
func TestBusy(t *testing.T) {
	n := newNotebook(t)
	for range 3 {
		if status, out := n.run("busy"); status != 0 || !strings.Contains(n.read("kept.json"), `"reason":""`) {
			t.Fatalf("%d %.300s %s", status, out, n.read("kept.json"))
		}
	}
}

// What cannot be kept is said; the rest is kept.
func TestReason(t *testing.T) {
	n := newNotebook(t)
	n.run("define")
	n.run("channel")
	if got := n.read("kept.json"); !strings.Contains(got, `"name":"c"`) || !strings.Contains(got, "c is a channel") {
		t.Errorf("kept.json is %s", got)
	}
	if status, out := n.run("use"); status != 0 {
		t.Errorf("use: %s %s", out, n.read("error.json"))
	}
}

// A damaged file is an error that says which values are gone, and no panic.
func TestDamagedFile(t *testing.T) {
	n := newNotebook(t)
	n.run("define")
	files, err := filepath.Glob(filepath.Join(n.dir, "values", "*-*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%v %v", files, err)
	}
	for _, file := range files {
		if err := os.Truncate(file, 20); err != nil {
			t.Fatal(err)
		}
	}
	status, out := n.run("use")
	if failed := n.read("error.json"); status != 1 || out != "" || !strings.Contains(failed, "the value of names cannot be read") || !strings.Contains(failed, "run the cell that defines it again") {
		t.Errorf("%d %s %s", status, out, failed)
	}
}

// Keeping takes a bounded part of the time of a cell, and leaves nothing behind.
func TestMany(t *testing.T) {
	n := newNotebook(t)
	if status, out := n.run("many"); status != 0 {
		t.Fatal(out)
	}
	if files, _ := os.ReadDir(filepath.Join(n.dir, "values")); len(files) != 3 { // x, big, index
		t.Errorf("files: %v", files)
	}
}

// A table of HTML comes beside the text.
func TestResultFile(t *testing.T) {
	n := newNotebook(t)
	n.run("html")
	if got := n.read("result.json"); !strings.Contains(got, `"text/html":`) || !strings.Contains(got, `"text/plain":`) || !strings.HasSuffix(got, `"metadata":{}}`) {
		t.Errorf("result.json is %s", got)
	}
}

// A cell that waits for input asks the kernel, once a line.
func TestInput(t *testing.T) {
	n := newNotebook(t)
	if err := os.Mkdir(filepath.Join(n.dir, "cell"), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(n.dir, "cell", "ask"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	asked := make(chan int, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		answers := []any{map[string]string{"value": "12 <ü>\u2028\\/"}, map[string]string{"value": "b"}, map[string]bool{"eof": true}}
		n := 0
		for lines := bufio.NewScanner(conn); lines.Scan(); n++ {
			if n < len(answers) {
				json.NewEncoder(conn).Encode(answers[n])
			}
		}
		asked <- n
	}()
	status, out := n.run("read")
	if want := `12, "<ü>\u2028\\/\n", "b\n"`; status != 0 || n.plain() != want {
		t.Errorf("%d %s %s %s; want %s", status, out, n.plain(), n.read("error.json"), want)
	}
	if got := <-asked; got != 3 {
		t.Errorf("asked %d times", got)
	}
}
