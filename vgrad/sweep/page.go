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

// What fits a figure or a page; what does not is said in its place.
const (
	maxLines  = 12 // of a trend
	maxCurves = 8  // of a figure with a curve a scenario
	maxMaps   = 6
	maxGroups = 4 // of scenarios, where there are more than maxCurves
)

// Page makes the page of a sweep: its table and its figures. It fails where
// nothing is recorded.
func (r *Result) Page() (*page.Page, error) {
	if len(r.Runs) == 0 {
		return nil, errors.New("sweep: nothing is recorded to make a page of")
	}
	p := &page.Page{Title: "A sweep over " + r.over(), Lead: r.lead()}
	p.Table(r.Table())
	for _, section := range []func(*page.Page) error{r.maps, r.trends, r.curves} {
		if err := section(p); err != nil {
			return nil, fmt.Errorf("sweep: page: %w", err)
		}
	}
	return p, nil
}

func (r *Result) over() string {
	if len(r.Fields) == 0 {
		return "seeds"
	}
	return strings.Join(r.Fields, " and ")
}

func (r *Result) lead() string {
	scenarios := r.Scenarios()
	fewest, most := scenarios[0].Runs, 0
	for _, s := range scenarios {
		fewest, most = min(fewest, s.Runs), max(most, s.Runs)
	}
	each := fmt.Sprintf("%d", most)
	if fewest < most {
		each = fmt.Sprintf("%d to %d", fewest, most)
	}
	e := scenarios[0].Experiment
	text := fmt.Sprintf("%d scenarios, %s runs each with seeds of their own; %s data, %s, batches of %d.", len(scenarios), each, e.Data, e.Optimizer, e.Batch)
	if len(scenarios) == 1 {
		text = fmt.Sprintf("%s runs of %s.", each, scenarios[0].Name)
	}
	if r.Missing > 0 {
		text += fmt.Sprintf(" **%d runs of the sweep are missing**: they are not recorded in this store.", r.Missing)
	}
	return text
}

// Axes names the fields of the figures: that whose values go along the
// horizontal axis (the depth, where it varies, else the first number), and that
// which tells lines or rows apart (the activation, where it varies); "" for none.
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

// without are the fields that vary but for some.
func (r *Result) without(fields ...string) []string {
	return slices.DeleteFunc(slices.Clone(r.Fields), func(f string) bool { return slices.Contains(fields, f) })
}

// group is the sources that agree in some fields.
type group struct {
	name    string // "width=10"; "" where there is one group
	sources []vgrad.Source
}

// by groups the runs by fields, in order of first appearance. In a group the
// other fields label them.
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

// maps are of the gradient factor by two fields, a map for each combination of the others.
func (r *Result) maps(p *page.Page) error {
	across, other := r.Axes()
	if other == "" {
		return nil
	}
	rest := r.without(across, other)
	groups := r.by(rest...)
	p.Heading(fmt.Sprintf("How much of the gradient vanishes, by %s and %s", across, other))
	if len(groups) > maxMaps {
		p.Text(fmt.Sprintf("There are %d combinations of %s; the map is of all of them together.", len(groups), strings.Join(rest, ", ")))
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

// trends are of factor and accuracy against the field that is a number.
func (r *Result) trends(p *page.Page) error {
	across, _ := r.Axes()
	if across == "" || !r.isNumber(across) {
		return nil
	}
	p.Heading("What becomes of it with " + across)
	if n := len(r.by(r.without(across)...)); n > maxLines {
		p.Text(fmt.Sprintf("This would be a figure of %d lines, too many to tell apart: the table above has their values.", n))
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

// curves are of the gradient by layer and by step, a line a scenario.
func (r *Result) curves(p *page.Page) error {
	groups := r.by()
	p.Heading("Layer by layer, step by step")
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

func of(name string) string {
	if name == "" {
		return ""
	}
	return " of " + name
}

// evenly picks up to n groups, the first and the last among them.
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

func labels(sources []vgrad.Source) []string {
	var names []string
	for _, s := range sources {
		if !slices.Contains(names, s.Label()) {
			names = append(names, s.Label())
		}
	}
	return names
}
