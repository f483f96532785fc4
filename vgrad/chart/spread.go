package chart

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// The quantiles of a histogram that Spread draws.
const (
	spreadLow  = 0.05
	spreadHigh = 0.95
)

// Spread draws the histograms of several runs over steps in one figure, on one axis: for
// each label the median of the values at a place, with a band from their 5 % to their 95 %
// quantile. Of repetitions it draws the median of each of the three. [Ridge] shows the
// whole histograms of one run.
//
// It fails if there is no source, if q is not a histogram, and if a source has not recorded
// q there.
func Spread[P Place](sources []vgrad.Source, q vgrad.Quantity, place P) (*Figure, error) {
	f, err := spreadFigure(sources, q, choose(place))
	if err != nil {
		return nil, fmt.Errorf("chart: spread: %w", err)
	}
	return f, nil
}

func spreadFigure(sources []vgrad.Source, q vgrad.Quantity, at chosen) (*Figure, error) {
	if len(sources) == 0 {
		return nil, errors.New("no sources; give at least one run")
	}
	info := describe(sources[0], q)
	var all []line
	special := tally{}
	for _, g := range groups(sources) {
		lines, err := g.spreads(q, at, special)
		if err != nil {
			return nil, err
		}
		all = append(all, lines...)
	}
	lines, left := fewSites(all)
	names := lineNames(lines, at)
	f := &Figure{
		Title:   "Spread of " + info.Title + " of " + placeName(lines, at) + " over training",
		Caption: spreadCaption(lines, left, special),
		Height:  380,
		Table:   stepTable(lines, names),
		extras:  extras{Zoom: zoom(true), Tip: tip{Head: "step {x}"}},
	}
	return f, f.scalarOption(lines, names, info)
}

// spreads returns a line for each site. It adds the values of the histograms that are not
// finite to a tally.
func (g group) spreads(q vgrad.Quantity, at chosen, special tally) ([]line, error) {
	var sites []vgrad.Site
	byPath := map[string][3][]*record{} // median, low and high of each source
	for _, src := range g.sources {
		records := read(src, q, at)
		if len(records) == 0 {
			return nil, notRecorded(src, q, at)
		}
		for _, r := range records {
			three, err := quantiles(r, q, special)
			if err != nil {
				return nil, err
			}
			have, found := byPath[r.site.Path]
			if !found {
				sites = append(sites, r.site)
			}
			for i := range have {
				have[i] = append(have[i], three[i])
			}
			byPath[r.site.Path] = have
		}
	}
	var lines []line
	for _, spot := range spotsOf(sites) {
		three := byPath[spot.site.Path]
		l := newLine(g.label, spot, three[0], false)
		l.low = newLine(g.label, spot, three[1], false).values
		l.high = newLine(g.label, spot, three[2], false).values
		lines = append(lines, l)
	}
	return lines, nil
}

// quantiles returns records of the median and the two quantiles of a record's histograms.
func quantiles(r *record, q vgrad.Quantity, special tally) (three [3]*record, err error) {
	if r.hists == nil {
		return three, fmt.Errorf("%s is not a histogram but one value a step; draw it with Scalar", q)
	}
	for i := range three {
		three[i] = &record{site: r.site, steps: r.steps}
	}
	for _, h := range r.hists {
		for i, p := range []float64{0.5, spreadLow, spreadHigh} {
			three[i].values = append(three[i].values, h.Quantile(p))
		}
		for why, n := range (tally{NaN: h.NaN, PosInf: h.PosInf, NegInf: h.NegInf}) {
			if n > 0 {
				special[why] += n
			}
		}
	}
	return three, nil
}

// spreadCaption explains the lines and tells what they do not show.
func spreadCaption(lines, left []line, special tally) string {
	said := []string{"The line is the median of the values in the histogram of a recorded step, the band reaches from their 5 % to their 95 % quantile."}
	if slices.ContainsFunc(lines, func(l line) bool { return l.runs > 1 }) {
		said = append(said, "Of repetitions it is the median of each of the three.")
	}
	if len(left) > 0 {
		said = append(said, leftOut(left)+" chart.At chooses sites.")
	}
	var counts []string
	for _, why := range []Missing{NaN, PosInf, NegInf} {
		if n := special[why]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, why))
		}
	}
	if counts != nil {
		said = append(said, "Values that are not finite are not among them: "+strings.Join(counts, ", ")+".")
	}
	if note := missingOf(lines).note(); note != "" {
		said = append(said, note)
	}
	return strings.Join(said, " ")
}
