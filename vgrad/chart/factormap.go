package chart

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/summary"
)

// FactorMap draws the gradient factor ([summary.Factor]) of every combination
// of two fields of the experiments, named as in JSON: the columns are the
// values of one, as "depth", the rows those of the other, as "activation". A
// cell holds the median of its runs; its colour is the decimal logarithm, with
// a factor of 1 in between the two hues.
//
// The sources are recorded runs, whole or condensed. A run whose factor is NaN
// is left out of the median, and the cell and the caption say so; a cell
// without a number says why. It fails where a source is of no experiment, has
// no such field or lacks mean |∂L/∂W|.
func FactorMap(sources []vgrad.Source, columns, rows string) (*Figure, error) {
	g, err := gatherFactors(sources, columns, rows)
	if err != nil {
		return nil, fmt.Errorf("chart: factor map: %w", err)
	}
	f := &Figure{
		Title:   fmt.Sprintf("Gradient factor by %s and %s", columns, rows),
		Caption: g.caption(),
		Height:  min(130+46*len(g.rows), 640),
		Table:   g.table(),
		says: declared{
			Tip: tip{Head: columns + " {x}, " + rows + " {y}", Rows: [][2]string{{"median", "{3}"}, {"10–90 % of {4} runs", "{5}"}, {"NaN", "{6}"}}},
			Fit: &fit{Variants: [][2]int{{7, 11}, {8, 11}, {9, 11}, {9, 9}}},
		},
	}
	return f, f.mapOption(g)
}

// factorGrid is the factors of runs by two fields.
type factorGrid struct {
	columnField, rowField string
	columns, rows         []string
	cells                 map[[2]string]*factorCell // by column and row
	fewest, most          int                       // runs of a cell
	merged                []string                  // other fields that vary within cells
}

// factorCell is the factors of the runs of one cell.
type factorCell struct {
	factors []float64
	nan     int
	runs    []vgrad.Experiment
}

func gatherFactors(sources []vgrad.Source, columns, rows string) (*factorGrid, error) {
	if len(sources) == 0 {
		return nil, errors.New("no sources; give at least one run")
	}
	if columns == rows {
		return nil, fmt.Errorf("columns and rows are both %s; name two fields", rows)
	}
	g := &factorGrid{columnField: columns, rowField: rows, cells: map[[2]string]*factorCell{}}
	for _, src := range sources {
		if err := g.add(src); err != nil {
			return nil, err
		}
	}
	g.columns, g.rows = inOrder(g.columns), inOrder(g.rows)
	for _, c := range g.cells {
		if n := len(c.runs); g.fewest == 0 || n < g.fewest {
			g.fewest = n
		}
		g.most = max(g.most, len(c.runs))
		for _, field := range varying(c.runs) {
			if !slices.Contains(g.merged, field) {
				g.merged = append(g.merged, field)
			}
		}
	}
	slices.Sort(g.merged)
	return g, nil
}

// add books a source in its cell.
func (g *factorGrid) add(src vgrad.Source) error {
	run, ok := src.(vgrad.Recorded)
	if !ok {
		return fmt.Errorf("%q does not say of which experiment it is; give recorded runs", src.Label())
	}
	e := run.Ran()
	column, err := e.Field(g.columnField)
	if err != nil {
		return err
	}
	row, err := e.Field(g.rowField)
	if err != nil {
		return err
	}
	factor, err := summary.Factor(src)
	if err != nil {
		return fmt.Errorf("%q: %w", src.Label(), err)
	}
	if !slices.Contains(g.columns, column) {
		g.columns = append(g.columns, column)
	}
	if !slices.Contains(g.rows, row) {
		g.rows = append(g.rows, row)
	}
	at := [2]string{column, row}
	if g.cells[at] == nil {
		g.cells[at] = &factorCell{}
	}
	c := g.cells[at]
	c.runs = append(c.runs, e)
	if math.IsNaN(factor) {
		c.nan++
	} else {
		c.factors = append(c.factors, factor)
	}
	return nil
}

// inOrder sorts values that are numbers, and leaves others in the order of
// their first appearance.
func inOrder(values []string) []string {
	if numbers, err := parseAll(values); err == nil {
		slices.SortStableFunc(values, func(a, b string) int { return int(math.Copysign(1, numbers[a]-numbers[b])) })
	}
	return values
}

// parseAll reads values as numbers.
func parseAll(values []string) (map[string]float64, error) {
	numbers := map[string]float64{}
	for _, v := range values {
		x, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return nil, err
		}
		numbers[v] = x
	}
	return numbers, nil
}

// spread condenses a cell, and says why where it has no number.
func (c *factorCell) spread() (s summary.Spread, why Missing) {
	if c == nil {
		return s, notThere
	}
	s = summary.SpreadOf(c.factors)
	return s, Missed(s.Median, true)
}

// notThere is why a cell without runs is empty.
const notThere Missing = "–"

// mark is what stands in a cell whose number has no colour.
func mark(why Missing) string {
	switch why {
	case PosInf:
		return "∞"
	case NonPositive:
		return "0"
	}
	return string(why)
}

// mapOption adds the cells, and marks for those without a number.
func (f *Figure) mapOption(g *factorGrid) error {
	_, words := parseAll(g.rows)
	c := cells{columns: g.columns, columnName: g.columnField, rows: g.rows, rowName: g.rowField, down: words != nil, // words are read from the top
		low: math.Inf(1), high: math.Inf(-1), what: "gradient factor", format: "power", blend: diverging}
	var empty []any
	for x, column := range g.columns {
		for y, row := range g.rows {
			cell := g.cells[[2]string{column, row}]
			s, why := cell.spread()
			if why != Drawn {
				empty = append(empty, []any{x, y, mark(why)})
				continue
			}
			z := math.Log10(s.Median)
			c.low, c.high = min(c.low, z), max(c.high, z)
			c.data = append(c.data, cell.datum(x, y, z, s))
		}
	}
	d := c.drawing()
	d.series[0] = part{d.series[0].of, map[string]any{"itemStyle": map[string]any{"borderWidth": 2, "borderColor": "$back"}}}
	if empty != nil {
		d.add("", part{
			charts.SingleSeries{Name: "no number", Type: "scatter", Data: empty, Symbol: "rect", SymbolSize: 1, ItemStyle: &opts.ItemStyle{Color: "transparent"},
				Label: &opts.Label{Show: opts.Bool(true), Position: "inside", FontSize: 11, Color: "$soft", Formatter: "{@[2]}"}},
			map[string]any{"z": 4, "silent": true, "tooltip": map[string]any{"show": false}},
		})
	}
	return f.finish(d)
}

// datum is a cell: column, row, logarithm; median, runs, range and NaN for the
// tooltip; and the label in three lengths.
func (c *factorCell) datum(x, y int, z float64, s summary.Spread) any {
	between, nan, star := "", "", ""
	if s.N > 1 {
		between = factor(s.Low, 3) + " – " + factor(s.High, 3)
	}
	if c.nan > 0 {
		nan, star = fmt.Sprintf("%d more", c.nan), "*"
	}
	d := []any{x, y, num(z), factor(s.Median, 3), s.N, between, nan}
	for _, precision := range []int{2, 1, 0} {
		d = append(d, factor(s.Median, precision)+star)
	}
	return d
}

// factor writes a factor in so many digits; in none, large and small ones are
// their power of ten.
func factor(v float64, precision int) string {
	switch {
	case v >= 0.01 && v < 1000:
		if precision == 0 && v >= 1 && v < 10 {
			precision = 2
		}
		text := strconv.FormatFloat(v, 'g', max(1, precision), 64)
		x, _ := strconv.ParseFloat(text, 64) // it was written as one
		return strconv.FormatFloat(x, 'f', -1, 64)
	case precision == 0:
		return "10" + superscript(int(math.Round(math.Log10(v))))
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', precision-1, 64), "e")
	e, _ := strconv.Atoi(exponent)
	if mantissa = strings.TrimSuffix(mantissa, ".0"); mantissa == "1" {
		return "10" + superscript(e)
	}
	return mantissa + "·10" + superscript(e)
}

// superscript writes n in small raised digits.
func superscript(n int) string {
	return strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(strconv.Itoa(n))
}

// caption says what a cell is and what it lacks.
func (g *factorGrid) caption() string {
	runs := plural(g.most, "run")
	if g.fewest != g.most {
		runs = fmt.Sprintf("%d to %d runs", g.fewest, g.most)
	}
	what := "is the median of " + runs
	if g.most == 1 {
		what = "is one run"
	}
	if len(g.merged) > 0 {
		what += ", of different " + strings.Join(g.merged, ", ") + ","
	}
	text := fmt.Sprintf("A cell %s: mean |∂L/∂W| of the last layer over that of the first, averaged over every %dth step. It is 1 where the gradient keeps its size, "+
		"larger the more of it vanishes on its way to the first layer, below 1 where it grows. The colour is its logarithm.", what, summary.Every)
	return text + g.note()
}

// note counts what is not drawn.
func (g *factorGrid) note() string {
	nan, of, infinite, zero := 0, 0, 0, 0
	for _, c := range g.cells {
		nan, of = nan+c.nan, of+len(c.runs)
		switch _, why := c.spread(); why {
		case PosInf:
			infinite++
		case NonPositive:
			zero++
		}
	}
	text := ""
	if nan > 0 {
		text += fmt.Sprintf(" Left out of the medians because they gave NaN: %d of %d runs (cells with *; NaN where no run is left).", nan, of)
	}
	if infinite > 0 {
		text += " ∞: nothing arrives at the first layer."
	}
	if zero > 0 {
		text += " 0: the last layer has no gradient."
	}
	if empty := len(g.columns)*len(g.rows) - len(g.cells); empty > 0 {
		text += fmt.Sprintf(" –: not recorded (%s).", plural(empty, "cell"))
	}
	return text
}

// table has the medians and ranges, a row a row of the map.
func (g *factorGrid) table() Table {
	t := Table{Columns: []string{g.rowField}}
	for _, column := range g.columns {
		t.Columns = append(t.Columns, g.columnField+" "+column)
	}
	for _, row := range g.rows {
		cells := []string{row}
		for _, column := range g.columns {
			c := g.cells[[2]string{column, row}]
			s, why := c.spread()
			switch {
			case why != Drawn:
				cells = append(cells, mark(why))
			case c.nan > 0:
				cells = append(cells, s.String()+"*")
			default:
				cells = append(cells, s.String())
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}
