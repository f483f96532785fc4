package publish

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vgrad/lab/kernelext/jupyter"
)

// lessons are the committed notebooks.
func lessons(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../notebooks/*.ipynb")
	if err != nil || len(paths) < 2 {
		t.Fatalf("the lessons are %v: %v", paths, err)
	}
	return paths
}

// machine is what would tell on whose machine a lesson was executed.
var machine = regexp.MustCompile(`/home/|/root/|/tmp/|/Users/|/work/|gonb_[0-9a-f]{6,}`)

// What is committed is executed, small, and reads as a lesson should.
func TestLessonsAsCommitted(t *testing.T) {
	for _, path := range lessons(t) {
		nb, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		if n := len(nb.Bytes()); n >= 1_000_000 {
			t.Errorf("%s has %d bytes; a lesson stays below 1 MB", name, n)
		}
		if !strings.Contains(string(nb.Bytes()), `"name": "vgrad"`) {
			t.Errorf("%s is for another kernel", name)
		}
		if err := nb.failure(); err != nil {
			t.Error(err)
		}
		for i, c := range nb.Cells {
			if c.Kind != "code" {
				continue
			}
			if n := len(strings.Split(strings.TrimSpace(string(c.Source)), "\n")); n > 10 {
				t.Errorf("%s: cell %d has %d lines", name, i+1, n)
			}
			if len(c.Outputs) == 0 {
				t.Errorf("%s: cell %d has no output", name, i+1)
			}
			for _, o := range c.Outputs {
				if o.Name == "stderr" {
					t.Errorf("%s: cell %d complains: %s", name, i+1, o.Text)
				}
				if m := machine.FindString(string(o.Text) + string(o.Data["text/plain"]) + string(o.Data["text/html"])); m != "" {
					t.Errorf("%s: cell %d mentions %s", name, i+1, m)
				}
			}
		}
	}
}

// What is committed is what the lessons say when they are executed.
func TestLessonsSayWhatTheySay(t *testing.T) {
	j := needJupyter(t)
	for _, path := range lessons(t) {
		was, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		is, err := Execute(t.Context(), path, Options{Python: j, Run: jupyter.Run})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range Compare(was, is) {
			t.Errorf("%s: %s", filepath.Base(path), d)
		}
	}
}

// Every cell of a lesson runs on its own after the first one of a new kernel,
// and without it: the imports are found.
func TestCellsRunOnTheirOwn(t *testing.T) {
	for _, path := range lessons(t) {
		nb, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var cells []string
		for _, c := range nb.Cells {
			if c.Kind == "code" && !strings.Contains(string(c.Source), "import (") {
				cells = append([]string{string(c.Source)}, cells...) // last one first
			}
		}
		if _, err := execute(t, cells...); err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
}
