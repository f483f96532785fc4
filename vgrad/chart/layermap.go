package chart

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

const (
	maxCells  = 1200 // sets the number of columns, see stretches
	maxRows   = 40   // with more sites, a row is a scope
	maxScopes = 60   // largest number of rows that are scopes
)

// LayerMap draws a quantity as a heat map of site against step. The colour is the
// value, or its decimal logarithm if the quantity spans orders of magnitude
// ([vgrad.Info.Log]). If there are too many steps, a cell is the mean over a
// stretch of them. Patterns choose sites; without a pattern it draws all.
//
// Up to 40 sites have a row each, in forward order. More sites are grouped by
// their scopes, and a row is a scope. A cell then shows the worst value of its
// scope and the tooltip names that site. The table lists all sites. Rows are
// sorted by their worst site:
//
//   - sites with a NaN or infinite value come first, the earliest at the top;
//   - sites with values of zero or less follow, those with most of them first, if
//     the colour is a logarithm;
//   - the others are sorted by their mean over steps, the smallest first. If the
//     unit is a fraction, such as that of dead units, the largest comes first.
//
// The caption names the layers at which nothing is recorded. LayerMap fails if
// there is no source, if the quantity is a histogram or belongs to the whole
// network, and if it is not recorded at any of the sites.
func LayerMap(source vgrad.Source, q vgrad.Quantity, at ...Pattern) (*Figure, error) {
	f, err := layerMap(source, q, at)
	if err != nil {
		return nil, fmt.Errorf("chart: layer map: %w", err)
	}
	return f, nil
}

func layerMap(source vgrad.Source, q vgrad.Quantity, at []Pattern) (*Figure, error) {
	if source == nil {
		return nil, errors.New("no source; give a run")
	}
	info, err := scalarInfo(source, q)
	if err != nil {
		return nil, err
	}
	where := everywhere
	if len(at) > 0 {
		where = among(at)
	}
	g := groups([]vgrad.Source{source})[0]
	lines := g.lines(q, where, info.Log)
	switch {
	case lines == nil && info.Subject == vgrad.WholeNetwork && len(vgrad.Measured(source, q)) > 0:
		return nil, fmt.Errorf("%s is measured for the whole network; name a quantity of layers, such as %s", q, vgrad.MeanAbsGrad)
	case lines == nil:
		return nil, notRecorded(source, q, where)
	}
	m := newSiteMap(info, lines)
	var lacked []string
	if len(at) == 0 {
		lacked = lacking([]group{g}, info, q)
	}
	f := &Figure{
		Title:   fmt.Sprintf("%s of %s over training: %s", capital(info.Title), m.what(len(at) > 0), source.Label()),
		Caption: m.caption(lacked),
		Height:  m.height(),
		Table:   m.table(),
		labels:  []string{source.Label()},
		extras:  extras{Tip: m.tip()},
	}
	return f, f.finish(m.cells().drawing())
}

// height is the height in CSS pixels that gives every row room for its name.
func (m *siteMap) height() int {
	return max(260, 110+max(14*len(m.rows), min(34*len(m.rows), 420)))
}

// siteMap is a quantity at sites, or scopes of them, over steps.
type siteMap struct {
	info    vgrad.Info
	lines   []line // of all sites
	rows    []scope
	grouped bool  // rows are scopes, sorted by trouble
	layers  bool  // rows are layers, named by their numbers
	steps   []int // the first step of each column
	each    int   // number of recorded steps in a column
}

// newSiteMap makes the rows and columns.
func newSiteMap(info vgrad.Info, lines []line) *siteMap {
	m := &siteMap{info: info, lines: lines, grouped: len(lines) > maxRows}
	if m.grouped {
		m.rows = scopesOf(lines, maxScopes)
		m.sort()
		m.stretches()
		return m
	}
	m.layers = !slices.ContainsFunc(lines, func(l line) bool {
		return l.spot.series != "" || !inLayers([]position{l.spot.position()})
	})
	for _, l := range lines {
		name := l.spot.String()
		if m.layers {
			name = fmt.Sprint(l.spot.site.Layer) + l.spot.frozen()
		}
		m.rows = append(m.rows, scope{name, []line{l}})
	}
	m.stretches()
	return m
}

// stretches sets the columns. It cuts the steps of the longest line into stretches:
// at most 100 of them, and at most 25 if there are many rows.
func (m *siteMap) stretches() {
	var steps []int
	for _, l := range m.lines {
		if len(l.steps) > len(steps) {
			steps = l.steps
		}
	}
	columns := max(25, min(100, maxCells/len(m.rows)))
	m.each = (len(steps) + columns - 1) / columns
	for from := 0; from < len(steps); from += m.each {
		m.steps = append(m.steps, steps[from])
	}
}

// columns returns the mean of a line in each column, and whether the line has a
// step there.
func (m *siteMap) columns(l line) (means []float64, recorded []bool) {
	i := 0
	for _, end := range slices.Concat(m.steps[1:], []int{math.MaxInt}) {
		from := i
		for i < len(l.steps) && l.steps[i] < end {
			i++
		}
		v := nan
		if i > from {
			v, _ = mean(l.values[from:i])
		}
		means, recorded = append(means, v), append(recorded, i > from)
	}
	return means, recorded
}

// worst returns the worst value of a row in each column, and the index of its line.
// The index is -1 if nothing is recorded there.
func (m *siteMap) worst(row scope) (values []float64, of []int) {
	values, of = make([]float64, len(m.steps)), slices.Repeat([]int{-1}, len(m.steps))
	for k, l := range row.lines {
		means, recorded := m.columns(l)
		for i, v := range means {
			if recorded[i] && (of[i] < 0 || m.worse(v, values[i])) {
				values[i], of[i] = v, k
			}
		}
	}
	return values, of
}

// worse reports whether a is worse than b.
func (m *siteMap) worse(a, b float64) bool {
	switch {
	case math.IsNaN(b):
		return false
	case math.IsNaN(a):
		return true
	case m.highIsBad():
		return a > b
	}
	return a < b
}

// cells returns the cells of all rows.
func (m *siteMap) cells() cells {
	c := cells{columns: stepNames(m.steps), columnName: stepName, rowName: m.rowName(), down: m.grouped,
		low: math.Inf(1), high: math.Inf(-1), what: axisName(m.info), format: "fine", blend: ramp}
	if m.info.Log {
		c.format = "power"
	}
	for y, row := range m.rows {
		c.rows = append(c.rows, row.name)
		values, of := m.worst(row)
		for x, v := range values {
			switch why := Missed(v, m.info.Log); {
			case of[x] < 0:
			case why == NonPositive:
				c.wedges = append(c.wedges, [2]int{x, y})
			case why != Drawn:
				c.crosses = append(c.crosses, [2]int{x, y})
			default:
				z := v
				if m.info.Log {
					z = math.Log10(v)
				}
				c.low, c.high = min(c.low, z), max(c.high, z)
				c.data = append(c.data, m.cell(x, y, z, v, row.lines[of[x]]))
			}
		}
	}
	return c
}

// cell is the data of one cell. In a row that is a scope it ends with the path of
// the site that the cell shows.
func (m *siteMap) cell(x, y int, z, v float64, at line) any {
	if m.grouped {
		return []any{x, y, num(z), num(v), at.spot.site.Path}
	}
	return [4]num{num(x), num(y), num(z), num(v)}
}

func (m *siteMap) tip() tip {
	switch {
	case m.grouped:
		return tip{Head: "step {x}, {y}", Rows: [][2]string{{"{4}", "{3}"}}}
	case m.layers:
		return tip{Head: "step {x}", Rows: [][2]string{{"layer {y}", "{3}"}}}
	}
	return tip{Head: "step {x}", Rows: [][2]string{{"{y}", "{3}"}}}
}

func (m *siteMap) rowName() string {
	switch {
	case m.grouped:
		return "most trouble at the top"
	case m.layers:
		return "layer (1 is next to the input)"
	}
	return "in forward order, the input's end at the bottom"
}

// what names the rows for a title. some: patterns chose the sites.
func (m *siteMap) what(some bool) string {
	switch {
	case some || m.grouped || !m.layers:
		return plural(len(m.lines), "site")
	case len(m.rows) == 1:
		return "layer " + m.rows[0].name
	}
	return "every layer"
}

// caption explains a cell and lists what is left out.
func (m *siteMap) caption(lacked []string) string {
	scale := ""
	if m.info.Log {
		scale = " on a logarithmic scale"
	}
	row := "a site"
	switch {
	case len(m.rows) < len(m.lines):
		row = "a scope, and a cell the worst of its sites"
	case m.layers:
		row = "a layer"
	}
	text := fmt.Sprintf("The colour is %s%s; a row is %s, a column one recorded step.", axisName(m.info), scale, row)
	if m.each > 1 {
		text = fmt.Sprintf("The colour is %s%s; a row is %s, a column the mean over %d recorded steps from the one named.", axisName(m.info), scale, row, m.each)
	}
	said := []string{text}
	if m.grouped {
		said = append(said, m.order())
	}
	said = append(append(said, frozen(m.lines)...), lacked...)
	return join(append(said, cellNote(missingOf(m.lines))))
}

// cellNote counts the values that have no colour.
func cellNote(missing tally) string {
	note := missing.note()
	if note == "" {
		return ""
	}
	return note + " A cell without any other value is marked instead of coloured."
}

// table has a row for each site with its first, mean and last value. Sites of a
// scope are in the order of the map's rows.
func (m *siteMap) table() Table {
	t := Table{Columns: []string{"site", "first step", "mean over steps", "last step"}}
	if m.layers {
		t.Columns[0] = "layer"
	}
	for _, row := range m.rows {
		for _, l := range row.lines {
			name := row.name
			if m.grouped {
				name = l.spot.site.Path + l.spot.frozen()
			}
			mid, _ := mean(l.values)
			t.Rows = append(t.Rows, []string{name, cell(l.values[0]), cell(mid), cell(l.values[len(l.values)-1])})
		}
	}
	return t
}
