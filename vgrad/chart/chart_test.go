package chart

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

func TestDeterministic(t *testing.T) {
	r := renderer(t)
	for name := range small(t) {
		a, err := small(t)[name].HTML(HTMLOptions{Renderer: r})
		if err != nil {
			t.Fatal(err)
		}
		b, err := small(t)[name].HTML(HTMLOptions{Renderer: r})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s: the same figure gave other bytes", name)
		}
	}
	f := small(t)["scalar"]
	a, _ := f.id(0)
	b, _ := f.id(1)
	if a == b {
		t.Error("two places in a page, one id")
	}
}

func TestBadArguments(t *testing.T) {
	runs := article(3)
	bare := []vgrad.Source{values("bare", vgrad.Loss, 0, 1, 2)}
	figure := func(f *Figure, err error) error { return err }
	for _, c := range []struct {
		name string
		err  error
		says []string
	}{
		{"no sources", figure(Accuracy(nil)), []string{"no sources"}},
		{"no sources, flow", figure(GradientFlow(nil)), []string{"no sources"}},
		{"no source, ridge", figure(Ridge(nil, vgrad.Weights, 1)), []string{"no source"}},
		{"no source, layer map", figure(LayerMap(nil, vgrad.MeanAbsGrad)), []string{"no source"}},
		{"layer beyond", figure(MeanGradient(runs, 7)), []string{`"sigmoid"`, "no layer 7", "1 to 6"}},
		{"layer below", figure(MeanGradient(runs, -1)), []string{"no layer -1"}},
		{"layer of the network", figure(Scalar(runs, vgrad.Loss, 2)), []string{"at layer 2", "for the whole network (layer 0)"}},
		{"network of a layer", figure(MeanGradient(runs, 0)), []string{"layer 0"}},
		{"not recorded", figure(Scalar(runs, vgrad.Dead, 1)), []string{"no dead", "mean_abs_grad", "weights"}},
		{"not recorded, flow", figure(GradientFlow(bare)), []string{"bare", "no mean_abs_grad"}},
		{"pattern without sites", figure(MeanGradient(runs, At("/encoder/*"))), []string{"at /encoder/*", "/layer1/weights"}},
		{"pattern of many, ridge", figure(Ridge(runs[0], vgrad.Weights, At("/*/weights"))), []string{"6 sites", "/layer6/weights", "choose one"}},
		{"pattern without sites, map", figure(LayerMap(runs[0], vgrad.MeanAbsGrad, "/encoder")), []string{"at /encoder"}},
		{"layer map of the network", figure(LayerMap(runs[0], vgrad.Loss)), []string{"whole network"}},
		{"unknown", figure(Scalar(runs, "grad", 1)), []string{"no grad at layer 1", "mean_abs_grad"}},
		{"histogram as scalar", figure(Scalar(runs, vgrad.Weights, 1)), []string{"Ridge"}},
		{"scalar as histogram", figure(Ridge(runs[0], vgrad.Loss, 0)), []string{"Scalar"}},
		{"histogram not recorded", figure(Heatmap(bare[0], vgrad.Weights, 1)), []string{"no weights"}},
		{"flow of the network", figure(GradientFlow(runs, vgrad.Loss)), []string{"whole network"}},
		{"no sources, map", figure(FactorMap(nil, "depth", "activation")), []string{"no sources"}},
		{"no sources, trend", figure(FactorTrend(nil, "depth")), []string{"no sources"}},
		{"unknown field", figure(FactorMap(swept(1), "depht", "activation")), []string{`"depht"`, "depth"}},
		{"unknown field of rows", figure(FactorMap(swept(1), "depth", "activ")), []string{`"activ"`}},
		{"one field", figure(FactorMap(swept(1), "depth", "depth")), []string{"two fields"}},
		{"no experiment", figure(FactorMap([]vgrad.Source{struct{ vgrad.Source }{bare[0]}}, "depth", "width")), []string{`"bare"`, "experiment"}},
		{"no experiment, trend", figure(FactorTrend([]vgrad.Source{struct{ vgrad.Source }{bare[0]}}, "depth")), []string{`"bare"`, "experiment"}},
		{"no gradient, map", figure(FactorMap(bare, "depth", "width")), []string{`"bare"`, "mean_abs_grad of layer 1"}},
		{"trend over words", figure(FactorTrend(swept(1), "activation")), []string{"activation", "is not a number"}},
		{"trend of unknown field", figure(FactorTrend(swept(1), "depht")), []string{`"depht"`}},
		{"trend of layers", figure(Trend(swept(1), vgrad.MeanAbsGrad, "depth")), []string{"is measured for each layer"}},
		{"trend of nothing", figure(Trend(bare, vgrad.ValAccuracy, "depth")), []string{"val_accuracy"}},
		{"three quantities", figure(GradientFlow(runs, vgrad.MeanAbsGrad, vgrad.RMSDelta, vgrad.Dead)), []string{"at most 2"}},
	} {
		if c.err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, want := range append(c.says, "chart: ") {
			if !strings.Contains(c.err.Error(), want) {
				t.Errorf("%s: error %q does not say %q", c.name, c.err, want)
			}
		}
	}
}

func TestMissingValues(t *testing.T) {
	f := small(t)["scalar_missing"]
	spec, err := f.spec()
	if err != nil {
		t.Fatal(err)
	}
	if want := `"data":[[0,0.001],[1,null,"NaN"],[2,null,"+Inf"],[3,0],[4,0.002]]`; !strings.Contains(string(spec), want) {
		t.Errorf("spec lacks %s:\n%s", want, spec)
	}
	option, err := f.Option()
	if err != nil {
		t.Fatal(err)
	}
	if want := `"data":[[0,0.001],[1,null],[2,null],[3,null],[4,0.002]]`; !strings.Contains(string(option), want) {
		t.Errorf("option lacks %s:\n%s", want, option)
	}
	for _, want := range []string{"1 NaN", "1 +Inf", "1 zero or less", "×", "▾"} {
		if !strings.Contains(f.Caption, want) {
			t.Errorf("caption does not say %q: %s", want, f.Caption)
		}
	}
	svg, err := renderer(t).SVG(f, Light, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(svg), "NaN") && strings.Contains(string(svg), `d="MNaN`) {
		t.Error("NaN coordinates in the SVG")
	}
}

// Figures of values none of which can be drawn are drawn: axes, marks, words.
func TestNothingToDraw(t *testing.T) {
	src := values("all NaN", vgrad.MeanAbsGrad, 1, nan, nan, 0)
	src.samples[vgrad.RMSDelta] = src.samples[vgrad.MeanAbsGrad]
	hist := values("h", vgrad.Loss, 0, 1)
	hist.samples[vgrad.Weights] = []vgrad.Sample{{Site: site(1), Quantity: vgrad.Weights, Hist: &vgrad.Histogram{NaN: 5, Zero: 2}}}
	ok := must(t)
	for _, f := range []*Figure{
		ok(MeanGradient([]vgrad.Source{src}, 1)), ok(GradientFlow([]vgrad.Source{src})), ok(LayerMap(src, vgrad.MeanAbsGrad)),
		ok(Ridge(hist, vgrad.Weights, 1)), ok(Heatmap(hist, vgrad.Weights, 1)),
		ok(FactorMap([]vgrad.Source{src}, "depth", "width")), ok(FactorTrend([]vgrad.Source{src}, "depth")),
	} {
		if _, err := f.HTML(HTMLOptions{Renderer: renderer(t)}); err != nil {
			t.Errorf("%s: %v", f.Title, err)
		}
	}
	f := ok(Ridge(hist, vgrad.Weights, 1))
	if !strings.Contains(f.Caption, "5 are NaN") || !strings.Contains(f.Caption, "All 2 finite values are zero") {
		t.Errorf("the caption hides special values: %s", f.Caption)
	}
}

func TestReduce(t *testing.T) {
	n := 10_000
	l := line{steps: indices(0, n), values: make([]float64, n)}
	for i := range l.values {
		l.values[i] = math.Sin(float64(i)/300) + 2
	}
	l.values[4321], l.values[6000] = 50, nan
	r := l.reduce(true, MaxPoints)
	kept := map[int]bool{}
	for _, i := range r.keep {
		kept[i] = true
	}
	if len(r.keep) > MaxPoints+3 {
		t.Errorf("%d points kept", len(r.keep))
	}
	for _, i := range []int{0, n - 1, 4321, 6000} {
		if !kept[i] {
			t.Errorf("step %d is not kept", i)
		}
	}
	total, count := 0.0, 0
	for _, s := range r.means {
		total, count = total+s.mean*float64(s.n), count+s.n
	}
	if want, n := mean(l.values); count != n || math.Abs(total/float64(count)-want) > 1e-9 {
		t.Errorf("the stretches hold %d values of mean %g, want %d of %g", count, total/float64(count), n, want)
	}
}

func TestRepetitions(t *testing.T) {
	var runs []vgrad.Source
	for i := range 11 {
		runs = append(runs, values("one", vgrad.Loss, 0, float64(i), 2*float64(i)))
	}
	lines, err := gather(runs, vgrad.Loss, choose(0), false)
	if err != nil {
		t.Fatal(err)
	}
	l := lines[0]
	if len(lines) != 1 || l.values[0] != 5 || l.low[0] != 1 || l.high[0] != 9 || l.values[1] != 10 {
		t.Errorf("median and band of 0…10 are %+v", lines)
	}
	if mid, low, high := spread(l.means); mid != 7.5 || low != 1.5 || high != 13.5 {
		t.Errorf("over run means: %g (%g – %g)", mid, low, high)
	}
}

func TestSameColours(t *testing.T) {
	runs := article(3)
	ok := must(t)
	figs := SameColours(ok(Accuracy(runs)), ok(Accuracy(runs[2:])), ok(Ridge(runs[1], vgrad.Weights, 1)))
	spec, _ := figs[1].spec()
	if !strings.Contains(string(spec), `"$run2"`) {
		t.Errorf("leaky ReLU alone has another colour than among the three")
	}
	alone, _ := ok(Accuracy(runs[2:])).spec()
	if !strings.Contains(string(alone), `"$run0"`) {
		t.Errorf("SameColours changed what it was given")
	}
}

// Every colour of a run has a contrast of 3:1 or more (WCAG 2.1, 1.4.11) on the
// background of its theme.
func TestContrast(t *testing.T) {
	var all map[Theme]struct {
		Back string
		Runs []string
	}
	if err := json.Unmarshal([]byte(themes), &all); err != nil {
		t.Fatal(err)
	}
	for _, theme := range []Theme{Light, Dark} {
		if len(all[theme].Runs) != colours {
			t.Errorf("%s has %d colours", theme, len(all[theme].Runs))
		}
		for _, c := range all[theme].Runs {
			if got := contrast(c, all[theme].Back); got < 3 {
				t.Errorf("%s on %s: %.2f", c, theme, got)
			}
		}
	}
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(colour string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		var c int
		for _, d := range colour[1+2*i : 3+2*i] {
			c = c*16 + strings.IndexRune("0123456789abcdef", d)
		}
		v := float64(c) / 255
		if v <= 0.04045 {
			sum += weight * v / 12.92
		} else {
			sum += weight * math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return sum
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{8.6123456e-6: "8.61235e-6", 0.4: "0.4", 0: "0", 1e-5: "1e-5", 1.0 / 3: "0.333333", 1e20: "1e20", -2500: "-2500"} {
		if got, _ := num(v).MarshalJSON(); string(got) != want {
			t.Errorf("num(%g) = %s, want %s", v, got, want)
		}
	}
	for _, v := range []float64{nan, math.Inf(1), math.Inf(-1)} {
		if got, _ := num(v).MarshalJSON(); string(got) != "null" {
			t.Errorf("num(%g) = %s", v, got)
		}
	}
	for v, want := range map[float64]string{8.6123456e-6: "8.612e-6", 0.4: "0.4", 2.5e7: "2.500e7"} {
		if got := cell(v); got != want {
			t.Errorf("cell(%g) = %s, want %s", v, got, want)
		}
	}
}

const hostile = `</script><script>alert(1)</script><!--"'&<img src=x onerror=alert(2)>`

func TestHostileLabels(t *testing.T) {
	src := run(hostile, 1, 300, sigmoidGrads, 0.4)
	r := renderer(t)
	ok := must(t)
	for _, f := range []*Figure{ok(Accuracy([]vgrad.Source{src, article(3)[0]})), ok(GradientFlow([]vgrad.Source{src})),
		ok(Ridge(src, vgrad.Weights, 1)), ok(Heatmap(src, vgrad.Weights, 1)), ok(LayerMap(src, vgrad.MeanAbsGrad))} {
		html, err := f.HTML(HTMLOptions{Renderer: r, Kernelspec: hostile, Bare: true})
		if err != nil {
			t.Fatal(err)
		}
		svg, err := r.SVG(f, Dark, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(html), string(svg)} {
			for _, bad := range []string{"<script>alert", "<img src=x", "<!--"} {
				if strings.Contains(text, bad) {
					t.Errorf("%s: %q came through", f.Title, bad)
				}
			}
		}
	}
}

// The slider offers the steps that runs share; at a step that is not recorded a
// run is absent, which is not the mark of a missing value.
func TestFlowOfRunsAtOdds(t *testing.T) {
	at := func(label string, steps ...int) *fake {
		f := &fake{label: label, layers: 1, samples: map[vgrad.Quantity][]vgrad.Sample{}}
		for _, step := range steps {
			f.put(vgrad.MeanAbsGrad, step, 1, float64(1+step))
		}
		return f
	}
	for _, c := range []struct {
		name    string
		sources []vgrad.Source
		want    string // frame and how many points each line has
	}{
		{"alike", []vgrad.Source{at("a", 0, 1), at("b", 0, 1)}, "step 0 [1 1], step 1 [1 1]"},
		{"another interval", []vgrad.Source{at("a", 0, 1, 2, 3, 4), at("b", 0, 2, 4)}, "step 0 [1 1], step 2 [1 1], step 4 [1 1]"},
		{"shorter", []vgrad.Source{at("a", 0, 2, 4), at("b", 0, 2)}, "step 0 [1 1], step 2 [1 1], step 4 [1 0], last of each: steps 2 – 4 [1 1]"},
		{"one behind", []vgrad.Source{at("a", 0, 10, 21), at("b", 0, 10, 20)}, "step 0 [1 1], step 10 [1 1], step 21 [1 0], last of each: steps 20 – 21 [1 1]"},
		{"nothing shared", []vgrad.Source{at("a", 1, 3), at("b", 0, 2, 4)}, "step 4 [0 1], last of each: steps 3 – 4 [1 1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := must(t)(GradientFlow(c.sources, vgrad.MeanAbsGrad))
			var got []string
			for _, fr := range f.extras.Frames[1:] {
				var points []int
				for _, ps := range fr.Data {
					points = append(points, len(ps))
				}
				got = append(got, fmt.Sprint(fr.Name, " ", points))
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("got %s\nwant %s", s, c.want)
			}
		})
	}
}

// The smoothing a figure starts with grows with the number of steps, and is an average
// however many there are.
func TestStartWeight(t *testing.T) {
	for steps, want := range map[int]float64{1: 0, 200: 0, 500: 0.9, 2500: 0.98, 50_000: 0.999, 200_000: 0.999, 2_000_000: 0.999} {
		if got := startWeight([]line{{steps: make([]int, steps)}}); got != want {
			t.Errorf("%d steps: weight %v; want %v", steps, got, want)
		}
	}
	if !strings.Contains(live, fmt.Sprintf(`max: "%v"`, maxWeight)) {
		t.Errorf("the slider does not end at %v", maxWeight)
	}
}
