package publish

import (
	"path/filepath"
	"regexp"
	"slices"
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
			if n := len(strings.Split(strings.TrimSpace(string(c.Source)), "\n")); n > 7 {
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
		slow := len(quick([]string{path})) == 0
		for _, d := range Compare(was, is) {
			if slow && withoutNumbers(d.Was) == withoutNumbers(d.Says) {
				continue
			}
			t.Errorf("%s: %s", filepath.Base(path), d)
		}
	}
}

// What a cell defines stays: after all cells have run, each runs again in any order.
func TestCellsRunAgain(t *testing.T) {
	for _, path := range movable(lessons(t)) {
		nb, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var cells []string
		for _, c := range nb.Cells {
			if c.Kind == "code" {
				cells = append(cells, string(c.Source))
			}
		}
		again := slices.Clone(cells)
		slices.Reverse(again)
		if _, err := execute(t, append(cells, again...)...); err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
}

// withoutNumbers is a text without its numbers. Trainings of deep and of recurrent networks
// magnify the last digits, in which machines differ, so that the ends of long ones differ by
// more than Compare allows. What the lessons claim of them is tested over several seeds in
// vgrad/lab.
func withoutNumbers(text string) string {
	return regexp.MustCompile(`[-+.0-9eE]+`).ReplaceAllString(text, "")
}

// quick leaves out the lessons that train for minutes. TestLessonsSayWhatTheySay alone
// executes these.
func quick(lessons []string) []string {
	return slices.DeleteFunc(lessons, func(path string) bool {
		return slices.Contains([]string{"06_residual_networks.ipynb", "07_recurrent_networks.ipynb", "08_layer_by_layer.ipynb"}, filepath.Base(path))
	})
}

// movable leaves out the lessons that train for minutes, and the one that reads a log in
// this repository, which is not beside a copy of the lesson.
func movable(lessons []string) []string {
	return slices.DeleteFunc(quick(lessons), func(path string) bool { return filepath.Base(path) == "11_tensorboard.ipynb" })
}

// needlessImport finds the import of a package that cells know by itself: one of Go's own or of
// the laboratory.
var needlessImport = regexp.MustCompile(`(?m)^\s*import\s+(\(|[^"\n]*"([^".]+|github\.com/vgrad/[^"]*)")`)

// The lessons' cells are plain Go: no commands, and no imports but of other
// people's packages.
func TestLessonsArePlain(t *testing.T) {
	for _, path := range lessons(t) {
		nb, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range nb.Cells {
			if source := string(c.Source); c.Kind == "code" && (strings.HasPrefix(source, "%") || needlessImport.MatchString(source)) {
				t.Errorf("%s: cell %d is not plain:\n%s", filepath.Base(path), i+1, source)
			}
		}
	}
}
