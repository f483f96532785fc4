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

// FactorMap draws the gradient factor ([summary.Factor]) for every combination of
// two fields of the experiments. The columns are the values of one field, such as
// "depth", and the rows those of the other, such as "activation". Fields are named
// as in JSON. A cell shows the median of its runs. Its colour is the decimal
// logarithm of the median, on a scale of two hues that meet at a factor of 1.
//
// The sources are recorded runs or their condensed copies ([summary.Condense]). A
// run whose factor is NaN is left out of the median. The cell then has a star and
// the caption counts such runs. A cell without a number shows the reason.
//
// FactorMap fails if there is no source or if both fields are the same. It also
// fails if a source has no experiment, no such field, or no mean |∂L/∂W| of the
// first or the last layer from step 0 on.
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
		extras: extras{
			Tip: tip{Head: columns + " {x}, " + rows + " {y}", Rows: [][2]string{{"median", "{3}"}, {"10–90 % of {4} runs", "{5}"}, {"NaN", "{6}"}}},
			Fit: &fit{Variants: [][2]int{{7, 11}, {8, 11}, {9, 11}, {9, 9}}},
		},
	}
	return f, f.mapOption(g)
}

// factorGrid holds the factors of runs, grouped by two fields.
type factorGrid struct {
	columnField, rowField string
	columns, rows         []string
	cells                 map[[2]string]*factorCell // by column and row
	fewest, most          int                       // smallest and largest number of runs in a cell
	merged                []string                  // other fields that vary within a cell
}

// factorCell holds the factors of the runs of one cell.
type factorCell struct {
	factors []float64 // those that are not NaN
	nan     int       // number of runs whose factor is NaN
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

// add adds a source to its cell.
func (g *factorGrid) add(src vgrad.Source) error {
	run, ok := src.(vgrad.Recorded)
	if !ok {
		return fmt.Errorf("%q has no experiment; give recorded runs", src.Label())
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

// inOrder sorts values if all of them are numbers. Otherwise it keeps their order.
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

// spread returns the spread of a cell's factors, and the reason if its median
// cannot be drawn. c is nil for a cell without runs.
func (c *factorCell) spread() (s summary.Spread, why Missing) {
	if c == nil {
		return s, noRuns
	}
	s = summary.SpreadOf(c.factors)
	return s, Missed(s.Median, true)
}

// noRuns is the reason of a cell without runs.
const noRuns Missing = "–"

// mark is the text in a cell without a colour.
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
	_, notNumbers := parseAll(g.rows)
	c := cells{columns: g.columns, columnName: g.columnField, rows: g.rows, rowName: g.rowField, down: notNumbers != nil, // names are read from the top
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
	d.series[0] = part{d.series[0].value, map[string]any{"itemStyle": map[string]any{"borderWidth": 2, "borderColor": "$back"}}}
	if empty != nil {
		d.add("", part{
			charts.SingleSeries{Name: "no number", Type: "scatter", Data: empty, Symbol: "rect", SymbolSize: 1, ItemStyle: &opts.ItemStyle{Color: "transparent"},
				Label: &opts.Label{Show: opts.Bool(true), Position: "inside", FontSize: 11, Color: "$soft", Formatter: "{@[2]}"}},
			map[string]any{"z": 4, "silent": true, "tooltip": map[string]any{"show": false}},
		})
	}
	return f.finish(d)
}

// datum is the data of a cell: column, row and logarithm. The median, the number
// of runs, the range and the number of NaN follow for the tooltip, and then the
// label in three lengths.
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

// factor formats a factor with the given number of significant digits. With a
// precision of 0, a factor below 0.01 or from 1000 on is a power of ten alone.
func factor(v float64, precision int) string {
	switch {
	case v >= 0.01 && v < 1000:
		if precision == 0 && v >= 1 && v < 10 {
			precision = 2
		}
		text := strconv.FormatFloat(v, 'g', max(1, precision), 64)
		x, _ := strconv.ParseFloat(text, 64) // FormatFloat wrote it, so it parses
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

// caption explains a cell and counts what is left out.
func (g *factorGrid) caption() string {
	runs := plural(g.most, "run")
	if g.fewest != g.most {
		runs = fmt.Sprintf("%d to %d runs", g.fewest, g.most)
	}
	what := "is the median factor of " + runs
	if g.most == 1 {
		what = "is the factor of one run"
	}
	if len(g.merged) > 0 {
		what += ", of different " + strings.Join(g.merged, ", ")
	}
	text := fmt.Sprintf("A cell %s. The factor is mean |∂L/∂W| of the last layer over that of the first, %s. It is 1 if the gradient keeps its size on its way to the first layer, "+
		"above 1 if it shrinks, and below 1 if it grows. The colour is its logarithm.", what, averagedSteps())
	return text + g.note()
}

// averagedSteps names the steps over which the factor is averaged, see [summary.Steps].
func averagedSteps() string {
	return fmt.Sprintf("averaged over every %dth step (if it is not recorded, over the next recorded one)", summary.Every)
}

// note counts the runs and the cells that have no number.
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

// table has the medians and ranges, with the rows and columns of the map.
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
