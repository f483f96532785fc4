package chart

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/summary"
)

// line holds a quantity at one site over steps: the values of a run, or the median
// of repetitions with their 10 % and 90 % quantiles.
type line struct {
	label     string // of the group
	spot      spot
	runs      int       // number of repetitions; 1: a single run
	steps     []int     // recorded steps, ascending
	values    []float64 // at each step
	low, high []float64 // the quantiles at each step; nil for a single run
	means     []float64 // of each run over its steps, finite values only
	missing   tally     // over all runs
}

// record holds the samples of a quantity that a source has at one site.
type record struct {
	site   vgrad.Site
	steps  []int
	values []float64
	hists  []*vgrad.Histogram // nil if the quantity has one value a step
}

// read collects a quantity at each chosen site, in forward order. It reads the
// samples once for all sites.
func read(src vgrad.Source, q vgrad.Quantity, at chosen) []*record {
	var records []*record
	known := map[string]*record{}
	var r *record // of the sample before: a source of one site has millions of samples
	for s := range src.Samples(q) {
		if r == nil || r.site.Path != s.Site.Path {
			r = known[s.Site.Path]
		}
		if r == nil {
			if !at.has(s.Site) {
				continue
			}
			r = &record{site: s.Site}
			known[s.Site.Path] = r
			records = append(records, r)
		}
		if n := len(r.steps); n == cap(r.steps) { // append would grow long slices by a quarter only
			r.steps, r.values = slices.Grow(r.steps, n+1), slices.Grow(r.values, n+1)
		}
		r.steps, r.values = append(r.steps, s.Step), append(r.values, s.Value)
		if s.Hist != nil {
			r.hists = append(r.hists, s.Hist)
		}
	}
	slices.SortStableFunc(records, func(a, b *record) int { // a site may be first recorded late
		return spot{site: a.site}.position().compare(spot{site: b.site}.position())
	})
	return records
}

// readers is how many groups are read at the same time. More would only take more memory.
const readers = 4

// gather reads a scalar quantity of every source at a place. It returns a line for
// each group and site. It fails if a source has not recorded the quantity there.
// The error lists the quantities or sites that it has recorded.
func gather(sources []vgrad.Source, q vgrad.Quantity, at chosen, log bool) ([]line, error) {
	if len(sources) == 0 {
		return nil, errors.New("no sources; give at least one run")
	}
	gs := groups(sources)
	for _, src := range sources {
		if !slices.ContainsFunc(vgrad.Measured(src, q), at.has) {
			return nil, notRecorded(src, q, at)
		}
	}
	lines := make([][]line, len(gs))
	var all sync.WaitGroup
	slots := make(chan bool, readers)
	for i, g := range gs { // any number of goroutines may read a source; long runs take a while
		slots <- true
		all.Go(func() {
			lines[i] = g.lines(q, at, log)
			<-slots
		})
	}
	all.Wait()
	return slices.Concat(lines...), nil
}

// lines returns a line of the group for each site, in forward order.
func (g group) lines(q vgrad.Quantity, at chosen, log bool) []line {
	var paths []string
	var sites []vgrad.Site
	byPath := map[string][]*record{}
	for _, src := range g.sources {
		for _, r := range read(src, q, at) {
			if byPath[r.site.Path] == nil {
				paths, sites = append(paths, r.site.Path), append(sites, r.site)
			}
			byPath[r.site.Path] = append(byPath[r.site.Path], r)
		}
	}
	var lines []line
	for i, spot := range spotsOf(sites) {
		lines = append(lines, newLine(g.label, spot, byPath[paths[i]], log))
	}
	return lines
}

// newLine makes a line of the records of repetitions at one site.
func newLine(label string, at spot, records []*record, log bool) line {
	l := line{label: label, spot: at, runs: len(records), missing: tally{}}
	if len(records) == 1 && ascending(records[0].steps) { // the general way takes a slice a step
		l.missing.add(log, records[0].values...)
		m, _ := mean(records[0].values)
		l.steps, l.values, l.means = records[0].steps, records[0].values, []float64{m}
		return l
	}
	byStep := map[int][]float64{}
	for _, r := range records {
		l.missing.add(log, r.values...)
		m, _ := mean(r.values)
		l.means = append(l.means, m)
		for i, step := range r.steps {
			byStep[step] = append(byStep[step], r.values[i])
		}
	}
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
	return l
}

// ascending reports whether each step is above the one before.
func ascending(steps []int) bool {
	for i := 1; i < len(steps); i++ {
		if steps[i] <= steps[i-1] {
			return false
		}
	}
	return true
}

// spread returns the median and the 10 % and 90 % quantiles of the finite
// values, interpolated linearly between order statistics. If no value is finite, it
// returns the first one for all three. It panics if there is no value.
func spread(values []float64) (mid, low, high float64) {
	finite := slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return Missed(v, false) != Drawn })
	if len(finite) == 0 {
		return values[0], values[0], values[0]
	}
	slices.Sort(finite)
	return summary.Quantile(finite, 0.5), summary.Quantile(finite, 0.1), summary.Quantile(finite, 0.9)
}

// mean returns the mean of the finite values and their number n. The mean is NaN if
// n is 0.
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

// point returns the value and the band of the i-th recorded step, or false if ok is
// false or i is negative. Without a band, low and high are NaN.
func (l line) point(i int, ok bool) (v, low, high float64, _ bool) {
	switch {
	case !ok || i < 0:
		return nan, nan, nan, false
	case l.low == nil:
		return l.values[i], nan, nan, true
	}
	return l.values[i], l.low[i], l.high[i], true
}

// lastStep is the last recorded step; -1 if there is none.
func (l line) lastStep() int {
	if len(l.steps) == 0 {
		return -1
	}
	return l.steps[len(l.steps)-1]
}

// at returns a line with some of the points, given by their indices.
func (l line) at(keep []int) line {
	k := line{label: l.label, spot: l.spot, runs: l.runs}
	for _, i := range keep {
		k.steps, k.values = append(k.steps, l.steps[i]), append(k.values, l.values[i])
		if l.low != nil {
			k.low, k.high = append(k.low, l.low[i]), append(k.high, l.high[i])
		}
	}
	return k
}

// missingOf counts the missing values of all lines.
func missingOf(lines []line) tally {
	all := tally{}
	for _, l := range lines {
		all.join(l.missing)
	}
	return all
}

// longest is the number of steps of the longest line.
func longest(lines []line) int {
	most := 0
	for _, l := range lines {
		most = max(most, len(l.steps))
	}
	return most
}

// extent returns the first and the last step of the lines.
func extent(lines []line) (first, last int) {
	first, last = lines[0].steps[0], lines[0].steps[0]
	for _, l := range lines {
		first, last = min(first, l.steps[0]), max(last, l.steps[len(l.steps)-1])
	}
	return first, last
}

// repeated is the part of a caption that explains a line: ", one line " + each for
// single runs, or else the median of repetitions.
func repeated(lines []line, each string) string {
	fewest, most := 0, 0
	for _, l := range lines {
		if l.runs > 1 && (fewest == 0 || l.runs < fewest) {
			fewest = l.runs
		}
		most = max(most, l.runs)
	}
	switch {
	case most < 2:
		return ", one line " + each
	case fewest == most:
		return fmt.Sprintf("; lines are medians of %d runs, bands their 10–90 %% range", most)
	}
	return fmt.Sprintf("; lines are medians of %d to %d runs, bands their 10–90 %% range", fewest, most)
}

// manySites reports whether a label has lines of several sites.
func manySites(lines []line) bool {
	for i, l := range lines {
		if i > 0 && lines[i-1].label == l.label {
			return true
		}
	}
	return false
}
