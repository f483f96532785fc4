package vgrad_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

func ExampleExperiment() {
	deep := vgrad.Experiment{Depth: 20, Width: 32, Activation: "tanh"} // the rest as in the article
	fmt.Println(deep.Name())
	text, err := json.Marshal(deep)
	fmt.Println(string(text), err)
	all := deep.WithDefaults()
	fmt.Println(all.Steps, all.Batch, all.Optimizer, all.LearningRate)
	// Output:
	// tanh depth=20 width=32
	// {"depth":20,"width":32,"activation":"tanh"} <nil>
	// 2500 30 adam 0.001
}

func ExampleExperiment_Vary() {
	e, err := vgrad.Experiment{}.Vary("relu depth=20 learning_rate=0.01")
	fmt.Println(e.Name(), err)
	_, err = e.Vary("depht=3")
	fmt.Println(err)
	// Output:
	// relu depth=20 learning_rate=0.01 <nil>
	// an experiment has no field "depht"; it has label, network, depth, width, activation, slope, initializer, gain, data, length, batch, loss, optimizer, learning_rate, steps, seed
}

func ExampleExperiment_Validate() {
	fmt.Println(vgrad.Experiment{Depth: -1, LearningRate: -0.1}.Validate())
	// Output:
	// depth is -1; it must be at least 1
	// learning_rate is -0.1; it must be a finite number above 0
}

func ExampleMeasure() {
	m := vgrad.Measure{Quantities: []vgrad.Quantity{vgrad.RMSDelta}, HistogramEvery: -1}
	fmt.Println(m.Measures(vgrad.RMSDelta), m.Measures(vgrad.RMSGrad), m.Measures(vgrad.Loss), m.Measures(vgrad.Weights))
	// Output: true false true false
}

func ExampleQuantity_Info() {
	info, err := vgrad.RMSDelta.Info()
	fmt.Println(info.Title, info.Log, err)
	// Output: RMS of δ = ∂L/∂z true <nil>
}

func ExampleHistogram() {
	h := vgrad.HistogramOf([]float32{-3, -0.5, 0, 0.5, 0.6, 0.7, 1, float32(math.NaN()), float32(math.Inf(1))})
	for _, b := range h.Bins {
		fmt.Printf("%v to %v: %d\n", b.Low, b.High, b.Count)
	}
	fmt.Println("zero", h.Zero, "NaN", h.NaN, "+Inf", h.PosInf)
	// Output:
	// -3.5 to -3: 1
	// -0.625 to -0.5: 1
	// 0.5 to 0.625: 2
	// 0.625 to 0.75: 1
	// 1 to 1.25: 1
	// zero 1 NaN 1 +Inf 1
}

// The zero experiment is the article's, and means the same written out.
func TestZeroIsTheArticle(t *testing.T) {
	if got, want := (vgrad.Experiment{}).Hash(), vgrad.Defaults().Hash(); got != want {
		t.Errorf("hash of the zero experiment %s; written out %s", got, want)
	}
	if e := (vgrad.Experiment{}).WithDefaults(); fmt.Sprint(e) != fmt.Sprint(vgrad.Defaults()) {
		t.Errorf("with defaults %+v; want the article's", e)
	}
	if err := (vgrad.Experiment{}).Validate(); err != nil {
		t.Error(err)
	}
}

// The hash is pinned: a change would orphan every recorded run.
func TestHashIsStable(t *testing.T) {
	for _, c := range []struct {
		e    vgrad.Experiment
		want string
	}{
		{vgrad.Experiment{}, "44136fa355b3"},
		{vgrad.Experiment{Activation: "relu"}, "2ebfe5d0bb59"},
		{vgrad.Experiment{Activation: "leaky_relu", Label: "any"}, "cdab613a3876"},
	} {
		if got := c.e.Hash()[:12]; got != c.want {
			t.Errorf("%s: hash %s; want %s", c.e.Name(), got, c.want)
		}
	}
}

func TestHashTellsApart(t *testing.T) {
	seen := map[string]string{}
	for _, variant := range []string{"relu", "depth=7", "width=11", "leaky_relu", "leaky_relu slope=0.3", "leaky_relu slope=0", "gain=0", "initializer=orthogonal", "gain=2", "data=synthetic",
		"batch=31", "optimizer=sgd", "learning_rate=0.01", "steps=10", "seed=1", "network=x", "loss=mean_squared_error", "network=highway", "network=highway depth=11", "network=highway gate_bias=0"} {
		e, err := vgrad.Experiment{}.Vary(variant)
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[e.Hash()]; twice {
			t.Errorf("%s and %s have the same hash", variant, other)
		}
		seen[e.Hash()] = variant
	}
	a := vgrad.Experiment{Measure: vgrad.Measure{Quantities: []vgrad.Quantity{vgrad.Dead, vgrad.RMSGrad}}}
	b := vgrad.Experiment{Measure: vgrad.Measure{Quantities: []vgrad.Quantity{vgrad.RMSGrad, vgrad.Dead, vgrad.Dead}}}
	if a.Hash() != b.Hash() {
		t.Error("the order of quantities changes the hash")
	}
	none := vgrad.Experiment{Measure: vgrad.Measure{Quantities: []vgrad.Quantity{}}}
	if none.Hash() == (vgrad.Experiment{}).Hash() {
		t.Error("to measure nothing has the hash of measuring everything")
	}
	text, err := json.Marshal(none)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := vgrad.ParseExperiment(text); err != nil || back.Hash() != none.Hash() || back.Measure.Measures(vgrad.Dead) {
		t.Errorf("%s came back as %+v, %v", text, back, err)
	}
}

func TestParseExperiment(t *testing.T) {
	for _, e := range []vgrad.Experiment{{}, vgrad.Defaults(), {Activation: "relu", Seed: 1 << 63, Measure: vgrad.Measure{Every: 5, HistogramEvery: -1}}} {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		back, err := vgrad.ParseExperiment(text)
		if err != nil || fmt.Sprint(back) != fmt.Sprint(e) {
			t.Errorf("%s came back as %+v, %v", text, back, err)
		}
	}
	for _, bad := range []string{`{"depht":3}`, `{"depth":"x"}`, `{`, ``} {
		if _, err := vgrad.ParseExperiment([]byte(bad)); err == nil || !strings.HasPrefix(err.Error(), "read an experiment") {
			t.Errorf("%s: error %v", bad, err)
		}
	}
}

func TestUnknownQuantity(t *testing.T) {
	_, err := vgrad.Quantity("mean_gard").Info()
	if err == nil || !strings.Contains(err.Error(), "mean_abs_grad") {
		t.Errorf("error %v; want the known ones named", err)
	}
}

// Counting, Raw and back, CountIn and Quantile agree with the values themselves.
func TestHistogram(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var xs []float32
	for range 20000 {
		xs = append(xs, float32(rng.NormFloat64()*math.Pow(10, -3*rng.Float64())))
	}
	h := vgrad.HistogramOf(xs)
	if h.Count() != len(xs) {
		t.Errorf("%d counted of %d", h.Count(), len(xs))
	}
	raw := make([]int32, vgrad.RawBins)
	for bin, n := range h.Raw() {
		raw[bin] = int32(n)
	}
	if back := vgrad.NewHistogram(raw); fmt.Sprint(back) != fmt.Sprint(h) {
		t.Error("Raw does not make the same histogram again")
	}
	for _, b := range h.Bins {
		n := 0
		for _, x := range xs {
			v := float64(x)
			if (v > 0 && b.Low <= v && v < b.High) || (v < 0 && b.Low < v && v <= b.High) {
				n++
			}
		}
		if n != b.Count {
			t.Errorf("bin [%v, %v): %d; there are %d", b.Low, b.High, b.Count, n)
		}
	}
	for _, iv := range [][2]float64{{-0.1, 0.1}, {0, 1}, {-math.MaxFloat64, 0}} {
		n := 0
		for _, x := range xs {
			if iv[0] <= float64(x) && float64(x) < iv[1] {
				n++
			}
		}
		if got := h.CountIn(iv[0], iv[1]); math.Abs(got-float64(n)) > 0.02*float64(n) {
			t.Errorf("CountIn%v = %v; there are %d", iv, got, n)
		}
	}
	if q := h.Quantile(0.5); math.Abs(q) > 0.003 {
		t.Errorf("median %v of a symmetric sample", q)
	}
}

func TestHistogramQuantile(t *testing.T) {
	h := vgrad.HistogramOf([]float32{-2, -1, 0, 0, 1, 2, 4, 8})
	for p, want := range map[float64]float64{0: -2.5, 0.4: 0, 1: 10} {
		if got := h.Quantile(p); math.Abs(got-want) > 0.26*max(1, math.Abs(want)) {
			t.Errorf("Quantile(%v) = %v; want about %v", p, got, want)
		}
	}
	if q := (&vgrad.Histogram{}).Quantile(0.5); !math.IsNaN(q) {
		t.Errorf("quantile of nothing = %v; want NaN", q)
	}
}

func TestHistogramSpecials(t *testing.T) {
	inf := float32(math.Inf(1))
	h := vgrad.HistogramOf([]float32{inf, -inf, float32(math.NaN()), 0, float32(math.Copysign(0, -1)), 1e-40, -1e-40})
	if h.PosInf != 1 || h.NegInf != 1 || h.NaN != 1 || h.Zero != 4 || len(h.Bins) != 0 {
		t.Errorf("%+v", h)
	}
}

// A histogram says whether its bins are those that a probe counts into.
func TestIsRaw(t *testing.T) {
	values := []float32{-3e38, -1, -1.1e-38, 0, 1.2e-38, 1, 1.25, 3e38, float32(math.Inf(1))}
	if h := vgrad.HistogramOf(values); !h.IsRaw() {
		t.Errorf("%+v is raw", h)
	}
	for _, b := range []vgrad.Bin{{Low: -1, High: 1, Count: 1}, {Low: 1, High: 1.5, Count: 1}, {Low: 1.1, High: 1.25, Count: 1}, {Low: 0, High: 0.25, Count: 1}, {Low: -2, High: -1.8, Count: 1}, {Low: 1, High: 1.25 + 1e-15, Count: 1}} {
		if h := (&vgrad.Histogram{Bins: []vgrad.Bin{b}}); h.IsRaw() {
			t.Errorf("%+v is not raw", b)
		}
	}
}

// staged is a run whose stages measure different sites.
type staged struct{ vgrad.Source }

func (staged) Ran() vgrad.Experiment {
	return vgrad.Experiment{Stages: []vgrad.Stage{{Steps: 1}, {Steps: 1}}}
}

func (staged) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for step, layers := range [][]int{{2}, {1, 2}} {
			for _, l := range layers {
				if !yield(vgrad.Sample{Step: step, Site: vgrad.Site{Path: fmt.Sprint("/", l), Layer: l}, Quantity: q}) {
					return
				}
			}
		}
	}
}

// What a later stage measures is measured; each path is listed once, in forward order.
func TestMeasuredInStages(t *testing.T) {
	sites := vgrad.Measured(staged{}, vgrad.RMSDelta)
	if len(sites) != 2 || sites[0].Layer != 1 || sites[1].Layer != 2 {
		t.Errorf("sites %v", sites)
	}
}
