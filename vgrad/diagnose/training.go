package diagnose

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
	"gonum.org/v1/gonum/stat"
)

// Training is what a rule looks at: the samples of a source, up to the step from which on
// the training computes with no finite numbers. It serves one goroutine.
type Training struct {
	source vgrad.Source
	order  map[string]int // place of each path in forward order
	named  map[string]int // how many sites have the same text in prose and the same kind
	cache  map[vgrad.Quantity][]Series
	from   int // the first step that trains the whole network for its task; before it is pre-training
	broken int // the step from which on it computes with no finite numbers; -1: none
}

func newTraining(src vgrad.Source) *Training {
	t := &Training{source: src, order: map[string]int{}, named: map[string]int{}, cache: map[vgrad.Quantity][]Series{}, broken: -1}
	if r, ok := src.(vgrad.Recorded); ok {
		t.from = r.Ran().FirstOfTask()
	}
	for i, s := range src.Sites() {
		if t.order[s.Path] > 0 {
			continue // the same site in another stage, in which it is frozen or no longer is
		}
		t.order[s.Path] = i + 1 // the whole network comes first
		s = completed(src, s, "")
		t.named[prose(s)+kind(s)]++
	}
	t.broken = t.brokenFrom()
	return t
}

// Series is a scalar quantity at a site, over the recorded steps.
type Series struct {
	vgrad.Site
	Steps  []int
	Values []float64 // one a step
}

// Series lists a quantity's series in forward order, up to the step from which on the
// training computes with no finite numbers. Sites of old runs are completed.
func (t *Training) Series(q vgrad.Quantity) []Series {
	var finite []Series
	for _, s := range t.whole(q) {
		if n, _ := slices.BinarySearch(s.Steps, t.broken); t.broken >= 0 {
			s.Steps, s.Values = s.Steps[:n], s.Values[:n]
		}
		if len(s.Steps) > 0 {
			finite = append(finite, s)
		}
	}
	return finite
}

// finite is Series, with an error if there are none.
func (t *Training) finite(q vgrad.Quantity) ([]Series, error) {
	series := t.Series(q)
	if len(series) == 0 {
		if err := t.errBroken(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("no %s is recorded", q)
	}
	return series, nil
}

// whole is Series with all recorded steps.
func (t *Training) whole(q vgrad.Quantity) []Series {
	if series, ok := t.cache[q]; ok {
		return series
	}
	var series []Series
	at := map[string]int{}
	for s := range t.source.Samples(q) {
		if s.Hist != nil || s.Step < t.from {
			continue
		}
		i, ok := at[s.Site.Path]
		switch {
		case !ok:
			i = len(series)
			at[s.Site.Path] = i
			series = append(series, Series{Site: completed(t.source, s.Site, q)})
		case s.Site.Frozen != series[i].Frozen: // a stage of the training begins
			series[i].Site = completed(t.source, s.Site, q)
		}
		series[i].Steps, series[i].Values = append(series[i].Steps, s.Step), append(series[i].Values, s.Value)
	}
	slices.SortStableFunc(series, func(a, b Series) int { return cmp.Compare(t.order[a.Path], t.order[b.Path]) })
	t.cache[q] = series
	return series
}

// Network returns the series of a quantity of the whole network. If there is none, the
// series has no steps.
func (t *Training) Network(q vgrad.Quantity) Series {
	for _, s := range t.Series(q) {
		if s.Path == vgrad.NetworkSite.Path {
			return s
		}
	}
	return Series{}
}

// Steps returns the number of trained steps up to the last recorded loss, including steps
// of which nothing was recorded.
func (t *Training) Steps() int {
	loss := t.Network(vgrad.Loss)
	if len(loss.Steps) == 0 {
		return 0
	}
	return loss.last() + 1
}

// recorded reports whether any of the quantities is.
func (t *Training) recorded(qs []vgrad.Quantity) bool {
	return slices.ContainsFunc(qs, func(q vgrad.Quantity) bool { return len(t.whole(q)) > 0 })
}

// last is the last recorded step.
func (s Series) last() int { return s.Steps[len(s.Steps)-1] }

// late returns the values of the last tenth of the recorded steps, at least one.
func (s Series) late() []float64 { return s.Values[len(s.Values)-(len(s.Values)+9)/10:] }

// end returns the values of the last tenth of the recorded steps, but at least five if
// there are as many. The mean of fewer says too little.
func (s Series) end() []float64 {
	n := len(s.Values)
	return s.Values[n-min(n, max(5, (n+9)/10)):]
}

// median returns the median of the finite values, or NaN if there are none. Of an even
// number of values it is the lower of the middle two.
func median(xs []float64) float64 {
	xs = slices.DeleteFunc(slices.Sorted(slices.Values(xs)), notANumber)
	if len(xs) == 0 {
		return math.NaN()
	}
	return stat.Quantile(0.5, stat.Empirical, xs, nil)
}

// mean returns the mean with its standard error, which is 0 for a single value.
func mean(xs []float64) (mean, err float64) {
	if len(xs) < 2 {
		return stat.Mean(xs, nil), 0
	}
	mean, deviation := stat.MeanStdDev(xs, nil)
	return mean, stat.StdErr(deviation, float64(len(xs)))
}

func notANumber(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }
