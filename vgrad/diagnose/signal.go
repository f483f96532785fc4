package diagnose

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// signal is the backpropagated signal at one step along a way that it takes back from
// the loss: over the layers, or over the time steps of a recurrent layer. The places
// are in forward order, so the signal comes in at the last.
type signal struct {
	quantity vgrad.Quantity
	step     int
	unit     string // of the way: "layer" or "time step"
	places   []vgrad.Site
	values   []float64
}

// signals returns the signal over the layers, then over the time steps of each
// recurrent layer, early or late: at the first recorded step, or by the median over
// the last tenth of them. An error says why there is none.
//
// It is the norm ‖δ‖: RMS δ times the root of the number of elements. Unlike RMS δ it
// does not shrink where a layer is wider than the next, as the last hidden layer of
// almost any network is: with 512 ReLU units before ten classes RMS δ falls to a fifth
// there, ‖δ‖ does not. Where a network shows no pre-activations it is the gradient of
// its kernels without layer 1's, which carries the size of the input.
func (t *Training) signals(late bool) ([]signal, error) {
	for _, q := range []vgrad.Quantity{vgrad.RMSDelta, vgrad.RMSGrad, vgrad.MeanAbsGrad} {
		series := norms(t.Series(q))
		if len(series) == 0 {
			continue
		}
		var found []signal
		for _, way := range ways(series) {
			if s := along(way, q, late); len(s.places) > 1 {
				found = append(found, s)
			}
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s is recorded at one place of its way back only", t.title(q))
		}
		return found, nil
	}
	return nil, t.errBroken()
}

// norms turns root mean squares into norms, where all sites tell their size.
func norms(series []Series) []Series {
	if slices.ContainsFunc(series, func(s Series) bool { return s.Size == 0 }) {
		return series
	}
	scaled := slices.Clone(series)
	for i, s := range scaled {
		scaled[i].Values = slices.Clone(s.Values)
		floats.Scale(math.Sqrt(float64(s.Size)), scaled[i].Values)
	}
	return scaled
}

// way is the series along a way of the signal, and the coordinate on it.
type way struct {
	series []Series
	unit   string
	at     func(vgrad.Site) int
}

// ways lists the ways of the signal: over the layers, and over time wherever a layer
// has time steps. They are told apart because a factor a layer and a factor a time
// step are two faults with two remedies.
func ways(series []Series) []way {
	ws := []way{{spine(series), "layer", func(s vgrad.Site) int { return s.Layer }}}
	for layer, steps := range byLayer(series) {
		if layer > 0 && slices.ContainsFunc(steps, func(s Series) bool { return s.Time > 0 }) {
			timed := slices.DeleteFunc(slices.Clone(steps), func(s Series) bool { return s.Time == 0 })
			ws = append(ws, way{preferred(timed), "time step", func(s vgrad.Site) int { return s.Time }})
		}
	}
	return ws
}

// byLayer yields the series of each layer in turn.
func byLayer(series []Series) func(yield func(int, []Series) bool) {
	return func(yield func(int, []Series) bool) {
		sorted := slices.SortedStableFunc(slices.Values(series), func(a, b Series) int { return cmp.Compare(a.Layer, b.Layer) })
		for len(sorted) > 0 {
			n := 1
			for n < len(sorted) && sorted[n].Layer == sorted[0].Layer {
				n++
			}
			if !yield(sorted[0].Layer, sorted[:n]) {
				return
			}
			sorted = sorted[n:]
		}
	}
}

// spine picks, of each layer, the series by which the signal is judged. Where blocks
// are bridged by a stream the signal takes the stream: what the branches beside it get
// is no measure of what arrives further down. So between the first and the last layer
// with a stream only streams count.
func spine(series []Series) []Series {
	var picked []Series
	for layer, of := range byLayer(series) {
		if layer > 0 {
			picked = append(picked, preferred(of)...)
		}
	}
	isStream := func(s Series) bool { return s.Role == vgrad.Stream }
	if from := slices.IndexFunc(picked, isStream); from >= 0 {
		to := len(picked)
		for !isStream(picked[to-1]) {
			to--
		}
		bridged := slices.DeleteFunc(slices.Clone(picked[from:to]), func(s Series) bool { return !isStream(s) })
		picked = slices.Concat(picked[:from], bridged, picked[to:])
	}
	first := 1
	if len(picked) > 0 && picked[0].Role.IsVariable() {
		first = 2 // layer 1's gradient carries the size of the input
	}
	return slices.DeleteFunc(picked, func(s Series) bool { return s.Layer < first })
}

// preferred keeps the series of the role that carries the signal: the stream, else the
// units, else the gates, else the kernels.
func preferred(of []Series) []Series {
	for _, role := range []vgrad.Role{vgrad.Stream, vgrad.Units, vgrad.Gate, vgrad.Kernel} {
		kept := slices.DeleteFunc(slices.Clone(of), func(s Series) bool { return s.Role != role })
		if len(kept) > 0 {
			return kept
		}
	}
	return nil
}

// along is the signal on a way. Where several series share a place the largest counts:
// the signal passes there if it passes in one of them. So the factor a layer is not
// that of a recurrent layer's time steps, and no parallel branch hides another.
func along(w way, q vgrad.Quantity, late bool) signal {
	s := signal{quantity: q, unit: w.unit}
	series := slices.SortedStableFunc(slices.Values(w.series), func(a, b Series) int { return cmp.Compare(w.at(a.Site), w.at(b.Site)) })
	for _, of := range series {
		value, step := of.Values[0], of.Steps[0]
		if late {
			value, step = median(of.late()), of.last()
		}
		s.step = max(s.step, step)
		last := len(s.places) - 1
		switch {
		case last < 0 || w.at(s.places[last]) != w.at(of.Site):
			s.places, s.values = append(s.places, of.Site), append(s.values, value)
		case value > s.values[last]:
			s.places[last], s.values[last] = of.Site, value
		}
	}
	return s
}

// x is the coordinate of the i-th place.
func (s signal) x(i int) float64 {
	if s.unit == "layer" {
		return float64(s.places[i].Layer)
	}
	return float64(s.places[i].Time)
}

// far and near are the ends of the way: far from the loss, and next to it.
func (s signal) far() (vgrad.Site, float64) { return s.places[0], s.values[0] }

func (s signal) near() (vgrad.Site, float64) {
	last := len(s.places) - 1
	return s.places[last], s.values[last]
}

// total is what is left of the signal at the far end.
func (s signal) total() float64 {
	_, far := s.far()
	_, near := s.near()
	return far / near
}

// silent is how many places in a row have no signal at all, counted from the far end.
func (s signal) silent() int {
	if i := slices.IndexFunc(s.values, func(v float64) bool { return v != 0 }); i >= 0 {
		return i
	}
	return len(s.values)
}

// factor is by what the signal is multiplied from a place to the one before it, on its
// way back from the loss: the slope of a least-squares fit of its logarithm. Places
// without a signal are left out. It is NaN of fewer than two places.
func (s signal) factor() float64 {
	var x, y []float64
	for i, v := range s.values {
		if v > 0 && !math.IsInf(v, 0) {
			x, y = append(x, s.x(i)), append(y, math.Log(v))
		}
	}
	if len(x) < 2 {
		return math.NaN()
	}
	_, slope := stat.LinearRegression(x, y, nil, false)
	return math.Exp(-slope)
}

// where is a place in prose, the unit apart where the way is over time: "time step 3".
func (t *Training) where(s signal, site vgrad.Site) string {
	if s.unit == "layer" {
		return t.place(site)
	}
	return fmt.Sprintf("time step %d", site.Time)
}

// of says of which layer a way over time is: " of layer 2".
func (t *Training) of(s signal) string {
	if s.unit == "layer" {
		return ""
	}
	site, _ := s.far()
	site.Time = 0
	return " of " + prose(site)
}

// evidence is the signal at its ends.
func (t *Training) evidence(s signal) string {
	farSite, far := s.far()
	nearSite, near := s.near()
	return fmt.Sprintf("the norm of %s at step %d is %s in %s and %s in %s%s, a factor of %s a %s", symbol(s.quantity), s.step,
		short(near), t.where(s, nearSite), short(far), t.where(s, farSite), t.of(s), short(s.factor()), s.unit)
}

// symbol is what a quantity of the signal is taken of.
func symbol(q vgrad.Quantity) string {
	if q == vgrad.RMSDelta {
		return "δ = ∂L/∂z"
	}
	return "∂L/∂W"
}

// title is a quantity's, for prose.
func (t *Training) title(q vgrad.Quantity) string {
	info, err := vgrad.InfoOf(t.source, q)
	if err != nil {
		return string(q)
	}
	return info.Title
}

// short writes a number for prose: 0.012, 41, 2900, 1.1e-5, 1.2e9.
func short(x float64) string {
	if size := math.Abs(x); size >= 100 && size < 1e6 {
		return fmt.Sprintf("%.0f", x)
	}
	return strings.NewReplacer("e-0", "e-", "e+0", "e", "e+", "e").Replace(fmt.Sprintf("%.2g", x))
}
