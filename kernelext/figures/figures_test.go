package figures

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/vgrad/lab/vgrad/chart"
)

// custom is a figure of one bar.
func custom(t testing.TB, title string) *chart.Figure {
	t.Helper()
	bar := charts.NewBar()
	bar.SetXAxis([]string{"0"}).AddSeries("loss", []opts.BarData{{Value: 2.3}})
	f, err := chart.Custom(title, "By step.", bar)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// figureHTML is a figure as a cell shows it, with a picture of one bar.
func figureHTML(t testing.TB, title string, packed bool) string {
	t.Helper()
	f := custom(t, title)
	f.Note, f.Caption = "a note", "It shows <b> & more words than one line of it can have, so that they are broken between two of them."
	f.Table = chart.Table{Columns: []string{"step", "loss"}, Rows: [][]string{{"0", "2.3"}, {"1", "1,5"}}}
	html, err := f.HTML(chart.HTMLOptions{Packed: packed})
	if err != nil {
		t.Fatal(err)
	}
	svg := `<svg width="300" height="100" xmlns="http://www.w3.org/2000/svg"><rect x="100" y="40" width="50" height="60" fill="#0072b2"/></svg>`
	from, to := bytes.Index(html, []byte(`<p class="vgrad-static`)), bytes.Index(html, []byte("<figcaption>"))
	return string(html[:from]) + `<img class="vgrad-static" src="data:image/svg&#43;xml;base64,` + base64.StdEncoding.EncodeToString([]byte(svg)) + `" alt="">` + string(html[to:])
}

func TestIn(t *testing.T) {
	for _, packed := range []bool{false, true} {
		found := In("<div class=\"vgrad-row\">" + figureHTML(t, "One", packed) + figureHTML(t, "Two <i>", packed) + "</div>")
		if len(found) != 2 {
			t.Fatalf("%d figures", len(found))
		}
		f := found[1]
		if f.Title != "Two <i>" || f.Note != "a note" || !strings.HasPrefix(f.Caption, "It shows <b> & more") || !bytes.HasPrefix(f.SVG, []byte("<svg ")) || f.Version == "" {
			t.Errorf("%q %q %q %q %q", f.Title, f.Note, f.Caption, f.SVG, f.Version)
		}
		if got := fmt.Sprint(f.Columns, f.Rows); got != "[step loss] [[0 2.3] [1 1,5]]" {
			t.Error(got)
		}
		var spec struct{ Title string }
		if err := json.Unmarshal(f.Spec, &spec); err != nil || spec.Title != f.Title {
			t.Errorf("the spec is %.80q: %v", f.Spec, err)
		}
	}
	for _, none := range []string{"", "<p>a table</p>", `<p>a text about class="vgrad-figure"</p>`} {
		if got := In(none); len(got) != 0 {
			t.Errorf("%q has %d figures", none, len(got))
		}
	}
}

// The picture of two figures has both, with their texts, side by side.
func TestDraw(t *testing.T) {
	p, err := Draw(In(figureHTML(t, "One", true) + figureHTML(t, "Two", true)))
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(p.PNG))
	if err != nil {
		t.Fatal(err)
	}
	if w, h := img.Bounds().Dx(), img.Bounds().Dy(); w != 2*p.Width || h != 2*p.Height || p.Width != 8+300+24+300+8 {
		t.Errorf("%d × %d device pixels for %d × %d", w, h, p.Width, p.Height)
	}
	dark := func(x0, y0, x1, y1 int) (n int) { // pixels that are text or bars, in a box in CSS pixels
		for y := 2 * y0; y < 2*y1; y++ {
			for x := 2 * x0; x < 2*x1; x++ {
				if r, _, _, _ := img.At(x, y).RGBA(); r < 0xa000 {
					n++
				}
			}
		}
		return n
	}
	for _, left := range []int{8, 8 + 300 + 24} {
		for _, c := range []struct {
			what           string
			x0, y0, x1, y1 int
			some           bool
		}{
			{"title", 0, 8, 40, 27, true}, {"note", 0, 30, 40, 48, true}, {"bar", 100, 95, 150, 150, true}, {"beside the bar", 0, 60, 98, 150, false},
			{"first line of the caption", 0, p.Height - 64, 200, p.Height - 44, true}, {"last line", 0, p.Height - 26, 60, p.Height - 6, true},
		} {
			if got := dark(left+c.x0, c.y0, left+c.x1, c.y1); got > 40 != c.some {
				t.Errorf("%s of the figure at %d: %d dark pixels", c.what, left, got)
			}
		}
	}
}

func TestAdd(t *testing.T) {
	content, err := json.Marshal(map[string]any{"data": map[string]any{"text/html": figureHTML(t, "One", true), "text/plain": "[figure] One"}, "metadata": map[string]any{"mine": 1}, "transient": map[string]string{"display_id": "7"}})
	if err != nil {
		t.Fatal(err)
	}
	with, added, err := AddTo(content)
	if err != nil || !added {
		t.Fatal(added, err)
	}
	var got struct {
		Data      map[string]string
		Metadata  map[string]json.RawMessage
		Transient map[string]string
	}
	if err := json.Unmarshal(with, &got); err != nil {
		t.Fatal(err)
	}
	if got.Data["text/html"] != figureHTML(t, "One", true) || got.Data["text/plain"] != "[figure] One" || got.Transient["display_id"] != "7" || string(got.Metadata["mine"]) != "1" {
		t.Error("something else changed")
	}
	data, err := base64.StdEncoding.DecodeString(got.Data[PNG])
	if err != nil {
		t.Fatal(err)
	}
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if want := fmt.Sprintf(`{"height":%d,"width":%d}`, config.Height/2, config.Width/2); err != nil || string(got.Metadata[PNG]) != want {
		t.Errorf("the size is %s; want %s: %v", got.Metadata[PNG], want, err)
	}
	if _, added, err := AddTo(with); added || err != nil {
		t.Error("a second picture is added", err)
	}
}

// Outputs without a figure, or with one that has no picture yet, stay as they are.
func TestNothingToAdd(t *testing.T) {
	live, err := custom(t, "a training").HTML(chart.HTMLOptions{Absent: "drawn here"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"data": map[string]any{"text/html": string(live)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{string(text), `{"data": {"text/html": "<b>vgrad-figure</b>"}}`, `{"data": 3, "x": "vgrad-figure"}`, `vgrad-figure`, `{}`} {
		if got, added, err := AddTo(json.RawMessage(content)); added || err != nil || string(got) != content {
			t.Errorf("%.80s: %t, %v", content, added, err)
		}
	}
	bad := strings.Replace(figureHTML(t, "One", true), "data:image/svg&#43;xml;base64,", "data:image/svg&#43;xml;base64,PHN2Zy8+", 1)
	if _, added, err := AddTo(encoded(map[string]any{"data": map[string]string{"text/html": bad}})); added || err == nil {
		t.Errorf("a picture that cannot be read: %t, %v", added, err)
	}
}

// Each figure of the lessons can be drawn, and none is large.
func TestLessons(t *testing.T) {
	paths, err := filepath.Glob("../../notebooks/*.ipynb")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var nb struct {
			Cells []struct {
				Outputs []struct{ Data map[string]json.RawMessage }
			}
		}
		if err := json.Unmarshal(text, &nb); err != nil {
			t.Fatal(err)
		}
		for i, c := range nb.Cells {
			for _, o := range c.Outputs {
				found := In(joined(o.Data["text/html"]))
				if !Drawable(found) {
					continue
				}
				p, err := Draw(found)
				if err != nil {
					t.Errorf("%s: cell %d: %v", path, i+1, err)
				} else if n := len(p.PNG); n > 50_000*len(found) {
					t.Errorf("%s: cell %d: %d bytes for %d figures", path, i+1, n, len(found))
				}
			}
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	text := encoded(map[string]any{"data": map[string]string{"text/html": figureHTML(b, "One", true)}})
	for b.Loop() {
		if _, _, err := AddTo(text); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleIn() {
	bar := charts.NewBar()
	bar.SetXAxis([]string{"0"}).AddSeries("loss", []opts.BarData{{Value: 2.3}})
	fig, err := chart.Custom("Loss", "By step.", bar)
	if err != nil {
		fmt.Println(err)
		return
	}
	fig.Table = chart.Table{Columns: []string{"step", "loss"}, Rows: [][]string{{"0", "2.3"}}}
	html, err := fig.HTML(chart.HTMLOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range In(string(html)) {
		fmt.Println(f.Title, f.Caption, f.Columns, f.Rows)
	}
	// Output: Loss By step. [step loss] [[0 2.3]]
}

func TestFiles(t *testing.T) {
	f := In(figureHTML(t, "Mean |∂L/∂W| by layer", true))[0]
	f.Rows = append(f.Rows, []string{"2", "a, \"b\""})
	all, err := f.Files(7)
	if err != nil || len(all) != 3 {
		t.Fatal(len(all), err)
	}
	for i, want := range []struct{ name, starts string }{
		{"07-mean-l-w-by-layer.svg", "<svg "}, {"07-mean-l-w-by-layer.png", "\x89PNG"}, {"07-mean-l-w-by-layer.csv", "step,loss\n0,2.3\n1,\"1,5\"\n2,\"a, \"\"b\"\"\"\n"},
	} {
		if all[i].Name != want.name || !strings.HasPrefix(string(all[i].Data), want.starts) {
			t.Errorf("%s: %.60q", all[i].Name, all[i].Data)
		}
	}
	f.SVG = nil
	if all, err = f.Files(1); err != nil || len(all) != 1 {
		t.Errorf("without a picture: %d files, %v", len(all), err)
	}
	for title, want := range map[string]string{"": "", "…": "", "../../etc": "etc", "Größe δ": "größe-δ", strings.Repeat("ab ", 40): strings.Repeat("ab-", 20)[:59]} {
		if got := Slug(title); got != want {
			t.Errorf("%q is %q; want %q", title, got, want)
		}
	}
}

// A figure with controls is its pictures of some states.
func TestInStates(t *testing.T) {
	image := func(alt, svg string) string {
		return `<img class="vgrad-static" alt="` + alt + `" src="data:image/svg+xml;base64,` + base64.StdEncoding.EncodeToString([]byte(svg)) + `">`
	}
	all := In(`<figure class="vgrad-figure" data-version="v" data-states="2"><p class="vgrad-title">two</p><div class="vgrad-multiples">` +
		image("depth=2: Loss", "<svg>1</svg>") + image("depth=6: Loss", "<svg>2</svg>") + `</div><figcaption>2 states.</figcaption></figure>`)
	var got []string
	for _, f := range all {
		got = append(got, fmt.Sprintf("%s|%s|%s", f.Title, f.SVG, f.Caption))
	}
	if want := "depth=2: Loss|<svg>1</svg>|, depth=6: Loss|<svg>2</svg>|2 states."; strings.Join(got, ", ") != want {
		t.Errorf("%s, want %s", strings.Join(got, ", "), want)
	}
	if all := In(`<figure class="vgrad-figure" data-states="2"></figure>`); len(all) != 1 || Drawable(all) {
		t.Errorf("without pictures: %d figures", len(all))
	}
}
