package chart

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/vgrad/lab/vgrad"
)

// Lags draws a quantity of a recurrent layer against the lag: how many time steps a time
// step is before the last. There is a line for each label. The slider has up to 25
// recorded steps of the training and opens on the first. Some of what a place can be:
//
//	chart.Lags(runs, vgrad.RMSDelta, chart.At("/layer1/state"))         // ∂L/∂h_t: does it vanish?
//	chart.Lags(runs, vgrad.MeanActivation, chart.At("/layer1/forget"))  // how much an LSTM keeps
//
// For ∂L/∂h_t of a layer without gates it also draws the bound of Pascanu et al. 2013
// (arXiv:1211.5063, equation 7), if the spectral norm of the recurrent weights is
// recorded: from one time step to the one before, the norm grows at most by the factor
// σ·γ, with σ the largest singular value of the recurrent weights and γ the largest slope
// of the activation. Where σ·γ is below 1, the gradient must vanish. The bound starts at
// the measured value at lag 0, since at all earlier time steps the loss is reached
// through later ones only.
//
// Lags fails as [Scalar] does, and if the place has no time steps.
func Lags[P Place](sources []vgrad.Source, q vgrad.Quantity, place P) (*Figure, error) {
	if len(sources) == 0 {
		return nil, errors.New("chart: lags: no sources; give at least one run")
	}
	info, err := scalarInfo(sources[0], q)
	if err != nil {
		return nil, fmt.Errorf("chart: lags: %w", err)
	}
	lines, err := gather(sources, q, choose(place), info.Log)
	if err != nil {
		return nil, fmt.Errorf("chart: %s by lag: %w", q, err)
	}
	curves := lagCurves(lines)
	if len(curves) == 0 {
		return nil, fmt.Errorf("chart: %s by lag: %s has no time steps there; name the states or gates of a recurrent layer, such as chart.At(\"/layer1/state\")", q, sources[0].Label())
	}
	bounded := 0
	if q == vgrad.RMSDelta {
		bounded = addBounds(curves, sources)
	}
	f := &Figure{
		Title:   capital(info.Title) + " by lag",
		Caption: lagCaption(curves, bounded),
		Height:  400,
		Table:   lagTable(curves),
		extras:  extras{Log: &logControl{On: info.Log, Axes: []int{0}}, Tip: tip{Head: "{x} time steps before the last"}},
	}
	if q == vgrad.RMSDelta && curves[0].at[0].spot.site.Role == vgrad.Stream {
		info.Title = "RMS of ∂L/∂h"
		f.Title = info.Title + ", the gradient of a state, by lag"
	}
	return f, f.lagOption(curves, info)
}

// lagCurve is a line of the figure: a quantity at time steps of one kind of site.
type lagCurve struct {
	label, name string
	at          []line  // by ascending lag
	lags        []int   // of each
	sigma       *line   // spectral norm of the recurrent weights over steps; nil: no bound is drawn
	slope       float64 // γ
	bare        string  // path without the time step
	layer       int
}

// lagCurves groups lines by label and kind of site. Lines without a time step are left out.
func lagCurves(lines []line) []*lagCurve {
	var curves []*lagCurve
	for _, l := range lines {
		site := l.spot.site
		if site.Time == 0 {
			continue
		}
		bare := site.Path[:max(0, strings.LastIndexByte(site.Path, '['))]
		i := slices.IndexFunc(curves, func(c *lagCurve) bool { return c.label == l.label && c.bare == bare })
		if i < 0 {
			i, curves = len(curves), append(curves, &lagCurve{label: l.label, name: l.label, bare: bare, layer: site.Layer})
		}
		curves[i].at = append(curves[i].at, l)
	}
	kinds := map[string]bool{}
	for _, c := range curves {
		kinds[c.bare] = true
		slices.SortFunc(c.at, func(a, b line) int { return cmp.Compare(b.spot.site.Time, a.spot.site.Time) })
		for _, l := range c.at {
			c.lags = append(c.lags, c.at[0].spot.site.Time-l.spot.site.Time)
		}
	}
	for _, c := range curves {
		if len(kinds) > 1 {
			c.name += ", " + c.bare
		}
	}
	return curves
}

// maxSlopes are γ of Pascanu's bound, by activation.
var maxSlopes = map[string]float64{"identity": 1, "sigmoid": 0.25, "tanh": 1, "relu": 1, "elu": 1, "softplus": 1}

// addBounds finds what the bound of each curve needs, and counts those that have it.
func addBounds(curves []*lagCurve, sources []vgrad.Source) (n int) {
	sigmas, err := gather(withQuantity(sources, vgrad.SpectralNorm), vgrad.SpectralNorm, everywhere, false)
	if err != nil {
		return 0 // not recorded
	}
	for _, c := range curves {
		i := slices.IndexFunc(sigmas, func(l line) bool { return l.label == c.label && l.spot.site.Layer == c.layer })
		src := sources[slices.IndexFunc(sources, func(s vgrad.Source) bool { return s.Label() == c.label })]
		slope := 0.0
		for _, s := range src.Sites() {
			switch {
			case s.Layer != c.layer:
			case s.Role == vgrad.Gate:
				i = -1 // the bound is of a layer without gates
			case s.Role == vgrad.Units:
				slope = maxSlopes[s.Activation]
			}
		}
		if i >= 0 && slope > 0 && c.at[0].spot.site.Role == vgrad.Stream {
			c.sigma, c.slope = &sigmas[i], slope
			n++
		}
	}
	return n
}

// withQuantity keeps the sources that have recorded a quantity.
func withQuantity(sources []vgrad.Source, q vgrad.Quantity) []vgrad.Source {
	return slices.DeleteFunc(slices.Clone(sources), func(s vgrad.Source) bool { return len(vgrad.Measured(s, q)) == 0 })
}

// bound is the bound at a step, for each lag; nil if σ or the value at lag 0 is not known.
func (c *lagCurve) bound(step int) (values []float64) {
	if c.sigma == nil || c.lags[0] != 0 {
		return nil
	}
	k, found := slices.BinarySearch(c.sigma.steps, step)
	if !found {
		k-- // σ is recorded more rarely
	}
	first, ok := slices.BinarySearch(c.at[0].steps, step)
	if k < 0 || !ok {
		return nil
	}
	for _, lag := range c.lags {
		values = append(values, c.at[0].values[first]*math.Pow(c.sigma.values[k]*c.slope, float64(lag)))
	}
	return values
}

// lagOption adds a line, a band and a bound for each curve, and the frames of the slider.
func (f *Figure) lagOption(curves []*lagCurve, info vgrad.Info) error {
	d := &drawing{trigger: "axis", legend: true, y: []part{valueAxis(axisName(info), info.Log, 0), footAxis(0)}}
	longest := 0
	var firsts []line
	for _, c := range curves {
		longest = max(longest, c.lags[len(c.lags)-1])
		firsts = append(firsts, c.at[0])
	}
	x := xAxis("value", "lag, in time steps before the last", "number")
	x.Min, x.Max = 0, max(1, longest)
	d.x = []part{{x, axisStyle(nil)}}
	for _, c := range curves {
		f.label(c.label)
		s := curve(c.name, nil, 0)
		series := s.value.(charts.SingleSeries)
		series.LineStyle, series.ShowSymbol = &opts.LineStyle{Width: 2, Type: own}, opts.Bool(true)
		s.value = series
		about := lineSpec{Series: d.add(c.label, s), Foot: 1}
		if c.at[0].runs > 1 {
			about.Bands = []int{d.add(c.label, band(c.name, []any{}, 0))}
		}
		f.extras.Lines = append(f.extras.Lines, about)
		if c.sigma != nil {
			b := curve(c.name+", bound", nil, 0)
			series := b.value.(charts.SingleSeries)
			series.LineStyle, series.Symbol = &opts.LineStyle{Width: 1.2, Type: "dotted", Opacity: opts.Float(0.8)}, "none"
			b.value = series
			d.add(c.label, b)
		}
	}
	for _, step := range evenly(sharedSteps(firsts), flowFrames) {
		f.extras.Frames = append(f.extras.Frames, lagFrame(curves, info, step))
	}
	for i, data := range f.extras.Frames[0].Data {
		s := d.series[i].value.(charts.SingleSeries)
		s.Data = data
		d.series[i].value = s
	}
	return f.finish(d)
}

// lagFrame is the figure at one step of the training.
func lagFrame(curves []*lagCurve, info vgrad.Info, step int) frame {
	fr := frame{Name: fmt.Sprintf("step %d", step)}
	for _, c := range curves {
		var x []int
		var values, low, high []float64
		for i, l := range c.at {
			k, ok := slices.BinarySearch(l.steps, step)
			if v, lo, hi, ok := l.point(k, ok); ok {
				x, values, low, high = append(x, c.lags[i]), append(values, v), append(low, lo), append(high, hi)
			}
		}
		fr.Data = append(fr.Data, rows(x, values))
		if c.at[0].runs > 1 {
			fr.Data = append(fr.Data, bandOutline(x, low, high, info.Log))
		}
		if c.sigma != nil {
			bound := c.bound(step)
			fr.Data = append(fr.Data, rows(c.lags[:len(bound)], bound))
		}
	}
	return fr
}

// lagCaption explains the figure.
func lagCaption(curves []*lagCurve, bounded int) string {
	var firsts, all []line
	for _, c := range curves {
		firsts, all = append(firsts, c.at[0]), append(all, c.at...)
	}
	said := []string{"Lag 0 is the last time step, next to the loss: a line that falls to the right loses with each time step on the way back." +
		" At one step of the training" + repeated(firsts, "a run") + "; the slider shows others."}
	if bounded > 0 {
		said = append(said, "Dotted: the bound of Pascanu et al. 2013, the value at lag 0 times (σ·γ) to the power of the lag, with σ the largest singular value of the recurrent weights and γ the activation's largest slope.")
	}
	if note := missingOf(all).note(); note != "" {
		said = append(said, note)
	}
	return strings.Join(said, " ")
}

// lagTable has a row for each lag: the values at the first and at the last step that is drawn.
func lagTable(curves []*lagCurve) Table {
	t := Table{Columns: []string{"lag"}}
	rows := map[int][]string{}
	var lags []int
	for k, c := range curves {
		t.Columns = append(t.Columns, c.name+", at first", c.name+", in the end")
		for i, lag := range c.lags {
			if rows[lag] == nil {
				lags = append(lags, lag)
				rows[lag] = slices.Repeat([]string{"–"}, 2*len(curves))
			}
			values := c.at[i].values
			rows[lag][2*k], rows[lag][2*k+1] = cell(values[0]), cell(values[len(values)-1])
		}
	}
	slices.Sort(lags)
	for _, lag := range lags {
		t.Rows = append(t.Rows, append([]string{fmt.Sprint(lag)}, rows[lag]...))
	}
	return t
}
