package article

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/diagnose"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
)

// Report writes the page of a walkthrough: the article's four figures, what
// they leave out, the claims and the errata.
func Report(w io.Writer, c runs.Comparison, o page.Options) error {
	p, err := reportPage(c)
	if err != nil {
		return fmt.Errorf("article: report: %w", err)
	}
	return p.Write(w, o)
}

func reportPage(c runs.Comparison) (*page.Page, error) {
	rs := c.Runs()
	claims, err := Judge(rs)
	if err != nil {
		return nil, err
	}
	p := &page.Page{Title: "The vanishing gradient, measured", Lead: lead(rs)}
	p.Heading("What the article claims")
	p.Text("Each claim in the article's words, what these runs gave, and when it counts as holding." + spreadNote(rs))
	p.Table(claimsTable(claims))
	for _, section := range []func(*page.Page, runs.Comparison) error{figures, flow, findings, weights, errata} {
		if err := section(p, c); err != nil {
			return nil, err
		}
	}
	provenance(p, rs)
	return p, nil
}

func lead(rs []*runs.Run) string {
	e := rs[0].Experiment.WithDefaults()
	text := fmt.Sprintf("%s, trained on %s by %s for %d steps of %d examples, once for each activation: %s. ",
		networkName(e.Resolved()), dataName(e.Data), e.Optimizer, e.Steps, e.Batch, strings.Join(labels(rs), ", "))
	text += "The gradient of every layer is measured inside every training step."
	if n := seeds(rs); n > 1 {
		text += fmt.Sprintf(" Each is repeated with %d seeds.", n)
	}
	return text
}

// networkName is what prose calls a network.
func networkName(n vgrad.Network) string {
	switch n := n.(type) {
	case vgrad.MLP:
		return fmt.Sprintf("%d dense layers of %d units", n.Depth, n.Width)
	case vgrad.Highway:
		return fmt.Sprintf("A highway network of %d layers of %d units", n.Depth, n.Width)
	}
	return fmt.Sprintf("A network of the family %s, %d layers", n.Family(), n.Layers())
}

// dataName is what prose calls a data set.
func dataName(name string) string {
	if name == "mnist" {
		return "MNIST"
	}
	return name + " data"
}

func spreadNote(rs []*runs.Run) string {
	if n := seeds(rs); n > 1 {
		return fmt.Sprintf(" Numbers are medians of %d seeds with their 10–90 %% range. “Factor” is mean |∂L/∂W| of the last layer over that of the first, averaged over every 200th step.", n)
	}
	return " Numbers are of one seed, so one draw from a spread: `-seeds 30` shows it. “Factor” is mean |∂L/∂W| of the last layer over that of the first, averaged over every 200th step."
}

// labels lists what the runs are called, each once, in order.
func labels(rs []*runs.Run) []string {
	var ls []string
	for _, r := range rs {
		if !slices.Contains(ls, r.Label()) {
			ls = append(ls, r.Label())
		}
	}
	return ls
}

// seeds is how many runs a label has at most.
func seeds(rs []*runs.Run) int {
	n := map[string]int{}
	most := 0
	for _, r := range rs {
		n[r.Label()]++
		most = max(most, n[r.Label()])
	}
	return most
}

func claimsTable(claims []Claim) page.Table {
	t := page.Table{Caption: "Claims of the article", Columns: []string{"claim", "measured", "it holds if"}}
	for _, c := range claims {
		t.Rows = append(t.Rows, []string{c.Said, c.Measured, c.Rule})
		t.Verdicts = append(t.Verdicts, c.Verdict)
	}
	return t
}

// figures are the article's first three.
func figures(p *page.Page, c runs.Comparison) error {
	p.Heading("The article's figures")
	last := vgrad.Depth(c[0])
	return add(p,
		func() (*chart.Figure, error) { return chart.Accuracy(c) },
		func() (*chart.Figure, error) { return chart.MeanGradient(c, last) },
		func() (*chart.Figure, error) { return chart.MeanGradient(c, 1) },
	)
}

// add puts figures on the page.
func add(p *page.Page, makes ...func() (*chart.Figure, error)) error {
	for _, f := range makes {
		fig, err := f()
		if err != nil {
			return err
		}
		p.Figures(fig)
	}
	return nil
}

// weights is the article's fourth figure: the weights of layer 4, leaky ReLU.
func weights(p *page.Page, c runs.Comparison) error {
	r, layer := shown(c)
	p.Heading(fmt.Sprintf("The weights of layer %d", layer))
	if !r.Experiment.Measure.Measures(vgrad.Weights) {
		p.Text("These runs recorded no histograms to show them.")
		return nil
	}
	p.Text(fmt.Sprintf("The article's fourth figure, for %s: how the weights of layer %d spread during training. What the article drew here were gradients; see the errata.", r.Label(), layer))
	return add(p,
		func() (*chart.Figure, error) { return chart.Ridge(r, vgrad.Weights, layer) },
		func() (*chart.Figure, error) { return chart.Heatmap(r, vgrad.Weights, layer) })
}

// shown is the run and the layer of the article's fourth figure, or the
// nearest there is.
func shown(c runs.Comparison) (*runs.Run, int) {
	r := c.Runs()[len(c)-1]
	for _, other := range c.Runs() {
		if activation, _ := other.Experiment.Field("activation"); activation == "leaky_relu" {
			r = other
			break
		}
	}
	return r, min(articleLayer, vgrad.Depth(r))
}

func flow(p *page.Page, c runs.Comparison) error {
	p.Heading("Where the gradient goes")
	p.Text("∂L/∂W of a layer is the product of two things: the signal δ that comes back from the loss, and the layer's own input. " +
		"Layer 1 reads 784 pixels, the others ten activations, so mean |∂L/∂W| alone says little about the signal. Beside it stands δ, the gradient with respect to the pre-activations.")
	makes := []func() (*chart.Figure, error){func() (*chart.Figure, error) { return chart.GradientFlow(c) }}
	for _, r := range firstOfEach(c) {
		makes = append(makes, func() (*chart.Figure, error) { return chart.LayerMap(r, vgrad.RMSDelta) })
	}
	return add(p, makes...)
}

// findings is what the rules of package diagnose say of each scenario.
func findings(p *page.Page, c runs.Comparison) error {
	p.Heading("What is wrong, in words")
	text := "Rules look at what was recorded for what goes wrong in training: a gradient that vanishes or explodes, dead or saturated units, a NaN, updates of the wrong size, a loss that does not fall."
	if seeds(c.Runs()) > 1 {
		text += " Here they look at the first seed of each."
	}
	p.Text(text)
	t := page.Table{Caption: "Findings", Columns: []string{"run", "finding", "what is wrong", "the rule fires when"}}
	for _, r := range firstOfEach(c) {
		found := diagnose.Of(r).Findings
		for _, f := range found {
			t.Rows = append(t.Rows, []string{r.Label(), f.Rule + ", " + f.Where(), f.Says + " Seen: " + f.Evidence + ".", f.Threshold + " (" + f.Source + ")"})
		}
		if len(found) == 0 {
			t.Rows = append(t.Rows, []string{r.Label(), "none", "–", "–"})
		}
	}
	p.Table(t)
	return nil
}

// firstOfEach is the first run of each label.
func firstOfEach(c runs.Comparison) []*runs.Run {
	var rs []*runs.Run
	for _, label := range labels(c.Runs()) {
		rs = append(rs, c.Run(label))
	}
	return rs
}

func errata(p *page.Page, c runs.Comparison) error {
	r, layer := shown(c)
	p.Heading("Errata")
	p.Text("**The weight histograms are gradient histograms.** The article's code feeds `hist_weights_i` the variable `grad`, not `weight`.")
	if r.Experiment.Measure.Measures(vgrad.Gradients) {
		p.Text(fmt.Sprintf("Below is what it therefore drew: ∂L/∂W of layer %d. Compare the scale with that of the weights above.", layer))
		if err := add(p, func() (*chart.Figure, error) { return chart.Ridge(r, vgrad.Gradients, layer) }); err != nil {
			return err
		}
	}
	p.Text("**“Weights < 0” should read |w| < 1.** About half of the weights are negative, and a product does not shrink for its factors' sign. What makes it shrink is that they are small in magnitude: " +
		weightSummary(r, layer))
	p.Text("Two cautions besides. Mean |∂L/∂W| is not the backpropagated signal, see above. And the article shows one seed: a single run is one draw from the spread that `go tool vgrad walkthrough -seeds 30` shows. " +
		"A difference in the measurement: the article takes its summaries on the step's batch *after* the update, this page before it, as the gradient that the update used.")
	return nil
}

func weightSummary(r *runs.Run, layer int) string {
	var last *vgrad.Histogram
	step := 0
	for s := range r.Samples(vgrad.Weights) {
		if s.Site.Layer == layer {
			last, step = s.Hist, s.Step
		}
	}
	if last == nil {
		return "this run recorded no histogram to show it."
	}
	n := float64(last.Count())
	text := fmt.Sprintf("at step %d, %.0f %% of layer %d's weights are negative and %.0f %% lie between −1 and 1",
		step, 100*last.CountIn(-1e38, 0)/n, layer, 100*last.CountIn(-1, 1)/n)
	if mean, ok := r.Value(vgrad.MeanAbsWeight, layer); ok {
		text += fmt.Sprintf("; mean |w| ends at %.2f", mean)
	}
	return text + "."
}

// provenance says where the numbers come from.
func provenance(p *page.Page, rs []*runs.Run) {
	p.Heading("Where the numbers come from")
	t := page.Table{Caption: "Runs", Columns: []string{"run", "backend", "validation accuracy", "seconds", "finished"}}
	for _, r := range rs {
		accuracy, _ := r.Value(vgrad.ValAccuracy, 0)
		t.Rows = append(t.Rows, []string{"`" + r.Name + "`", r.Provenance.Backend, fmt.Sprintf("%.3f", accuracy),
			fmt.Sprintf("%.2f", r.Provenance.Seconds), r.Provenance.Finished.UTC().Format("2006-01-02 15:04 UTC")})
	}
	p.Table(t)
	from := rs[0].Provenance
	p.Text(fmt.Sprintf("%s, %s/%s, %d CPUs; data %s, SHA-256 `%.12s…`. The samples are in the run store: `go tool vgrad runs`.",
		from.GoVersion, from.OS, from.Arch, from.CPUs, rs[0].Experiment.WithDefaults().Data, from.DataSum))
}
