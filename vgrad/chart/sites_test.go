package chart

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// Four unrolled steps of one recurrent layer are four places, with four values
// of one run each, and not four repetitions.
func TestTimeStepsArePlaces(t *testing.T) {
	rnn := recurrent("RNN", 4)
	flow := must(t)(GradientFlow([]vgrad.Source{rnn}, vgrad.RMSDelta))
	want := "[[layer 1, t=1 1.200e-11] [layer 1, t=2 1.200e-8] [layer 1, t=3 1.200e-5] [layer 1, t=4 0.012] [layer 2 0.12]]"
	if got := fmt.Sprint(flow.Table.Rows); got != want {
		t.Errorf("flow: %s, want %s", got, want)
	}
	if strings.Contains(flow.Caption, "median") {
		t.Errorf("time steps are taken for repetitions: %s", flow.Caption)
	}
	if got := fmt.Sprint(names(flow, "xAxis", 0)); got != "[layer 1, t=1 layer 1, t=2 layer 1, t=3 layer 1, t=4 layer 2]" {
		t.Errorf("the axis has %s", got)
	}
	if got := fmt.Sprint(names(must(t)(LayerMap(rnn, vgrad.RMSDelta)), "yAxis", 0)); got != "[layer 1, t=1 layer 1, t=2 layer 1, t=3 layer 1, t=4 layer 2]" {
		t.Errorf("the map has rows %s", got)
	}
	over := must(t)(Scalar([]vgrad.Source{rnn}, vgrad.RMSDelta, 1))
	if got := fmt.Sprint(over.Table.Columns); got != "[training step t=1 t=2 t=3 t=4]" {
		t.Errorf("over steps: %s", got)
	}
	one := must(t)(Scalar([]vgrad.Source{rnn}, vgrad.RMSDelta, At("/rnn/units[3]")))
	if got := fmt.Sprint(one.Title, " ", len(one.Labels())); got != "RMS of δ = ∂L/∂z of layer 1, t=3 over training: RNN 1" {
		t.Errorf("one step: %s", got)
	}
}

// names are those on an axis.
func names(f *Figure, axis string, i int) any {
	return f.option[axis].([]any)[i].(map[string]any)["data"]
}

// Of a layer that is unrolled more often than there is room for lines, the caption says what has none.
func TestManyTimeSteps(t *testing.T) {
	f := must(t)(Scalar([]vgrad.Source{recurrent("RNN", 28)}, vgrad.RMSDelta, 1))
	if n := len(f.Labels()); n != maxSites {
		t.Errorf("%d lines", n)
	}
	if !strings.Contains(f.Caption, "no room for a line of layer 1, t=2, layer 1, t=4,") || !strings.Contains(f.Caption, "and 8 more") {
		t.Errorf("caption: %s", f.Caption)
	}
}

// Gates, streams and recurrent kernels are lines of their own.
func TestRolesAreLines(t *testing.T) {
	for _, c := range []struct {
		name    string
		sources []vgrad.Source
		want    string
	}{
		{"alone", []vgrad.Source{highway(4)}, "[layer kernel, mean |∂L/∂W| gate, mean |∂L/∂W| units, RMS of δ = ∂L/∂z gate, RMS of δ = ∂L/∂z stream, RMS of δ = ∂L/∂z]"},
		{"recurrent", []vgrad.Source{recurrent("RNN", 2)}, "[layer kernel, mean |∂L/∂W| recurrent kernel, mean |∂L/∂W| units, RMS of δ = ∂L/∂z]"},
		{"beside another", []vgrad.Source{highway(4), article(3)[1]}, "[layer highway, mean |∂L/∂W| highway, gate, mean |∂L/∂W| ReLU, mean |∂L/∂W| " +
			"highway, RMS of δ = ∂L/∂z highway, gate, RMS of δ = ∂L/∂z highway, stream, RMS of δ = ∂L/∂z ReLU, RMS of δ = ∂L/∂z]"},
	} {
		if got := fmt.Sprint(must(t)(GradientFlow(c.sources)).Table.Columns); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, got, c.want)
		}
	}
}

// A label has one look in both panels, whatever its lines are called.
func TestLooksOfRoles(t *testing.T) {
	f := must(t)(GradientFlow([]vgrad.Source{highway(4)}))
	if got := fmt.Sprintf("%q %q", f.owners, f.labels); got != `["highway" "highway, gate" "highway" "highway, gate" "highway, stream"] ["highway" "highway, gate" "highway, stream"]` {
		t.Errorf("looks %s", got)
	}
}

func TestFrozenIsMarked(t *testing.T) {
	f := must(t)(GradientFlow([]vgrad.Source{highway(4)}))
	if got := fmt.Sprint(names(f, "xAxis", 0)); got != "[1 (frozen) 2 3 4]" {
		t.Errorf("axis %s", got)
	}
	for _, f := range []*Figure{f, must(t)(LayerMap(highway(4), vgrad.MeanAbsGrad))} {
		if !strings.Contains(f.Caption, "Frozen, that is not trained: layer 1.") {
			t.Errorf("caption: %s", f.Caption)
		}
	}
	beside := must(t)(GradientFlow([]vgrad.Source{highway(4), article(3)[1]}))
	if got := fmt.Sprint(names(beside, "xAxis", 0)); got != "[1 2 3 4 5 6]" || !strings.Contains(beside.Caption, "not trained: layer 1 of highway.") {
		t.Errorf("frozen in one of two: axis %s, caption: %s", got, beside.Caption)
	}
	if f := must(t)(MeanGradient([]vgrad.Source{highway(4)}, 1)); !strings.Contains(f.Title, "layer 1 (frozen)") {
		t.Errorf("title: %s", f.Title)
	}
}

// untapped is a source without what is measured at units, or at those of some layers.
type untapped struct {
	vgrad.Source
	of func(layer int) bool
}

func (u untapped) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for s := range u.Source.Samples(q) {
			if q == vgrad.RMSDelta && u.of(s.Site.Layer) {
				continue
			}
			if !yield(s) {
				return
			}
		}
	}
}

// What is recorded is drawn; what is not is said.
func TestWhatIsNotRecorded(t *testing.T) {
	all, none, second := untapped{highway(4), func(int) bool { return false }}, untapped{highway(4), func(int) bool { return true }}, untapped{highway(4), func(l int) bool { return l == 2 }}
	relu := article(3)[1]
	for _, c := range []struct {
		name    string
		sources []vgrad.Source
		panels  int
		says    []string
		not     string
	}{
		{"no taps", []vgrad.Source{none}, 1, []string{"Not recorded: RMS of δ = ∂L/∂z of highway."}, "layers"},
		{"no taps in one", []vgrad.Source{none, relu}, 2, []string{"Not recorded: RMS of δ = ∂L/∂z of highway."}, "layers"},
		{"one layer", []vgrad.Source{second}, 2, []string{"Not recorded: RMS of δ = ∂L/∂z of layer 2 and parts of layer 3."}, "of highway"},
		{"one layer of one", []vgrad.Source{second, relu}, 2, []string{"Not recorded: RMS of δ = ∂L/∂z of layer 2 and parts of layer 3 of highway."}, ""},
		{"a unit of one layer", []vgrad.Source{all}, 2, []string{"Not recorded: RMS of δ = ∂L/∂z of parts of layer 3."}, ""},
		{"all", []vgrad.Source{relu}, 2, nil, "Not recorded"},
	} {
		f := must(t)(GradientFlow(c.sources))
		if got := len(f.option["grid"].([]any)); got != c.panels {
			t.Errorf("%s: %d panels", c.name, got)
		}
		for _, want := range c.says {
			if !strings.Contains(f.Caption, want) {
				t.Errorf("%s: the caption does not say %q: %s", c.name, want, f.Caption)
			}
		}
		if c.not != "" && strings.Contains(f.Caption, c.not) {
			t.Errorf("%s: the caption says %q: %s", c.name, c.not, f.Caption)
		}
	}
	if f := must(t)(LayerMap(second, vgrad.RMSDelta)); !strings.Contains(f.Caption, "Not recorded: RMS of δ = ∂L/∂z of layer 2") {
		t.Errorf("the map hides it: %s", f.Caption)
	}
}

func TestLayersInWords(t *testing.T) {
	for want, layers := range map[string][]int{
		"layer 2": {2}, "layers 1 and 2": {1, 2}, "layers 1–3 and 7": {1, 2, 3, 7}, "layers 1, 3 and 5–8": {1, 3, 5, 6, 7, 8},
	} {
		if got := layersInWords(layers); got != want {
			t.Errorf("%v: %s, want %s", layers, got, want)
		}
	}
}

func TestAt(t *testing.T) {
	for _, c := range []struct {
		pattern Pattern
		path    string
		want    bool
	}{
		{"/encoder/*/weights", "/encoder/3/weights", true}, {"/encoder/*/weights", "/encoder/3/biases", false},
		{"/encoder", "/encoder/3/weights", true}, {"/encoder/", "/encoder/3/weights", true}, {"/encoder", "/encoders/3/weights", false},
		{"/rnn/units", "/rnn/units[2]", true}, {"/rnn/units[2]", "/rnn/units[2]", true}, {"/rnn/units[2]", "/rnn/units[3]", false},
		{"/a, /b", "/b/weights", true}, {"**/weights", "/encoder/3/weights", true},
	} {
		if got := At(string(c.pattern)).has(vgrad.Site{Path: c.path}); got != c.want {
			t.Errorf("%s, %s: %t", c.pattern, c.path, got)
		}
	}
}

// A pattern and a site are places, as a layer is.
func TestPlaces(t *testing.T) {
	runs := article(3)
	first := runs[0].Sites()[3]
	for name, f := range map[string]*Figure{
		"pattern": must(t)(Ridge(runs[0], vgrad.Weights, At("/layer4/*"))), "site": must(t)(Ridge(runs[0], vgrad.Weights, first)), "layer": must(t)(Ridge(runs[0], vgrad.Weights, 4)),
	} {
		if f.Title != "Histogram of weights W of layer 4 over training: sigmoid" {
			t.Errorf("%s: %s", name, f.Title)
		}
	}
	f := must(t)(MeanGradient([]vgrad.Source{encoder(3)}, At("/encoder/*/attention/query")))
	if got := fmt.Sprint(f.Table.Columns[1:]); got != "[/encoder/0/attention/query/weights /encoder/1/attention/query/weights /encoder/2/attention/query/weights]" {
		t.Errorf("lines %s", got)
	}
	f = must(t)(GradientFlow(Only([]vgrad.Source{encoder(3)}, "/encoder/1"), vgrad.MeanAbsGrad))
	if got := fmt.Sprint(names(f, "xAxis", 0)); got != "[7 8 9 10 11 12]" {
		t.Errorf("of the second block: %s", got)
	}
	if _, ok := Only(swept(1), "/layer1")[0].(vgrad.Recorded); !ok {
		t.Error("what is narrowed forgets its experiment")
	}
}

// Of the sites of a layer a ridge draws the first, and names the others.
func TestRidgeOfOneSite(t *testing.T) {
	s := newSited("two")
	for _, path := range []string{"/rnn/weights", "/rnn/recurrent"} {
		at := vgrad.Site{Path: path, Layer: 1, Role: vgrad.Kernel}
		s.sites = append(s.sites, at)
		s.samples[vgrad.Weights] = append(s.samples[vgrad.Weights], vgrad.Sample{Site: at, Quantity: vgrad.Weights, Hist: vgrad.HistogramOf([]float32{1, 2, 3})})
	}
	f := must(t)(Ridge(s, vgrad.Weights, 1))
	if !strings.Contains(f.Caption, "This is /rnn/weights; the layer also has /rnn/recurrent") || len(f.Table.Rows) != 1 {
		t.Errorf("%d rows, caption: %s", len(f.Table.Rows), f.Caption)
	}
}

// Hundreds of sites are grouped by scope: NaN first, then zeros, then the smallest.
func TestScopes(t *testing.T) {
	f := must(t)(LayerMap(encoder(50), vgrad.MeanAbsGrad))
	rows := names(f, "yAxis", 0).([]any)
	if len(rows) != 50 || rows[0] != "/encoder/30 (6)" || rows[1] != "/encoder/17 (6)" {
		t.Errorf("%d rows, first %v", len(rows), rows[:3])
	}
	if got := f.Table.Rows[0]; len(f.Table.Rows) != 300 || got[0] != "/encoder/30/dense/up/weights" || got[1] != "NaN" {
		t.Errorf("%d rows in the table, first %v", len(f.Table.Rows), got)
	}
	if !strings.Contains(f.Caption, "The most trouble is at /encoder/30/dense/up/weights, /encoder/17/attention/key/weights and ") {
		t.Errorf("caption: %s", f.Caption)
	}
	few := must(t)(LayerMap(encoder(50), vgrad.MeanAbsGrad, "/encoder/3/attention"))
	if got := fmt.Sprint(names(few, "yAxis", 0)); got != "[19 20 21 22]" {
		t.Errorf("four sites: %s", got)
	}
	chain := must(t)(LayerMap(run("deep", 1, 3, slices.Repeat([]float64{1e-3}, 90), 0.1), vgrad.MeanAbsGrad))
	if rows := names(chain, "yAxis", 0).([]any); len(rows) != 45 || !slices.Contains(rows, any("/layer1 – layer2 (2)")) {
		t.Errorf("a chain of 90 layers has %d rows: %v", len(rows), rows[:3])
	}
}

// A fraction of something bad is sorted by its largest value.
func TestScopesOfFractions(t *testing.T) {
	s := newSited("dead")
	for l := 1; l <= 60; l++ {
		s.site(vgrad.Site{Path: fmt.Sprintf("/block%d/a/units", l), Layer: l, Role: vgrad.Units}, 2, map[vgrad.Quantity]float64{vgrad.Dead: float64(l%7) / 10})
	}
	f := must(t)(LayerMap(s.inSteps(), vgrad.Dead))
	if rows := names(f, "yAxis", 0).([]any); rows[0] != "/block6/a/units" {
		t.Errorf("first row %v", rows[0])
	}
}

// A quantity that nobody described is drawn under its name.
func TestUnknownQuantity(t *testing.T) {
	src := values("imported", "sharpness", 0, 3, 2, 1)
	if f := must(t)(Scalar([]vgrad.Source{src}, "sharpness", 0)); f.Title != "Sharpness over training: imported" {
		t.Errorf("title %s", f.Title)
	}
	src = values("imported", "rank", 2, 3, 2, 1)
	if f := must(t)(GradientFlow([]vgrad.Source{src}, "rank")); f.Title != "Rank by layer: imported" {
		t.Errorf("title %s", f.Title)
	}
}

func TestSpots(t *testing.T) {
	sites := []vgrad.Site{
		{Path: "/a/query/weights", Layer: 1, Role: vgrad.Kernel}, {Path: "/a/key/weights", Layer: 1, Role: vgrad.Kernel},
		{Path: "/b/weights", Layer: 2, Role: vgrad.Kernel}, {Path: "/b/gate/weights", Layer: 2, Role: vgrad.Kernel, Frozen: true},
		{Path: "/c/gate/units[1]", Layer: 3, Role: vgrad.Gate, Time: 1}, {Path: "/c/gate/units[2]", Layer: 3, Role: vgrad.Gate, Time: 2},
		{Path: "/embedding", Role: vgrad.Kernel}, vgrad.NetworkSite,
	}
	want := "[layer 1 query layer 1 key layer 2 layer 2 gate (frozen) layer 3 gate, t=1 layer 3 gate, t=2 /embedding the whole network]"
	if got := fmt.Sprint(spotsOf(sites)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
