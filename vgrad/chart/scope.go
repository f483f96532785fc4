package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// scope is a row of a layer map: a site, or sites whose paths have the same beginning.
type scope struct {
	name  string
	lines []line
}

// scopesOf groups sites by their scopes, at the deepest level with at most so many
// groups. If that level has only one group, it takes the next deeper level and joins
// neighbours. That happens in a plain chain of layers and in a stack of many blocks.
func scopesOf(lines []line, most int) []scope {
	finer := scopesAt(lines, deepest(lines))
	for depth := deepest(lines) - 1; depth > 0 && len(finer) > most; depth-- {
		coarser := scopesAt(lines, depth)
		if len(coarser) == 1 {
			break
		}
		finer = coarser
	}
	return joinNeighbours(finer, most)
}

// deepest is the largest number of scopes in a path.
func deepest(lines []line) int {
	depth := 0
	for _, l := range lines {
		depth = max(depth, strings.Count(l.spot.site.Path, "/"))
	}
	return depth
}

// scopesAt groups sites by the first depth scopes of their paths, in forward order.
func scopesAt(lines []line, depth int) []scope {
	var groups []scope
	at := map[string]int{}
	for _, l := range lines {
		parts := strings.Split(l.spot.site.Path, "/")
		name := strings.Join(parts[:min(depth+1, len(parts))], "/")
		i, found := at[name]
		if !found {
			i, at[name] = len(groups), len(groups)
			groups = append(groups, scope{name: name})
		}
		groups[i].lines = append(groups[i].lines, l)
	}
	return groups
}

// joinNeighbours joins equally many successive groups so that at most most groups
// remain. The name of a joined group is that of its first and last: "/encoder/0 – 1".
func joinNeighbours(groups []scope, most int) []scope {
	each := (len(groups) + most - 1) / most
	var fewer []scope
	for part := range slices.Chunk(groups, each) {
		joined := scope{name: part[0].name}
		for _, g := range part {
			joined.lines = append(joined.lines, g.lines...)
		}
		if len(part) > 1 {
			last := part[len(part)-1].name
			joined.name += " – " + last[commonScopes(joined.name, last):]
		}
		if len(joined.lines) > 1 {
			joined.name += fmt.Sprintf(" (%d)", len(joined.lines))
		}
		fewer = append(fewer, joined)
	}
	return fewer
}

// commonScopes is the length in bytes of the scopes with which both paths begin.
func commonScopes(a, b string) int {
	end := 0
	for i := 0; i < min(len(a), len(b)) && a[i] == b[i]; i++ {
		if a[i] == '/' {
			end = i + 1
		}
	}
	return end
}

// trouble ranks a site: the fields are compared in their order, see compare.
type trouble struct {
	nonFinite int     // the first step with a NaN or infinite value; math.MaxInt: none
	zeros     int     // number of values of zero or less, if the quantity has a log scale
	value     float64 // the mean over steps, or its negative if a high value is bad
}

// compare is negative if t is worse than o.
func (t trouble) compare(o trouble) int {
	return cmp.Or(cmp.Compare(t.nonFinite, o.nonFinite), -cmp.Compare(t.zeros, o.zeros), cmp.Compare(t.value, o.value))
}

// highIsBad reports whether a high value of the quantity is bad. It is if the unit is
// a fraction, such as the fraction of dead units.
func (m *siteMap) highIsBad() bool { return strings.HasPrefix(m.info.Unit, "fraction") }

// troubleOf ranks the site of a line.
func (m *siteMap) troubleOf(l line) trouble {
	t := trouble{nonFinite: math.MaxInt}
	for i, v := range l.values {
		switch Missed(v, m.info.Log) {
		case NonPositive:
			t.zeros++
		case NaN, PosInf, NegInf:
			t.nonFinite = min(t.nonFinite, l.steps[i])
		}
	}
	if t.value, _ = mean(l.values); m.highIsBad() {
		t.value = -t.value
	}
	return t
}

// sort sorts the sites in each row, and then the rows by their first site. The site
// with the most trouble is first.
func (m *siteMap) sort() {
	known := map[string]trouble{}
	for _, l := range m.lines {
		known[l.spot.site.Path] = m.troubleOf(l)
	}
	worse := func(a, b line) int { return known[a.spot.site.Path].compare(known[b.spot.site.Path]) }
	for _, row := range m.rows {
		slices.SortStableFunc(row.lines, worse)
	}
	slices.SortStableFunc(m.rows, func(a, b scope) int { return worse(a.lines[0], b.lines[0]) })
}

// order is the sentence that explains the order of the rows. It names the sites with
// the most trouble.
func (m *siteMap) order() string {
	least := "the smallest value"
	if m.highIsBad() {
		least = "the largest value"
	}
	var worst []string
	for _, row := range m.rows[:min(3, len(m.rows))] {
		worst = append(worst, row.lines[0].spot.site.Path)
	}
	return fmt.Sprintf("At the top are those with NaN or infinite values, the earliest first, then those with zeros, then those with %s. The most trouble is at %s.", least, listed(worst))
}

// among chooses the sites that match any of the patterns.
func among(patterns []Pattern) chosen {
	var names []string
	for _, p := range patterns {
		names = append(names, string(p))
	}
	return chosen{name: strings.Join(names, ", "), has: func(s vgrad.Site) bool {
		return s.Path != vgrad.NetworkSite.Path && slices.ContainsFunc(patterns, func(p Pattern) bool { return p.has(s) })
	}}
}

// join joins the sentences that are not empty.
func join(sentences []string) string {
	return strings.Join(slices.DeleteFunc(sentences, func(s string) bool { return s == "" }), " ")
}
