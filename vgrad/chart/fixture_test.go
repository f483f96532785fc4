package chart

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/assets"
)

// fake is a source made by hand.
type fake struct {
	label   string
	of      vgrad.Experiment
	layers  int
	samples map[vgrad.Quantity][]vgrad.Sample
}

func (f *fake) Label() string { return f.label }

func (f *fake) Ran() vgrad.Experiment { return f.of }

func (f *fake) Sites() []vgrad.Site {
	var sites []vgrad.Site
	for l := 1; l <= f.layers; l++ {
		sites = append(sites, site(l))
	}
	return sites
}

func (f *fake) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for _, s := range f.samples[q] {
			if !yield(s) {
				return
			}
		}
	}
}

func (f *fake) put(q vgrad.Quantity, step, layer int, v float64) {
	f.samples[q] = append(f.samples[q], vgrad.Sample{Step: step, Site: site(layer), Quantity: q, Value: v})
}

func site(layer int) vgrad.Site {
	if layer == 0 {
		return vgrad.NetworkSite
	}
	return vgrad.Site{Path: fmt.Sprintf("/layer%d/weights", layer), Layer: layer, Size: 100}
}

// values makes a source with one scalar quantity at one layer.
func values(label string, q vgrad.Quantity, layer int, vs ...float64) *fake {
	f := &fake{label: label, layers: max(layer, 1), samples: map[vgrad.Quantity][]vgrad.Sample{}}
	for step, v := range vs {
		f.put(q, step, layer, v)
	}
	return f
}

// run imitates a run of the article: gradients that shrink towards the input,
// an accuracy that rises with the noise of 30 images, weights that spread.
func run(label string, seed uint64, steps int, grads []float64, accuracy float64) *fake {
	r := rand.New(rand.NewPCG(seed, 1))
	f := &fake{label: label, layers: len(grads), samples: map[vgrad.Quantity][]vgrad.Sample{}}
	for step := range steps {
		part := 1 - math.Exp(-4*float64(step)/float64(steps))
		hits := 0
		for range 30 {
			if r.Float64() < 0.1+(accuracy-0.1)*part {
				hits++
			}
		}
		f.put(vgrad.TrainAccuracy, step, 0, float64(hits)/30)
		f.put(vgrad.Loss, step, 0, 2.3*(1-0.9*accuracy*part)*math.Exp(0.1*r.NormFloat64()))
		for i, g := range grads {
			f.put(vgrad.MeanAbsGrad, step, i+1, g*(1+part)*math.Exp(0.35*r.NormFloat64()))
			f.put(vgrad.RMSDelta, step, i+1, 3*math.Sqrt(g)*0.05*(1+part)*math.Exp(0.35*r.NormFloat64()))
		}
		if step%200 == 0 || step == steps-1 {
			f.histograms(r, step, part)
		}
	}
	return f
}

func (f *fake) histograms(r *rand.Rand, step int, part float64) {
	for l := 1; l <= f.layers; l++ {
		ws, gs := make([]float32, 400), make([]float32, 400)
		for i := range ws {
			ws[i] = float32((r.Float64()*2-1)*0.55 + part*0.35*r.NormFloat64())
			gs[i] = float32(1e-3 * r.NormFloat64() * math.Exp(r.NormFloat64()))
		}
		gs[0] = 0
		for q, h := range map[vgrad.Quantity]*vgrad.Histogram{vgrad.Weights: vgrad.HistogramOf(ws), vgrad.Gradients: vgrad.HistogramOf(gs)} {
			f.samples[q] = append(f.samples[q], vgrad.Sample{Step: step, Site: site(l), Quantity: q, Value: nan, Hist: h})
		}
	}
}

var (
	sigmoidGrads = []float64{8.6e-6, 7.5e-5, 3.8e-4, 1.8e-3, 8e-3, 2.6e-2}
	reluGrads    = []float64{2.1e-3, 6e-3, 8e-3, 1.1e-2, 1.5e-2, 2.2e-2}
	leakyGrads   = []float64{2.6e-3, 6.6e-3, 8.8e-3, 1.2e-2, 1.6e-2, 2e-2}
)

// article returns the article's three runs, of so many steps.
func article(steps int) []vgrad.Source {
	return []vgrad.Source{
		run("sigmoid", 1, steps, sigmoidGrads, 0.4),
		run("ReLU", 2, steps, reluGrads, 0.9),
		run("leaky ReLU", 3, steps, leakyGrads, 0.91),
	}
}

// repetitions returns seeds of two experiments.
func repetitions(seeds, steps int) []vgrad.Source {
	var all []vgrad.Source
	for s := range seeds {
		all = append(all, run("sigmoid", uint64(10+s), steps, sigmoidGrads, 0.36+0.01*float64(s)),
			run("leaky ReLU", uint64(30+s), steps, leakyGrads, 0.88+0.005*float64(s)))
	}
	return all
}

// swept returns seeds of experiments whose factor grows with depth: of sigmoid
// by 3 with every layer, of ReLU not, of tanh below 1. Of sigmoid at depth 12 no
// gradient arrives, of ReLU there some are NaN and of tanh all of them; of tanh at
// depth 2 there is no run.
func swept(seeds int) []vgrad.Source {
	var all []vgrad.Source
	for _, depth := range []int{12, 2, 6} {
		for _, activation := range []string{"sigmoid", "tanh", "relu"} {
			for seed := range seeds {
				if activation == "tanh" && depth == 2 {
					continue
				}
				factor := map[string]float64{"sigmoid": math.Pow(3, float64(depth)), "tanh": 0.2, "relu": 1.5}[activation] * (1 + float64(seed))
				switch {
				case depth < 12:
				case activation == "sigmoid":
					factor = math.Inf(1)
				case activation == "tanh" || seed == 0:
					factor = math.NaN()
				}
				all = append(all, sweptRun(vgrad.Experiment{Depth: depth, Activation: activation, Seed: uint64(seed)}, factor))
			}
		}
	}
	return all
}

// sweptRun is a run with that factor.
func sweptRun(e vgrad.Experiment, factor float64) *fake {
	f := &fake{label: e.NameBy("activation", "depth"), of: e, layers: e.Depth, samples: map[vgrad.Quantity][]vgrad.Sample{}}
	for layer := 1; layer <= e.Depth; layer++ {
		grad := 0.01
		if layer == 1 {
			grad /= factor
		}
		f.put(vgrad.MeanAbsGrad, 0, layer, grad)
	}
	f.put(vgrad.ValAccuracy, 10, 0, 1/float64(e.Depth)+0.01*float64(e.Seed))
	return f
}

// echarts returns the library; a test that lacks it fails and says what brings it.
func echarts(t testing.TB) []byte {
	t.Helper()
	js, err := assets.ECharts(context.Background())
	if err != nil {
		t.Fatalf("ECharts is needed; `go tool vgrad assets` fetches it: %v", err)
	}
	return js
}

var shared struct {
	sync.Once
	*Renderer
	err error
}

// renderer returns one renderer for all tests.
func renderer(t testing.TB) *Renderer {
	t.Helper()
	js := echarts(t)
	shared.Do(func() { shared.Renderer, shared.err = NewRenderer(js) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.Renderer
}

// must returns a figure or fails.
func must(t testing.TB) func(*Figure, error) *Figure {
	return func(f *Figure, err error) *Figure {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
}

// gallery is one figure of every kind.
func gallery(t testing.TB) map[string]*Figure {
	t.Helper()
	const steps = 2500
	runs, seeds := article(steps), repetitions(8, 800)
	ok := must(t)
	broken := run("breaks down", 5, 600, sigmoidGrads, 0.3)
	for i := range broken.samples[vgrad.MeanAbsGrad] {
		if s := &broken.samples[vgrad.MeanAbsGrad][i]; s.Step > 400 && s.Step < 480 {
			s.Value = math.NaN()
		} else if s.Step >= 480 && s.Step < 540 {
			s.Value = 0
		}
	}
	return map[string]*Figure{
		"accuracy":   ok(Accuracy(runs)),
		"loss":       ok(Loss(runs)),
		"gradient6":  ok(MeanGradient(runs, 6)),
		"gradient1":  ok(MeanGradient(runs, 1)),
		"seeds":      ok(Accuracy(seeds)),
		"seeds1":     ok(MeanGradient(seeds, 1)),
		"broken":     ok(MeanGradient([]vgrad.Source{runs[0], broken}, 2)),
		"flow":       ok(GradientFlow(runs)),
		"flowseeds":  ok(GradientFlow(seeds, vgrad.MeanAbsGrad)),
		"ridge":      ok(Ridge(runs[2], vgrad.Weights, 4)),
		"ridgegrad":  ok(Ridge(runs[2], vgrad.Gradients, 4)),
		"heatmap":    ok(Heatmap(runs[2], vgrad.Weights, 4)),
		"layermap":   ok(LayerMap(runs[0], vgrad.MeanAbsGrad)),
		"factormap":  ok(FactorMap(swept(5), "depth", "activation")),
		"remedies":   ok(Remedies(remedied(), "depth")),
		"trend":      ok(FactorTrend(swept(5), "depth")),
		"accuracies": ok(Trend(swept(5), vgrad.ValAccuracy, "depth")),
	}
}
