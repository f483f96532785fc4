package serve

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/messaging"
	"github.com/vgrad/lab/vgrad/assets"
)

// beside are notebooks that need a network or minutes, with what is changed in them so
// that they end.
var beside = []struct {
	module, file string
	change       *strings.Replacer
	fails        map[int]string // part of the error's value, by cell
}{
	{gonbModule, "examples/tutorial.ipynb", strings.NewReplacer(), map[int]string{23: "gofract", 49: "interrupted"}},
	{"github.com/gomlx/gomlx", "ml/layers/rational/rational.ipynb", strings.NewReplacer( // it trains for a quarter of an hour on two cores
		"BatchSize=50_000", "BatchSize=1_000", "NumSteps=100_000", "NumSteps=300",
		"BatchSize = 10_000", "BatchSize = 1_000", "NumSteps = 50_000", "NumSteps = 300"), map[int]string{13: "no such file"}},
	{"github.com/gomlx/go-xla", "examples/mandelbrot.ipynb", strings.NewReplacer(), map[int]string{7: "", 8: "", 10: "", 12: "", 14: "", 15: ""}},
}

// besideLimit is when a cell is interrupted, as one that waits for a page.
const besideLimit = 150 * time.Second

// Notebooks of others run here as beside it on GoNB alone, both with this module, what it
// requires and XLA's plugin; GoNB has no network, for it asks a proxy for lists of versions,
// which not every proxy has. The test prints how each cell ends; the package's README lists the
// cells that end differently.
func TestBesideGoNB(t *testing.T) {
	name := os.Getenv("VGRAD_BESIDE")
	if name == "" {
		t.Skip("VGRAD_BESIDE=tutorial, rational, mandelbrot or all runs notebooks beside GoNB; that needs a network and minutes")
	}
	for _, b := range beside {
		if name != "all" && !strings.Contains(b.file, name) {
			continue
		}
		t.Run(b.file, func(t *testing.T) {
			cells := codeCells(t, b.module, b.file)
			for i := range cells {
				cells[i].code = b.change.Replace(cells[i].code)
			}
			o := notebookOptions(t)
			os.Unsetenv("VGRAD_OFFLINE") // testOptions has set it for this test alone
			plugin, err := assets.XLAPlugin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", filepath.Dir(plugin)) // as vgrad kernel run does
			t.Setenv("GOMLX_NO_AUTO_INSTALL", "1")
			t.Chdir(t.TempDir())
			ours := endings(t, open(t, o), cells)
			theirs := endings(t, plainGoNB(t, "-go_work="+repository(t)), cells)
			for i, c := range cells {
				mark := "  "
				if strings.HasPrefix(ours[i], "ok") != strings.HasPrefix(theirs[i], "ok") {
					mark = "≠ "
				}
				if want, fails := b.fails[c.at]; fails == strings.HasPrefix(ours[i], "ok") || !strings.Contains(ours[i], want) {
					t.Errorf("cell %d: %s; want, by the table in README.md, fails: %v, with %q", c.at, ours[i], fails, want)
				}
				fmt.Printf("%scell %2d\n    here: %s\n    GoNB: %s\n", mark, c.at, ours[i], theirs[i])
			}
		})
	}
}

// endings runs cells and tells how each ended.
func endings(t *testing.T, n *notebook, cells []numbered) (list []string) {
	t.Helper()
	for _, c := range cells {
		start := time.Now()
		request := n.send(c.code, map[string]any{"stop_on_error": false})
		stop := time.AfterFunc(besideLimit, func() {
			n.client.Request(messaging.Control, "interrupt_request", nil)
			if n.kernel == nil { // GoNB alone hears the signal
				interruptPlain(n)
			}
		})
		d := n.awaitFor(request, besideLimit+waitLimit)
		stop.Stop()
		text := d.status()
		if text != "ok" {
			said := ansi.ReplaceAllString(fmt.Sprint(d.reply["evalue"]), "")
			if said == "exit status 1" {
				said = d.stderr
			}
			text += fmt.Sprintf(": %v: %.300s", d.reply["ename"], strings.Join(strings.Fields(said), " "))
		}
		text += fmt.Sprintf(" | %d displays, %d bytes printed", len(d.shown)+len(d.results), len(d.stdout))
		list = append(list, text)
		fmt.Printf("%v cell %d: %s (%.1f s)\n", time.Now().Format("15:04:05"), c.at, text, time.Since(start).Seconds())
	}
	return list
}

func interruptPlain(n *notebook) {
	if n.process != nil {
		exec.Command("kill", "-INT", fmt.Sprint(n.process.Pid)).Run()
	}
}

// README.md has a row for each of these notebooks, with the cells that fail.
func TestTableOfOthers(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (.*?) \\|").FindAllStringSubmatch(string(text), -1) {
		rows[m[1]] = m[2]
	}
	check := func(file string, fails map[int]string) {
		name := strings.TrimSuffix(filepath.Base(file), ".ipynb")
		row, ok := rows[name]
		if !ok {
			t.Errorf("README.md has no row of %s", name)
		}
		var listed []int
		for _, m := range regexp.MustCompile(`(?:^|; |, )(\d+)(?:[:,])`).FindAllStringSubmatch(strings.ReplaceAll(row, ", ", ",, "), -1) {
			listed = append(listed, atoi(m[1]))
		}
		if want := slices.Sorted(maps.Keys(fails)); !slices.Equal(listed, want) {
			t.Errorf("%s: README.md lists the cells %v; the test expects %v to fail", name, listed, want)
		}
		delete(rows, name)
	}
	for _, o := range others {
		check(o.file, o.fails)
	}
	for _, b := range beside {
		check(b.file, b.fails)
	}
	if len(rows) > 0 {
		t.Errorf("README.md has rows that no test holds: %v", rows)
	}
}
