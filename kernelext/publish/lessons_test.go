package publish

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

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
		if n := len(nb.Bytes()); n >= 1_500_000 {
			t.Errorf("%s has %d bytes; a lesson stays below 1.5 MB", name, n)
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

// A lesson is executed once, from an empty store, for all tests that need its runs.
type lesson struct {
	nb    *Notebook
	store string // with the runs that its cells have recorded
	err   error
}

var executedLessons = map[string]lesson{}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, l := range executedLessons {
		os.RemoveAll(l.store)
	}
	os.Exit(code)
}

// executeLesson returns the lesson in a file as it says today.
func executeLesson(t *testing.T, path string) lesson {
	t.Helper()
	l, ok := executedLessons[path]
	if !ok {
		j := needJupyter(t)
		l.store, l.err = os.MkdirTemp("", "vgrad-lesson-")
		if l.err == nil {
			start := time.Now()
			l.nb, l.err = Execute(t.Context(), path, Options{Python: j, Run: jupyter.Run, Store: l.store})
			t.Logf("%s is executed in %.0f s", filepath.Base(path), time.Since(start).Seconds())
		}
		executedLessons[path] = l
	}
	if l.err != nil {
		t.Fatal(l.err)
	}
	return l
}

// What is committed is what the lessons say when they are executed. VGRAD_LESSON names the
// only one to execute of those that train for minutes.
func TestLessonsSayWhatTheySay(t *testing.T) {
	short, only := quick(t), os.Getenv("VGRAD_LESSON")
	for _, path := range lessons(t) {
		if only != "" && filepath.Base(path) != only && !slices.Contains(short, path) {
			continue
		}
		was, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range Compare(was, executeLesson(t, path).nb) {
			t.Errorf("%s: %s", filepath.Base(path), d)
		}
	}
}

// quick are the lessons that take seconds. The outputs of the others are of the same kinds;
// all are executed once, and all pages are opened in a browser.
func quick(t *testing.T) []string {
	return slices.DeleteFunc(lessons(t), func(path string) bool {
		return !slices.Contains([]string{"00", "01", "11"}, filepath.Base(path)[:2])
	})
}

// What a cell defines stays: after all cells have run, each runs again in any order.
func TestCellsRunAgain(t *testing.T) {
	j := needJupyter(t)
	for _, path := range quick(t) {
		l := executeLesson(t, path)
		again := filepath.Join(besideRepository(t), "again.ipynb")
		twice(t, path, again)
		if _, err := Execute(t.Context(), again, Options{Python: j, Run: jupyter.Run, Store: l.store}); err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
}

// besideRepository returns an empty folder that sees the repository's folders where the
// folder of the lessons sees them.
func besideRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	folder, err := filepath.Abs("../../vgrad")
	if err == nil {
		err = os.Symlink(folder, filepath.Join(dir, "vgrad"))
	}
	folder = filepath.Join(dir, "notebooks")
	if err == nil {
		err = os.Mkdir(folder, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// twice copies a notebook's code cells: in their order, then in the reverse order.
func twice(t *testing.T, from, to string) {
	t.Helper()
	rewrite(t, from, to, func(nb map[string]any) {
		cells := slices.DeleteFunc(nb["cells"].([]any), func(c any) bool { return c.(map[string]any)["cell_type"] != "code" })
		for i := range slices.Backward(cells) {
			c := maps.Clone(cells[i].(map[string]any))
			c["id"] = fmt.Sprint("again-", i)
			cells = append(cells, c)
		}
		nb["cells"] = cells
	})
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
