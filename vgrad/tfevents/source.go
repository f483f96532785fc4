package tfevents

import (
	"iter"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// column is a series that holds a quantity at a site.
type column struct {
	series
	vgrad.Column
	special [3]series // how many values are NaN, +Inf and -Inf; empty: none
}

// specialTags end the names of the tags that count values which a histogram cannot hold.
var specialTags = [3]string{"/NaN", "/+Inf", "/-Inf"}

// Samples yields the samples of a quantity in step order, sites in forward order within a
// step. A tag's name is a quantity of the whole network; see the package's doc.
func (r *Run) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	columns := r.columnsOf(q)
	return func(yield func(vgrad.Sample) bool) {
		if len(columns) == 1 {
			for i := range columns[0].steps {
				if !yield(columns[0].at(i)) {
					return
				}
			}
			return
		}
		merge(columns, yield)
	}
}

// merge yields the samples of several columns.
func merge(columns []*column, yield func(vgrad.Sample) bool) {
	at := make([]int, len(columns))
	for {
		step, more := int64(math.MaxInt64), false
		for i, c := range columns {
			if at[i] < len(c.steps) {
				step, more = min(step, c.steps[at[i]]), true
			}
		}
		if !more {
			return
		}
		for i, c := range columns {
			if at[i] < len(c.steps) && c.steps[at[i]] == step {
				if !yield(c.at(at[i])) {
					return
				}
				at[i]++
			}
		}
	}
}

// columnsOf returns the columns of a quantity, in forward order.
func (r *Run) columnsOf(q vgrad.Quantity) []*column {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var columns []*column
	for _, s := range r.events.tags {
		if c, ok := r.columns[s.tag]; ok && c.Quantity == q {
			columns = append(columns, r.column(s, c))
		}
	}
	rank := func(c *column) int { return slices.Index(r.sites, c.Site) } // -1: the whole network
	slices.SortStableFunc(columns, func(a, b *column) int { return rank(a) - rank(b) })
	if s, ok := r.events.byTag[string(q)]; ok && columns == nil {
		columns = append(columns, r.column(s, vgrad.Column{Site: vgrad.NetworkSite, Quantity: q}))
	}
	return columns
}

func (r *Run) column(s *series, c vgrad.Column) *column {
	col := &column{series: s.snapshot(), Column: c}
	if _, own := r.events.own[s.tag]; own && s.isHistogram() {
		for i, end := range specialTags {
			if n, ok := r.events.byTag[s.tag+end]; ok && !n.isHistogram() {
				col.special[i] = n.snapshot()
			}
		}
	}
	return col
}

// at returns the i-th sample.
func (c *column) at(i int) vgrad.Sample {
	s := c.sample(i, c.Column)
	if !c.isHistogram() {
		return s
	}
	var n [3]int
	found := false
	for k := range n {
		if at, ok := c.special[k].find(c.steps[i]); ok {
			n[k], found = int(c.special[k].values[at]), true
		}
	}
	if found {
		h := *s.Hist
		h.NaN, h.PosInf, h.NegInf = n[0], n[1], n[2]
		s.Hist = &h
	}
	return s
}

// Describe returns the description in the file, or that of a tag. A scalar tag is drawn on
// a logarithmic axis if no value is negative and the positive ones span more than two
// orders of magnitude: on a linear axis all small values look like zero.
func (r *Run) Describe(q vgrad.Quantity) (vgrad.Info, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if info, ok := r.events.infos[q]; ok {
		return info, true
	}
	if _, err := q.Info(); err == nil {
		return vgrad.Info{}, false // the laboratory's description
	}
	s, ok := r.events.byTag[string(q)]
	if !ok {
		return vgrad.Info{}, false
	}
	return vgrad.Info{Title: s.tag, Histogram: s.isHistogram(), Log: s.spansOrders()}, true
}

// spansOrders reports whether a logarithmic axis suits the values.
func (s *series) spansOrders() bool {
	low, high := math.Inf(1), 0.0
	for _, v := range s.values {
		switch {
		case v < 0:
			return false
		case v > 0 && !math.IsInf(v, 1):
			low, high = min(low, v), max(high, v)
		}
	}
	return high > 100*low
}
