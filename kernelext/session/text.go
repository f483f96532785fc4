package session

import (
	"slices"
	"strings"
)

// edit replaces a part of a cell's text; one of no length inserts.
type edit struct {
	from, to int
	text     string
}

// text is generated source that knows which of its parts came from where.
type text struct {
	b    strings.Builder
	runs []run
}

// run is a part that is a reader's text as it is.
type run struct {
	at   int // in the generated text
	cell *cellText
	from int // in the cell
	n    int
}

// add writes generated text.
func (t *text) add(parts ...string) {
	for _, s := range parts {
		t.b.WriteString(s)
	}
}

// code writes a part of a cell's text with edits, which are sorted and do not overlap.
func (t *text) code(c *cellText, from, to int, edits []edit) {
	for _, e := range edits {
		if e.from < from || e.to > to {
			continue
		}
		t.copy(c, from, e.from)
		if e.to > e.from { // a replaced name stands where the old one stood
			t.runs = append(t.runs, run{t.b.Len(), c, e.from, 1})
		}
		t.add(e.text)
		from = e.to
	}
	t.copy(c, from, to)
}

func (t *text) copy(c *cellText, from, to int) {
	if from < to {
		t.runs = append(t.runs, run{t.b.Len(), c, from, to - from})
		t.add(c.code[from:to])
	}
}

func (t *text) String() string { return t.b.String() }

// origin returns where an offset of the generated text comes from. An offset in
// generated text belongs to what was copied before it; exact is false then.
func (t *text) origin(offset int) (c *cellText, at int, exact bool) {
	i, found := slices.BinarySearchFunc(t.runs, offset, func(r run, offset int) int { return r.at - offset })
	if !found {
		i--
	}
	if i < 0 {
		return nil, 0, false
	}
	r := t.runs[i]
	if past := offset - r.at; past > r.n || past == r.n && found {
		return r.cell, r.from + r.n, false
	}
	return r.cell, r.from + min(offset-r.at, r.n), offset-r.at <= r.n
}

// place returns where an offset of a cell went, -1 where it was not copied.
func (t *text) place(c *cellText, offset int) int {
	end := -1
	for _, r := range t.runs {
		if r.cell != c || offset < r.from || offset > r.from+r.n {
			continue
		}
		if offset < r.from+r.n {
			return r.at + offset - r.from
		}
		end = r.at + r.n
	}
	return end
}

// sorted orders edits by place; insertions at one place keep their order.
func sorted(edits []edit) []edit {
	slices.SortStableFunc(edits, func(a, b edit) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return a.to - b.to
	})
	return edits
}
