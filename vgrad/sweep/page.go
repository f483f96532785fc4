package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/page"
)

// Limits of a page. If there is more, the page says what it leaves out.
const (
	maxLines  = 12 // of a trend
	maxCurves = 8  // scenarios in one figure of curves; with more, a figure for each group
	maxMaps   = 6
	maxGroups = 4 // of scenarios that get a figure of curves
)

// Page makes the page of a sweep: its table and its figures. It fails if no run
// is recorded.
func (r *Result) Page() (*page.Page, error) {
	if len(r.Runs) == 0 {
		return nil, errors.New("sweep: nothing is recorded to make a page of")
	}
	p := &page.Page{Title: r.title(), Lead: r.lead()}
	p.Table(r.Table())
	for _, section := range []func(*page.Page) error{r.maps, r.trends, r.curves} {
		if err := section(p); err != nil {
			return nil, fmt.Errorf("sweep: page: %w", err)
		}
	}
	return p, nil
}

// title names the fields that vary, and those that the sweep sets to one value.
func (r *Result) title() string {
	title := "A sweep over " + strings.Join(r.Fields, " and ")
	switch {
	case len(r.Fields) > 0:
	case slices.Contains(r.fixed, "seed"):
		title += "one seed"
	default:
		title += "seeds"
	}
	if fixed := r.outcomes[0].Experiment.NameBy(r.fixed...); fixed != "" {
		title += ", with " + fixed
	}
	return title
}

// lead says how many scenarios and runs there are, what they have in common, and
// how many runs are missing.
func (r *Result) lead() string {
	scenarios := r.Scenarios()
	fewest, most := scenarios[0].Runs, 0
	for _, s := range scenarios {
		fewest, most = min(fewest, s.Runs), max(most, s.Runs)
	}
	each := counted(most, "run")
	if fewest < most {
		each = fmt.Sprintf("%d to %d runs", fewest, most)
	}
	e := scenarios[0].Experiment
	seeds := ""
	if most > 1 {
		seeds = " with different seeds"
	}
	text := fmt.Sprintf("%d scenarios, %s each%s; %s data, %s, batches of %d.", len(scenarios), each, seeds, e.Data, e.Optimizer, e.Batch)
	if len(scenarios) == 1 {
		text = fmt.Sprintf("%s of %s.", each, scenarios[0].Name)
	}
	switch {
	case r.Missing == 1:
		text += " **1 run of the sweep is missing**: it is not recorded in this store."
	case r.Missing > 1:
		text += fmt.Sprintf(" **%d runs of the sweep are missing**: they are not recorded in this store.", r.Missing)
	}
	return text
}

// counted returns "1 run" or "2 runs".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Axes chooses the fields of the figures. The values of across go along the
// horizontal axis: the depth if it varies, else the first field of numbers, else
// the first field. The values of other are lines or rows: the activation if it
// varies, else the first of the remaining fields. Either is "" if there is none.
func (r *Result) Axes() (across, other string) {
	for _, f := range r.Fields {
		if across == "" && r.isNumber(f) || f == "depth" {
			across = f
		}
	}
	if across == "" && len(r.Fields) > 0 {
		across = r.Fields[0]
	}
	for _, f := range r.Fields {
		if f != across && (other == "" || f == "activation") {
			other = f
		}
	}
	return across, other
}

// isNumber reports whether all values of a field are numbers.
func (r *Result) isNumber(field string) bool {
	return !slices.ContainsFunc(r.outcomes, func(o Outcome) bool {
		value, err := o.Experiment.Field(field)
		if err == nil {
			_, err = strconv.ParseFloat(value, 64)
		}
		return err != nil
	})
}

// without lists the fields that vary, except for the given ones.
func (r *Result) without(fields ...string) []string {
	return slices.DeleteFunc(slices.Clone(r.Fields), func(f string) bool { return slices.Contains(fields, f) })
}

// group is a set of runs that have the same values of some fields.
type group struct {
	name    string // "width=10"; "" where there is one group
	sources []vgrad.Source
}

// by groups the runs by the values of fields, in order of first appearance. The
// label of a run in its group is made of the other fields that vary.
func (r *Result) by(fields ...string) []group {
	others := r.without(fields...)
	var groups []group
	at := map[string]int{}
	for _, run := range r.Runs {
		name := run.Ran().NameBy(fields...)
		i, found := at[name]
		if !found {
			i, at[name] = len(groups), len(groups)
			groups = append(groups, group{name: name})
		}
		if label := run.Ran().NameBy(others...); len(fields) > 0 && label != "" {
			run = run.Named(label)
		}
		groups[i].sources = append(groups[i].sources, run)
	}
	return groups
}

// maps adds maps of the gradient factor by two fields, one map for each
// combination of the other fields.
func (r *Result) maps(p *page.Page) error {
	across, other := r.Axes()
	if other == "" {
		return nil
	}
	rest := r.without(across, other)
	groups := r.by(rest...)
	p.Heading(fmt.Sprintf("How much of the gradient vanishes, by %s and %s", across, other))
	if len(groups) > maxMaps {
		p.Text(fmt.Sprintf("There are %d combinations of %s; the map shows all of them in one.", len(groups), strings.Join(rest, ", ")))
		groups = r.by()
	}
	for _, g := range groups {
		fig, err := chart.FactorMap(g.sources, across, other)
		if err != nil {
			return err
		}
		p.Figures(titled(fig, g.name))
	}
	return nil
}

// titled adds the name of a group to a figure's title.
func titled(fig *chart.Figure, name string) *chart.Figure {
	if name != "" {
		fig.Title += ": " + name
	}
	return fig
}

// trends adds figures of the gradient factor and of the validation accuracy
// against the field on the horizontal axis, if its values are numbers. A sweep
// of regressions has the validation loss instead of the accuracy.
func (r *Result) trends(p *page.Page) error {
	across, _ := r.Axes()
	if across == "" || !r.isNumber(across) {
		return nil
	}
	p.Heading("Gradient factor and result, by " + across)
	if n := len(r.by(r.without(across)...)); n > maxLines {
		p.Text(fmt.Sprintf("The figures are left out: this would be a figure of %d lines, too many to tell apart. The table above has their values.", n))
		return nil
	}
	factor, err := chart.FactorTrend(r.Sources(), across)
	if err != nil {
		return err
	}
	outcome := vgrad.ValAccuracy
	if !slices.ContainsFunc(r.outcomes, func(o Outcome) bool { return o.classes }) {
		outcome = vgrad.ValLoss
	}
	learned, err := chart.Trend(r.Sources(), outcome, across)
	if err != nil {
		return err
	}
	p.Figures(factor, learned)
	return nil
}

// curves adds figures of the gradient by layer and by step, with one line for
// each scenario.
func (r *Result) curves(p *page.Page) error {
	groups := r.by()
	p.Heading("The gradient by layer and by step")
	if n := len(r.Scenarios()); n > maxCurves {
		across, _ := r.Axes()
		all := r.by(across)
		if groups = evenly(all, maxGroups); len(groups) < len(all) {
			p.Text(fmt.Sprintf("Of the %d values of %s, %d are shown.", len(all), across, len(groups)))
		}
	}
	for _, g := range groups {
		if n := len(labels(g.sources)); n > maxLines {
			p.Text(fmt.Sprintf("%d scenarios%s are too many lines for one figure: sweep over fewer values to see their curves.", n, of(g.name)))
			continue
		}
		flow, err := chart.GradientFlow(g.sources, vgrad.MeanAbsGrad)
		if err != nil {
			return err
		}
		first, err := chart.MeanGradient(g.sources, 1)
		if err != nil {
			return err
		}
		p.Figures(titled(flow, g.name), titled(first, g.name))
	}
	return nil
}

// of returns " of " and the name, or "" without a name.
func of(name string) string {
	if name == "" {
		return ""
	}
	return " of " + name
}

// evenly picks up to n evenly spaced groups, including the first and the last.
func evenly(groups []group, n int) []group {
	if len(groups) <= n {
		return groups
	}
	var some []group
	for i := range n {
		some = append(some, groups[(i*(len(groups)-1)+(n-1)/2)/(n-1)])
	}
	return some
}

// labels lists the labels of sources, each once, in order.
func labels(sources []vgrad.Source) []string {
	var names []string
	for _, s := range sources {
		if !slices.Contains(names, s.Label()) {
			names = append(names, s.Label())
		}
	}
	return names
}
