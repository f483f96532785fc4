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

// Report writes the page of a walkthrough: the claims with their verdicts, the
// article's four figures, figures of the backpropagated signal δ and of the chain rule, the findings
// of package diagnose and the errata. c has at least one run. Report fails as
// [Judge] does, if a figure cannot be drawn, and if w fails.
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
	for _, section := range []func(*page.Page, runs.Comparison) error{figures, flow, chain, findings, weights, errata} {
		if err := section(p, c); err != nil {
			return nil, err
		}
	}
	provenance(p, rs)
	return p, nil
}

func lead(rs []*runs.Run) string {
	e := rs[0].Experiment.WithDefaults()
	text := fmt.Sprintf("%s, trained on %s by %s for %s of %s, once for each activation: %s. ",
		networkName(e.Resolved()), dataName(e.Data), e.Optimizer, counted(e.Steps, "step"), counted(e.Batch, "example"), strings.Join(labels(rs), ", "))
	text += "The gradient of every layer is measured inside every training step."
	if n := seeds(rs); n > 1 {
		text += fmt.Sprintf(" Each is repeated with %d seeds.", n)
	}
	return text
}

// counted returns "1 step" or "2 steps".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// networkName describes a network in prose.
func networkName(n vgrad.Network) string {
	switch n := n.(type) {
	case vgrad.MLP:
		return fmt.Sprintf("%s of %s", counted(n.Depth, "dense layer"), counted(n.Width, "unit"))
	case vgrad.Highway:
		return fmt.Sprintf("A highway network of %s of %s", counted(n.Depth, "layer"), counted(n.Width, "unit"))
	}
	return fmt.Sprintf("A network of the family %s, %s", n.Family(), counted(n.Layers(), "layer"))
}

// dataName names a data set in prose.
func dataName(name string) string {
	if name == "mnist" {
		return "MNIST"
	}
	return name + " data"
}

func spreadNote(rs []*runs.Run) string {
	if n := seeds(rs); n > 1 {
		return fmt.Sprintf(" Numbers are medians of %d seeds with their 10–90 %% range. “Factor” is mean |∂L/∂W| of the last layer over that of the first, averaged over every 200th step (if it is not recorded, over the next recorded one).", n)
	}
	return " Numbers are of one seed, and another seed gives others: `-seeds 30` shows their spread. “Factor” is mean |∂L/∂W| of the last layer over that of the first, averaged over every 200th step (if it is not recorded, over the next recorded one)."
}

// labels lists the labels of the runs, each once, in order.
func labels(rs []*runs.Run) []string {
	var ls []string
	for _, r := range rs {
		if !slices.Contains(ls, r.Label()) {
			ls = append(ls, r.Label())
		}
	}
	return ls
}

// seeds returns the largest number of runs with the same label.
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

// figures adds the article's first three figures.
func figures(p *page.Page, c runs.Comparison) error {
	p.Heading("The article's figures")
	last := vgrad.Depth(c[0])
	return add(p,
		func() (*chart.Figure, error) { return chart.Accuracy(c) },
		func() (*chart.Figure, error) { return chart.MeanGradient(c, last) },
		func() (*chart.Figure, error) { return chart.MeanGradient(c, 1) },
	)
}

// add makes figures and adds them to the page.
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

// weights adds the article's fourth figure: the weights of layer 4, leaky ReLU.
func weights(p *page.Page, c runs.Comparison) error {
	r, layer := shown(c)
	p.Heading(fmt.Sprintf("The weights of layer %d", layer))
	if !r.Experiment.Measure.Measures(vgrad.Weights) {
		p.Text("These runs recorded no histograms of their weights, so there is no figure.")
		return nil
	}
	p.Text(fmt.Sprintf("The article's fourth figure, for %s: how the weights of layer %d spread during training. What the article drew here were gradients; see the errata.", r.Label(), layer))
	return add(p,
		func() (*chart.Figure, error) { return chart.Ridge(r, vgrad.Weights, layer) },
		func() (*chart.Figure, error) { return chart.Heatmap(r, vgrad.Weights, layer) })
}

// shown returns the run and the layer of the article's fourth figure. If no run
// uses leaky ReLU, it returns the last run, and if there is no layer 4, the last
// layer.
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

// flow adds the figures of the gradient by layer.
func flow(p *page.Page, c runs.Comparison) error {
	p.Heading("The gradient, layer by layer")
	p.Text("∂L/∂W of a layer is the product of two things: the backpropagated signal δ, which is the gradient with respect to the pre-activations, and the layer's own input. " +
		"Layer 1 reads 784 pixels, the others ten activations, so mean |∂L/∂W| alone says little about the signal. The figures therefore also show δ.")
	makes := []func() (*chart.Figure, error){func() (*chart.Figure, error) { return chart.GradientFlow(c) }}
	for _, r := range firstOfEach(c) {
		makes = append(makes, func() (*chart.Figure, error) { return chart.LayerMap(r, vgrad.RMSDelta) })
	}
	return add(p, makes...)
}

// findings adds what the rules of package diagnose say of each scenario.
func findings(p *page.Page, c runs.Comparison) error {
	p.Heading("Findings")
	text := "Rules check each run for common faults of training: a gradient that vanishes or explodes, dead or saturated units, a NaN, updates of the wrong size, a loss that does not fall. " +
		"A note is a finding about a network that learns nevertheless. Below the table are the rules that found nothing and the rules that could not judge."
	if seeds(c.Runs()) > 1 {
		text += " Only the first seed of each scenario is checked."
	}
	p.Text(text)
	var reports []diagnose.Report
	for _, r := range firstOfEach(c) {
		reports = append(reports, diagnose.Of(r))
	}
	addReports(p, reports)
	return nil
}

// addReports adds a table of the findings and notes, and below it what else each
// report says: the rules that found nothing and the rules that could not judge.
func addReports(p *page.Page, reports []diagnose.Report) {
	t := page.Table{Caption: "Findings and notes", Columns: []string{"run", "finding", "what is wrong", "the rule fires when"}}
	for _, r := range reports {
		if len(r.Findings) == 0 {
			t.Rows = append(t.Rows, []string{r.Run, withoutFinding(r), "–", "–"})
		}
		for _, f := range slices.Concat(r.Findings, r.Notes) {
			mark := ""
			if f.Severity == diagnose.Note {
				mark = "note: "
			}
			t.Rows = append(t.Rows, []string{r.Run, mark + f.Rule + ", " + f.Where(), f.Says + " Seen: " + f.Evidence + ".", f.Threshold + " (" + f.Source + ")"})
		}
	}
	p.Table(t)
	for _, r := range reports {
		if rest := r.Rest(); len(rest) > 0 {
			p.Text("**" + r.Run + "**: " + strings.Join(rest, " "))
		}
	}
}

// withoutFinding says what it means that a report has no finding: whether rules
// found nothing, or none could judge.
func withoutFinding(r diagnose.Report) string {
	switch {
	case len(r.Silent)+len(r.Notes) == 0:
		return "nothing could be judged"
	case len(r.Unjudged) > 0:
		rules := map[string]bool{}
		for _, f := range r.Notes {
			rules[f.Rule] = true
		}
		all := counted(len(r.Unjudged)+len(r.Silent)+len(rules), "rule")
		return fmt.Sprintf("nothing found, %d of %s could not judge", len(r.Unjudged), all)
	}
	return "nothing found"
}

// firstOfEach returns the first run of each label.
func firstOfEach(c runs.Comparison) []*runs.Run {
	var rs []*runs.Run
	for _, label := range labels(c.Runs()) {
		rs = append(rs, c.Run(label))
	}
	return rs
}

// errata adds the article's mistakes.
func errata(p *page.Page, c runs.Comparison) error {
	r, layer := shown(c)
	p.Heading("Errata")
	p.Text("**The weight histograms are gradient histograms.** The article's code feeds `hist_weights_i` the variable `grad`, not `weight`.")
	if r.Experiment.Measure.Measures(vgrad.Gradients) {
		p.Text(fmt.Sprintf("The figure below shows what the article drew: ∂L/∂W of layer %d. Compare the scale with that of the weights above.", layer))
		if err := add(p, func() (*chart.Figure, error) { return chart.Ridge(r, vgrad.Gradients, layer) }); err != nil {
			return err
		}
	}
	p.Text("**“Weights < 0” should read |w| < 1.** About half of the weights are negative, and the sign of its factors does not make a product shrink. It shrinks because they are small in magnitude: " +
		weightSummary(r, layer))
	p.Text("**Two cautions.** Mean |∂L/∂W| is not the backpropagated signal δ, see above. And the article shows one seed; `go tool vgrad walkthrough -seeds 30` shows the spread over seeds. " +
		"One measurement differs: the article takes its summaries on the step's batch *after* the update. This page takes them before it, so they show the gradient that the update used.")
	return nil
}

// weightSummary completes a sentence with the signs and magnitudes of a layer's
// weights in the last histogram.
func weightSummary(r *runs.Run, layer int) string {
	var last *vgrad.Histogram
	step := 0
	for s := range r.Samples(vgrad.Weights) {
		if s.Site.Layer == layer {
			last, step = s.Hist, s.Step
		}
	}
	if last == nil {
		return "this run recorded no histogram of the weights."
	}
	n := float64(last.Count())
	text := fmt.Sprintf("at step %d, %.0f %% of layer %d's weights are negative and %.0f %% lie between −1 and 1",
		step, 100*last.CountIn(-1e38, 0)/n, layer, 100*last.CountIn(-1, 1)/n)
	if mean, ok := r.Value(vgrad.MeanAbsWeight, layer); ok {
		text += fmt.Sprintf("; mean |w| ends at %.2f", mean)
	}
	return text + "."
}

// provenance adds a table of the runs, and the machine and data of the first.
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
	p.Text(fmt.Sprintf("%s, %s/%s, %s; data %s, SHA-256 `%.12s…`. The samples are in the run store: `go tool vgrad runs`.",
		from.GoVersion, from.OS, from.Arch, counted(from.CPUs, "CPU"), rs[0].Experiment.WithDefaults().Data, from.DataSum))
}
