package chart

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/summary"
)

// FactorTrend draws the gradient factor ([summary.Factor]) against a numeric field of
// the experiments, such as "depth". The field is named as in JSON. There is a line
// for each combination of the other fields that vary. It is the median of the runs,
// with a band from their 10 % to their 90 % quantile.
//
// The sources are recorded runs or their condensed copies ([summary.Condense]). Runs
// whose factor is NaN are left out, and the caption counts them.
//
// FactorTrend fails if there is no source. It also fails if a source has no
// experiment, no such field, a field that is not a number, or no mean |∂L/∂W| of the
// first or the last layer from step 0 on.
func FactorTrend(sources []vgrad.Source, field string) (*Figure, error) {
	info := vgrad.Info{Title: "gradient factor", Log: true}
	f, err := trendFigure(sources, field, info, summary.Factor)
	if err != nil {
		return nil, fmt.Errorf("chart: factor trend: %w", err)
	}
	f.Caption = fmt.Sprintf("The factor is mean |∂L/∂W| of the last layer over that of the first, %s. It is 1 if the gradient keeps its size. ", averagedSteps()) + f.Caption
	return f, nil
}

// Trend draws the last recorded value of a scalar quantity of the whole network, such
// as [vgrad.ValAccuracy], in the same way as [FactorTrend] draws the factor. It fails
// if the quantity is a histogram or belongs to layers, if a source has not recorded
// it, and for the other reasons of FactorTrend.
func Trend(sources []vgrad.Source, q vgrad.Quantity, field string) (*Figure, error) {
	if len(sources) == 0 {
		return nil, errors.New("chart: trend: no sources; give at least one run")
	}
	info, err := scalarInfo(sources[0], q)
	if err == nil && info.Subject != vgrad.WholeNetwork {
		err = fmt.Errorf("%s is measured for each layer; name a quantity of the whole network, such as %s", q, vgrad.ValAccuracy)
	}
	if err != nil {
		return nil, fmt.Errorf("chart: trend: %w", err)
	}
	f, err := trendFigure(sources, field, info, func(src vgrad.Source) (float64, error) {
		_, values := vgrad.Series(src, q, 0)
		if len(values) == 0 {
			return 0, notRecorded(src, q, choose(0))
		}
		return values[len(values)-1], nil
	})
	if err != nil {
		return nil, fmt.Errorf("chart: trend: %w", err)
	}
	return f, nil
}

// trend is a line of a trend figure: medians and quantiles by the field's value.
type trend struct {
	label          string
	x              []float64
	mid, low, high []float64
	runs           int // largest number of runs at one x
}

func trendFigure(sources []vgrad.Source, field string, info vgrad.Info, value func(vgrad.Source) (float64, error)) (*Figure, error) {
	points, err := gatherPoints(sources, field, value)
	if err != nil {
		return nil, err
	}
	trends, nan := trendsOf(points, info.Title)
	f := &Figure{
		Title:  fmt.Sprintf("%s by %s", capital(info.Title), field),
		Height: 380,
		Table:  trendTable(trends, field),
		extras: extras{Log: &logControl{On: info.Log, Axes: []int{0}}, Tip: tip{Head: field + " {x}"}},
	}
	for _, tr := range trends {
		f.labels = append(f.labels, tr.label)
	}
	f.Caption = trendCaption(trends, nan, info)
	return f, f.trendOption(trends, info, field)
}

// point is one run's value.
type point struct {
	label    string
	x, value float64
}

// gatherPoints reads the value of every run.
func gatherPoints(sources []vgrad.Source, field string, value func(vgrad.Source) (float64, error)) ([]point, error) {
	if len(sources) == 0 {
		return nil, errors.New("no sources; give at least one run")
	}
	var es []vgrad.Experiment
	for _, src := range sources {
		run, ok := src.(vgrad.Recorded)
		if !ok {
			return nil, fmt.Errorf("%q has no experiment; give recorded runs", src.Label())
		}
		es = append(es, run.Ran())
	}
	others := slices.DeleteFunc(varying(es), func(f string) bool { return f == field })
	var points []point
	for i, src := range sources {
		text, err := es[i].Field(field)
		if err != nil {
			return nil, err
		}
		x, err := parseAll([]string{text})
		if err != nil {
			return nil, fmt.Errorf("%s is %q, which is not a number", field, text)
		}
		v, err := value(src)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", src.Label(), err)
		}
		points = append(points, point{es[i].NameBy(others...), x[text], v})
	}
	return points, nil
}

// trendsOf makes lines of points, in order of first appearance, and counts the NaN
// that it leaves out. A line without a label is named by title.
func trendsOf(points []point, title string) (trends []trend, nan int) {
	var labels []string
	values := map[string]map[float64][]float64{}
	for _, p := range points {
		if values[p.label] == nil {
			labels, values[p.label] = append(labels, p.label), map[float64][]float64{}
		}
		at := values[p.label]
		if at[p.x] == nil {
			at[p.x] = []float64{}
		}
		if math.IsNaN(p.value) {
			nan++
			continue
		}
		at[p.x] = append(at[p.x], p.value)
	}
	for _, label := range labels {
		tr := trend{label: label}
		for x := range values[label] {
			tr.x = append(tr.x, x)
		}
		slices.Sort(tr.x)
		for _, x := range tr.x {
			s := summary.SpreadOf(values[label][x])
			tr.runs = max(tr.runs, s.N)
			tr.mid, tr.low, tr.high = append(tr.mid, s.Median), append(tr.low, s.Low), append(tr.high, s.High)
		}
		if tr.label == "" {
			tr.label = title
		}
		trends = append(trends, tr)
	}
	return trends, nan
}

// trendOption adds a line and a band for each trend.
func (f *Figure) trendOption(trends []trend, info vgrad.Info, field string) error {
	at := allX(trends)
	d := &drawing{trigger: "axis", legend: true, x: []part{fieldAxis(field, at)}, y: []part{valueAxis(axisName(info), info.Log, 0), footAxis(0)}}
	for _, tr := range trends {
		var data []any
		for i, x := range tr.x {
			data = append(data, xy(num(x), tr.mid[i]))
		}
		about := lineSpec{Series: d.add(tr.label, show(curve(tr.label, data, 0))), Foot: 1}
		if tr.runs > 1 {
			for _, piece := range tr.bands(info.Log) {
				about.Bands = append(about.Bands, d.add(tr.label, band(tr.label, piece, 0)))
			}
		}
		f.extras.Lines = append(f.extras.Lines, about)
	}
	return f.finish(d)
}

// bands returns the outlines of the band: one for each stretch of points at which
// both edges can be drawn.
func (tr trend) bands(log bool) [][]any {
	var pieces [][]any
	for from := 0; from < len(tr.x); from++ {
		to := from
		for to < len(tr.x) && tr.drawn(to, log) {
			to++
		}
		if to > from {
			pieces = append(pieces, tr.outline(from, to))
		}
		from = to
	}
	return pieces
}

// outline goes along the upper edge and back along the lower one.
func (tr trend) outline(from, to int) []any {
	var upper, lower []any
	for i := from; i < to; i++ {
		upper = append(upper, [2]num{num(tr.x[i]), num(tr.high[i])})
		lower = append(lower, [2]num{num(tr.x[i]), num(tr.low[i])})
	}
	slices.Reverse(lower)
	return append(upper, lower...)
}

// drawn reports whether both edges of the band can be drawn at the i-th point.
func (tr trend) drawn(i int, log bool) bool {
	return Missed(tr.low[i], log) == Drawn && Missed(tr.high[i], log) == Drawn
}

// allX lists the field's values in ascending order.
func allX(trends []trend) []num {
	var xs []num
	for _, tr := range trends {
		for _, x := range tr.x {
			xs = append(xs, num(x))
		}
	}
	slices.Sort(xs)
	return slices.Compact(xs)
}

// fieldAxis is the axis of a field's values, with a tick at each. It is logarithmic
// if they are positive and span more than a factor of 30.
func fieldAxis(field string, xs []num) part {
	low, high := xs[0], xs[len(xs)-1]
	a := xAxis("value", field, "number")
	a.SplitLine.Show = opts.Bool(false)
	switch {
	case low > 0 && high/low > 30:
		a.Type, a.Min, a.Max = "log", low/1.2, high*1.2
	case low == high:
		a.Min, a.Max = low-1, high+1
	default:
		pad := (high - low) / 40
		a.Min, a.Max = low-pad, high+pad
	}
	ticks := map[string]any{"customValues": xs}
	return part{a, axisStyle(map[string]any{"axisLabel": ticks, "axisTick": ticks})}
}

// trendCaption explains the lines and lists what is left out.
func trendCaption(trends []trend, nan int, info vgrad.Info) string {
	most, missing, cut := 0, tally{}, 0
	for _, tr := range trends {
		most = max(most, tr.runs)
		missing.add(info.Log, tr.mid...)
		for i := range tr.x {
			if Missed(tr.mid[i], info.Log) == Drawn && !tr.drawn(i, info.Log) {
				cut++
			}
		}
	}
	text := "A point is one run."
	if most > 1 {
		text = fmt.Sprintf("Lines are medians of up to %s, bands their 10–90 %% range.", plural(most, "run"))
	}
	if nan > 0 {
		text += fmt.Sprintf(" Left out because it is NaN: the value of %s.", plural(nan, "run"))
	}
	if note := missing.note(); note != "" {
		text += " " + note
	}
	if cut > 0 {
		text += fmt.Sprintf(" Where the range reaches zero or infinity (%s) there is no band.", plural(cut, "point"))
	}
	return text
}

// trendTable has a row for each value of the field and a column for each line.
func trendTable(trends []trend, field string) Table {
	t := Table{Columns: []string{field}}
	for _, tr := range trends {
		t.Columns = append(t.Columns, tr.label)
	}
	for _, x := range allX(trends) {
		row := []string{cell(float64(x))}
		for _, tr := range trends {
			text := "–"
			if i, found := slices.BinarySearch(tr.x, float64(x)); found {
				text = summary.Spread{Median: tr.mid[i], Low: tr.low[i], High: tr.high[i], N: tr.runs}.String()
			}
			row = append(row, text)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
