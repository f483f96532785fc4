package page

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/chart"
)

// fake is a run made by hand: gradients that shrink towards the input.
type fake struct {
	label string
	decay float64
}

func (f fake) Label() string { return f.label }

func (f fake) Ran() vgrad.Experiment { return vgrad.Experiment{Activation: f.label, Depth: 6} }

func (f fake) Sites() []vgrad.Site {
	var sites []vgrad.Site
	for l := 1; l <= 6; l++ {
		sites = append(sites, vgrad.Site{Path: fmt.Sprintf("/layer%d/weights", l), Layer: l, Size: 100})
	}
	return sites
}

func (f fake) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	info, err := q.Info()
	if err != nil {
		panic(err)
	}
	sites := f.Sites()
	if info.Subject == vgrad.WholeNetwork {
		sites = []vgrad.Site{vgrad.NetworkSite}
	}
	return func(yield func(vgrad.Sample) bool) {
		r := rand.New(rand.NewPCG(7, uint64(len(f.label))))
		for step := range 1000 {
			if info.Histogram && step%200 != 0 {
				continue
			}
			for _, s := range sites {
				sample := vgrad.Sample{Step: step, Site: s, Quantity: q, Value: f.value(r, info, s.Layer, step)}
				if info.Histogram {
					sample.Value, sample.Hist = math.NaN(), normal(r, 0.2+0.0003*float64(step))
				}
				if !yield(sample) {
					return
				}
			}
		}
	}
}

func (f fake) value(r *rand.Rand, info vgrad.Info, layer, step int) float64 {
	if info.Subject == vgrad.WholeNetwork {
		return math.Round(30*min(1, max(0, 0.1+(1-f.decay/8)*(1-math.Exp(-float64(step)/300))+0.08*r.NormFloat64()))) / 30
	}
	return 0.026 * math.Pow(f.decay, float64(layer-6)) * math.Exp(0.3*r.NormFloat64())
}

func normal(r *rand.Rand, scale float64) *vgrad.Histogram {
	xs := make([]float32, 500)
	for i := range xs {
		xs[i] = float32(scale * r.NormFloat64())
	}
	return vgrad.HistogramOf(xs)
}

const hostile = `</script><img src=x onerror="document.title='hacked'"><b>`

// report is a page with a figure of every kind.
func report(t *testing.T, o Options) string {
	t.Helper()
	runs := []vgrad.Source{fake{"sigmoid", 5}, fake{"ReLU", 1.5}, fake{hostile, 1.4}}
	p := example()
	for _, f := range []func() (*chart.Figure, error){
		func() (*chart.Figure, error) { return chart.Accuracy(runs) },
		func() (*chart.Figure, error) { return chart.MeanGradient(runs, 1) },
		func() (*chart.Figure, error) { return chart.GradientFlow(runs) },
		func() (*chart.Figure, error) { return chart.Ridge(runs[1], vgrad.Weights, 4) },
		func() (*chart.Figure, error) { return chart.Heatmap(runs[1], vgrad.Weights, 4) },
		func() (*chart.Figure, error) { return chart.LayerMap(runs[0], vgrad.MeanAbsGrad) },
		func() (*chart.Figure, error) { return chart.FactorMap(runs, "depth", "activation") },
		func() (*chart.Figure, error) { return chart.FactorTrend(runs, "depth") },
	} {
		fig, err := f()
		if err != nil {
			t.Fatal(err)
		}
		p.Figures(fig)
	}
	var b bytes.Buffer
	if err := p.Write(&b, o); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("VGRAD_KEEP_PAGE"); keep != "" {
		if err := os.WriteFile(keep, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return "file://" + path
}

// complete returns the options of a page with everything.
func complete(t *testing.T) Options {
	t.Helper()
	js, err := assets.ECharts(t.Context())
	if err != nil {
		t.Fatalf("ECharts is needed; `go tool vgrad assets` fetches it: %v", err)
	}
	r, err := chart.NewRenderer(js)
	if err != nil {
		t.Fatal(err)
	}
	return Options{ECharts: js, Renderer: r}
}

// browser starts a browser without a network. It returns its context and what
// it complained about or asked for so far.
func browser(t *testing.T) (ctx context.Context, complaints func() []string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs a browser")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is needed: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.WindowSize(900, 900))
	alloc, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); cancel() })
	ctx, cancel = context.WithTimeout(ctx, 90*time.Second)
	t.Cleanup(cancel)
	said := make(chan string, 1000)
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "data:") {
				said <- "request " + u
			}
		case *runtime.EventConsoleAPICalled:
			said <- fmt.Sprintf("console.%s %v", e.Type, e.Args)
		case *runtime.EventExceptionThrown:
			said <- e.ExceptionDetails.Error()
		case *log.EventEntryAdded:
			said <- "log: " + e.Entry.Text
		}
	})
	run(t, ctx, network.Enable(), log.Enable(), network.EmulateNetworkConditions(true, 0, 0, 0))
	return ctx, func() (all []string) {
		for len(said) > 0 {
			all = append(all, <-said)
		}
		return all
	}
}

func run(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// eval runs JavaScript and decodes its value.
func eval[T any](t *testing.T, ctx context.Context, js string) T {
	t.Helper()
	var v T
	if err := chromedp.Run(ctx, chromedp.Evaluate(js, &v)); err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return v
}

// inked counts the pixels of the i-th figure's canvases that are not transparent.
const inked = `(i) => { let n = 0;
	for (const c of document.querySelectorAll("figure.vgrad-figure")[i].querySelectorAll("canvas")) {
		const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
		for (let k = 3; k < d.length; k += 4) if (d[k] > 0) n++;
	}
	return n; }`

// set moves a control of the i-th figure.
const set = `(i, name, value) => { const c = document.querySelectorAll("figure.vgrad-figure")[i].querySelector("[data-control=" + name + "]");
	if (c.type === "checkbox") c.click(); else { c.value = value; c.dispatchEvent(new Event("input")); } return true; }`

func TestLive(t *testing.T) {
	o := complete(t)
	ctx, complaints := browser(t)
	run(t, ctx, chromedp.Navigate(report(t, o)))
	if n := eval[int](t, ctx, `document.querySelectorAll("figure[data-live]").length`); n != 8 {
		t.Fatalf("%d of 8 figures are live: %v", n, complaints())
	}
	for i := range 8 {
		if n := eval[int](t, ctx, fmt.Sprintf("(%s)(%d)", inked, i)); n < 3000 {
			t.Errorf("figure %d has %d inked pixels", i, n)
		}
	}
	option := func(figure int, path string) string {
		return eval[string](t, ctx, fmt.Sprintf("JSON.stringify(Object.values(vgradRuntimes)[0].all()[%d].chart.getOption().%s)", figure, path))
	}
	change := func(what string, figure int, path string, act string) {
		t.Helper()
		before := option(figure, path)
		eval[bool](t, ctx, act)
		if after := option(figure, path); after == before {
			t.Errorf("%s changed nothing: %.80s", what, before)
		}
	}
	change("log", 1, "yAxis[0].type", fmt.Sprintf("(%s)(1,'log')", set))
	if got := option(1, "yAxis[0].type"); got != `"value"` {
		t.Errorf("without log the axis is %s", got)
	}
	change("log again", 1, "yAxis[0].type", fmt.Sprintf("(%s)(1,'log')", set))
	change("smoothing", 0, "series[0].data[100]", fmt.Sprintf("(%s)(0,'smooth',0.5)", set))
	change("the step slider", 2, "series[0].data", fmt.Sprintf("(%s)(2,'frame',3)", set))
	change("the legend", 0, "legend[0].selected", `Object.values(vgradRuntimes)[0].all()[0].chart.dispatchAction({type:"legendToggleSelect",name:"ReLU"}), true`)
	eval[bool](t, ctx, fmt.Sprintf("(%s)(0,'smooth',0.7)", set))
	if got := option(0, "legend[0].selected.ReLU"); got != "false" {
		t.Errorf("smoothing switched a run on again: %s", got)
	}
	zoom := `Object.values(vgradRuntimes)[0].all()[0].chart.dispatchAction({type:"dataZoom",dataZoomIndex:0,start:20,end:60}), true`
	change("zoom", 0, "dataZoom[0].start", zoom)
	eval[bool](t, ctx, `document.querySelector("[data-control=reset]").click(), true`)
	if got := option(0, "dataZoom[0].end"); got != "100" {
		t.Errorf("reset leaves the zoom end at %s", got)
	}
	if got := eval[string](t, ctx, `Object.values(vgradRuntimes)[0].all()[0].save(), Object.values(vgradRuntimes)[0].all()[0].saved.slice(0, 22)`); got != "data:image/png;base64," {
		t.Errorf("saved %q", got)
	}
	if title := eval[string](t, ctx, `document.title`); title != example().Title {
		t.Errorf("a label was obeyed: %s", title)
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}

func TestTooltip(t *testing.T) {
	o := complete(t)
	ctx, complaints := browser(t)
	run(t, ctx, chromedp.Navigate(report(t, o)))
	for i, want := range []string{
		`step \d+\nsigmoid\t[\d.e-]+ smoothed, [\d.e-]+`, `step \d+\nsigmoid\t`, `layer \d\nsigmoid\t[\d.e-]+\nReLU\t`, `step \d+\naround -?[\d.]+\t[\d.]+ % of values`,
		`step \d+\naround -?[\d.]+\t[\d.]+ % of values`, `step \d+\nlayer \d\t[\d.e-]+$`, `depth 6, activation ReLU\nmedian\t[\d.]+`, `depth 6\nsigmoid\t[\d.]+`,
	} {
		at := eval[[]float64](t, ctx, fmt.Sprintf(`(() => { const f = Object.values(vgradRuntimes)[0].all()[%d]; f.box.scrollIntoView({block: "center"});
			const r = f.box.getBoundingClientRect(); return [r.left + r.width/2 - 30, r.top + r.height/2]; })()`, i))
		tip := ""
		for try := 0; try < 20 && !regexp.MustCompile(want).MatchString(tip); try++ {
			run(t, ctx, chromedp.MouseEvent(input.MouseMoved, at[0]+float64(try), at[1]), chromedp.Sleep(150*time.Millisecond))
			tip = eval[string](t, ctx, fmt.Sprintf(`Object.values(vgradRuntimes)[0].all()[%d].box.innerText`, i))
		}
		if !regexp.MustCompile(want).MatchString(tip) {
			t.Errorf("figure %d: no tooltip like %q: %s", i, want, tip)
		}
	}
	if n := eval[int](t, ctx, `document.querySelectorAll(".vgrad-canvas img, .vgrad-canvas b b").length`); n != 0 {
		t.Error("a label was read as HTML in a tooltip")
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}

// A figure that leaves the document gives its chart back, and comes back with a new one.
func TestLeavesAndComesBack(t *testing.T) {
	o := complete(t)
	ctx, complaints := browser(t)
	run(t, ctx, chromedp.Navigate(report(t, o)))
	const charts = `Object.values(vgradRuntimes)[0].open.size`
	eval[bool](t, ctx, `window.gone = document.querySelectorAll("figure.vgrad-figure")[1], window.next = gone.nextSibling, gone.remove(), true`)
	run(t, ctx, chromedp.Sleep(300*time.Millisecond))
	if n := eval[int](t, ctx, charts); n != 7 {
		t.Errorf("%d charts are open of 7 figures that are shown", n)
	}
	if n := eval[int](t, ctx, `Object.values(vgradRuntimes)[0].all().length`); n != 7 {
		t.Errorf("%d figures are known", n)
	}
	eval[bool](t, ctx, `next.before(gone), true`)
	run(t, ctx, chromedp.Sleep(300*time.Millisecond))
	if n := eval[int](t, ctx, charts); n != 8 {
		t.Errorf("%d charts are open of 8 figures", n)
	}
	if n := eval[int](t, ctx, fmt.Sprintf("(%s)(1)", inked)); n < 3000 {
		t.Errorf("the figure that came back has %d inked pixels", n)
	}
	// What was hidden when it left is not noticed at once.
	eval[bool](t, ctx, `gone.parentNode.style.display = "none", true`)
	run(t, ctx, chromedp.Sleep(200*time.Millisecond))
	eval[bool](t, ctx, `document.querySelectorAll("figure.vgrad-figure").forEach((f) => f.remove()), Object.values(vgradRuntimes)[0].mount(), true`)
	if n := eval[int](t, ctx, charts); n != 0 {
		t.Errorf("%d charts are open, and no figure is left", n)
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}

func TestDarkAndNarrow(t *testing.T) {
	o := complete(t)
	ctx, complaints := browser(t)
	media := emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}})
	run(t, ctx, chromedp.Navigate(report(t, o)), media)
	run(t, ctx, chromedp.Sleep(100*time.Millisecond))
	const background = `getComputedStyle(document.body).backgroundColor`
	if got := eval[string](t, ctx, background); got != "rgb(22, 25, 29)" {
		t.Errorf("the dark page is %s", got)
	}
	if got := eval[string](t, ctx, `Object.values(vgradRuntimes)[0].all()[0].state.theme`); got != "dark" {
		t.Errorf("figures are %s in the dark", got)
	}
	eval[bool](t, ctx, `(document.documentElement.dataset.theme = "light", true)`)
	run(t, ctx, chromedp.Sleep(100*time.Millisecond))
	if got := eval[string](t, ctx, `Object.values(vgradRuntimes)[0].all()[0].state.theme + " " + `+background); got != "light rgb(255, 255, 255)" {
		t.Errorf("data-theme=light gives %s", got)
	}
	eval[bool](t, ctx, `(document.body.dataset.jpThemeLight = "false", true)`)
	run(t, ctx, chromedp.Sleep(100*time.Millisecond))
	if got := eval[string](t, ctx, `Object.values(vgradRuntimes)[0].all()[0].state.theme`); got != "dark" {
		t.Errorf("Jupyter's dark theme gives %s", got)
	}
	run(t, ctx, chromedp.EmulateViewport(360, 700), chromedp.Sleep(300*time.Millisecond))
	if wide := eval[int](t, ctx, `document.documentElement.scrollWidth`); wide > 360 {
		t.Errorf("the page is %d wide on a screen of 360", wide)
	}
	if w := eval[int](t, ctx, `Object.values(vgradRuntimes)[0].all()[2].chart.getWidth()`); w > 340 {
		t.Errorf("a figure is %d wide on a screen of 360", w)
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}

func TestWithoutScript(t *testing.T) {
	o := complete(t)
	ctx, complaints := browser(t)
	run(t, ctx, emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(report(t, o)))
	const images = `[...document.querySelectorAll("img.vgrad-static")].filter(i => i.complete && i.naturalWidth > 0 && i.offsetHeight > 100 && i.alt.length > 20).length`
	if n := eval[int](t, ctx, images); n != 8 {
		t.Errorf("%d of 8 static pictures are shown", n)
	}
	if n := eval[int](t, ctx, `document.querySelectorAll("canvas").length`); n != 0 {
		t.Errorf("%d canvases without scripts", n)
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}

func TestPrint(t *testing.T) {
	o := complete(t)
	ctx, complaints := browser(t)
	run(t, ctx, chromedp.Navigate(report(t, o)), emulation.SetEmulatedMedia().WithMedia("print"))
	shown := eval[[]int](t, ctx, `[[...document.querySelectorAll("img.vgrad-static")].filter(i => i.offsetHeight > 100).length, [...document.querySelectorAll(".vgrad-live")].filter(e => e.offsetHeight > 0).length]`)
	if shown[0] != 8 || shown[1] != 0 {
		t.Errorf("on paper %d static pictures and %d live figures", shown[0], shown[1])
	}
	var pdf []byte
	run(t, ctx, chromedp.ActionFunc(func(ctx context.Context) (err error) {
		pdf, _, err = cdpage.PrintToPDF().WithPrintBackground(false).Do(ctx)
		return err
	}))
	if len(pdf) < 50_000 || !bytes.HasPrefix(pdf, []byte("%PDF")) {
		t.Errorf("the PDF has %d bytes", len(pdf))
	}
	if keep := os.Getenv("VGRAD_KEEP_PDF"); keep != "" {
		if err := os.WriteFile(keep, pdf, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}

// Without ECharts the page says which command brings it and keeps its tables.
func TestWithoutECharts(t *testing.T) {
	ctx, complaints := browser(t)
	run(t, ctx, chromedp.Navigate(report(t, Options{})))
	text := eval[string](t, ctx, `document.body.innerText`)
	for _, want := range []string{"go tool vgrad assets", "does not hold", "training step"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if n := eval[int](t, ctx, `[...document.querySelectorAll(".vgrad-data")].filter(e => e.offsetHeight > 0).length`); n != 8 {
		t.Errorf("%d of 8 tables are shown", n)
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}

// Two fragments in one document, each with its own runtime and library, as in
// an output cell of a notebook.
func TestTwoFragments(t *testing.T) {
	o := complete(t)
	fig, err := chart.Accuracy([]vgrad.Source{fake{"sigmoid", 5}})
	if err != nil {
		t.Fatal(err)
	}
	html := "<!DOCTYPE html><meta charset=utf-8><body>"
	for i := range 2 {
		text, err := fig.HTML(chart.HTMLOptions{Renderer: o.Renderer, ECharts: o.ECharts, Position: i})
		if err != nil {
			t.Fatal(err)
		}
		html += string(text)
	}
	ctx, complaints := browser(t)
	path := filepath.Join(t.TempDir(), "two.html")
	if err := os.WriteFile(path, []byte(html), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, chromedp.Navigate("file://"+path))
	if n := eval[int](t, ctx, `document.querySelectorAll("figure[data-live]").length`); n != 2 {
		t.Errorf("%d of 2 fragments are live", n)
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}
