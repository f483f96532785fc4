package vgrad

import (
	"errors"
	"fmt"
	"slices"
)

// Measure says which quantities are recorded and how often. The zero value
// records every scalar quantity at every step and every histogram at every
// 200th. Step 0 is always recorded. What is not due is not computed.
type Measure struct {
	// Quantities to record beside the loss and the accuracies, which are
	// always recorded. Nil: all of them; empty: none.
	Quantities []Quantity `json:"quantities,omitzero"`
	// Every how many steps the scalars are recorded. Zero: 1.
	Every int `json:"every,omitempty"`
	// HistogramEvery is the same for histograms, and for what is finished on the
	// host. Zero: 200; negative: none.
	HistogramEvery int `json:"histogram_every,omitempty"`
	// Sites says at which sites quantities are recorded: patterns of their
	// paths, separated by commas (see [MatchPath]). Zero: at all of them.
	Sites string `json:"sites,omitempty"`
}

// check reports what is wrong with a measure whose defaults are written out.
func (m Measure) check() error {
	wrong := []error{atLeastOne("measure.every", m.Every), checkPatterns("measure.sites", m.Sites)}
	for _, q := range m.Quantities {
		if _, err := q.Info(); err != nil {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

// Measures reports whether q is recorded. Quantities of the whole network
// always are.
func (m Measure) Measures(q Quantity) bool {
	info, err := q.Info()
	switch {
	case err != nil:
		return false
	case info.Histogram && m.HistogramEvery < 0:
		return false
	case info.Subject == WholeNetwork || m.Quantities == nil && slices.Contains(Quantities(), q):
		return true
	}
	return slices.Contains(m.Quantities, q)
}

// canonical returns the measure in the one spelling of what it means: quantities
// sorted, all of them as nil, no histograms as -1.
func (m Measure) canonical() Measure {
	m.Quantities = sortedQuantities(m.Quantities)
	if slices.Equal(m.Quantities, sortedQuantities(measurable())) {
		m.Quantities = nil
	}
	histogram := func(q Quantity) bool { info, _ := q.Info(); return info.Histogram }
	if m.HistogramEvery < 0 || m.Quantities != nil && !slices.ContainsFunc(m.Quantities, histogram) {
		m.HistogramEvery = -1
	}
	return m
}

// measurable lists the quantities that need not be recorded.
func measurable() []Quantity {
	return slices.DeleteFunc(Quantities(), func(q Quantity) bool {
		info, err := q.Info()
		return err != nil || info.Subject == WholeNetwork
	})
}

// sortedQuantities sorts and drops repeats: the order means nothing.
func sortedQuantities(qs []Quantity) []Quantity {
	qs = slices.Clone(qs)
	slices.Sort(qs)
	return slices.Compact(qs)
}

// String is what is measured and how often, for prose.
func (m Measure) String() string {
	what := "every quantity"
	if m.Quantities != nil {
		what = fmt.Sprintf("%d quantities", len(m.Quantities))
	}
	return fmt.Sprintf("%s, every %d steps", what, max(1, m.Every))
}
