package article

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/diagnose"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
)

var update = flag.Bool("update", false, "draw the README's picture anew (without -short: from 30 seeds)")

// newLab keeps its runs in a folder of the test's own, and opens whatever
// backend is at hand.
func newLab(t testing.TB) *lab.Lab {
	t.Helper()
	store, err := runs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &lab.Lab{Store: store, Say: func(s string) { t.Log(s) }}
	t.Cleanup(l.Close)
	return l
}

// The article's experiment, repeated: the factors from layer 6 to layer 1 and
// the validation accuracies lie where an independent TensorFlow run of 30
// seeds put them. Under -short it is 3 seeds, whose medians may stray further.
func TestTheArticleHolds(t *testing.T) {
	seeds, stray := 30, 1.0
	if testing.Short() {
		seeds, stray = 3, 1.5
	}
	c, err := Walkthrough{Seeds: seeds}.Run(t.Context(), newLab(t))
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := Outcomes(c.Runs())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		activation string
		low, high  float64 // of the median factor
		accuracy   float64 // median
	}{
		{"sigmoid", 15, 60, 0.39},
		{"relu", 5, 14, 0.89},
		{"leaky_relu", 4.5, 12, 0.895},
	} {
		ev := evidence{by: map[string][]Outcome{}}
		for _, o := range outcomes {
			ev.by[o.Activation] = append(ev.by[o.Activation], o)
		}
		factor, accuracy := ev.spread(want.activation, ratio), ev.spread(want.activation, valAccuracy)
		t.Logf("%-10s factor %v, validation accuracy %v", want.activation, factor, accuracy)
		if m := factor.Median; m < want.low/stray || m > want.high*stray {
			t.Errorf("%s: factor %v; want its median in %v–%v", want.activation, factor, want.low, want.high)
		}
		if math.Abs(accuracy.Median-want.accuracy) > 0.05*stray {
			t.Errorf("%s: validation accuracy %v; want its median near %v", want.activation, accuracy, want.accuracy)
		}
	}
	checkVerdicts(t, c)
	if *update {
		picture(t, c)
	}
}

// picture draws the README's picture anew.
func picture(t *testing.T, c runs.Comparison) {
	t.Helper()
	js, err := assets.ECharts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := chart.NewRenderer(js)
	if err != nil {
		t.Fatal(err)
	}
	fig, err := chart.MeanGradient(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, theme := range []chart.Theme{chart.Light, chart.Dark} {
		svg, err := r.SVG(fig, theme, 860, 400)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("figures/layer1-"+string(theme)+".svg", svg, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// checkVerdicts wants the claims judged as article.md does.
func checkVerdicts(t *testing.T, c runs.Comparison) {
	t.Helper()
	claims, err := Judge(c.Runs())
	if err != nil {
		t.Fatal(err)
	}
	for _, claim := range claims {
		want := page.Holds
		if strings.HasPrefix(claim.Said, "The weights of layer 4") {
			want = page.Fails
		}
		if claim.Verdict != want {
			t.Errorf("%s: %v (%s); want %v", claim.Said, claim.Verdict, claim.Measured, want)
		}
	}
}

// Each claim is judged by what the runs gave: evidence that bears it out,
// evidence that does in part, evidence against.
func TestVerdicts(t *testing.T) {
	good := map[string][]Outcome{
		"sigmoid":    {of(0.001, 0.03, 0.4), of(0.001, 0.04, 0.38)},
		"relu":       {of(0.01, 0.08, 0.89), of(0.01, 0.09, 0.9)},
		"leaky_relu": {of(0.01, 0.07, 0.9), of(0.01, 0.08, 0.89)},
	}
	bad := map[string][]Outcome{
		"sigmoid":    {of(0.1, 0.1, 0.95), of(0.1, 0.1, 0.95)},
		"relu":       {of(0.001, 0.1, 0.5), of(0.001, 0.1, 0.5)},
		"leaky_relu": {of(0.1, 0.12, 0.99), of(0.1, 0.12, 0.99)},
	}
	nan := map[string][]Outcome{
		"sigmoid": {of(math.NaN(), 1, math.NaN())}, "relu": {of(math.NaN(), 1, math.NaN())}, "leaky_relu": {of(math.NaN(), 1, math.NaN())},
	}
	for _, c := range claimed[:8] { // the others read histograms
		for name, e := range map[string]struct {
			by   map[string][]Outcome
			want page.Verdict
		}{"good": {good, page.Holds}, "bad": {bad, page.Fails}, "NaN": {nan, page.Fails}} {
			said, got := c.judge(evidence{by: e.by})
			if name == "bad" && strings.HasPrefix(c.said, "There is a significant reduction") {
				e.want = page.Partly
			}
			if got != e.want {
				t.Errorf("%s evidence: %s: %v (%s); want %v", name, c.said, got, said, e.want)
			}
		}
	}
}

// of is an outcome of six layers with that gradient in the first and the last.
func of(first, last, accuracy float64) Outcome {
	return Outcome{MeanAbsGrad: Numbers{Number(first), 0, 0, 0, 0, Number(last)}, ValAccuracy: Number(accuracy)}
}

func synthetic(t *testing.T, w Walkthrough) runs.Comparison {
	t.Helper()
	w.Base.Data, w.Base.Steps = "synthetic", 401
	l := newLab(t)
	l.Backend = "go"
	c, err := w.Run(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Another experiment than the article's is measured, but not judged.
func TestNotTheArticle(t *testing.T) {
	claims, err := Judge(synthetic(t, Walkthrough{Activations: []string{"sigmoid", "relu"}}).Runs())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range claims {
		if c.Verdict != page.NotJudged {
			t.Errorf("%s: %v", c.Said, c.Verdict)
		}
		if !strings.Contains(c.Measured, "not the article's experiment") && !strings.Contains(c.Measured, "was not run") {
			t.Errorf("%s: %s; want it to say why it is not judged", c.Said, c.Measured)
		}
	}
}

// The outcome's numbers are those of the samples, at steps 0, 200 and 400.
func TestOutcome(t *testing.T) {
	c := synthetic(t, Walkthrough{Base: vgrad.Experiment{Seed: 3}, Activations: []string{"tanh"}})
	outcomes, err := Outcomes(c.Runs())
	if err != nil {
		t.Fatal(err)
	}
	o := outcomes[0]
	if o.Activation != "tanh" || o.Seed != 3 || o.Backend != "go" || o.Seconds <= 0 || len(o.MeanAbsGrad) != 6 {
		t.Errorf("outcome %+v", o)
	}
	for layer := 1; layer <= 6; layer++ {
		_, values := vgrad.Series(c[0], vgrad.MeanAbsGrad, layer)
		mean := (values[0] + values[200] + values[400]) / 3
		if math.Abs(float64(o.MeanAbsGrad[layer-1])/mean-1) > 1e-12 || float64(o.First[layer-1]) != values[0] || float64(o.Last[layer-1]) != values[400] {
			t.Errorf("layer %d: %v, %v, %v; want %v, %v, %v", layer, o.MeanAbsGrad[layer-1], o.First[layer-1], o.Last[layer-1], mean, values[0], values[400])
		}
	}
}

// A run that diverged is null in JSON, not an error.
func TestOutcomeJSON(t *testing.T) {
	text, err := json.Marshal(Outcome{Activation: "relu", MeanAbsGrad: Numbers{Number(math.NaN()), 2}, ValLoss: Number(math.Inf(1))})
	if err != nil || !strings.Contains(string(text), `"mean_abs_grad":[null,2]`) || !strings.Contains(string(text), `"val_loss":null`) {
		t.Errorf("%s, %v", text, err)
	}
}

// The page has the figures, the claims and the errata, also for experiments
// that are not the article's: one layer, one run, no histograms.
func TestReport(t *testing.T) {
	for name, w := range map[string]Walkthrough{
		"three seeds":   {Seeds: 3, Activations: []string{"relu", "leaky_relu"}},
		"two layers":    {Base: vgrad.Experiment{Depth: 2}, Activations: []string{"tanh"}},
		"one layer":     {Base: vgrad.Experiment{Depth: 1}, Activations: []string{"relu"}},
		"no histograms": {Base: vgrad.Experiment{Measure: vgrad.Measure{HistogramEvery: -1}}, Activations: []string{"relu"}},
	} {
		t.Run(name, func(t *testing.T) {
			var html bytes.Buffer
			if err := Report(&html, synthetic(t, w), page.Options{}); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"Claims of the article", "Training accuracy", "hist_weights_i", "|w| &lt; 1"} {
				if !strings.Contains(html.String(), want) {
					t.Errorf("the page does not say %q", want)
				}
			}
		})
	}
}

// The page shows notes, rules that found nothing and rules that could not judge.
// A run without findings reads as an all-clear only if every rule could judge.
func TestReportOfRules(t *testing.T) {
	note := diagnose.Finding{Rule: "vanishing gradient", Severity: diagnose.Note, Place: "layer 1", Says: "It learns all the same.", Evidence: "1e-9"}
	serious := diagnose.Finding{Rule: "dead units", Severity: diagnose.Serious, Place: "layer 2", Says: "Units are dead.", Evidence: "9 of 10"}
	unjudged := []diagnose.Unjudged{{Rule: "saturated units", Why: "it needs histograms"}}
	p := &page.Page{Title: "Findings"}
	addReports(p, []diagnose.Report{
		{Run: "sick", Findings: []diagnose.Finding{serious}, Notes: []diagnose.Finding{note}, Silent: []string{"stalled loss"}},
		{Run: "partial", Notes: []diagnose.Finding{note, note}, Silent: []string{"dead units"}, Unjudged: unjudged},
		{Run: "well", Silent: []string{"exploding loss"}},
		{Run: "empty", Unjudged: unjudged},
	})
	var html bytes.Buffer
	if err := p.Write(&html, page.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"dead units, layer 2, step 0", "note: vanishing gradient, layer 1, step 0", "It learns all the same. Seen: 1e-9.",
		"nothing found, 1 of 3 rules could not judge", ">nothing found<", ">nothing could be judged<",
		"<strong>sick</strong>: Not found: stalled loss.",
		"<strong>partial</strong>: Not found: dead units. Not judged: saturated units, because it needs histograms.",
		"<strong>empty</strong>: Not judged: saturated units, because it needs histograms.",
	} {
		if !strings.Contains(html.String(), want) {
			t.Errorf("the page does not say %q: %s", want, &html)
		}
	}
	if n := strings.Count(html.String(), "note: "); n != 3 {
		t.Errorf("%d notes; want 3", n)
	}
}

// A count of one has its noun in the singular.
func TestCounted(t *testing.T) {
	for _, c := range []struct {
		n    vgrad.Network
		want string
	}{
		{vgrad.MLP{Depth: 1, Width: 10}, "1 dense layer of 10 units"},
		{vgrad.Highway{Depth: 2, Width: 1}, "A highway network of 2 layers of 1 unit"},
	} {
		if got := networkName(c.n); got != c.want {
			t.Errorf("%q; want %q", got, c.want)
		}
	}
}

func ExampleWalkthrough_Experiments() {
	for _, e := range (Walkthrough{Base: vgrad.Experiment{Depth: 3}, Seeds: 2, Activations: []string{"tanh", "relu"}}).Experiments() {
		fmt.Println(e.Name(), "seed", e.Seed)
	}
	// Output:
	// tanh seed 0
	// tanh seed 1
	// relu seed 0
	// relu seed 1
}

func ExampleLines() {
	lines := Lines{W: os.Stdout, Steps: 2500}
	for step := range 2500 {
		err := lines.Print(step, []vgrad.Sample{{Quantity: vgrad.Loss, Value: 2.3 / float64(step+1)}, {Quantity: vgrad.TrainAccuracy, Value: 0.2}})
		if err != nil || step > 300 {
			break
		}
	}
	// Output:
	// Iteration 0 of 2500, loss: 2.300, train accuracy: 20.00%
	// Iteration 200 of 2500, loss: 0.011, train accuracy: 20.00%
}
