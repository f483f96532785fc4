package vgrad

import (
	"errors"
	"fmt"
	"slices"
)

// Measure says which quantities are recorded and how often. The zero value
// records every scalar quantity at every step and every histogram at every
// 200th step. Step 0 is always recorded. A quantity is computed only at the steps
// at which it is recorded.
type Measure struct {
	// Quantities to record in addition to the loss and the accuracies, which are
	// always recorded. Nil: all quantities of the laboratory; empty: none.
	Quantities []Quantity `json:"quantities,omitzero"`
	// Every is the number of steps between two records of the scalars. Zero: 1.
	Every int `json:"every,omitempty"`
	// HistogramEvery is the same for histograms and for quantities that are
	// computed on the host. Zero: 200; negative: these are not recorded.
	HistogramEvery int `json:"histogram_every,omitempty"`
	// Sites selects the sites at which quantities are recorded, by patterns of
	// their paths separated by commas (see [MatchPath]). Zero: all sites.
	Sites string `json:"sites,omitempty"`
}

// check reports the faults of a measure whose defaults are written out.
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

// canonical returns the one form of all measures that mean the same: quantities
// are sorted, all quantities are nil, and no histograms is -1.
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

// measurable lists the quantities that a measure can leave out.
func measurable() []Quantity {
	return slices.DeleteFunc(Quantities(), func(q Quantity) bool {
		info, err := q.Info()
		return err != nil || info.Subject == WholeNetwork
	})
}

// sortedQuantities sorts quantities and drops repeats, because their order has
// no meaning.
func sortedQuantities(qs []Quantity) []Quantity {
	qs = slices.Clone(qs)
	slices.Sort(qs)
	return slices.Compact(qs)
}

// String describes the measure for prose: "every quantity, every 10 steps".
func (m Measure) String() string {
	what := "every quantity"
	if m.Quantities != nil {
		what = fmt.Sprintf("%d quantities", len(m.Quantities))
	}
	return fmt.Sprintf("%s, every %d steps", what, max(1, m.Every))
}
