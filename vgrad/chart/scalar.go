package chart

import (
	"fmt"
	"math"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/vgrad/lab/vgrad"
)

// Accuracy draws the training accuracy over steps, a line a label.
func Accuracy(sources []vgrad.Source) (*Figure, error) {
	return Scalar(sources, vgrad.TrainAccuracy, 0)
}

// Loss draws the training loss over steps, a line a label.
func Loss(sources []vgrad.Source) (*Figure, error) {
	return Scalar(sources, vgrad.Loss, 0)
}

// MeanGradient draws mean |∂L/∂W| of a layer over steps, a line a label.
func MeanGradient(sources []vgrad.Source, layer int) (*Figure, error) {
	return Scalar(sources, vgrad.MeanAbsGrad, layer)
}

// Scalar draws a scalar quantity over training steps, a line a label; layer 0
// is the whole network. Quantities that span orders of magnitude
// ([vgrad.Info.Log]) start on a log axis. It fails when there is no source,
// when q is unknown or a histogram, and when a source has not recorded q at
// the layer; the error says what it did record.
func Scalar(sources []vgrad.Source, q vgrad.Quantity, layer int) (*Figure, error) {
	info, err := scalarInfo(q)
	if err != nil {
		return nil, fmt.Errorf("chart: scalar: %w", err)
	}
	lines, err := gather(sources, q, layer, info.Log)
	if err != nil {
		return nil, fmt.Errorf("chart: %s over steps: %w", q, err)
	}
	f := &Figure{
		Title:   scalarTitle(info, lines, layer),
		Caption: scalarCaption(info, lines, layer),
		Height:  380,
		Table:   stepTable(lines),
		kind:    "scalar",
		labels:  labels(sources),
		extra:   extra{Log: &info.Log, Smooth: true, Weight: startWeight(lines), Zoom: true, Value: info.Title},
	}
	return f, f.scalarOption(lines, info)
}

// startWeight is the smoothing a figure starts with: a line of more than 200
// steps is averaged over about a fiftieth of them, but over no more than a thousand.
func startWeight(lines []line) float64 {
	most := longest(lines)
	if most <= 200 {
		return 0
	}
	return min(maxWeight, math.Round(1000*(1-50/float64(most)))/1000)
}

// maxWeight is how far the slider for smoothing goes, see live.js: a weight of 1 has no average.
const maxWeight = 0.999

// longest is the number of steps of the longest line.
func longest(lines []line) int {
	most := 0
	for _, l := range lines {
		most = max(most, len(l.steps))
	}
	return most
}

// scalarOption adds a line, and for repetitions a band, for each label.
func (f *Figure) scalarOption(lines []line, info vgrad.Info) error {
	first, last := extent(lines)
	foot := opts.YAxis{Type: "value", Show: opts.Bool(false), Min: 0, Max: 1} // where missing values are marked
	c := lineChart([]opts.XAxis{stepAxis(first, last)}, []opts.YAxis{valueAxis(axisName(info), info.Log), foot})
	var painted []string
	for _, l := range lines {
		r := l.reduce(info.Log)
		about := lineInfo{Series: len(painted), Band: -1, Gaps: l.gaps(r, info.Log), Means: r.table()}
		kept := l.at(r.keep)
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: l.label, Type: "line", Data: points(kept.steps, kept.drawn(info.Log)),
			ShowSymbol: opts.Bool(len(kept.steps) == 1), SymbolSize: 8,
			LineStyle: &opts.LineStyle{Width: 1.6},
		})
		painted = append(painted, l.label)
		if l.low != nil {
			about.Band = len(painted)
			c.MultiSeries = append(c.MultiSeries, bandSeries(l.label, loop(kept.steps, kept.low, kept.high, info.Log), 0))
			painted = append(painted, l.label)
		}
		f.extra.Lines = append(f.extra.Lines, about)
	}
	return f.finish(c.JSON(), painted)
}

// scalarTitle says what is seen: "Mean |∂L/∂W| of layer 1 over training".
func scalarTitle(info vgrad.Info, lines []line, layer int) string {
	title := capital(info.Title)
	if layer > 0 {
		title += fmt.Sprintf(" of layer %d", layer)
	}
	if strings.HasPrefix(info.Title, "training") {
		title += " step by step"
	} else {
		title += " over training"
	}
	if len(lines) == 1 {
		title += ": " + lines[0].label
	}
	return title
}

// scalarCaption says what the lines are and what is left out.
func scalarCaption(info vgrad.Info, lines []line, layer int) string {
	of := "of the whole network"
	if layer > 0 {
		of = fmt.Sprintf("of layer %d", layer)
	}
	said := []string{fmt.Sprintf("%s %s at each recorded step%s.", capital(axisName(info)), of, repeated(lines))}
	missing := tally{}
	for _, l := range lines {
		for why, n := range l.missing {
			missing[why] += n
		}
	}
	most := longest(lines)
	if w := startWeight(lines); w > 0 {
		said = append(said, fmt.Sprintf("The strong line is smoothed (debiased moving average over all steps, weight %v), the recorded values are faint behind it.", w))
	}
	if most > MaxPoints {
		said = append(said, fmt.Sprintf("Of %d steps, the lowest and the highest value of every %d or so are kept.",
			most, (most+MaxPoints/2-1)/(MaxPoints/2)))
	}
	if note := missing.note(); note != "" {
		said = append(said, note)
	}
	return strings.Join(said, " ")
}

// repeated words what is drawn for labels with several runs.
func repeated(lines []line) string {
	fewest, most := 0, 0
	for _, l := range lines {
		if l.runs > 1 && (fewest == 0 || l.runs < fewest) {
			fewest = l.runs
		}
		most = max(most, l.runs)
	}
	switch {
	case most < 2:
		return ", one line a run"
	case fewest == most:
		return fmt.Sprintf("; lines are medians of %d runs, bands their 10–90 %% range", most)
	}
	return fmt.Sprintf("; lines are medians of %d to %d runs, bands their 10–90 %% range", fewest, most)
}

// extent returns the first and the last step of the lines.
func extent(lines []line) (first, last int) {
	first, last = lines[0].steps[0], lines[0].steps[0]
	for _, l := range lines {
		first, last = min(first, l.steps[0]), max(last, l.steps[len(l.steps)-1])
	}
	return first, last
}

// at returns the line at some of its points.
func (l line) at(keep []int) line {
	k := line{label: l.label, runs: l.runs}
	for _, i := range keep {
		k.steps, k.values = append(k.steps, l.steps[i]), append(k.values, l.values[i])
		if l.low != nil {
			k.low, k.high = append(k.low, l.low[i]), append(k.high, l.high[i])
		}
	}
	return k
}

// drawn returns the values with NaN for those that are not drawn.
func (l line) drawn(log bool) []float64 {
	vs := make([]float64, len(l.values))
	for i, v := range l.values {
		vs[i] = v
		if Missed(v, log) != Drawn {
			vs[i] = nan
		}
	}
	return vs
}

// gaps lists the kept points that are not drawn: step, reason, and the value
// where a linear axis can show it.
func (l line) gaps(r reduced, log bool) [][]any {
	var gs [][]any
	for _, i := range r.keep {
		switch why := Missed(l.values[i], log); why {
		case Drawn:
		case NonPositive:
			gs = append(gs, []any{l.steps[i], why, num(l.values[i])})
		default:
			gs = append(gs, []any{l.steps[i], why})
		}
	}
	return gs
}

// table lists the stretches as figure.js reads them.
func (r reduced) table() [][5]num {
	var rows [][5]num
	for _, s := range r.means {
		rows = append(rows, [5]num{num(s.step), num(s.n), num(s.mean), num(s.low), num(s.high)})
	}
	return rows
}

// stepTable shows every label at up to 12 evenly spaced recorded steps.
func stepTable(lines []line) Table {
	t := Table{Columns: []string{"training step"}}
	var all []int
	values := make([]map[int]float64, len(lines))
	for i, l := range lines {
		t.Columns = append(t.Columns, l.label)
		values[i] = map[int]float64{}
		for j, step := range l.steps {
			values[i][step] = l.values[j]
		}
		all = append(all, l.steps...)
	}
	for _, step := range evenly(all, 12) {
		row := []string{fmt.Sprint(step)}
		for i := range lines {
			if v, ok := values[i][step]; ok {
				row = append(row, cell(v))
			} else {
				row = append(row, "–")
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
