package chart

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/vgrad/lab/vgrad"
)

// GradientFlow draws quantities against the layer, with a line for each label. It
// takes one or two quantities and draws each in a panel, side by side. Without a
// quantity it draws mean |∂L/∂W| and the RMS of the backpropagated signal δ. The
// figure opens on the mean over all recorded steps. Its slider has up to 25 single
// steps, at which all lines are recorded if there are such steps.
//
// The horizontal axis has the places with the quantity, in forward order: layers,
// and each time step of an unrolled recurrent layer. Gates, the stream between
// blocks and recurrent kernels have separate lines. So do several sites of one
// layer that differ only in their paths. Frozen layers are marked.
//
// The caption lists the runs and the layers that lack a quantity. GradientFlow
// fails if there is no source, if a quantity is a histogram or belongs to the
// whole network, and if no source has recorded any of the quantities.
func GradientFlow(sources []vgrad.Source, quantities ...vgrad.Quantity) (*Figure, error) {
	if len(quantities) == 0 {
		quantities = []vgrad.Quantity{vgrad.MeanAbsGrad, vgrad.RMSDelta}
	}
	if len(quantities) > 2 {
		return nil, fmt.Errorf("chart: gradient flow: %d quantities; at most 2 fit side by side", len(quantities))
	}
	flows, absent, err := gatherFlows(sources, quantities)
	if err != nil {
		return nil, fmt.Errorf("chart: gradient flow: %w", err)
	}
	var axes []int
	for i := range flows {
		axes = append(axes, i)
	}
	head := "{x}"
	if allLayers(flows) {
		head = "layer {x}"
	}
	f := &Figure{
		Title:   flowTitle(flows),
		Note:    averaged,
		Caption: flowCaption(flows, absent),
		Height:  380,
		Table:   flowTable(flows),
		extras:  extras{Log: &logControl{On: flows[0].info.Log, Axes: axes}, Tip: tip{Head: head}},
	}
	return f, f.flowOption(flows)
}

const (
	averaged   = "mean over all recorded steps" // the name of the first frame
	flowFrames = 25                             // largest number of single steps on the slider
	maxMarked  = 40                             // with more positions, only some points have a marker
	maxSeries  = 6                              // with more series, the axis has each site's path instead
)

// flow is a quantity at every position.
type flow struct {
	info   vgrad.Info
	at     []position
	spots  []spot // one for each position, frozen if all spots of that position are
	lines  []flowLine
	lacked []string // sentences that name the layers without the quantity
}

// flowLine is a line of a flow.
type flowLine struct {
	label string  // sets its look
	name  string  // in the legend
	at    []*line // by position; nil if nothing is recorded there
}

// gatherFlows reads the quantities. absent has a sentence for each quantity that
// some labels have not recorded.
func gatherFlows(sources []vgrad.Source, quantities []vgrad.Quantity) (flows []flow, absent []string, err error) {
	if len(sources) == 0 {
		return nil, nil, errors.New("no sources; give at least one run")
	}
	for _, q := range quantities {
		info, err := scalarInfo(sources[0], q)
		if err == nil && info.Subject == vgrad.WholeNetwork && len(vgrad.Measured(sources[0], q)) > 0 {
			err = fmt.Errorf("%s is measured for the whole network; name a quantity of layers, such as %s", q, vgrad.MeanAbsGrad)
		}
		if err != nil {
			return nil, nil, err
		}
		fl, without := gatherFlow(groups(sources), q, info)
		if without != nil {
			absent = append(absent, fmt.Sprintf("Not recorded: %s of %s.", info.Title, listedUpTo(without, 6)))
		}
		if fl.lines != nil {
			flows = append(flows, fl)
		}
	}
	nameLines(flows)
	if flows == nil {
		err = notRecorded(sources[0], quantities[0], everywhere)
	}
	return flows, absent, err
}

// gatherFlow reads a quantity at every site. without lists the labels that have
// not recorded it.
func gatherFlow(gs []group, q vgrad.Quantity, info vgrad.Info) (fl flow, without []string) {
	fl.info = info
	var all []line
	var have []group
	for _, g := range gs {
		lines := g.lines(q, everywhere, info.Log)
		if lines == nil {
			without = append(without, g.label)
			continue
		}
		have = append(have, g)
		all = append(all, lines...)
	}
	fl.lacked = lacking(have, info, q)
	fl.place(all)
	return fl, without
}

// place sets the positions, and the lines of each label. With more than maxSeries
// series, each site has a position and the series are dropped.
func (fl *flow) place(all []line) {
	series := map[string]bool{}
	for _, l := range all {
		series[l.spot.series] = true
	}
	positionOf := spot.position
	if len(series) > maxSeries {
		positionOf = func(s spot) position { p := s.position(); p.path = s.site.Path; return p }
		for i := range all {
			all[i].spot.series = ""
		}
	}
	spots := map[position]spot{}
	for _, l := range all {
		p := positionOf(l.spot)
		s, known := spots[p]
		if !known {
			fl.at, s = append(fl.at, p), l.spot
		}
		s.site.Frozen = s.site.Frozen && l.spot.site.Frozen
		spots[p] = s
	}
	slices.SortStableFunc(fl.at, position.compare)
	for _, p := range fl.at {
		fl.spots = append(fl.spots, spots[p])
	}
	for _, l := range all {
		fl.line(l).at[slices.Index(fl.at, positionOf(l.spot))] = &l
	}
}

// nameOf names a position on the axis. The name is a number if all positions are
// layers.
func nameOf(p position, s spot, layersOnly bool) string {
	switch {
	case layersOnly:
		return fmt.Sprint(p.layer) + s.frozen()
	case p.path != "":
		return p.path + s.frozen()
	}
	return spot{site: s.site}.String()
}

// names names the positions.
func (fl flow) names(layersOnly bool) []string {
	var names []string
	for i, p := range fl.at {
		names = append(names, nameOf(p, fl.spots[i], layersOnly))
	}
	return names
}

// line returns the line of the label and series that l belongs to.
func (fl *flow) line(l line) *flowLine {
	label := l.label
	if l.spot.series != "" {
		label += ", " + l.spot.series
	}
	i := slices.IndexFunc(fl.lines, func(o flowLine) bool { return o.label == label })
	if i < 0 {
		i, fl.lines = len(fl.lines), append(fl.lines, flowLine{label, label, make([]*line, len(fl.at))})
	}
	return &fl.lines[i]
}

// nameLines names lines by their sites if there is one label with several lines.
func nameLines(flows []flow) {
	several := slices.ContainsFunc(flows, func(fl flow) bool { return len(fl.lines) > 1 })
	if _, one := flowLabel(flows); !one || !several {
		return
	}
	for _, fl := range flows {
		for i, l := range fl.lines {
			s := l.first().spot
			s.site.Time = 0
			fl.lines[i].name = s.short()
		}
	}
}

// first returns the line at the first position that has one.
func (l flowLine) first() *line {
	return l.at[slices.IndexFunc(l.at, func(at *line) bool { return at != nil })]
}

// runs is the number of runs of a line.
func (l flowLine) runs() int { return l.first().runs }

// flowOption adds a panel for each quantity, a line and a band for each label,
// and the frames of the slider.
func (f *Figure) flowOption(flows []flow) error {
	d := &drawing{panels: len(flows), trigger: "axis", legend: true}
	widest := 0
	for i, fl := range flows {
		name := "layer"
		if !allLayers(flows) {
			name = "in forward order"
		}
		d.x = append(d.x, categoryAxis(name, fl.names(allLayers(flows)), i))
		d.y = append(d.y, valueAxis(axisName(fl.info), fl.info.Log, i))
		widest = max(widest, len(fl.at))
	}
	for i := range flows {
		d.y = append(d.y, footAxis(i))
	}
	if widest > maxMarked && len(flows) == 1 {
		f.extras.Zoom = zoom(false)
	}
	f.extras.Frames = framesOf(flows)
	for i, fl := range flows {
		for k, l := range fl.lines {
			f.label(l.label)
			about := lineSpec{Series: d.add(l.label, flowCurve(l, i)), Foot: len(flows) + i}
			if len(fl.at) > maxMarked {
				about.Marked = num((float64(k) + 0.5) / float64(len(fl.lines)))
			}
			if l.runs() > 1 {
				about.Bands = []int{d.add(l.label, band(l.name, []any{}, i))}
			}
			f.extras.Lines = append(f.extras.Lines, about)
		}
	}
	for i, data := range f.extras.Frames[0].Data {
		s := d.series[i].value.(charts.SingleSeries)
		s.Data = data
		d.series[i].value = s
	}
	return f.finish(d)
}

// flowCurve is the series of a line. Its points have markers if there are at most
// maxMarked positions.
func flowCurve(l flowLine, panel int) part {
	c := curve(l.name, nil, panel)
	s := c.value.(charts.SingleSeries)
	s.LineStyle = &opts.LineStyle{Width: 2, Type: own}
	if s.SymbolSize = 9; len(l.at) <= maxMarked {
		s.ShowSymbol = opts.Bool(true)
	}
	c.value = s
	return c
}

// framesOf computes the frames: the mean over steps and then single steps. If the
// lines end at different steps, a frame with the last step of each line follows.
func framesOf(flows []flow) []frame {
	var lines []line // the first of each line of the figure
	for _, fl := range flows {
		for _, l := range fl.lines {
			lines = append(lines, *l.first())
		}
	}
	frames := []frame{frameOf(averaged, flows, func(l line) (float64, float64, float64, bool) {
		v, low, high := spread(l.means)
		return v, low, high, true
	})}
	for _, step := range evenly(sharedSteps(lines), flowFrames) {
		frames = append(frames, frameOf(fmt.Sprintf("step %d", step), flows, func(l line) (float64, float64, float64, bool) {
			i, ok := slices.BinarySearch(l.steps, step)
			return l.point(i, ok)
		}))
	}
	first, last := lines[0].lastStep(), lines[0].lastStep()
	for _, l := range lines {
		first, last = min(first, l.lastStep()), max(last, l.lastStep())
	}
	if first < last {
		name := fmt.Sprintf("last of each: steps %d – %d", first, last)
		frames = append(frames, frameOf(name, flows, func(l line) (float64, float64, float64, bool) {
			return l.point(len(l.steps)-1, true)
		}))
	}
	return frames
}

// sharedSteps returns the steps at which every line is recorded that has not ended
// before. It returns the steps of all lines if there is no such step.
func sharedSteps(lines []line) []int {
	recorded, ends := map[int]int{}, map[int]int{}
	for _, l := range lines {
		for _, step := range l.steps {
			recorded[step]++
		}
		ends[l.lastStep()]++
	}
	steps := slices.Sorted(maps.Keys(recorded))
	running := len(lines) // lines that have not ended
	var shared []int
	for _, step := range steps {
		if recorded[step] == running {
			shared = append(shared, step)
		}
		running -= ends[step]
	}
	if shared == nil {
		return steps
	}
	return shared
}

// frameOf computes one frame: the value of each line at each position that has
// one, and its band.
func frameOf(name string, flows []flow, value func(line) (v, low, high float64, ok bool)) frame {
	fr := frame{Name: name}
	for _, fl := range flows {
		for _, l := range fl.lines {
			var x []int
			var low, high []float64
			ps := []any{}
			for i, at := range l.at {
				if at == nil {
					continue
				}
				v, lo, hi, ok := value(*at)
				if !ok {
					continue
				}
				if n := len(x); n > 0 && fl.apart(x[n-1], i) {
					ps = append(ps, []any{x[n-1], nil})
				}
				ps = append(ps, xy(num(i), v))
				x, low, high = append(x, i), append(low, lo), append(high, hi)
			}
			fr.Data = append(fr.Data, ps)
			if l.runs() > 1 {
				fr.Data = append(fr.Data, bandOutline(x, low, high, fl.info.Log))
			}
		}
	}
	return fr
}

// apart reports whether a line has a gap between two of its positions, i < j. It
// has one between the time steps of two layers. It also has one if it lacks the
// positions between, but only if all points have markers: without a marker, a
// point between two gaps is invisible.
func (fl flow) apart(i, j int) bool {
	a, b := fl.at[i], fl.at[j]
	return j > i+1 && len(fl.at) <= maxMarked || a.layer != b.layer && a.time > 0 && b.time > 0
}

// allLayers reports whether the positions of all panels are layers. Their names
// are then numbers.
func allLayers(flows []flow) bool {
	return !slices.ContainsFunc(flows, func(fl flow) bool { return !inLayers(fl.at) })
}

// flowTitle is the figure's title: "Mean |∂L/∂W| and RMS of δ = ∂L/∂z by layer".
func flowTitle(flows []flow) string {
	var names []string
	by := " by layer"
	for _, fl := range flows {
		names = append(names, fl.info.Title)
		if slices.ContainsFunc(fl.at, func(p position) bool { return p.time > 0 }) {
			by = " by layer and time step"
		}
	}
	title := capital(strings.Join(names, " and ")) + by
	if label, ok := flowLabel(flows); ok {
		title += ": " + label
	}
	return title
}

// flowLabel returns the label that all lines have. ok is false if there are several.
func flowLabel(flows []flow) (label string, ok bool) {
	for _, fl := range flows {
		for _, l := range fl.lines {
			for _, at := range l.at {
				if at != nil && label != "" && at.label != label {
					return "", false
				}
				if at != nil {
					label = at.label
				}
			}
		}
	}
	return label, true
}

// flowCaption explains the figure and lists what is left out.
func flowCaption(flows []flow, absent []string) string {
	missing := tally{}
	timed, each := false, "a run"
	var firsts, all []line
	for _, fl := range flows {
		from := len(firsts)
		for _, l := range fl.lines {
			firsts = append(firsts, *l.first())
			for i, at := range l.at {
				if at != nil {
					all = append(all, *at)
					missing.join(at.missing)
					timed = timed || fl.at[i].time > 0
				}
			}
		}
		if manySites(firsts[from:]) {
			each = "for each kind of site"
		}
		absent = append(absent, fl.lacked...)
	}
	said := []string{"Layer 1 is next to the input: a line that falls to the left is a gradient that vanishes on its way back from the loss."}
	if timed {
		said = append(said, "Of a layer that is unrolled, t = 1 is the first time step.")
	}
	said = append(said, "The "+averaged+repeated(firsts, each)+"; the slider shows single steps.")
	said = append(append(said, frozen(all)...), absent...)
	if note := missing.note(); note != "" {
		said = append(said, note)
	}
	if missing[NaN]+missing[PosInf]+missing[NegInf] > 0 {
		said = append(said, "The mean over steps is over the finite values.")
	}
	return strings.Join(said, " ")
}

// flowTable has a row for each position and a column for each quantity and line.
func flowTable(flows []flow) Table {
	t := Table{Columns: []string{"layer"}}
	var at []position
	names := map[position]string{}
	for _, fl := range flows {
		for _, l := range fl.lines {
			name := l.name
			if len(flows) > 1 {
				name += ", " + fl.info.Title
			}
			t.Columns = append(t.Columns, name)
		}
		for i, name := range fl.names(allLayers(flows)) {
			if _, known := names[fl.at[i]]; !known {
				at, names[fl.at[i]] = append(at, fl.at[i]), name
			}
		}
	}
	slices.SortStableFunc(at, position.compare)
	for _, p := range at {
		row := []string{names[p]}
		for _, fl := range flows {
			i := slices.Index(fl.at, p)
			for _, l := range fl.lines {
				if i < 0 || l.at[i] == nil {
					row = append(row, "–")
					continue
				}
				v, _, _ := spread(l.at[i].means)
				row = append(row, cell(v))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
