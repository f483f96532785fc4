package publish

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/formula"
)

// sitePages writes the site of the committed lessons and returns its folder and pages.
func sitePages(t *testing.T) (dir string, pages []string) {
	t.Helper()
	js, err := assets.ECharts(t.Context())
	if err != nil {
		t.Fatalf("ECharts is needed; `go tool vgrad assets` fetches it: %v", err)
	}
	files, warnings := lessonsSite(t, Site{Title: "The vanishing gradient", ECharts: js,
		Formulas: formula.New(func() ([]byte, error) { return assets.KaTeX(t.Context()) })})
	for _, w := range warnings {
		t.Error(w)
	}
	dir = filepath.Join(t.TempDir(), "a site")
	if err := files.Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range files.Names() {
		if strings.HasSuffix(name, ".html") {
			checkNesting(t, files.Content(name)) // with formulas
			pages = append(pages, name)
		}
	}
	return dir, pages
}

// strict makes what the browser reports, such as a violation of the page's policy, fail the test.
func (b *browser) strict() {
	chromedp.ListenTarget(b.ctx, func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded:
			if strings.Contains(e.Entry.Text, "willReadFrequently") { // of this test's own look at the canvases
				return
			}
			b.said <- "the browser says: " + e.Entry.Text + " " + e.Entry.URL
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
				b.said <- fmt.Sprintf("the console says: %s", e.Args[0].Value)
			}
		}
	})
	b.run(network.EmulateNetworkConditions(true, 0, 0, 0))
}

// screen sets the size of the screen, and light or dark.
func (b *browser) screen(width, height int64, scheme string) {
	b.run(emulation.SetDeviceMetricsOverride(width, height, 1, width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
}

// seeAll shows every figure once, so that all are live.
func (b *browser) seeAll() {
	b.t.Helper()
	b.number(`(async () => { for (const f of document.querySelectorAll("figure.vgrad-figure")) {
		f.scrollIntoView();
		for (let k = 0; k < 100 && f.dataset.live === undefined; k++) await new Promise((r) => setTimeout(r, 50)); // a busy machine is late
	} return 0; })()`)
	n := b.number(figures)
	b.until("every figure is live", `document.querySelectorAll("figure.vgrad-figure[data-live]").length`, n, 20*time.Second)
}

// slash presses the key of the search. The driver's own event for a key types a character in
// any case, which a browser does not where a page takes the key.
var slash = input.DispatchKeyEvent(input.KeyRawDown).WithKey("/").WithCode("Slash")

const hits = `document.querySelectorAll("#site-results a").length`

// The site from disk, without a network: nothing violates its policy, figures are drawn when
// they come into view, and colours, search and the keyboard do what they say.
func TestSiteFromDisk(t *testing.T) {
	b := openBrowser(t)
	dir, pages := sitePages(t)
	b.strict()
	for _, name := range pages {
		t.Run(strings.TrimSuffix(name, ".html"), func(t *testing.T) {
			b.t = t
			b.screen(1300, 900, "light")
			b.run(emulation.SetScriptExecutionDisabled(false), chromedp.Navigate("file://"+filepath.Join(dir, name)))
			n := b.number(figures)
			if name != "index.html" {
				if n < 1 {
					t.Errorf("%v figures", n)
				}
				if live := b.number(`document.querySelectorAll("figure[data-live]").length`); n >= 5 && live >= n { // a few may all be near the top
					t.Errorf("%v of %v figures are live before they are seen", live, n)
				}
				b.seeAll()
				b.until("every figure is drawn", drawn, n, 20*time.Second)
				b.run(emulation.SetEmulatedMedia().WithMedia("print"))
				if shown, all := b.number(pictures), b.number(images); shown != all || all < n {
					t.Errorf("on paper %v of %v pictures of %v figures", shown, all, n)
				}
				b.run(emulation.SetEmulatedMedia(), emulation.SetScriptExecutionDisabled(true), chromedp.Navigate("file://"+filepath.Join(dir, name)))
				b.until("every static picture is shown without scripts", pictures, n, 10*time.Second)
			}
			for _, width := range []int64{320, 390, 1000, 1600} {
				b.screen(width, 900, "light")
				if over := b.number(`document.documentElement.scrollWidth - innerWidth`); over > 0 {
					t.Errorf("at %d pixels the page is %v too wide", width, over)
				}
			}
			b.complaints()
		})
	}
	b.t = t
	b.run(emulation.SetScriptExecutionDisabled(false))
	t.Run("colours", func(t *testing.T) {
		b.t = t
		b.screen(1300, 900, "light")
		b.run(chromedp.Navigate("file://" + filepath.Join(dir, "00_start_here.html")))
		dark := `(getComputedStyle(document.body).backgroundColor === "rgb(22, 25, 29)" ? 1 : 0)`
		choose := func(value string) {
			b.number(fmt.Sprintf(`((s) => { s.value = %q; s.dispatchEvent(new Event("change")); return 0; })(document.getElementById("site-theme"))`, value))
		}
		b.seeAll()
		if b.number(dark) != 0 {
			t.Error("the page is dark where the system is light")
		}
		choose("dark")
		b.until("the page is dark", dark, 1, 5*time.Second)
		b.until("the figures are dark", `[...document.querySelectorAll("figure")].every((f) => f.querySelector("canvas").getContext("2d") && window.vgradRuntimes[f.dataset.version].all().every((l) => l.state.theme === "dark")) ? 1 : 0`, 1, 5*time.Second)
		b.run(chromedp.Navigate("file://" + filepath.Join(dir, "index.html")))
		b.until("the choice is remembered on another page", dark, 1, 5*time.Second)
		choose("")
		b.until("the system's colours are back", `1 - `+dark, 1, 5*time.Second)
		b.screen(1300, 900, "dark")
		b.until("the system's colours are followed", dark, 1, 5*time.Second)
		choose("light")
		b.until("the reader's choice is above the system's", `1 - `+dark, 1, 5*time.Second)
		choose("")
		b.complaints()
	})
	t.Run("search", func(t *testing.T) {
		b.t = t
		b.screen(1300, 900, "light")
		b.run(chromedp.Navigate("file://"+filepath.Join(dir, "index.html")), slash, chromedp.KeyEvent("boltzmann mach"))
		b.until("the word is found", hits, 1, 10*time.Second)
		if n := b.number(`[...document.querySelectorAll("#site-results mark")].filter((m) => m.textContent.toLowerCase() === "boltzmann").length`); n < 1 {
			t.Error("the word is not marked")
		}
		b.shoot("results")
		b.run(chromedp.KeyEvent(kb.Enter))
		b.until("the place is opened", `location.pathname.endsWith("08_layer_by_layer.html") && location.hash.length > 1 ? 1 : 0`, 1, 5*time.Second)
		b.until("the page is ready", `document.querySelector(".search:not([hidden])") ? 1 : 0`, 1, 10*time.Second)
		b.run(slash, chromedp.KeyEvent("no-such-word"))
		b.until("nothing is found", `document.getElementById("site-status").textContent === "Nothing found." ? 1 : 0`, 1, 5*time.Second)
		b.run(chromedp.KeyEvent(kb.Escape))
		b.until("the results are closed", `document.getElementById("site-found").hidden ? 1 : 0`, 1, 5*time.Second)
		b.complaints()
	})
	t.Run("keyboard", func(t *testing.T) {
		b.t = t
		b.screen(390, 800, "light")
		b.run(chromedp.Navigate("file://" + filepath.Join(dir, "01_the_article.html")))
		wide := b.number(`[...document.querySelectorAll("pre, .scroll, .table, .output, math[display=block]")].filter((e) => e.scrollWidth > e.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(e).overflowX)).length`)
		unreached := b.number(`[...document.querySelectorAll("pre, .scroll, .table, .output")].filter((e) => e.scrollWidth > e.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(e).overflowX) && !e.closest("[tabindex]")).length`)
		if wide < 5 || unreached > 0 {
			t.Errorf("%v of %v parts that scroll are not reached", unreached, wide)
		}
		b.run(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
		b.until("the first key leads to the content", `document.activeElement.id === "site-content" ? 1 : 0`, 1, 5*time.Second)
		for range 60 {
			b.run(chromedp.KeyEvent(kb.Tab))
			if b.number(`(document.activeElement.matches("pre.cell") ? 1 : 0)`) == 1 {
				break
			}
		}
		b.run(chromedp.KeyEvent(kb.ArrowRight))
		b.until("the arrows scroll the code", `document.activeElement.scrollLeft`, 1, 5*time.Second)
		b.complaints()
	})
}

// bars is a chart as go-echarts makes them.
type bars []float64

func (bars) Validate() {}
func (b bars) JSON() map[string]any {
	return map[string]any{"xAxis": []any{map[string]any{"data": []string{"layer 1", "layer 2"}}}, "yAxis": []any{map[string]any{"name": "size"}},
		"series": []any{map[string]any{"type": "bar", "name": "sigmoid", "data": []float64(b)}}}
}

// Controls with figures for each of their states follow the reader in a site.
func TestSiteHasControls(t *testing.T) {
	b := openBrowser(t)
	js, err := assets.ECharts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := chart.NewRenderer(js)
	if err != nil {
		t.Fatal(err)
	}
	states := chart.States{Title: "Explore depth", Fields: []chart.Field{{Name: "depth", Values: []string{"2", "6", "9"}}}}
	for i := range 3 {
		f, err := chart.Custom("Largest singular value", "At the end.", bars{1, float64(i)})
		if err != nil {
			t.Fatal(err)
		}
		states.List = append(states.List, chart.State{Figures: []*chart.Figure{f}, Words: fmt.Sprintf("accuracy 0.%d", i)})
	}
	html, err := states.HTML(chart.HTMLOptions{Renderer: renderer, Packed: true})
	if err != nil {
		t.Fatal(err)
	}
	files, said, err := siteOf(t, "a.ipynb", prose("# A")+","+showing("cell.Explore()", string(html)))
	if err != nil || len(said) > 0 {
		t.Fatal(err, said)
	}
	checkPage(t, files, "a.html")
	for _, name := range files.Names() { // siteOf has a stand-in for the library
		if strings.HasPrefix(name, "assets/echarts-") {
			files.files[name] = js
		}
	}
	dir := t.TempDir()
	if err := files.Write(dir); err != nil {
		t.Fatal(err)
	}
	b.strict()
	b.screen(1300, 900, "light")
	b.run(chromedp.Navigate("file://" + filepath.Join(dir, "a.html")))
	b.until("the control and its figure are there", `document.querySelectorAll(".vgrad-choices input, .vgrad-row canvas").length`, 2, 10*time.Second)
	b.number(`((r) => { r.value = 2; r.dispatchEvent(new Event("input")); return 0; })(document.querySelector(".vgrad-choices input"))`)
	b.until("the figure follows", `document.querySelector(".vgrad-said").textContent.includes("accuracy 0.2") ? 1 : 0`, 1, 5*time.Second)
	axe, err := assets.Axe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.axe(axe, "controls")
	b.shoot("")
	b.complaints()
}

// axe finds nothing in any page, light or dark, on a phone or a wide screen.
func TestSiteIsAccessible(t *testing.T) {
	b := openBrowser(t)
	axe, err := assets.Axe(t.Context())
	if err != nil {
		t.Fatalf("axe is needed: %v", err)
	}
	dir, pages := sitePages(t)
	b.strict()
	for _, name := range pages {
		t.Run(strings.TrimSuffix(name, ".html"), func(t *testing.T) {
			b.t = t
			for _, width := range []int64{390, 1600} {
				for _, scheme := range []string{"light", "dark"} {
					b.screen(width, 900, scheme)
					b.run(chromedp.Navigate("file://" + filepath.Join(dir, name)))
					b.seeAll()
					b.number(`(scrollTo(0, 0), 0)`)
					b.axe(axe, fmt.Sprintf("%d pixels, %s", width, scheme))
					b.shoot(fmt.Sprintf("%d-%s", width, scheme))
				}
			}
			b.complaints()
		})
	}
}

// axe runs axe in the page and fails the test for what it finds.
func (b *browser) axe(library []byte, where string) {
	b.t.Helper()
	var said string
	b.run(chromedp.Evaluate(string(library)+"; 0", nil),
		chromedp.Evaluate(`axe.run({preload: false}).then((r) => JSON.stringify(r.violations.map((v) => ({rule: v.id, says: v.help, nodes: v.nodes.map((n) => n.target.join(" ") + ": " + n.html.slice(0, 160) + " " + (n.any.concat(n.all, n.none)[0] || {message: ""}).message)}))))`,
			&said, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	var found []struct {
		Rule, Says string
		Nodes      []string
	}
	if err := json.Unmarshal([]byte(said), &found); err != nil {
		b.t.Fatal(err)
	}
	for _, f := range found {
		b.t.Errorf("%s: %s: %s, %d times: %.600s", where, f.Rule, f.Says, len(f.Nodes), strings.Join(f.Nodes, "; "))
	}
}
