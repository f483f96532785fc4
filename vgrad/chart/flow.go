package chart

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/vgrad/lab/vgrad"
)

// flowFrames is how many recorded steps a step slider offers at most.
const flowFrames = 25

// flow is a quantity at every layer, a label's lines by layer.
type flow struct {
	info  vgrad.Info
	lines [][]line // [label][layer-1]; a shallower network has fewer layers
}

// GradientFlow draws the magnitude of quantities against the layer, a line a
// label, each quantity in a panel of its own beside the last; with none given
// it draws mean |∂L/∂W| and, beside it, the RMS of the backpropagated signal
// δ. It opens on the mean over all recorded steps; its slider goes through up
// to 25 of those that all have. At most two quantities fit. It fails as [Scalar] does.
func GradientFlow(sources []vgrad.Source, quantities ...vgrad.Quantity) (*Figure, error) {
	if len(quantities) == 0 {
		quantities = []vgrad.Quantity{vgrad.MeanAbsGrad, vgrad.RMSDelta}
	}
	if len(quantities) > 2 {
		return nil, fmt.Errorf("chart: gradient flow: %d quantities; at most 2 fit side by side", len(quantities))
	}
	var flows []flow
	for _, q := range quantities {
		fl, err := gatherFlow(sources, q)
		if err != nil {
			return nil, fmt.Errorf("chart: gradient flow: %w", err)
		}
		flows = append(flows, fl)
	}
	log := flows[0].info.Log
	f := &Figure{
		Title:   flowTitle(flows),
		Note:    averaged,
		Caption: flowCaption(flows),
		Height:  380,
		Table:   flowTable(flows),
		kind:    "flow",
		labels:  labels(sources),
		extra:   extra{Log: &log, Value: flows[0].info.Title},
	}
	return f, f.flowOption(flows, log)
}

// averaged names the frame a flow opens on.
const averaged = "mean over all recorded steps"

// gatherFlow reads q at every layer of every label.
func gatherFlow(sources []vgrad.Source, q vgrad.Quantity) (flow, error) {
	info, err := scalarInfo(q)
	if err != nil {
		return flow{}, err
	}
	if info.Of == vgrad.WholeNetwork {
		return flow{}, fmt.Errorf("%s is of the whole network; name a quantity of layers, such as %s", q, vgrad.MeanAbsGrad)
	}
	fl := flow{info: info}
	if len(sources) == 0 {
		_, err = gather(nil, q, 1, info.Log)
		return flow{}, err
	}
	for _, g := range groups(sources) {
		var layers []line
		for layer := 1; layer <= max(1, vgrad.Depth(g.sources[0])); layer++ {
			ls, err := gather(g.sources, q, layer, info.Log)
			if err != nil {
				return flow{}, err
			}
			layers = append(layers, ls[0])
		}
		fl.lines = append(fl.lines, layers)
	}
	return fl, nil
}

// flowOption adds a grid for each quantity, a line and a band for each label,
// and the frames of the slider.
func (f *Figure) flowOption(flows []flow, log bool) error {
	depth := 0
	for _, layers := range flows[0].lines {
		depth = max(depth, len(layers))
	}
	var xs []opts.XAxis
	var ys []opts.YAxis
	for i, fl := range flows {
		xs = append(xs, opts.XAxis{Type: "value", Name: "layer", NameLocation: "middle", NameGap: 28,
			Min: 0.5, Max: float64(depth) + 0.5, GridIndex: i})
		y := valueAxis(axisName(fl.info), log)
		y.GridIndex = i
		ys = append(ys, y)
	}
	for i := range flows { // where missing values are marked
		ys = append(ys, opts.YAxis{Type: "value", Show: opts.Bool(false), Min: 0, Max: 1, GridIndex: i})
	}
	c := lineChart(xs, ys)
	frames := flowFramesOf(flows, log)
	var painted []string
	for i, fl := range flows {
		for _, layers := range fl.lines {
			label := layers[0].label
			c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
				Name: label, Type: "line", Data: drawable(frames[0].Data[len(painted)], log), XAxisIndex: i, YAxisIndex: i,
				ShowSymbol: opts.Bool(true), SymbolSize: 9, LineStyle: &opts.LineStyle{Width: 2},
			})
			painted = append(painted, label)
			if layers[0].runs > 1 {
				c.MultiSeries = append(c.MultiSeries, bandSeries(label, frames[0].Data[len(painted)], i))
				painted = append(painted, label)
			}
		}
	}
	f.extra.Frames = frames
	return f.finish(c.JSON(), painted)
}

// drawable returns points with null for values that are not drawn.
func drawable(ps []any, log bool) []any {
	out := make([]any, len(ps))
	for i, p := range ps {
		out[i] = p
		if xy := p.([2]any); Missed(float64(xy[1].(num)), log) != Drawn {
			out[i] = [2]any{xy[0], num(nan)}
		}
	}
	return out
}

// flowFramesOf computes the frames: the mean over steps, then single steps, then
// the last step of each line where that is not the same one.
func flowFramesOf(flows []flow, log bool) []frame {
	var lines []line // of layer 1
	for _, fl := range flows {
		for _, layers := range fl.lines {
			lines = append(lines, layers[0])
		}
	}
	frames := []frame{flowFrame(averaged, flows, log, func(l line) (float64, float64, float64, bool) {
		v, low, high := spread(l.means)
		return v, low, high, true
	})}
	for _, step := range evenly(sharedSteps(lines), flowFrames) {
		frames = append(frames, flowFrame(fmt.Sprintf("step %d", step), flows, log, func(l line) (float64, float64, float64, bool) {
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
		frames = append(frames, flowFrame(name, flows, log, func(l line) (float64, float64, float64, bool) {
			return l.point(len(l.steps)-1, true)
		}))
	}
	return frames
}

// sharedSteps returns the steps at which every line is recorded that reaches so
// far, or all steps where the lines share none.
func sharedSteps(lines []line) []int {
	recorded, ends := map[int]int{}, map[int]int{}
	for _, l := range lines {
		for _, step := range l.steps {
			recorded[step]++
		}
		ends[l.lastStep()]++
	}
	steps := slices.Sorted(maps.Keys(recorded))
	reach := len(lines)
	var shared []int
	for _, step := range steps {
		if recorded[step] == reach {
			shared = append(shared, step)
		}
		reach -= ends[step]
	}
	if shared == nil {
		return steps
	}
	return shared
}

// flowFrame computes one frame: for each series the value at each layer that has one.
func flowFrame(name string, flows []flow, log bool, at func(line) (v, low, high float64, ok bool)) frame {
	fr := frame{Name: name}
	for _, fl := range flows {
		for _, layers := range fl.lines {
			var x []int
			var mid, low, high []float64
			for i, l := range layers {
				if v, lo, hi, ok := at(l); ok {
					x, mid, low, high = append(x, i+1), append(mid, v), append(low, lo), append(high, hi)
				}
			}
			fr.Data = append(fr.Data, points(x, mid))
			if layers[0].runs > 1 {
				fr.Data = append(fr.Data, loop(x, low, high, log))
			}
		}
	}
	return fr
}

// point returns the value and the band of the i-th recorded step; not ok: there is none.
func (l line) point(i int, ok bool) (v, low, high float64, _ bool) {
	switch {
	case !ok || i < 0:
		return nan, nan, nan, false
	case l.low == nil:
		return l.values[i], nan, nan, true
	}
	return l.values[i], l.low[i], l.high[i], true
}

// lastStep is the last recorded step; -1: none is.
func (l line) lastStep() int {
	if len(l.steps) == 0 {
		return -1
	}
	return l.steps[len(l.steps)-1]
}

// flowTitle says what is seen: "Mean |∂L/∂W| and RMS of δ = ∂L/∂z by layer".
func flowTitle(flows []flow) string {
	var names []string
	for _, fl := range flows {
		names = append(names, fl.info.Title)
	}
	title := capital(strings.Join(names, " and ")) + " by layer"
	if len(flows[0].lines) == 1 {
		title += ": " + flows[0].lines[0][0].label
	}
	return title
}

// flowCaption says how to read the figure and what is left out.
func flowCaption(flows []flow) string {
	missing := tally{}
	var firsts []line
	for _, fl := range flows {
		for _, layers := range fl.lines {
			for _, l := range layers {
				for why, n := range l.missing {
					missing[why] += n
				}
			}
		}
	}
	for _, layers := range flows[0].lines {
		firsts = append(firsts, layers[0])
	}
	caption := "Layer 1 is next to the input: a line that falls to the left is a gradient that vanishes on its way back from the loss. The " +
		averaged + repeated(firsts) + "; the slider shows single steps."
	if note := missing.note(); note != "" {
		caption += " " + note
	}
	if missing[NaN]+missing[PosInf]+missing[NegInf] > 0 {
		caption += " The mean over steps is over the finite values."
	}
	return caption
}

// flowTable has a row a layer and a column for each quantity and label.
func flowTable(flows []flow) Table {
	t := Table{Columns: []string{"layer"}}
	depth := 0
	for _, fl := range flows {
		for _, layers := range fl.lines {
			name := layers[0].label
			if len(flows) > 1 {
				name += ", " + fl.info.Title
			}
			t.Columns = append(t.Columns, name)
			depth = max(depth, len(layers))
		}
	}
	for layer := range depth {
		row := []string{fmt.Sprint(layer + 1)}
		for _, fl := range flows {
			for _, layers := range fl.lines {
				if layer < len(layers) {
					v, _, _ := spread(layers[layer].means)
					row = append(row, cell(v))
				} else {
					row = append(row, "–")
				}
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
