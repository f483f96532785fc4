package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/vgrad/lab/vgrad"
)

// Accuracy draws the training accuracy over steps, with a line for each label. It
// fails as [Scalar] does.
func Accuracy(sources []vgrad.Source) (*Figure, error) {
	return Scalar(sources, vgrad.TrainAccuracy, 0)
}

// Loss draws the training loss over steps, with a line for each label. It fails as
// [Scalar] does.
func Loss(sources []vgrad.Source) (*Figure, error) {
	return Scalar(sources, vgrad.Loss, 0)
}

// MeanGradient draws mean |∂L/∂W| of a layer, or another [Place], over steps, with a
// line for each label and site. It fails as [Scalar] does.
func MeanGradient[P Place](sources []vgrad.Source, layer P) (*Figure, error) {
	return Scalar(sources, vgrad.MeanAbsGrad, layer)
}

// Scalar draws a scalar quantity over training steps, with a line for each label and
// each site that the place chooses. Layer 0 is the whole network. If a label has
// more than 12 such sites, Scalar draws 12 evenly spaced ones and the caption names
// the others. Quantities that span orders of magnitude ([vgrad.Info.Log]) have a log
// axis at first.
//
// It fails if there is no source, if q is a histogram, and if a source has not
// recorded q there. The error lists what the source has recorded.
func Scalar[P Place](sources []vgrad.Source, q vgrad.Quantity, place P) (*Figure, error) {
	return scalar(sources, q, choose(place))
}

// maxSites is the largest number of sites of a label that a scalar figure draws.
const maxSites = 12

func scalar(sources []vgrad.Source, q vgrad.Quantity, at chosen) (*Figure, error) {
	info := vgrad.Info{}
	if len(sources) > 0 {
		var err error
		if info, err = scalarInfo(sources[0], q); err != nil {
			return nil, fmt.Errorf("chart: scalar: %w", err)
		}
	}
	all, err := gather(sources, q, at, info.Log)
	if err != nil {
		return nil, fmt.Errorf("chart: %s over steps: %w", q, err)
	}
	lines, left := fewSites(all)
	names := lineNames(lines, at)
	weight := startWeight(lines)
	f := &Figure{
		Title:   scalarTitle(info, lines, at),
		Caption: scalarCaption(info, lines, left, at),
		Height:  380,
		Table:   stepTable(lines, names),
		extras: extras{
			Log: &logControl{On: info.Log, Axes: []int{0}}, Smooth: &weight, Zoom: zoom(true), Tip: tip{Head: "step {x}"},
		},
	}
	return f, f.scalarOption(lines, names, info)
}

// fewSites picks up to maxSites lines of each label, and returns those it leaves out.
func fewSites(lines []line) (kept, left []line) {
	for from := 0; from < len(lines); {
		to := from
		for to < len(lines) && lines[to].label == lines[from].label {
			to++
		}
		chosen := map[int]bool{}
		for _, i := range evenly(indices(from, to), maxSites) {
			chosen[i] = true
		}
		for i := from; i < to; i++ {
			if chosen[i] {
				kept = append(kept, lines[i])
			} else {
				left = append(left, lines[i])
			}
		}
		from = to
	}
	return kept, left
}

// lineNames returns the names of lines in a legend. They are the labels if each label
// has one site, the sites if there is one label, and otherwise both. The name of a
// site is its path if the place is not a layer.
func lineNames(lines []line, at chosen) []string {
	perLabel, most := map[string]int{}, 0
	for _, l := range lines {
		perLabel[l.label]++
		most = max(most, perLabel[l.label])
	}
	var names []string
	for _, l := range lines {
		site := l.spot.short()
		if !at.byLayer {
			site = l.spot.site.Path
		}
		site += l.spot.frozen()
		switch {
		case most == 1:
			names = append(names, l.label)
		case len(perLabel) == 1:
			names = append(names, site)
		default:
			names = append(names, l.label+", "+site)
		}
	}
	return names
}

// startWeight is the weight of smoothing at first. It is 0 for lines of up to 200
// steps. Longer lines are averaged over about a fiftieth of their steps, but over at
// most a thousand steps.
func startWeight(lines []line) float64 {
	most := longest(lines)
	if most <= 200 {
		return 0
	}
	return min(maxWeight, math.Round(1000*(1-50/float64(most)))/1000)
}

// maxWeight is the end of the slider for smoothing, see live.js. With a weight of 1
// the average would be 0/0.
const maxWeight = 0.999

// maxFaint is the largest number of lines for which the recorded values are drawn
// below the smoothed lines. The values of more lines would hide each other.
const maxFaint = 12

// scalarOption adds a series for each line, and a band for repetitions.
func (f *Figure) scalarOption(lines []line, names []string, info vgrad.Info) error {
	d := &drawing{trigger: "axis", legend: true, x: []part{stepAxis(extent(lines))},
		y: []part{valueAxis(axisName(info), info.Log, 0), footAxis(0)}}
	for i, l := range lines {
		label := l.label
		if names[i] != label && len(lines) > 1 {
			label += ", " + l.spot.String()
		}
		f.label(label)
		r := l.reduce(info.Log, maxPoints(len(lines)))
		kept := l.at(r.keep)
		c := curve(names[i], rows(kept.steps, kept.values), 0)
		about := lineSpec{Series: d.add(label, c), Foot: 1, Means: r.table(), Faint: len(lines) <= maxFaint}
		if about.Marked = num((float64(i) + 0.5) / float64(len(lines))); len(kept.steps) == 1 {
			about.Marked, d.series[about.Series] = 0, show(c)
		}
		if l.low != nil {
			about.Bands = []int{d.add(label, band(names[i], bandOutline(kept.steps, kept.low, kept.high, info.Log), 0))}
		}
		f.extras.Lines = append(f.extras.Lines, about)
	}
	return f.finish(d)
}

// show returns a curve with a marker at each of its points.
func show(c part) part {
	s := c.value.(charts.SingleSeries)
	s.ShowSymbol = opts.Bool(true)
	c.value = s
	return c
}

// scalarTitle is the figure's title: "Mean |∂L/∂W| of layer 1 over training".
func scalarTitle(info vgrad.Info, lines []line, at chosen) string {
	title := capital(info.Title)
	if !at.network() {
		title += " of " + placeName(lines, at)
	}
	if strings.HasPrefix(info.Title, "training") {
		title += " step by step"
	} else {
		title += " over training"
	}
	if oneLabel(lines) {
		title += ": " + lines[0].label
	}
	return title
}

// placeName names the site of the lines if they have only one. Otherwise it is the
// name of the place.
func placeName(lines []line, at chosen) string {
	for _, l := range lines {
		if l.spot.site.Path != lines[0].spot.site.Path {
			return at.name
		}
	}
	return lines[0].spot.String()
}

func oneLabel(lines []line) bool {
	for _, l := range lines {
		if l.label != lines[0].label {
			return false
		}
	}
	return true
}

// scalarCaption explains the lines and lists what is left out.
func scalarCaption(info vgrad.Info, lines, left []line, at chosen) string {
	each := "a run"
	if manySites(lines) {
		each = "a site"
	}
	said := []string{fmt.Sprintf("%s of %s at each recorded step%s.", capital(axisName(info)), placeName(lines, at), repeated(lines, each))}
	if w := startWeight(lines); w > 0 && len(lines) <= maxFaint {
		said = append(said, fmt.Sprintf("The strong line is smoothed (debiased moving average over all steps, weight %v), the recorded values are faint behind it.", w))
	} else if w > 0 {
		said = append(said, fmt.Sprintf("Lines are smoothed (debiased moving average over all steps, weight %v).", w))
	}
	if most, points := longest(lines), maxPoints(len(lines)); most > points {
		said = append(said, fmt.Sprintf("Of %d steps, the lowest and the highest value of every %d or so are kept.", most, (most+points/2-1)/(points/2)))
	}
	if len(left) > 0 {
		said = append(said, leftOut(left)+" chart.At chooses sites.")
	}
	if note := missingOf(lines).note(); note != "" {
		said = append(said, note)
	}
	return strings.Join(said, " ")
}

// leftOut is the sentence that names the sites without a line.
func leftOut(left []line) string {
	var names []string
	for _, l := range left {
		if l.label == left[0].label {
			names = append(names, l.spot.String())
		}
	}
	return fmt.Sprintf("There is no room for a line of %s.", listedUpTo(names, 8))
}

// table lists the stretches in the format of lineSpec.Means.
func (r reduced) table() [][5]num {
	var rows [][5]num
	for _, s := range r.means {
		rows = append(rows, [5]num{num(s.step), num(s.n), num(s.mean), num(s.low), num(s.high)})
	}
	return rows
}

// stepTable has the values of every line at up to 12 evenly spaced recorded steps.
func stepTable(lines []line, names []string) Table {
	t := Table{Columns: append([]string{"training step"}, names...)}
	var all []int
	for i, l := range lines {
		if i == 0 || !slices.Equal(l.steps, lines[0].steps) {
			all = append(all, l.steps...)
		}
	}
	for _, step := range evenly(all, 12) {
		row := []string{fmt.Sprint(step)}
		for _, l := range lines {
			if i, ok := slices.BinarySearch(l.steps, step); ok {
				row = append(row, cell(l.values[i]))
			} else {
				row = append(row, "–")
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
