package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/kernelext/setup"
)

// lab returns the Jupyter that was set up. No network is reached from then on: whatever
// asks for one fails at once.
func lab(t *testing.T) (*machine, *jupyter.Jupyter) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs Jupyter")
	}
	m, err := newMachine(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range setup.Tools {
		if err == nil {
			err = tool.Check(setup.Bin(m.cache), "")
		}
	}
	var j *jupyter.Jupyter
	if err == nil {
		j, err = m.home.Find(t.Context())
	}
	if err != nil {
		t.Fatalf("%v; this test needs what this brings: go tool vgrad setup", err)
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "PIP_INDEX_URL"} {
		t.Setenv(name, "http://127.0.0.1:9/")
	}
	t.Setenv("GOPROXY", "off")
	t.Setenv("VGRAD_RUNS", t.TempDir())
	return m, j
}

// kernelFor gives a Jupyter a home of its own with a kernel that sees the module in dir.
func kernelFor(t *testing.T, m *machine, j *jupyter.Jupyter, dir string) *jupyter.Jupyter {
	t.Helper()
	w, err := kernel.Work(t.Context(), dir, ".")
	if err != nil {
		t.Fatal(err)
	}
	own := &jupyter.Jupyter{Python: j.Python, Home: jupyter.Home{Dir: filepath.Join(t.TempDir(), "a jupyter")}}
	if _, _, err := (kernel.Spec{Bin: setup.Bin(m.cache), Work: w.Folders, GoRoot: w.GoRoot}).Install(own.Home.Data()); err != nil {
		t.Fatal(err)
	}
	return own
}

// After a set-up of this checkout everything is well, without a network.
func TestAllIsWell(t *testing.T) {
	m, j := lab(t)
	findings, err := Examine(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Log(f)
		if f.OK || f.Part == "work path" || f.Part == "kernel list" { // of another checkout, perhaps: the next test is of this one
			continue
		}
		t.Error(f)
	}
	if _, err := RunCells(t.Context(), kernelFor(t, m, j, ""), kernel.Name, smokeCell); err != nil {
		t.Error(err)
	}
}

// A module of the user's, in a folder with a space in its name, and this one, in two
// kernels at once, with GOFLAGS and GOWORK set against them.
func TestOwnModuleTwoKernels(t *testing.T) {
	m, j := lab(t)
	dir := filepath.Join(t.TempDir(), "my module")
	for name, text := range map[string]string{
		"go.mod":  "module example.com/mine\n\ngo 1.26\n",
		"mine.go": "package mine\n\n// Answer is 42.\nfunc Answer() int { return 42 }\n",
	} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	own := kernelFor(t, m, j, dir)
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOWORK", "off")
	cell := "import (\"fmt\"; \"example.com/mine\"; \"github.com/vgrad/lab/vgrad\")\n%%\nfmt.Println(mine.Answer(), vgrad.Defaults().Depth)"
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			s, err := RunCells(t.Context(), own, kernel.Name, cell, cell)
			if err != nil {
				t.Error(err)
				return
			}
			for _, c := range s.Cells {
				if c.Error != "" || c.Stream != "42 6\n" {
					t.Errorf("%+v", c)
				}
			}
		})
	}
	both.Wait()
}

// What is wrong with a cell stands in its error, and the next one runs.
func TestErrors(t *testing.T) {
	m, j := lab(t)
	s, err := RunCells(t.Context(), kernelFor(t, m, j, ""), kernel.Name,
		"%%\nvar x int = \"a\"\n_ = x", "%%\npanic(\"no gradient\")", "import \"example.com/nowhere\"\n%%\nnowhere.F()", smokeCell)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"cannot use \"a\"", "no gradient", "example.com/nowhere"} {
		if !strings.Contains(s.Cells[i].Error, want) || strings.Contains(s.Cells[i].Stream, "goroutine") {
			t.Errorf("cell %d: %+v; want the error to say %q", i, s.Cells[i], want)
		}
	}
	if last := s.Cells[3]; last.Error != "" {
		t.Errorf("the cell after: %+v", last)
	}
}

// A kernel whose client is interrupted in mid-cell ends with it, and so does all that it started.
func TestInterruptedLeavesNothing(t *testing.T) {
	m, j := lab(t)
	if runtime.GOOS != "linux" {
		t.Skip("processes are counted in /proc")
	}
	own := kernelFor(t, m, j, "")
	const mark = "VGRAD_TEST_LEAVES_NOTHING=1"
	name, value, _ := strings.Cut(mark, "=")
	t.Setenv(name, value)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	if _, err := RunCells(ctx, own, kernel.Name, "import \"time\"\n%%\ntime.Sleep(time.Minute)"); err == nil {
		t.Error("no error")
	}
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		env, err := os.ReadFile(file) // it may have ended, or be another user's
		if err == nil && bytes.Contains(env, []byte("\x00"+mark+"\x00")) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
			t.Errorf("it still runs: %q", line)
		}
	}
}

// conforming are the tests of jupyter_kernel_test 0.7.0: all that a kernel can declare.
var conforming = []string{
	"test_clear_output", "test_completion", "test_display_data", "test_error", "test_execute_result", "test_execute_stderr", "test_execute_stdout",
	"test_history", "test_inspect", "test_is_complete", "test_kernel_info", "test_pager",
}

func TestConformance(t *testing.T) {
	m, j := lab(t)
	program, err := os.ReadFile("testdata/conformance.py")
	if err != nil {
		t.Fatal(err)
	}
	cmd := kernelFor(t, m, j, "").Script(t.Context(), string(program))
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := jupyter.Run(cmd); err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	outcomes := map[string]string{}
	if err := json.Unmarshal(out.Bytes(), &outcomes); err != nil {
		t.Fatal(err)
	}
	t.Log(outcomes)
	for _, name := range conforming {
		if outcomes[name] != "pass" {
			t.Errorf("%s: %q", name, outcomes[name])
		}
	}
	for name, outcome := range outcomes {
		if outcome == "pass" && !slices.Contains(conforming, name) {
			t.Errorf("%s passes; add it to the list", name)
		}
	}
}
