package chart

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/summary"
)

// Remedies compares ways to train a network: a row for each label, with its validation
// accuracy on the left and what its training cost on the right. There is a mark for each
// value of a numeric field, usually "depth": the median of the repetitions, on a line from
// their 10 % to their 90 % quantile. The rows are sorted by the median accuracy at the
// field's largest value, the best first. A row without runs there comes after those with.
//
// The cost is the time of a run's steps without compiling ([vgrad.Timed]), in seconds. If
// no source knows it, only the accuracy is drawn.
//
// It fails if there is no source. It also fails if a source has no experiment, no label of
// its own that differs from the field's values, no such field, a field that is not a
// number, or no validation accuracy.
func Remedies(sources []vgrad.Source, field string) (*Figure, error) {
	rows, xs, err := remedyRows(sources, field)
	if err != nil {
		return nil, fmt.Errorf("chart: remedies: %w", err)
	}
	f := &Figure{
		Title:  "What each remedy reaches, and what it costs",
		Height: 90 + 21*len(rows),
		Table:  remedyTable(rows, xs, field),
		extras: extras{Tip: tip{Head: "{5}, {series}", Rows: [][2]string{{"median", "{2}"}, {"10–90 % of {4}", "{3}"}}}},
	}
	f.Caption = remedyCaption(rows, xs, field)
	return f, f.remedyOption(rows, xs, field)
}

// remedy is a row of the figure: the accuracies and costs of its runs, by the field's value.
type remedy struct {
	label           string
	accuracy, costs map[float64][]float64
}

// remedyRows sorts the runs into rows, and returns the field's values in ascending order.
func remedyRows(sources []vgrad.Source, field string) (rows []remedy, xs []float64, err error) {
	if len(sources) == 0 {
		return nil, nil, errors.New("no sources; give at least one run")
	}
	for _, src := range sources {
		run, ok := src.(vgrad.Recorded)
		if !ok {
			return nil, nil, fmt.Errorf("%q has no experiment; give recorded runs", src.Label())
		}
		text, err := run.Ran().Field(field)
		if err != nil {
			return nil, nil, err
		}
		number, err := parseAll([]string{text})
		if err != nil {
			return nil, nil, fmt.Errorf("%s is %q, which is not a number", field, text)
		}
		_, values := vgrad.Series(src, vgrad.ValAccuracy, 0)
		if len(values) == 0 {
			return nil, nil, fmt.Errorf("%q: %w", src.Label(), notRecorded(src, vgrad.ValAccuracy, choose(0)))
		}
		i := slices.IndexFunc(rows, func(r remedy) bool { return r.label == src.Label() })
		if i < 0 {
			i, rows = len(rows), append(rows, remedy{src.Label(), map[float64][]float64{}, map[float64][]float64{}})
		}
		x := number[text]
		xs = append(xs, x)
		rows[i].accuracy[x] = append(rows[i].accuracy[x], values[len(values)-1])
		if timed, ok := src.(vgrad.Timed); ok {
			if seconds, known := timed.StepsTook(); known {
				rows[i].costs[x] = append(rows[i].costs[x], seconds)
			}
		}
	}
	slices.Sort(xs)
	xs = slices.Compact(xs)
	last := xs[len(xs)-1]
	slices.SortStableFunc(rows, func(a, b remedy) int { return cmp.Compare(b.rank(last), a.rank(last)) })
	return rows, xs, nil
}

// rank is what rows are sorted by: the median accuracy at x, or less than any accuracy for
// a row without runs there.
func (r remedy) rank(x float64) float64 {
	if m := summary.SpreadOf(r.accuracy[x]).Median; !math.IsNaN(m) {
		return m
	}
	return -1
}

// remedyOption adds the two panels: accuracy, and cost if any is known. The marks stand on
// hidden vertical axes of numbers, on which those of one row are beside each other.
func (f *Figure) remedyOption(rows []remedy, xs []float64, field string) error {
	d := &drawing{panels: 1, trigger: "item", legend: len(xs) > 1}
	accuracy := xAxis("value", "validation accuracy", "percent")
	accuracy.Min, accuracy.Max = 0, 1
	d.x, d.y = []part{{accuracy, axisStyle(nil)}}, []part{remedyNames(rows, true, 0)}
	low, high := costs(rows)
	if low <= high {
		d.panels, d.x, d.y = 2, append(d.x, secondsAxis(low, high)), append(d.y, remedyNames(rows, false, 1))
		d.y = append(d.y, remedyPlaces(rows, 0), remedyPlaces(rows, 1))
		f.marks(d, rows, xs, field, 1)
	} else {
		d.y = append(d.y, remedyPlaces(rows, 0))
	}
	f.marks(d, rows, xs, field, 0)
	return f.finish(d)
}

// secondsAxis is the logarithmic axis of the second panel, with ticks at 1, 2 and 5 times the
// powers of ten around the costs.
func secondsAxis(low, high float64) part {
	var at []num
	for power := math.Floor(math.Log10(low)); power <= math.Ceil(math.Log10(high)); power++ {
		for _, digit := range []float64{1, 2, 5} {
			at = append(at, num(digit*math.Pow(10, power)))
		}
	}
	for len(at) > 2 && float64(at[1]) <= low {
		at = at[1:]
	}
	for len(at) > 2 && float64(at[len(at)-2]) >= high {
		at = at[:len(at)-1]
	}
	x := xAxis("log", "seconds of training", "number")
	x.GridIndex, x.Min, x.Max = 1, at[0], at[len(at)-1]
	ticks := map[string]any{"customValues": at}
	return part{x, axisStyle(map[string]any{"axisLabel": ticks, "axisTick": ticks})}
}

// costs returns the lowest and the highest cost; low is above high if none is known.
func costs(rows []remedy) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, r := range rows {
		for _, seconds := range r.costs {
			low, high = min(low, slices.Min(seconds)), max(high, slices.Max(seconds))
		}
	}
	return low, high
}

// remedyNames is the axis of rows, the first at the top. Beside another panel it has no names.
func remedyNames(rows []remedy, named bool, panel int) part {
	y := yAxis("category", "", "")
	var names []string
	for _, r := range rows {
		names = append(names, r.label)
	}
	style := map[string]any{"axisTick": map[string]any{"alignWithLabel": true}}
	if !named {
		names = make([]string, len(rows))
		style["axisTick"] = map[string]any{"show": false}
	}
	y.Data, y.Inverse, y.GridIndex = names, opts.Bool(true), panel
	return part{y, axisStyle(style)}
}

// remedyPlaces is the hidden axis on which row i is at i.
func remedyPlaces(rows []remedy, panel int) part {
	return part{value: opts.YAxis{Type: "value", Show: opts.Bool(false), Min: -0.5, Max: float64(len(rows)) - 0.5, Inverse: opts.Bool(true), GridIndex: panel}}
}

// marks adds to a panel, for each value of the field, a line a row from quantile to quantile
// and a mark at the median.
func (f *Figure) marks(d *drawing, rows []remedy, xs []float64, field string, panel int) {
	for k, x := range xs {
		name := f.label(fmt.Sprintf("%s %s", field, cell(x)))
		lines, points := []any{}, []any{}
		for i, r := range rows {
			values, say := r.accuracy[x], inPercent
			if panel == 1 {
				values, say = r.costs[x], inSeconds
			}
			s := summary.SpreadOf(values)
			if s.N == 0 || Missed(s.Median, false) != Drawn {
				continue
			}
			y := num(float64(i) + 0.5*((float64(k)+0.5)/float64(len(xs))-0.5))
			lines = append(lines, [2]num{num(s.Low), y}, [2]num{num(s.High), y}, [2]any{nil, y})
			points = append(points, []any{num(s.Median), y, say(s.Median), say(s.Low) + " to " + say(s.High), plural(s.N, "run"), r.label})
		}
		d.add(name, part{charts.SingleSeries{
			Name: name, Type: "scatter", Data: points, XAxisIndex: panel, YAxisIndex: d.panels + panel, Color: own, Symbol: own, SymbolSize: 8,
			ItemStyle: &opts.ItemStyle{BorderColor: "$back", BorderWidth: 1},
		}, map[string]any{"z": 4}})
		d.add(name, part{charts.SingleSeries{
			Name: name, Type: "line", Data: lines, XAxisIndex: panel, YAxisIndex: d.panels + panel, Color: own, Symbol: "none", ConnectNulls: opts.Bool(false),
			LineStyle: &opts.LineStyle{Width: 3, Opacity: opts.Float(0.55)},
		}, map[string]any{"z": 2, "silent": true, "tooltip": map[string]any{"show": false}}})
	}
}

func inPercent(v float64) string { return digits(100*v, 3) + " %" }

func inSeconds(v float64) string { return digits(v, 3) + " s" }

// remedyCaption explains rows and marks, and says what is not known.
func remedyCaption(rows []remedy, xs []float64, field string) string {
	most, timed, runs, without := 0, 0, 0, []string{}
	for _, r := range rows {
		for _, x := range xs {
			n := len(r.accuracy[x])
			most, runs, timed = max(most, n), runs+n, timed+len(r.costs[x])
			if n == 0 {
				without = append(without, fmt.Sprintf("%s at %s %s", r.label, field, cell(x)))
			}
		}
	}
	text := "A mark is one run."
	if most > 1 {
		text = fmt.Sprintf("A mark is the median of up to %s, the line through it their 10–90 %% range.", plural(most, "run"))
	}
	text += fmt.Sprintf(" The best at %s %s is at the top.", field, cell(xs[len(xs)-1]))
	switch {
	case timed == runs:
		text += " Seconds are those of all steps of one run, without compiling."
	case timed > 0:
		text += fmt.Sprintf(" Seconds are those of all steps of one run, without compiling; they are not recorded for %s.", plural(runs-timed, "run"))
	default:
		text += " How long the runs took is not recorded."
	}
	if len(without) > 0 {
		text += " Not trained: " + listedUpTo(without, 8) + "."
	}
	return text
}

// remedyTable has a row for each remedy.
func remedyTable(rows []remedy, xs []float64, field string) Table {
	t := Table{Columns: []string{"remedy"}}
	for _, x := range xs {
		t.Columns = append(t.Columns, fmt.Sprintf("accuracy at %s %s", field, cell(x)), "seconds")
	}
	for _, r := range rows {
		row := []string{r.label}
		for _, x := range xs {
			for _, values := range [][]float64{r.accuracy[x], r.costs[x]} {
				if len(values) == 0 {
					row = append(row, "–")
				} else {
					row = append(row, summary.SpreadOf(values).String())
				}
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
