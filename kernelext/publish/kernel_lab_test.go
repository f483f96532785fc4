package publish

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/vgrad/lab/kernelext/jupyter"
)

const (
	panel = `[...window.jupyterapp.shell.widgets("main")].find(w => w.context && w.isVisible)`
	// errorOutputs counts tracebacks.
	errorOutputs = `document.querySelectorAll("[data-mime-type='application/vnd.jupyter.stderr']").length`
	shownCells   = `document.querySelectorAll(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").length`
)

// reader is someone at the keyboard of a notebook in JupyterLab.
type reader struct {
	*browser
	base, token string
}

// read opens a notebook of plain cells in JupyterLab and waits for its kernel.
func read(t *testing.T, j *jupyter.Jupyter, cells ...string) *reader {
	t.Helper()
	b := openBrowser(t)
	t.Setenv("VGRAD_RUNS", t.TempDir())
	path := write(t, cells...)
	base, token := serve(t, j, filepath.Dir(path))
	r := &reader{b, base, token}
	r.openCells(filepath.Base(path), len(cells))
	return r
}

func (r *reader) openCells(name string, cells int) {
	r.t.Helper()
	r.run(chromedp.Navigate(fmt.Sprintf("%slab/workspaces/w%d/tree/%s?token=%s", r.base, time.Now().UnixNano(), name, r.token)))
	r.until("the notebook is open", `window.jupyterapp ? `+shownCells+` : 0`, float64(cells), time.Minute)
	r.idle()
	r.number(`(document.querySelectorAll(".jp-Dialog button.jp-mod-accept").forEach(x => x.click()), 0)`)
}

// idle waits until the kernel has nothing to do.
func (r *reader) idle() {
	r.t.Helper()
	r.until("the kernel is idle", panel+`?.sessionContext.session?.kernel?.status === "idle" ? 1 : 0`, 1, time.Minute)
}

// command runs a command of JupyterLab without waiting for its end.
func (r *reader) command(name string) {
	r.t.Helper()
	r.number(`(` + command + `("` + name + `"), 0)`)
}

// cellAt is JavaScript for a cell's element.
func cellAt(i int) string {
	return fmt.Sprintf(`document.querySelectorAll(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell")[%d]`, i)
}

// edit puts the cursor at the end of a cell.
func (r *reader) edit(i int) {
	r.t.Helper()
	r.number(fmt.Sprintf(`(() => { const n = %s.content; n.activeCellIndex = %d; n.mode = "edit"; n.activeCell.editor.focus();
		const e = n.activeCell.editor; e.setCursorPosition(e.getPositionAt(n.activeCell.model.sharedModel.getSource().length)); return 0; })()`, panel, i))
}

// execute runs a cell as Shift+Enter does.
func (r *reader) execute(i int) {
	r.t.Helper()
	r.edit(i)
	r.run(chromedp.KeyEvent("\r", chromedp.KeyModifiers(input.ModifierShift)))
}

// text returns the text that JavaScript yields.
func (r *reader) text(js string) (s string) {
	r.t.Helper()
	if err := chromedp.Run(r.ctx, chromedp.Evaluate(`String(`+js+`)`, &s)); err != nil {
		r.t.Fatalf("%s: %v", js, err)
	}
	return s
}

// outputs returns the text below a cell.
func (r *reader) outputs(i int) string {
	return r.text(cellAt(i) + `.querySelector(".jp-OutputArea")?.innerText ?? ""`)
}

func (r *reader) prompt(i int) string {
	return strings.TrimSpace(r.text(cellAt(i) + `.querySelector(".jp-InputArea-prompt").textContent`))
}

// says waits until the outputs of a cell contain a text.
func (r *reader) says(i int, want string, limit time.Duration) {
	r.t.Helper()
	js := fmt.Sprintf(`(%s.querySelector(".jp-OutputArea")?.innerText ?? "").includes(%q) ? 1 : 0`, cellAt(i), want)
	for end := time.Now().Add(limit); r.number(js) == 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			r.shoot("failed")
			r.t.Fatalf("after %v cell %d does not say %q but:\n%s", limit, i+1, want, r.outputs(i))
		}
	}
}

// ran waits until a cell has run with a number.
func (r *reader) ran(i, number int, limit time.Duration) {
	r.t.Helper()
	r.until(fmt.Sprintf("cell %d has run as number %d", i+1, number),
		fmt.Sprintf(`%s.querySelector(".jp-InputArea-prompt").textContent.includes("[%d]") ? 1 : 0`, cellAt(i), number), 1, limit)
}

// Tab in a notebook that was just opened lists the right names with their kinds, in two
// seconds. JupyterLab drops an answer that takes longer than one; a reader who sees none
// presses again. Shift+Tab shows the documentation.
func TestTabInLab(t *testing.T) {
	j := needJupyter(t)
	r := read(t, j, "")
	for _, c := range []struct{ typed, want, kind string }{
		{"cell.Comp", "Compare", "function"},
		{"vgrad.Experiment{De", "Depth", "field"},
		{`cell.Compare(vgrad.Experiment{}, "`, "tanh", "value"},
		{"strings.Has", "HasPrefix", "function"},
	} {
		r.types(c.typed)
		start := time.Now()
		found := fmt.Sprintf(`[...document.querySelectorAll(".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item")].filter(e => e.querySelector(".jp-Completer-match")?.textContent === %q).length
			+ (%s.content.activeCell.model.sharedModel.getSource().includes(%q) ? 1 : 0)`, c.want, panel, c.want)
		for presses := 0; r.number(found) == 0; presses++ {
			if presses == 10 {
				r.shoot("failed")
				t.Fatalf("Tab behind %s does not list %s, pressed %d times in %v", c.typed, c.want, presses, time.Since(start))
			}
			r.run(chromedp.KeyEvent(kb.Tab))
			for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end) && r.number(found) == 0; {
				time.Sleep(50 * time.Millisecond)
			}
		}
		took := time.Since(start)
		t.Logf("Tab behind %s: %v", c.typed, took)
		if kind := r.text(fmt.Sprintf(`[...document.querySelectorAll(".jp-Completer-item")].find(e => e.querySelector(".jp-Completer-match").textContent === %q)?.querySelector(".jp-Completer-typeExtended").textContent`, c.want)); kind != c.kind {
			t.Errorf("%s is listed as %q, not %q", c.want, kind, c.kind)
		}
		if took > 2*time.Second && crowded() {
			t.Logf("more than two seconds is no failure here: other programs keep this machine's processors busy")
		} else if took > 2*time.Second {
			t.Errorf("Tab behind %s took %v, more than two seconds", c.typed, took)
		}
		r.run(chromedp.Sleep(300 * time.Millisecond))
		r.shoot("tab-" + strings.Map(letters, c.typed))
		r.run(chromedp.KeyEvent(kb.Escape))
	}
	r.types("cell.Compare(")
	r.run(chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(input.ModifierShift)))
	r.until("Shift+Tab shows the documentation of cell.Compare", `document.querySelector(".jp-Tooltip")?.innerText.includes("func cell.Compare(") ? 1 : 0`, 1, 10*time.Second)
	r.run(chromedp.Sleep(300 * time.Millisecond))
	r.shoot("inspection")
	r.complaints()
}

// crowded reports whether more than twice as many programs want to run as there are
// processors. JupyterLab itself then takes seconds.
func crowded() bool {
	text, err := os.ReadFile("/proc/loadavg")
	var load float64
	if _, wrong := fmt.Sscan(string(text), &load); err != nil || wrong != nil {
		return false
	}
	return load > 2*float64(runtime.NumCPU())
}

// types replaces the first cell by what is typed, key by key.
func (r *reader) types(text string) {
	r.t.Helper()
	r.number(fmt.Sprintf(`(%s.content.activeCell.model.sharedModel.setSource(""), 0)`, panel))
	r.edit(0)
	r.run(chromedp.KeyEvent(text), chromedp.Sleep(100*time.Millisecond))
}

func letters(c rune) rune {
	if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
		return c
	}
	return -1
}

// An error in the middle of Run All: what is behind it does not run, and one traceback
// tells the reader's own line.
func TestErrorInRunAllInLab(t *testing.T) {
	j := needJupyter(t)
	r := read(t, j, "values := []int{1, 2}\nfmt.Println(\"first\")",
		"func third(list []int) int {\n\treturn list[2]\n}\n\nthird(values)", "fmt.Println(\"behind\")", "values")
	r.command("notebook:run-all-cells")
	r.says(1, "index out of range [2] with length 2", time.Minute)
	r.idle()
	if n := r.number(errorOutputs); n != 1 {
		t.Errorf("%v error outputs, not 1", n)
	}
	said := r.outputs(1)
	for _, want := range []string{"Cell [2], line 2, in third", "return list[2]", "Cell [2], line 5", "third(values)", "Panic"} {
		if !strings.Contains(said, want) {
			t.Errorf("the traceback does not say %q:\n%s", want, said)
		}
	}
	for _, noise := range []string{"main.go", "goroutine", "keep.", "/tmp/", "exit status"} {
		if strings.Contains(said, noise) {
			t.Errorf("the traceback says %q:\n%s", noise, said)
		}
	}
	for _, i := range []int{2, 3} {
		if p, out := r.prompt(i), r.outputs(i); p != "[ ]:" || out != "" {
			t.Errorf("cell %d, behind the error, ran: %q, %s", i+1, p, out)
		}
	}
	r.shoot("error")
	r.execute(3)
	r.says(3, "[]int{1, 2}", time.Minute)
	r.complaints()
}

// A reader answers the prompt of a cell.
func TestAnswerInLab(t *testing.T) {
	j := needJupyter(t)
	r := read(t, j, "fmt.Print(\"Your name? \")\nvar s string\nfmt.Scanln(&s)\n\"Hello, \" + s", "len(s)")
	r.execute(0)
	r.until("the cell asks", `document.querySelectorAll(".jp-Stdin-input").length`, 1, time.Minute)
	r.shoot("asks")
	r.number(`(document.querySelector(".jp-Stdin-input").focus(), 0)`)
	r.run(chromedp.KeyEvent("Gosset\r"))
	r.says(0, `"Hello, Gosset"`, 20*time.Second)
	r.idle()
	r.shoot("answered")
	r.execute(1)
	r.says(1, "6", 20*time.Second)
	r.complaints()
}

// An interrupted training is kept, and goes on when its cell runs again.
func TestTrainingInterruptedInLab(t *testing.T) {
	j := needJupyter(t)
	r := read(t, j, "both := cell.Compare(vgrad.Experiment{Data: \"synthetic\", Steps: 1_000_000}, \"sigmoid\", \"relu\")", "1 + 1")
	for again := range 2 {
		r.execute(0)
		r.until("a row follows the training", `[...document.querySelectorAll(".vgrad-row[data-vgrad-name] figure[data-live]")].length`, 2, 2*time.Minute)
		if again == 1 {
			r.says(0, "continued at step", 20*time.Second)
			r.shoot("continued")
			t.Log(r.outputs(0))
		}
		r.run(chromedp.Sleep(3 * time.Second))
		r.command("notebook:interrupt-kernel")
		r.says(0, "Interrupted: what was recorded is kept", 20*time.Second)
		r.idle()
		r.shoot(fmt.Sprint("interrupted-", again+1))
	}
	r.execute(1)
	r.says(1, "2", 20*time.Second)
	r.complaints()
}

// Restart & Run All begins anew: count and values.
func TestRestartRunAllInLab(t *testing.T) {
	j := needJupyter(t)
	r := read(t, j, "total := 1", "total += 41\ntotal")
	r.command("notebook:run-all-cells")
	r.says(1, "42", time.Minute)
	r.execute(1)
	r.says(1, "83", time.Minute)
	was := r.text(panel + `.sessionContext.session.kernel.id`)
	pid := kernelProcess(t, was)
	r.command("notebook:restart-run-all")
	r.until("Lab asks whether to restart", `document.querySelectorAll(".jp-Dialog button.jp-mod-warn, .jp-Dialog button.jp-mod-accept").length`, 1, 10*time.Second)
	r.number(`(document.querySelector(".jp-Dialog button.jp-mod-warn, .jp-Dialog button.jp-mod-accept").click(), 0)`)
	r.says(1, "42", time.Minute)
	r.idle()
	r.ran(1, 2, 10*time.Second)
	if now := kernelProcess(t, r.text(panel+`.sessionContext.session.kernel.id`)); now == pid {
		t.Error("the kernel's process is still the same")
	}
	r.complaints()
}

// Two notebooks at once: neither waits for the other, and each has its own values.
func TestTwoNotebooksInLab(t *testing.T) {
	j := needJupyter(t)
	b := openBrowser(t)
	slow, quick := write(t, "x := \"slow\"\ntime.Sleep(20 * time.Second)\nx"), write(t, "x := 7", "x * 6")
	root := filepath.Dir(slow)
	if err := os.Rename(quick, filepath.Join(root, "quick.ipynb")); err != nil {
		t.Fatal(err)
	}
	base, token := serve(t, j, root)
	r := &reader{b, base, token}
	r.openCells(filepath.Base(slow), 1)
	r.execute(0)
	r.until("the slow cell runs", busy, 1, 10*time.Second)
	r.number(command + `("docmanager:open", {path: "quick.ipynb"}).then(w => w.sessionContext.ready).then(() => 0)`)
	r.until("the other notebook is in front", panel+`?.context.path === "quick.ipynb" ? `+shownCells+` : 0`, 2, time.Minute)
	r.idle()
	r.command("notebook:run-all-cells")
	r.says(1, "42", 15*time.Second)
	r.shoot("quick")
	r.number(command + `("docmanager:open", {path: "lesson.ipynb"}).then(() => 0)`)
	r.until("the slow notebook is in front", panel+`?.context.path === "lesson.ipynb" ? 1 : 0`, 1, time.Minute)
	r.says(0, `"slow"`, time.Minute)
	r.shoot("slow")
	r.complaints()
}

// The kernel is killed under a running cell: the page says so, another one starts, and
// nothing of the first is left.
func TestKernelKilledInLab(t *testing.T) {
	j := needJupyter(t)
	r := read(t, j, "fmt.Println(\"begins\")\ntime.Sleep(10 * time.Minute)", "6 * 7")
	r.execute(0)
	r.says(0, "begins", time.Minute)
	id := r.text(panel + `.sessionContext.session.kernel.id`)
	pid := kernelProcess(t, id)
	below := processesBelow(t, pid)
	if len(below) < 2 {
		t.Fatalf("below the kernel run only %v", below)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.until("the page says that the kernel has died", `[...document.querySelectorAll(".jp-Dialog")].filter(e => e.innerText.includes("appears to have died")).length`, 1, 30*time.Second)
	r.shoot("died")
	r.number(`(document.querySelectorAll(".jp-Dialog button.jp-mod-accept").forEach(x => x.click()), 0)`)
	r.until("no cell is marked as running", `(`+busy+`) === 0 ? 1 : 0`, 1, 30*time.Second)
	r.idle()
	if now := kernelProcess(t, id); now == pid {
		t.Error("the kernel's process is still the same")
	}
	r.execute(1)
	r.says(1, "42", time.Minute)
	r.shoot("again")
	for _, old := range below {
		if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", old)); err == nil && len(text) > 0 {
			t.Errorf("process %d of the killed kernel still runs: %s", old, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	r.complaints()
}

// process is one line of ps.
type process struct {
	pid, parent int
	args        string
}

func processes(t *testing.T) (list []process) {
	t.Helper()
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,args=").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		var p process
		if _, err := fmt.Sscan(line, &p.pid, &p.parent); err == nil {
			p.args = line
			list = append(list, p)
		}
	}
	return list
}

// kernelProcess finds the process of a kernel of Jupyter's.
func kernelProcess(t *testing.T, id string) int {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		for _, p := range processes(t) {
			if strings.Contains(p.args, "kernel run") && strings.Contains(p.args, id) {
				return p.pid
			}
		}
	}
	t.Fatalf("no process of the kernel %s", id)
	return 0
}

func processesBelow(t *testing.T, root int) (pids []int) {
	t.Helper()
	list, below := processes(t), map[int]bool{root: true}
	for grown := true; grown; {
		grown = false
		for _, p := range list {
			if below[p.parent] && !below[p.pid] {
				below[p.pid], grown = true, true
				pids = append(pids, p.pid)
			}
		}
	}
	return pids
}

// contrast is the least contrast of text in outputs to what is behind it, as WCAG 2 defines
// it, without colors that JupyterLab gives to the name of an error.
const contrast = `(() => {
	const at = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
	const luminance = (...layers) => {
		at.clearRect(0, 0, 1, 1);
		for (const c of layers) { at.fillStyle = c; at.fillRect(0, 0, 1, 1); }
		const f = [...at.getImageData(0, 0, 1, 1).data].slice(0, 3).map((v) => v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
		return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2];
	};
	let least = 21, texts = 0;
	for (const e of document.querySelectorAll(".jp-OutputArea-output, .jp-OutputArea-output *")) {
		const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
		if (!own || /script|style|option/i.test(e.tagName) || /ansi/.test(e.className) || !e.getBoundingClientRect().height) continue;
		const layers = [];
		for (let p = e; p; p = p.parentElement) layers.unshift(getComputedStyle(p).backgroundColor);
		const back = luminance(...layers), front = luminance(...layers, getComputedStyle(e).color);
		const ratio = (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05);
		texts++;
		if (ratio < least) { least = ratio; window.faintest = ratio.toFixed(2) + ": " + e.textContent.trim().slice(0, 80); }
	}
	return texts > 20 ? least : 0;
})()`

// What cells show is readable on a light and on a dark page.
func TestResultsInLab(t *testing.T) {
	j := needJupyter(t)
	shows := []struct{ code, want string }{
		{"both := cell.Compare(vgrad.Experiment{Data: \"synthetic\", Steps: 200, Width: 16}, \"sigmoid\", \"relu\")\nboth", "validation accuracy"},
		{"chart.GradientFlow(both)", "Mean |∂L/∂W|"},
		{"diagnose.Of(both[0])", "vanishing gradient"},
		{"type layer struct {\n\tName string\n\tUnits int\n\tWeights []float64\n\tseen map[string]bool\n}\n[]layer{{\"first\", 64, []float64{0.25, -1.5}, nil}, {\"second <b>\", 128, nil, map[string]bool{\"a\": true}}}",
			"0\tfirst\t64\t{0.25, -1.5}\tnil"},
		{"vgrad.Experiment{Activation: \"tanh\"}", "\"activation\": \"tanh\""},
		{"map[string][]float64{\"losses\": make([]float64, 40), \"steps\": {1, 2, 3}}", "\"steps\": {1, 2, 3},"},
		{"var list []int\nfor i := range 3 {\n\tlist = append(list, i)\n}\nlist[3]", "Cell [7], line 5:"},
		{"chart.GradientFlo(both)", "did you mean chart.GradientFlow?"},
		{"errors.New(\"the file is not there\")", "Error: the file is not there"},
		{"[][]float64{{1, 0.5}, {0.25, 1}}", "1\t0.25\t1"},
		{"image.NewGray(image.Rect(0, 0, 28, 28))", ""},
	}
	cells := make([]string, len(shows))
	for i, c := range shows {
		cells[i] = c.code
	}
	r := read(t, j, cells...)
	for i, c := range shows {
		r.execute(i)
		r.says(i, c.want, 2*time.Minute)
		r.idle()
	}
	r.until("the picture is shown", cellAt(len(cells)-1)+`.querySelectorAll(".jp-OutputArea img").length`, 1, time.Minute)
	for _, theme := range []string{"Light", "Dark"} {
		r.number(command + `("apputils:change-theme", {theme: "JupyterLab ` + theme + `"}).then(() => 0)`)
		r.run(chromedp.Sleep(2 * time.Second))
		for i := range cells {
			r.number(`(` + cellAt(i) + `.scrollIntoView({block: "start"}), 0)`)
			r.run(chromedp.Sleep(400 * time.Millisecond))
			r.shoot(fmt.Sprintf("%s-%02d", theme, i+1))
			if n := r.number(fmt.Sprintf(`[...%s.querySelectorAll("figure canvas")].filter(c => c.clientWidth < 250).length`, cellAt(i))); n > 0 {
				t.Errorf("%s: %v figures of cell %d are narrow", theme, n, i+1)
			}
		}
		if least := r.number(contrast); least < 4.5 {
			t.Errorf("%s: the contrast of a text is %v, below 4.5: %s", theme, least, r.text("window.faintest"))
		}
	}
	r.complaints()
}
