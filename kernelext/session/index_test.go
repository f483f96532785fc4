package session

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The table of the standard library is of packages that exist, and lacks none but those
// that it says.
func TestStandard(t *testing.T) {
	out, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := strings.Fields(string(out))
	for name, path := range standard {
		if !slices.Contains(paths, path) {
			t.Errorf("%s: there is no package %s", name, path)
		}
	}
	for _, path := range paths {
		words := strings.Split(path, "/")
		name := words[len(words)-1]
		if words[0] == "vendor" || words[0] == "crypto" || slices.Contains(words, "internal") || strings.HasPrefix(name, "v2") {
			continue
		}
		switch path { // of no use in a cell, or hidden by another of the name
		case "database/sql/driver", "go/build/constraint", "go/doc/comment", "go/scanner", "html/template", "log/syslog", "net/http/cgi",
			"net/http/fcgi", "net/http/pprof", "net/rpc/jsonrpc", "plugin", "regexp/syntax", "runtime/cgo", "runtime/coverage", "runtime/race",
			"structs", "syscall", "testing/slogtest", "testing/synctest", "text/template/parse", "time/tzdata", "testing/cryptotest":
			continue
		}
		if standard[name] == "" {
			t.Errorf("%s is not in the table", path)
		}
	}
}

func TestImplicit(t *testing.T) {
	s := newSession(t)
	for name, want := range map[string]string{
		"chart": labModule + "/vgrad/chart", "cell": labModule + "/kernelext/cell", "incell": labModule + "/kernelext/cell/incell", "vgrad": labModule + "/vgrad",
		"lab": labModule + "/vgrad/lab", "rand": "math/rand", "template": "text/template", "graph": "github.com/gomlx/gomlx/core/graph",
		"constraints": "golang.org/x/exp/constraints", "stat": "gonum.org/v1/gonum/stat", "bench": "", "sha256": "", "keep": "",
	} {
		if got, _ := s.index.implicit(name); got != want && (want != "" || strings.HasPrefix(got, labModule)) {
			t.Errorf("%s is %q; want %q", name, got, want)
		}
	}
}

// A module of the reader's own: its packages need no import, and a change of its sources
// is seen by the next cell.
func TestOwnModule(t *testing.T) {
	t.Setenv("VGRAD_CACHE", t.TempDir())
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		later := time.Now().Add(time.Duration(len(text)) * time.Second)
		if err := os.Chtimes(file, later, later); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/own\n\ngo 1.26\n")
	write("zoo/zoo.go", "package zoo\n\n// Cat is one.\nconst Cat = 1\n")
	s := New(Options{Dir: t.TempDir(), Modules: []string{dir}})
	if err := s.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Translate(1, "zoo.Cat"); err != nil {
		t.Error(err)
	}
	if _, err := s.Translate(2, "zoo.Dog"); err == nil {
		t.Error("a dog before there is one")
	}
	write("zoo/zoo.go", "package zoo\n\nconst Cat, Dog = 1, 2\n")
	if _, err := s.Translate(3, "zoo.Dog"); err != nil {
		t.Error(err)
	}
	// The next kernel has it from what this one kept.
	s = New(Options{Dir: t.TempDir(), Modules: []string{dir}})
	if kept := s.index.readKept(); kept != nil {
		t.Log("kept") // of the sources as they were at the start
	}
	if err := s.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Translate(1, "zoo.Dog"); err != nil {
		t.Error(err)
	}
}

// Two modules: the reader's own beside the laboratory's.
func TestTwoModules(t *testing.T) {
	t.Setenv("VGRAD_CACHE", t.TempDir())
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/own\n\ngo 1.26\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "own.go"), []byte("package own\n\nfunc Depth() int { return 3 }\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	s := New(Options{Dir: t.TempDir(), Modules: []string{dir, labRoot(t)}})
	if err := s.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Translate(1, "vgrad.Experiment{Depth: own.Depth()}"); err != nil {
		t.Error(err)
	}
}
