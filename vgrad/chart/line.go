package chart

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/summary"
)

// line is what a legend entry draws over steps: the values of one run, or the
// median of the runs that share a label, with the 10 % and 90 % quantiles.
type line struct {
	label     string
	runs      int
	steps     []int
	values    []float64
	low, high []float64 // nil for a single run
	means     []float64 // of each run over its steps, finite values only
	missing   tally     // over all runs
}

// group is a label and the sources that carry it.
type group struct {
	label   string
	sources []vgrad.Source
}

// groups collects the sources by label, in order of first appearance.
func groups(sources []vgrad.Source) []group {
	var gs []group
	for _, s := range sources {
		i := slices.IndexFunc(gs, func(g group) bool { return g.label == s.Label() })
		if i < 0 {
			i, gs = len(gs), append(gs, group{label: s.Label()})
		}
		gs[i].sources = append(gs[i].sources, s)
	}
	return gs
}

// labels lists the labels of the sources, each once.
func labels(sources []vgrad.Source) []string {
	var names []string
	for _, g := range groups(sources) {
		names = append(names, g.label)
	}
	return names
}

// gather reads a scalar quantity of every source at one layer. Each source
// must have recorded it; the error says what it did record.
func gather(sources []vgrad.Source, q vgrad.Quantity, layer int, log bool) ([]line, error) {
	if len(sources) == 0 {
		return nil, errors.New("no sources; give at least one run")
	}
	var lines []line
	for _, g := range groups(sources) {
		l := line{label: g.label, runs: len(g.sources), missing: tally{}}
		byStep := map[int][]float64{}
		for _, src := range g.sources {
			steps, values := vgrad.Series(src, q, layer)
			if len(steps) == 0 {
				return nil, notRecorded(src, q, layer)
			}
			l.missing.add(log, values...)
			m, _ := mean(values)
			l.means = append(l.means, m)
			for i, step := range steps {
				byStep[step] = append(byStep[step], values[i])
			}
		}
		l.summarise(byStep)
		lines = append(lines, l)
	}
	return lines, nil
}

// summarise fills the line from the values of each step.
func (l *line) summarise(byStep map[int][]float64) {
	for step := range byStep {
		l.steps = append(l.steps, step)
	}
	slices.Sort(l.steps)
	for _, step := range l.steps {
		mid, low, high := spread(byStep[step])
		l.values = append(l.values, mid)
		if l.runs > 1 {
			l.low, l.high = append(l.low, low), append(l.high, high)
		}
	}
}

// spread returns the median and the 10 % and 90 % quantiles of the finite
// values, interpolated linearly between order statistics. Where none is
// finite it returns the first value for all three.
func spread(values []float64) (mid, low, high float64) {
	finite := slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return Missed(v, false) != Drawn })
	if len(finite) == 0 {
		return values[0], values[0], values[0]
	}
	slices.Sort(finite)
	return summary.Quantile(finite, 0.5), summary.Quantile(finite, 0.1), summary.Quantile(finite, 0.9)
}

// mean returns the mean of the finite values and their number.
func mean(values []float64) (m float64, n int) {
	for _, v := range values {
		if Missed(v, false) == Drawn {
			n++
			m += (v - m) / float64(n)
		}
	}
	if n == 0 {
		return math.NaN(), 0
	}
	return m, n
}

// notRecorded says that a source lacks q at a layer, and what it has.
func notRecorded(src vgrad.Source, q vgrad.Quantity, layer int) error {
	if depth := vgrad.Depth(src); layer < 0 || layer > depth {
		return fmt.Errorf("%q has no layer %d; its layers are 1 to %d, and 0 is the whole network", src.Label(), layer, depth)
	}
	var have []string
	for _, known := range vgrad.Quantities() {
		for s := range src.Samples(known) {
			if s.Site.Layer == layer || known == q {
				have = append(have, string(known))
				break
			}
		}
	}
	where := "for the whole network (layer 0)"
	if layer > 0 {
		where = fmt.Sprintf("at layer %d", layer)
	}
	if slices.Contains(have, string(q)) {
		return fmt.Errorf("%q has no %s %s; name a layer from 1 to %d, or 0 for the whole network, as the quantity asks", src.Label(), q, where, vgrad.Depth(src))
	}
	if have == nil {
		return fmt.Errorf("%q has no %s %s; nothing is recorded there", src.Label(), q, where)
	}
	return fmt.Errorf("%q has no %s %s; recorded there: %s", src.Label(), q, where, strings.Join(have, ", "))
}

// scalarInfo describes a quantity that has one value a step.
func scalarInfo(q vgrad.Quantity) (vgrad.Info, error) {
	info, err := q.Info()
	if err == nil && info.Histogram {
		err = fmt.Errorf("%s is a histogram; draw it with Ridge or Heatmap", q)
	}
	return info, err
}

// axisName is a quantity's title with its unit.
func axisName(info vgrad.Info) string {
	if info.Unit == "" {
		return info.Title
	}
	return info.Title + " (" + info.Unit + ")"
}

// capital returns text with its first letter in upper case, unless it is a symbol.
func capital(text string) string {
	if text == "" || text[0] < 'a' || text[0] > 'z' {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
