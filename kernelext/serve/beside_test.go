package serve

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/messaging"
)

// beside are notebooks that need a network or minutes, with what is changed in them so
// that they end.
var beside = []struct {
	module, file string
	change       *strings.Replacer
}{
	{gonbModule, "examples/tutorial.ipynb", strings.NewReplacer()},
	{"github.com/gomlx/gomlx", "ml/layers/rational/rational.ipynb", strings.NewReplacer( // it trains for a quarter of an hour on two cores
		"BatchSize=50_000", "BatchSize=1_000", "NumSteps=100_000", "NumSteps=300",
		"BatchSize = 10_000", "BatchSize = 1_000", "NumSteps = 50_000", "NumSteps = 300")},
	{"github.com/gomlx/go-xla", "examples/mandelbrot.ipynb", strings.NewReplacer()},
}

// besideLimit is when a cell is interrupted, as one that waits for a page.
const besideLimit = 150 * time.Second

// Notebooks of others run here as beside it on GoNB alone, with a network. The test prints
// the cells that end differently; the package's README lists them.
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
			t.Chdir(t.TempDir())
			ours := endings(t, open(t, o), cells)
			theirs := endings(t, plainGoNBWith(t, []string{"GOFLAGS="}), cells)
			for i, c := range cells {
				mark := "  "
				if strings.HasPrefix(ours[i], "ok") != strings.HasPrefix(theirs[i], "ok") {
					mark = "≠ "
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
