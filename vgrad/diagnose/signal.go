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

// signal is the backpropagated signal δ at one step, along one of its ways back from the
// loss: over the layers, or over the time steps of a recurrent layer. The places are in
// forward order, so the signal enters at the last.
type signal struct {
	quantity vgrad.Quantity
	step     int
	unit     string // the unit of distance on the way: "layer" or "time step"
	places   []vgrad.Site
	values   []float64
}

// signals returns the signal over the layers, then over the time steps of each recurrent
// layer. Its values are those of the first recorded step or, if late is set, the medians
// over the last tenth of the recorded steps. An error says why there is no signal.
//
// Its values are norms ‖δ‖: RMS δ times the root of the number of elements. RMS δ shrinks
// at a layer that is wider than the next, and the last hidden layer of almost any network
// is. With 512 ReLU units before ten classes RMS δ falls to a fifth there; ‖δ‖ does not.
// If no pre-activations are recorded, the values are the gradients of the kernels. That of
// layer 1 is left out, because it depends on the size of the input.
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

// norms turns root mean squares into norms if the sizes of all sites are known.
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

// way is one way of the signal: the series along it, and the coordinate of a site on it.
type way struct {
	series []Series
	unit   string
	at     func(vgrad.Site) int
}

// ways lists the ways of the signal: one over the layers, and one over time for each layer
// with time steps. They are separate, because a factor a layer and a factor a time step
// are two faults with two remedies.
func ways(series []Series) []way {
	ws := []way{{overLayers(series), "layer", func(s vgrad.Site) int { return s.Layer }}}
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

// overLayers picks the series of each layer that carry the signal. If blocks are bridged by
// a stream, the signal follows the stream, and the branches beside it do not show what
// arrives at earlier layers. So between the first and the last layer with a stream only
// streams are picked.
func overLayers(series []Series) []Series {
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
		first = 2 // the gradient of layer 1 depends on the size of the input
	}
	return slices.DeleteFunc(picked, func(s Series) bool { return s.Layer < first })
}

// preferred keeps the series of the role that carries the signal. That is the stream, or
// else the units, the gates, or the kernels.
func preferred(of []Series) []Series {
	for _, role := range []vgrad.Role{vgrad.Stream, vgrad.Units, vgrad.Gate, vgrad.Kernel} {
		kept := slices.DeleteFunc(slices.Clone(of), func(s Series) bool { return s.Role != role })
		if len(kept) > 0 {
			return kept
		}
	}
	return nil
}

// along returns the signal on a way. If several series share a place, the largest value is
// taken: the signal passes there if it passes in one of them. So the factor a layer does
// not include the decay over a recurrent layer's time steps, and a branch without a signal
// does not hide a parallel one.
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

// far and near return the ends of the way: far from the loss, and next to it.
func (s signal) far() (vgrad.Site, float64) { return s.places[0], s.values[0] }

func (s signal) near() (vgrad.Site, float64) {
	last := len(s.places) - 1
	return s.places[last], s.values[last]
}

// total is the ratio of the signal at the far end to that at the near end.
func (s signal) total() float64 {
	_, far := s.far()
	_, near := s.near()
	return far / near
}

// silent counts the places without any signal, from the far end up to the first with one.
func (s signal) silent() int {
	if i := slices.IndexFunc(s.values, func(v float64) bool { return v != 0 }); i >= 0 {
		return i
	}
	return len(s.values)
}

// factor is the number by which the signal is multiplied from one layer or time step to
// the one before it. It comes from the slope of a least-squares fit of the signal's
// logarithm. Places without a signal are left out. With fewer than two places it is NaN.
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

// where returns a place in prose. On a way over time it is "time step 3".
func (t *Training) where(s signal, site vgrad.Site) string {
	if s.unit == "layer" {
		return t.place(site)
	}
	return fmt.Sprintf("time step %d", site.Time)
}

// of returns the layer of a way over time, as " of layer 2"; for other ways it is "".
func (t *Training) of(s signal) string {
	if s.unit == "layer" {
		return ""
	}
	site, _ := s.far()
	site.Time = 0
	return " of " + prose(site)
}

// evidence describes the signal at both ends of its way.
func (t *Training) evidence(s signal) string {
	farSite, far := s.far()
	nearSite, near := s.near()
	return fmt.Sprintf("the norm of %s at step %d is %s in %s and %s in %s%s, a factor of %s a %s", symbol(s.quantity), s.step,
		short(near), t.where(s, nearSite), short(far), t.where(s, farSite), t.of(s), short(s.factor()), s.unit)
}

// symbol returns the derivative that a quantity of the signal summarizes.
func symbol(q vgrad.Quantity) string {
	if q == vgrad.RMSDelta {
		return "δ = ∂L/∂z"
	}
	return "∂L/∂W"
}

// title returns the title of a quantity.
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
