package serve

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// others are notebooks that were written for GoNB, by module and file, with the cells that
// fail and why:
//
//   - script: cell 3 fails on GoNB too, as its authors show.
//
// README.md has them in a table, with those of beside.
var others = []struct {
	module, file string
	fails        map[int]string // part of the error's value, by cell
}{
	{gonbModule, "examples/tests/hello.ipynb", nil},
	{gonbModule, "examples/tests/functions.ipynb", nil},
	{gonbModule, "examples/tests/init.ipynb", nil},
	{gonbModule, "examples/tests/vartuple.ipynb", nil},
	{gonbModule, "examples/tests/capture.ipynb", nil},
	{gonbModule, "examples/tests/goflags.ipynb", nil},
	{gonbModule, "examples/tests/gowork.ipynb", nil},
	{gonbModule, "examples/tests/gotest.ipynb", nil},
	{gonbModule, "examples/tests/writefile.ipynb", nil},
	{gonbModule, "examples/tests/bash_script.ipynb", nil},
	{gonbModule, "examples/tests/script.ipynb", map[int]string{3: `"%%sh" can only appear at the start`}},
}

const gonbModule = "github.com/janpfeifer/gonb"

// Notebooks of others run as they do on GoNB.
func TestOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what runs eleven notebooks")
	}
	for _, o := range others {
		t.Run(strings.TrimSuffix(filepath.Base(o.file), ".ipynb"), func(t *testing.T) {
			runOther(t, o.module, o.file, o.fails)
		})
	}
}

// The first cell of a lesson that is opened with GoNB's own kernel is a syntax error. GoNB
// shows it with the line before, which says what the lesson needs.
func TestLessonOnGoNBAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what starts GoNB for the lessons")
	}
	n := plainGoNB(t)
	lessons, err := filepath.Glob(filepath.Join(repository(t), "notebooks", "*.ipynb"))
	if err != nil || len(lessons) < 2 {
		t.Fatalf("the lessons are %v: %v", lessons, err)
	}
	for _, lesson := range lessons {
		d := n.run(readCells(t, lesson)[0].code)
		if said := fmt.Sprint(d.errors); d.status() != "error" || !strings.Contains(said, "// These cells need the kernel Go (vgrad): go tool vgrad lab") {
			t.Errorf("%s: %s: %s", filepath.Base(lesson), d.status(), said)
		}
	}
}

func runOther(t *testing.T, module, file string, fails map[int]string) {
	t.Setenv("TEST_DIR", t.TempDir())
	t.Setenv("GOCOVERDIR", t.TempDir())
	cells := codeCells(t, module, file)
	o := notebookOptions(t)
	t.Chdir(t.TempDir())
	n := open(t, o)
	for _, c := range cells {
		d := n.run(c.code)
		said := fmt.Sprint(d.reply["evalue"])
		switch want := fails[c.at]; {
		case want == "" && d.status() != "ok":
			t.Errorf("cell %d: %v: %s\n%s", c.at, d.reply["ename"], said, d.stderr)
		case want != "" && (d.status() == "ok" || !strings.Contains(said, want)):
			t.Errorf("cell %d: %s, %s; want an error with %q", c.at, d.status(), said, want)
		}
	}
}

// numbered is a code cell with its place among all cells of its notebook.
type numbered struct {
	at   int
	code string
}

// codeCells reads the code cells of a notebook in the module cache.
func codeCells(t *testing.T, module, file string) (cells []numbered) {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatal(err)
	}
	return readCells(t, filepath.Join(strings.TrimSpace(string(dir)), file))
}

func readCells(t *testing.T, path string) (cells []numbered) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var book struct {
		Cells []struct {
			Type   string   `json:"cell_type"`
			Source []string `json:"source"`
		} `json:"cells"`
	}
	if err := json.Unmarshal(text, &book); err != nil {
		t.Fatal(err)
	}
	for i, cell := range book.Cells {
		if cell.Type == "code" {
			cells = append(cells, numbered{i, strings.Join(cell.Source, "")})
		}
	}
	return cells
}
