package summary_test

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/summary"
	"github.com/vgrad/lab/vgrad/vgradtest"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		xs   []float64
		want summary.Spread
	}{
		{[]float64{7}, summary.Spread{7, 7, 7, 1}},
		{[]float64{2, 1}, summary.Spread{1.5, 1.1, 1.9, 2}},
		{[]float64{10, 0, 5, 1, 2, 3, 4, 6, 7, 8, 9}, summary.Spread{5, 1, 9, 11}},
	} {
		if got := summary.SpreadOf(c.xs); math.Abs(got.Median-c.want.Median)+math.Abs(got.Low-c.want.Low)+math.Abs(got.High-c.want.High) > 1e-12 || got.N != c.want.N {
			t.Errorf("SpreadOf(%v) = %+v; want %+v", c.xs, got, c.want)
		}
	}
	if s := summary.SpreadOf([]float64{1, math.NaN()}); !math.IsNaN(s.Median) {
		t.Errorf("a NaN among the values: %v", s)
	}
}

func ExampleSpread() {
	fmt.Println(summary.SpreadOf([]float64{31, 38, 26, 48, 40}))
	fmt.Println(summary.SpreadOf([]float64{38}))
	fmt.Println(summary.Spread{Median: 2561.3, Low: 1.1, High: 1.234e9, N: 3})
	// Output:
	// 38 (28–44.8)
	// 38
	// 2560 (1.1–1.23e9)
}

// Infinite values are at their place in the order; there is no NaN from between two of them.
func TestSpreadOfInfinities(t *testing.T) {
	inf := math.Inf(1)
	if s := summary.SpreadOf([]float64{inf, 1, inf, 3, inf}); s.Median != inf || s.High != inf || math.Abs(s.Low-1.8) > 1e-12 {
		t.Errorf("%+v", s)
	}
	if s := summary.SpreadOf([]float64{2, 3, inf}); s.Median != 3 || s.High != inf {
		t.Errorf("%+v", s)
	}
}

// made is a source whose layer l has, at step s, the gradient at(s, l).
type made struct {
	steps []int
	depth int
	at    func(step, layer int) float64
}

func (m made) Label() string         { return "made" }
func (m made) Ran() vgrad.Experiment { return vgrad.Experiment{Depth: m.depth, Seed: 7} }
func (m made) Sites() (sites []vgrad.Site) {
	for l := 1; l <= m.depth; l++ {
		sites = append(sites, vgrad.Site{Path: fmt.Sprintf("/layer%d/weights", l), Layer: l, Size: 4})
	}
	return sites
}

func (m made) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for _, step := range m.steps {
			for _, s := range m.Sites() {
				if q != vgrad.MeanAbsGrad || !yield(vgrad.Sample{Step: step, Site: s, Quantity: q, Value: m.at(step, s.Layer)}) {
					return
				}
			}
		}
	}
}

func count(from, to, by int) (steps []int) {
	for s := from; s < to; s += by {
		steps = append(steps, s)
	}
	return steps
}

// The factor is over steps 0, 200 and 400 alone, and over means, not of ratios.
func TestFactor(t *testing.T) {
	src := made{count(0, 501, 1), 3, func(step, layer int) float64 {
		if step%200 != 0 {
			return 1e9
		}
		return float64(layer*layer) * (1 + float64(step))
	}}
	src.at = func(at func(int, int) float64) func(int, int) float64 {
		return func(step, layer int) float64 {
			if step == 0 && layer == 3 {
				return 603
			}
			return at(step, layer)
		}
	}(src.at)
	f, err := summary.Factor(src)
	if want := (603.0 + 9*201 + 9*401) / (1 + 201 + 401); err != nil || math.Abs(f-want) > 1e-12 {
		t.Errorf("factor %v, %v; want %v", f, err, want)
	}
	if g, err := summary.GradientOf(src, 3); err != nil || g.First != 603 || g.Last != 9*401 {
		t.Errorf("gradient %+v, %v", g, err)
	}
	for name, c := range map[string]struct{ first, last, want float64 }{
		"nothing arrives": {0, 1, math.Inf(1)}, "nothing at all": {0, 0, math.NaN()}, "diverged": {1, math.NaN(), math.NaN()},
	} {
		got, err := summary.Factor(made{[]int{0}, 2, func(_, layer int) float64 { return []float64{c.first, c.last}[layer-1] }})
		if err != nil || got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
	// Every seventh step is recorded: of the multiples of 200 only 0 and 1400 are. The
	// factor is over the steps that come next after each.
	every7 := made{count(0, 1500, 7), 2, func(step, layer int) float64 { return float64(layer * (1 + step)) }}
	if got := summary.Steps(every7.steps); !slices.Equal(got, []int{0, 203, 406, 602, 805, 1001, 1204, 1400}) {
		t.Errorf("averaged over steps %v", got)
	}
	if g, err := summary.GradientOf(every7, 1); err != nil || math.Abs(g.Mean-(1+5621.0/8)) > 1e-9 || g.Last != 1401 {
		t.Errorf("gradient %+v, %v", g, err)
	}
	if f, err := summary.Factor(made{[]int{0}, 1, func(int, int) float64 { return 3 }}); err != nil || f != 1 {
		t.Errorf("one layer: %v, %v", f, err)
	}
	if _, err := summary.Factor(made{[]int{7}, 2, func(int, int) float64 { return 3 }}); err == nil {
		t.Error("not recorded at step 0: no error")
	}
}

// A condensed run has few steps, and the factor of the run.
func TestThin(t *testing.T) {
	wave := func(step, layer int) float64 { return float64(layer) + math.Sin(float64(step*layer)) }
	for _, c := range []struct {
		steps     []int
		kept, gap int
	}{
		{count(0, 256, 1), 256, 1},
		{count(0, 2500, 10), 250, 10},
		{count(0, 2500, 1), 251, 10},
		{count(0, 20_000, 1), 201, 100},
		{count(0, 200_000, 100), 1001, 200},
	} {
		src := made{c.steps, 2, wave}
		small := summary.Condense(src, vgrad.MeanAbsGrad)
		steps, values := vgrad.Series(small, vgrad.MeanAbsGrad, 2)
		if len(steps) != c.kept || steps[1]-steps[0] != c.gap || steps[len(steps)-1] != c.steps[len(c.steps)-1] {
			t.Errorf("of %d steps %d are kept, %v … %v; want %d", len(c.steps), len(steps), steps[:2], steps[len(steps)-1], c.kept)
		}
		if values[1] != wave(c.gap, 2) {
			t.Errorf("step %d is %v", steps[1], values[1])
		}
		want, err := summary.Factor(src)
		if got, err2 := summary.Factor(small); err != nil || err2 != nil || got != want {
			t.Errorf("factor %v, %v; want %v, %v", got, err2, want, err)
		}
	}
}

// held is a source made by the suite's steps.
type held struct {
	made
	steps [][]vgrad.Sample
}

func (h held) Sites() (sites []vgrad.Site) {
	seen := map[vgrad.Site]bool{vgrad.NetworkSite: true}
	for layer := 1; layer <= 3; layer++ {
		for _, samples := range h.steps {
			for _, s := range samples {
				if s.Site.Layer == layer && !seen[s.Site] {
					seen[s.Site], sites = true, append(sites, s.Site)
				}
			}
		}
	}
	return sites
}

func (h held) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for _, samples := range h.steps {
			for _, s := range samples {
				if s.Quantity == q && !yield(s) {
					return
				}
			}
		}
	}
}

func TestRunIsASource(t *testing.T) {
	vgradtest.TestSource(t, func(t *testing.T, steps [][]vgrad.Sample) vgrad.Source {
		if steps != nil {
			steps = vgradtest.Steps() // what record was given is spoilt; histograms are shared
		}
		r := summary.Condense(held{made{depth: 3}, steps}, vgrad.Quantities()...)
		if r.Ran().Depth != 3 {
			t.Errorf("ran %+v", r.Ran())
		}
		return r
	})
}

func ExampleFactor() {
	// A gradient that shrinks tenfold with every layer towards the input.
	src := made{[]int{0, 200, 400}, 3, func(_, layer int) float64 { return math.Pow(10, float64(layer)) }}
	fmt.Println(summary.Factor(src))
	// Output: 100 <nil>
}

func ExampleCondense() {
	src := made{count(0, 2500, 1), 6, func(_, layer int) float64 { return float64(layer) }}
	small := summary.Condense(src, vgrad.MeanAbsGrad)
	steps, _ := vgrad.Series(small, vgrad.MeanAbsGrad, 1)
	fmt.Println(small.Label(), len(steps), steps[:3])
	// Output: made 251 [0 10 20]
}
