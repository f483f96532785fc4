package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
)

// browser is a real browser and what it was told or asked elsewhere.
type browser struct {
	t    *testing.T
	ctx  context.Context
	said chan string
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs a browser")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is needed: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1300, 1000))
	alloc, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); cancel() })
	ctx, cancel = context.WithTimeout(ctx, 6*time.Minute)
	t.Cleanup(cancel)
	b := &browser{t, ctx, make(chan string, 10000)}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if u, err := url.Parse(e.Request.URL); err != nil || u.Host != "" && u.Hostname() != "127.0.0.1" {
				b.said <- "request " + e.Request.URL
			}
		case *runtime.EventExceptionThrown:
			b.said <- e.ExceptionDetails.Error()
		}
	})
	b.run(network.Enable(), log.Enable())
	return b
}

func (b *browser) run(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// number evaluates JavaScript; awaited, where it is a promise.
func (b *browser) number(js string) (n float64) {
	b.t.Helper()
	err := chromedp.Run(b.ctx, chromedp.Evaluate(js, &n, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	if err != nil {
		b.t.Fatalf("%s: %v", js, err)
	}
	return n
}

// until waits for JavaScript to be at least want.
func (b *browser) until(what, js string, want float64, limit time.Duration) {
	b.t.Helper()
	var got float64
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if got = b.number(js); got >= want {
			return
		}
	}
	b.shoot("failed")
	b.t.Fatalf("%s: %v, not %v, after %v", what, got, want, limit)
}

// shoot keeps a screenshot in the folder that git ignores.
func (b *browser) shoot(name string) {
	b.t.Helper()
	var png []byte
	if err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot(&png)); err != nil {
		b.t.Error(err)
	}
	dir := "../../.vgrad/screenshots"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(b.t.Name(), "/", "-")+"-"+name+".png"), png, 0o644); err != nil {
		b.t.Error(err)
	}
}

// complaints fails the test for each exception and each request to elsewhere.
func (b *browser) complaints() {
	b.t.Helper()
	for len(b.said) > 0 {
		b.t.Error(<-b.said)
	}
}

// serve starts JupyterLab on a folder and returns its address and token.
func serve(t *testing.T, j *jupyter.Jupyter, root string) (base, token string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	token = "for-this-test"
	cmd := j.Command(context.WithoutCancel(t.Context()), "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser", "--ServerApp.ip=127.0.0.1",
		fmt.Sprintf("--ServerApp.port=%d", port), "--ServerApp.root_dir="+root, "--LabApp.extension_manager=readonly", "--LabApp.news_url=None")
	cmd.Env = append(cmd.Env, "JUPYTER_TOKEN="+token, "JUPYTERLAB_SETTINGS_DIR="+t.TempDir(), "JUPYTERLAB_WORKSPACES_DIR="+t.TempDir())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	job, err := jupyter.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { job.Stop() })
	base = fmt.Sprintf("http://127.0.0.1:%d/", port)
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if r, err := http.Get(base + "api/status?token=" + token); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return base, token
			}
		}
		if time.Now().After(end) {
			job.Stop()
			t.Fatalf("JupyterLab does not answer: %s", out.String())
		}
	}
}

const (
	command = `window.jupyterapp.commands.execute`
	busy    = `[...document.querySelectorAll(".jp-InputArea-prompt")].filter(e => e.textContent.includes("*")).length`
	// drawn counts figures whose canvases have ink on them.
	drawn = `[...document.querySelectorAll("figure.vgrad-figure")].filter(f => { let n = 0;
		for (const c of f.querySelectorAll("canvas")) { const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
			for (let k = 3; k < d.length; k += 4) if (d[k] > 0) n++; }
		return n > 3000; }).length`
	figures = `document.querySelectorAll("figure.vgrad-figure").length`
	// images counts static pictures, shown or not: one a figure, and several of one with controls.
	images   = `document.querySelectorAll("img.vgrad-static").length`
	controls = `document.querySelectorAll("figure[data-states]").length`
	// pictures counts static pictures that are shown and have loaded.
	pictures = `[...document.querySelectorAll("img.vgrad-static")].filter(i => i.complete && i.naturalWidth > 0 && i.getBoundingClientRect().height > 100).length`
)

// open opens a notebook in a workspace of its own.
func (b *browser) open(base, token, name string) {
	b.t.Helper()
	b.run(chromedp.Navigate(fmt.Sprintf("%slab/workspaces/w%d/tree/%s?token=%s", base, time.Now().UnixNano(), url.PathEscape(name), token)))
	b.until("the notebook is open", `window.jupyterapp ? document.querySelectorAll(".jp-NotebookPanel .jp-Cell").length : 0`, 3, time.Minute)
	b.run(chromedp.Sleep(2 * time.Second))
	b.number(`(document.querySelectorAll(".jp-Dialog button.jp-mod-accept").forEach(x => x.click()), 0)`)
}

// scroll shows every cell once, as a reader would: what is far away is drawn late.
func (b *browser) scroll() {
	b.t.Helper()
	b.number(`(async () => { for (const c of document.querySelectorAll(".jp-NotebookPanel .jp-Cell")) { c.scrollIntoView(); await new Promise(r => setTimeout(r, 250)); } return 0; })()`)
}

// The lessons in a real JupyterLab, in a real browser, without a network: run
// from top to bottom, saved, opened again, and opened as a stranger's.
func TestLessonsInLab(t *testing.T) {
	j := needJupyter(t)
	for _, path := range quick(t)[:2] {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".ipynb"), func(t *testing.T) { lessonInLab(t, j, path) })
	}
}

func lessonInLab(t *testing.T, j *jupyter.Jupyter, path string) {
	committed, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	want := float64(strings.Count(string(committed.Bytes()), "<figure class="))
	b := openBrowser(t)
	t.Setenv("VGRAD_RUNS", t.TempDir())
	root := besideRepository(t)
	bare(t, path, filepath.Join(root, "lesson.ipynb"))
	base, token := serve(t, j, root)

	b.open(base, token, "lesson.ipynb")
	if n := b.number(figures); n != 0 {
		t.Fatalf("%v figures before a cell was run", n)
	}
	b.number(command + `("notebook:run-all-cells").then(() => 0), 0`)
	b.until("all cells have run", fmt.Sprintf("%s === 0 && %s >= %v ? 1 : 0", busy, figures, want), 1, 4*time.Minute)
	b.run(chromedp.Sleep(time.Second))
	b.scroll()
	b.until("every figure is drawn", drawn, want, 20*time.Second)
	if n := b.number(figures); n < want || n > want && b.number(controls) == 0 { // controls draw figures of their own
		t.Errorf("%v figures, not %v", n, want)
	}
	if n := b.number(`document.querySelectorAll("[data-mime-type='application/vnd.jupyter.stderr']").length`); n > 0 {
		t.Errorf("%v outputs on standard error", n)
	}
	for i := range int(want) {
		b.number(fmt.Sprintf(`(document.querySelectorAll("figure.vgrad-figure")[%d].scrollIntoView({block: "center"}), 0)`, i))
		b.run(chromedp.Sleep(300 * time.Millisecond))
		b.shoot(fmt.Sprint("figure-", i+1))
	}
	b.number(`[...window.jupyterapp.shell.widgets("main")].find(w => w.context).context.save().then(() => 0)`)
	b.complaints()
	saved, err := Open(filepath.Join(root, "lesson.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(saved.Bytes()), "<figure class="); float64(n) != want {
		t.Errorf("%d of %v figures are saved", n, want)
	}

	t.Run("reopened", func(t *testing.T) {
		b.t = t
		b.open(base, token, "lesson.ipynb")
		b.scroll()
		b.until("every figure is drawn", drawn, want, 20*time.Second)
		b.complaints()
	})
	t.Run("untrusted", func(t *testing.T) { // with another content than was signed
		b.t = t
		text := bytes.Replace(saved.Bytes(), []byte(`"# `), []byte(`"# From a stranger: `), 1)
		if err := os.WriteFile(filepath.Join(root, "stranger.ipynb"), text, 0o644); err != nil {
			t.Fatal(err)
		}
		b.open(base, token, "stranger.ipynb")
		b.scroll()
		b.until("every static picture is shown", pictures, want, 20*time.Second)
		if n := b.number(`document.querySelectorAll("figure canvas, .jp-OutputArea script").length`); n != 0 {
			t.Errorf("%v canvases and scripts", n)
		}
		b.number(`([...document.querySelectorAll("img.vgrad-static")].at(-1).scrollIntoView(), 0)`)
		b.run(chromedp.Sleep(300 * time.Millisecond))
		b.shoot("")
		b.complaints()
	})
}

// A figure follows a training while its cell runs, and an interrupt keeps what
// was recorded, shows it and says so.
func TestLiveFigureAndInterrupt(t *testing.T) {
	j := needJupyter(t)
	b := openBrowser(t)
	store := t.TempDir()
	t.Setenv("VGRAD_RUNS", store)
	path := write(t, imports+"%%\ncell.Text(\"ready\")", "%%\ncell.Compare(vgrad.Experiment{Steps: 1_000_000}, \"sigmoid\", \"relu\")", "%%\ncell.Text(\"after\")")
	base, token := serve(t, j, filepath.Dir(path))
	b.open(base, token, filepath.Base(path))
	b.number(command + `("notebook:run-all-cells").then(() => 0), 0`)
	b.until("a row follows the training", `[...document.querySelectorAll(".vgrad-row[data-vgrad-name] figure[data-live]")].length`, 2, 2*time.Minute)
	b.number(`(document.querySelector(".vgrad-row").scrollIntoView(), 0)`)
	for i := range 2 {
		states := b.number(fmt.Sprintf(`(async () => { const seen = new Set();
			for (let k = 0; k < 40 && seen.size < 3; k++) { seen.add(document.querySelectorAll(".vgrad-row figure canvas")[%d].toDataURL()); await new Promise(r => setTimeout(r, 50)); }
			return seen.size; })()`, i))
		if states < 3 {
			t.Errorf("in two seconds or more figure %d was seen in %v states", i, states)
		}
	}
	b.shoot("training")
	if n := b.number(busy); n < 1 {
		t.Error("the cell is not running any more")
	}
	b.number(command + `("notebook:interrupt-kernel").then(() => 0), 0`)
	b.until("the cell says that it was interrupted", `[...document.querySelectorAll(".jp-OutputArea-output")].filter(e => e.textContent.includes("what was recorded is kept")).length`, 1, 20*time.Second)
	b.until("the complete figures are drawn", drawn, 2, 20*time.Second)
	b.number(`(document.querySelector(".jp-OutputArea-output .vgrad-row").scrollIntoView({block: "center"}), 0)`)
	b.shoot("interrupted")
	b.complaints()
	s, err := runs.Open(store)
	if err != nil {
		t.Fatal(err)
	}
	run, err := s.Load(vgrad.Experiment{Steps: 1_000_000})
	if err != nil || run.Finished || run.LastStep < 100 {
		t.Errorf("what is recorded: %+v, %v", run, err)
	}
}

// bare copies a notebook without its outputs.
func bare(t *testing.T, from, to string) {
	t.Helper()
	rewrite(t, from, to, func(nb map[string]any) {
		for _, c := range nb["cells"].([]any) {
			if c := c.(map[string]any); c["cell_type"] == "code" {
				c["outputs"], c["execution_count"] = []any{}, nil
			}
		}
	})
}

// rewrite copies a notebook with a change.
func rewrite(t *testing.T, from, to string, change func(nb map[string]any)) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	var nb map[string]any
	if err := json.Unmarshal(text, &nb); err != nil {
		t.Fatal(err)
	}
	change(nb)
	if text, err = json.Marshal(nb); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// The page of each committed lesson, opened from disk without a network.
func TestPagesFromDisk(t *testing.T) {
	js, err := assets.ECharts(t.Context())
	if err != nil {
		t.Fatalf("ECharts is needed; `go tool vgrad assets` fetches it: %v", err)
	}
	b := openBrowser(t)
	b.strict()
	for _, path := range lessons(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".ipynb")
		t.Run(name, func(t *testing.T) {
			b.t = t
			nb, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			var html bytes.Buffer
			if err := nb.Page(&html, page.Options{ECharts: js}); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(html.String(), "ECHARTS_VERSION"); n > 1 {
				t.Errorf("the library is in the page %d times", n)
			}
			file := filepath.Join(t.TempDir(), "page.html")
			if err := os.WriteFile(file, html.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			b.run(emulation.SetScriptExecutionDisabled(false), emulation.SetEmulatedMedia(), chromedp.Navigate("file://"+file))
			n := b.number(figures)
			if n < 1 {
				t.Errorf("%v figures", n)
			}
			b.until("every figure is drawn", drawn, n, 20*time.Second)
			b.shoot("top")
			b.number(`([...document.querySelectorAll("figure.vgrad-figure")].at(-1).scrollIntoView(), 0)`)
			b.run(chromedp.Sleep(300 * time.Millisecond))
			b.shoot("figures")
			b.run(emulation.SetEmulatedMedia().WithMedia("print"))
			if shown, all := b.number(pictures), b.number(images); shown != all || all < n {
				t.Errorf("on paper %v of %v pictures of %v figures", shown, all, n)
			}
			b.run(emulation.SetEmulatedMedia(), emulation.SetScriptExecutionDisabled(true), chromedp.Navigate("file://"+file))
			b.until("every static picture is shown without scripts", pictures, n, 10*time.Second)
			b.complaints()
		})
	}
}
