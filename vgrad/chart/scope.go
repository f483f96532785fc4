package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// scope is a row of a layer map: sites whose paths begin alike.
type scope struct {
	name  string
	lines []line
}

// scopesOf groups sites by the deepest level of scopes at which there are at
// most so many groups. Where that would be a single one, as in a plain chain of
// layers or in a stack of many blocks, neighbours of the next level are put together.
func scopesOf(lines []line, most int) []scope {
	finer := scopesAt(lines, deepest(lines))
	for depth := deepest(lines) - 1; depth > 0 && len(finer) > most; depth-- {
		coarser := scopesAt(lines, depth)
		if len(coarser) == 1 {
			break
		}
		finer = coarser
	}
	return neighbours(finer, most)
}

// deepest is how many scopes the deepest path has.
func deepest(lines []line) int {
	depth := 0
	for _, l := range lines {
		depth = max(depth, strings.Count(l.spot.site.Path, "/"))
	}
	return depth
}

// scopesAt groups sites by so many scopes of their paths, in forward order.
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

// neighbours puts groups together that follow each other until there are at most
// so many: "/encoder/0 – 1".
func neighbours(groups []scope, most int) []scope {
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

// commonScopes is how many bytes of two paths are scopes that both begin with.
func commonScopes(a, b string) int {
	end := 0
	for i := 0; i < min(len(a), len(b)) && a[i] == b[i]; i++ {
		if a[i] == '/' {
			end = i + 1
		}
	}
	return end
}

// trouble is how bad a site or a scope is; the fields are compared in turn.
type trouble struct {
	broken int     // the first step with a NaN or infinite value; past all steps: there is none
	zeros  int     // how many values are zero or less, of a quantity on a log scale
	value  float64 // the mean over steps, or its negative where high is bad
}

func (t trouble) compare(o trouble) int {
	return cmp.Or(cmp.Compare(t.broken, o.broken), -cmp.Compare(t.zeros, o.zeros), cmp.Compare(t.value, o.value))
}

// highIsBad reports whether a quantity counts what should be few: its unit is a fraction.
func (m *siteMap) highIsBad() bool { return strings.HasPrefix(m.info.Unit, "fraction") }

// of judges a site.
func (m *siteMap) of(l line) trouble {
	t := trouble{broken: math.MaxInt}
	for i, v := range l.values {
		switch Missed(v, m.info.Log) {
		case NonPositive:
			t.zeros++
		case NaN, PosInf, NegInf:
			t.broken = min(t.broken, l.steps[i])
		}
	}
	if t.value, _ = mean(l.values); m.highIsBad() {
		t.value = -t.value
	}
	return t
}

// sort puts the rows with the most trouble first, and in each row the sites.
func (m *siteMap) sort() {
	known := map[string]trouble{}
	for _, l := range m.lines {
		known[l.spot.site.Path] = m.of(l)
	}
	worse := func(a, b line) int { return known[a.spot.site.Path].compare(known[b.spot.site.Path]) }
	for _, row := range m.rows {
		slices.SortStableFunc(row.lines, worse)
	}
	slices.SortStableFunc(m.rows, func(a, b scope) int { return worse(a.lines[0], b.lines[0]) })
}

// order says how the rows are sorted, and names the sites with the most trouble.
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

// among is the sites that any of the patterns chooses.
func among(patterns []Pattern) chosen {
	var names []string
	for _, p := range patterns {
		names = append(names, string(p))
	}
	return chosen{name: strings.Join(names, ", "), has: func(s vgrad.Site) bool {
		return s.Path != vgrad.NetworkSite.Path && slices.ContainsFunc(patterns, func(p Pattern) bool { return p.has(s) })
	}}
}

// join puts sentences together, without those that are empty.
func join(sentences []string) string {
	return strings.Join(slices.DeleteFunc(sentences, func(s string) bool { return s == "" }), " ")
}
