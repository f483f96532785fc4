package chart

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestSVG(t *testing.T) {
	says := map[string][]string{
		"accuracy": {"sigmoid", "leaky ReLU", "training step", "training accuracy (fraction of the batch)", "2499"},
		"seeds":    {"sigmoid", "leaky ReLU"}, "seeds1": {"10⁻⁵"}, "loss": {"nats"},
		"gradient1": {"10⁻⁵", "mean |∂L/∂W|"}, "gradient6": {"10⁻¹"}, "broken": {"breaks down"},
		"flow": {"layer", "RMS of δ = ∂L/∂z", "mean over all recorded steps", "10⁻⁵"}, "flowseeds": {"layer"},
		"ridge": {"weights W", "training step", "2499"}, "ridgegrad": {"gradients ∂L/∂W"},
		"factormap": {"sigmoid", "depth", "NaN", "∞", "–", "27", "2.2·10³", "5.2*"}, "trend": {"gradient factor", "depth", "tanh"}, "accuracies": {"validation accuracy"},
		"remedies": {"pre-trained, layer by layer", "ReZero", "depth 50", "seconds of training", "100 %"},
		"heatmap":  {"weights W", "2499"}, "layermap": {"layer (1 is next to the input)"},
	}
	r := renderer(t)
	for name, f := range gallery(t) {
		for _, theme := range []Theme{Light, Dark} {
			svg, err := r.SVG(f, theme, 720, 0)
			if err != nil {
				t.Fatal(err)
			}
			text := textOf(t, string(svg))
			for _, want := range says[name] {
				if !strings.Contains(text, want) {
					t.Errorf("%s, %s: the SVG does not say %q", name, theme, want)
				}
			}
			if n := strings.Count(string(svg), "<path"); n < 12 {
				t.Errorf("%s, %s: %d paths", name, theme, n)
			}
			if strings.Contains(strings.ReplaceAll(string(svg), ">NaN<", ""), "NaN") { // a map has it as a word
				t.Errorf("%s, %s: NaN in the SVG", name, theme)
			}
			if len(svg) > 250_000 {
				t.Errorf("%s: %d bytes", name, len(svg))
			}
		}
	}
}

// textOf checks that the SVG is well-formed and returns its text.
func textOf(t *testing.T, svg string) string {
	t.Helper()
	var text strings.Builder
	for dec := xml.NewDecoder(strings.NewReader(svg)); ; {
		switch token, err := dec.Token(); token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case nil:
			if err == io.EOF {
				return text.String()
			}
			t.Fatal(err)
		}
	}
}

func TestRendererErrors(t *testing.T) {
	for _, js := range []string{"", "not javascript (", "var x = 1"} {
		if _, err := NewRenderer([]byte(js)); err == nil {
			t.Errorf("NewRenderer(%q) did not fail", js)
		}
	}
	if _, err := renderer(t).SVG(small(t)["scalar"], "pink", 0, 0); err == nil {
		t.Error("a pink theme did not fail")
	}
}

func TestRendererFromSeveralGoroutines(t *testing.T) {
	r, f := renderer(t), small(t)["flow"]
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := r.SVG(f, Light, 0, 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// Smoothing in figure.js against the formula of TensorBoard, computed here.
func TestSmoothing(t *testing.T) {
	r := renderer(t)
	const w = 0.6
	last, debias := 0.0, 1.0
	var want []float64
	for _, x := range []float64{1, 3, 2, 8} {
		last, debias = last*w+(1-w)*x, debias*w
		want = append(want, last/(1-debias))
	}
	r.vm.Set("figures", r.vm.Get("vgradRuntimes").ToObject(r.vm).Get(version()))
	v, err := r.vm.RunString(`figures.smooth([[0,1,1],[1,1,3],[2,1,null],[3,1,2],[4,1,8]], 0.6, 2).filter(p => p[1] !== null).map(p => p[1])`)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range v.Export().([]any) {
		g, ok := got.(float64)
		if !ok {
			g = float64(got.(int64))
		}
		if d := g - want[i]; d > 1e-4 || d < -1e-4 { // figure.js keeps six digits
			t.Errorf("smoothed %d: %v, want %v", i, g, want[i])
		}
	}
	// A stretch of n equal values counts as n values.
	v, err = r.vm.RunString(`[figures.smooth([[0,1,1],[1,1,5],[2,1,5],[3,1,5]],0.6,2)[3][1], figures.smooth([[0,1,1],[3,3,5]],0.6,2)[1][1]]`)
	if err != nil {
		t.Fatal(err)
	}
	if both := v.Export().([]any); both[0] != both[1] {
		t.Errorf("a stretch of three differs from three values: %v", both)
	}
}

func BenchmarkSVG(b *testing.B) {
	r, f := renderer(b), gallery(b)["gradient1"]
	for b.Loop() {
		if _, err := r.SVG(f, Light, 0, 0); err != nil {
			b.Fatal(err)
		}
	}
}

// textsOf lists the texts of a picture with their places.
func textsOf(t *testing.T, svg string) []text {
	t.Helper()
	var all []text
	for dec := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := dec.Token()
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "text" {
				all = append(all, newText(token))
			}
		case xml.CharData:
			if len(all) > 0 && all[len(all)-1].text == "" {
				all[len(all)-1].text = string(token)
			}
		case nil:
			if err == io.EOF {
				return all
			}
			t.Fatal(err)
		}
	}
}

// newText reads the place of a text from its attributes.
func newText(e xml.StartElement) text {
	var at text
	for _, a := range e.Attr {
		switch a.Name.Local {
		case "x", "y":
			v, _ := strconv.ParseFloat(a.Value, 64)
			if a.Name.Local == "x" {
				at.x += v
			} else {
				at.y += v
			}
		case "text-anchor":
			at.anchor = a.Value
		case "transform":
			var x, y float64
			fmt.Sscanf(a.Value, "translate(%g %g)", &x, &y)
			at.x, at.y = at.x+x, at.y+y
		case "style":
			_, size, _ := strings.Cut(a.Value, "font-size:")
			fmt.Sscanf(size, "%gpx", &at.px)
		}
	}
	return at
}

// A renderer is warmed and used at once.
func TestWarmWhileDrawing(t *testing.T) {
	js := echarts(t)
	r := LazyRenderer(func() ([]byte, error) { return js, nil }, t.TempDir())
	f := small(t)["scalar"]
	var wg sync.WaitGroup
	wg.Go(r.Warm)
	for range 3 {
		wg.Go(func() {
			if _, err := r.SVG(f, Light, 0, 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := new(Renderer).SVG(f, Light, 0, 0); err == nil {
		t.Error("a renderer that nobody made draws")
	}
}
