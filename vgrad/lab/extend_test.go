package lab_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/diagnose"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/probe"
	"gonum.org/v1/gonum/mat"
)

// A family, two quantities, a rule and a figure from elsewhere: what this file has
// is all that it takes.

// funnel is a toy family: each hidden layer has half the units of the one before.
type funnel struct {
	Layer int `json:"layers,omitempty"` // zero: 3
	Top   int `json:"top,omitempty"`    // units of the first layer; zero: 16
}

func (funnel) Family() string             { return "funnel" }
func (funnel) Defaults() vgrad.Network    { return funnel{Layer: 3, Top: 16} }
func (f funnel) Effective() vgrad.Network { return f }
func (f funnel) Alike() vgrad.Network     { return f }
func (f funnel) Layers() int              { return f.Layer }
func (f funnel) Multiplications(inputs, outputs int) uint64 {
	return uint64(inputs*f.Top + f.Top*outputs)
}
func (f funnel) Check() error {
	if f.Top < 1<<f.Layer {
		return fmt.Errorf("top is %d; it must be at least %d for %d layers", f.Top, 1<<f.Layer, f.Layer)
	}
	return nil
}

// Build makes it a nets.Builder.
func (f funnel) Build(s nets.Setup) (nets.Model, error) {
	draws, err := s.Draws(func(vgrad.Network) (string, float64) { return "orthogonal", 1 })
	if err != nil {
		return nil, err
	}
	return func(scope *model.Scope, x *Node) *Node {
		for i := 1; i < f.Layer; i++ {
			x = s.Dense(scope.In("layer%d", i), x, nets.Dense{Layer: i, Units: f.Top >> i, Activation: nets.MustActivation("tanh", 0), Draws: draws})
		}
		return s.Dense(scope.In("layer%d", f.Layer), x, nets.Dense{Layer: f.Layer, Units: s.Outputs, Activation: nets.MustActivation("identity", 0), Draws: draws})
	}, nil
}

const (
	gradientSpread vgrad.Quantity = "toy_gradient_spread" // in the graph: max |∂L/∂W| over mean |∂L/∂W|
	spectralNorm   vgrad.Quantity = "toy_spectral_norm"   // on the host: the largest singular value of W
)

func init() {
	vgrad.Register(funnel{})
	weights := func(s vgrad.Site) bool { return s.Role == vgrad.Kernel }
	probe.Register(probe.Probe{Quantity: gradientSpread, At: weights, Graph: func(v *probe.View) probe.Formula {
		mean := v.Mean(v.AbsGrad())
		return probe.Formula{Terms: mean.Terms, Finish: func(sums []*Node) *Node {
			largest := ReduceMax(v.AbsGrad(), reduced(v)...)
			return Div(largest, mean.Finish(sums))
		}}
	}}, vgrad.Info{Title: "max over mean of |∂L/∂W|", Subject: vgrad.LayerWeights})
	probe.Register(probe.Probe{Quantity: spectralNorm, At: weights, Fetch: (*probe.View).W, Host: func(values []float32, dims []int) float64 {
		w := mat.NewDense(dims[0], dims[1], nil)
		for i, x := range values {
			w.Set(i/dims[1], i%dims[1], float64(x))
		}
		var svd mat.SVD
		if !svd.Factorize(w, mat.SVDNone) {
			return math.NaN()
		}
		return svd.Values(nil)[0]
	}}, vgrad.Info{Title: "largest singular value of W", Subject: vgrad.LayerWeights})
}

// reduced are the axes of a view's tensors that are not the lanes'.
func reduced(v *probe.View) []int {
	if v.Lanes {
		return []int{1, 2}
	}
	return []int{0, 1}
}

// stiff is a toy rule.
var stiff = diagnose.Rule{
	Name: "toy: stretched weights", Threshold: "a largest singular value above 1.02", Source: "a test", Advice: "nothing",
	Needs: []vgrad.Quantity{spectralNorm},
	Look: func(t *diagnose.Training) ([]diagnose.Sighting, error) {
		if t == nil {
			return nil, errors.New("there is no training")
		}
		return []diagnose.Sighting{{Step: 0, Says: "The toy rule fires", Evidence: "it always does"}}, nil
	},
}

func TestExtensions(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		l, _ := newLab(t)
		l.Backend = b.Kind
		base := vgrad.Experiment{Network: funnel{}, Data: "synthetic", Steps: 30, LearningRate: 0.01,
			Measure: vgrad.Measure{Quantities: []vgrad.Quantity{gradientSpread, spectralNorm, vgrad.MaxAbsGrad, vgrad.MeanAbsGrad}, HistogramEvery: 10}}
		c, err := l.Compare(t.Context(), base, "network=funnel", "network=funnel top=32")
		if err != nil {
			t.Fatal(err)
		}
		run := c.Runs()[1]
		if run.Label() != "funnel top=32 data=synthetic learning_rate=0.01 steps=30" || vgrad.Depth(run) != 3 {
			t.Errorf("%q, %d layers", run.Label(), vgrad.Depth(run))
		}
		for _, site := range vgrad.Measured(run, spectralNorm) {
			steps, norms := vgrad.SeriesAt(run, spectralNorm, site)
			if len(steps) != 3 || math.Abs(norms[0]-1) > 1e-5 {
				t.Errorf("%s: largest singular values %v at steps %v; an orthogonal matrix begins with 1", site.Path, norms, steps)
			}
			_, spread := vgrad.SeriesAt(run, gradientSpread, site)
			_, largest := vgrad.SeriesAt(run, vgrad.MaxAbsGrad, site)
			_, mean := vgrad.SeriesAt(run, vgrad.MeanAbsGrad, site)
			for i := range spread {
				if want := largest[i] / mean[i]; len(spread) != 30 || math.Abs(spread[i]-want) > 1e-5*want {
					t.Fatalf("%s, step %d: %v, want %v", site.Path, i, spread[i], want)
				}
			}
		}
		if r := diagnose.Judge(run, append(diagnose.Rules(), stiff)...); !strings.Contains(r.String(), "The toy rule fires") {
			t.Errorf("the report: %s", r)
		}
		if _, err := chart.Scalar(c, spectralNorm, 1); err != nil {
			t.Error(err)
		}
		bar := charts.NewBar()
		_, norms := vgrad.Series(run, spectralNorm, 1)
		bar.SetXAxis([]string{"step 0", "step 10", "step 20"}).AddSeries("layer 1", []opts.BarData{{Value: norms[0]}, {Value: norms[1]}, {Value: norms[2]}})
		f, err := chart.Custom("Largest singular value", "Of layer 1.", bar)
		if err != nil {
			t.Fatal(err)
		}
		if option, err := f.Option(); err != nil || !strings.Contains(string(option), `"step 10"`) {
			t.Errorf("option %s, %v", option, err)
		}
	})
	if _, err := (vgrad.Sweep{Over: []string{"network=funnel", "top=4", "layers=3"}}).Experiments(); err == nil || !strings.Contains(err.Error(), "top is 4") {
		t.Errorf("a funnel that is too narrow: %v", err)
	}
	if _, err := chart.Custom("empty", "", charts.NewBar()); err == nil {
		t.Error("a chart without series: no error")
	}
	nan := charts.NewBar()
	nan.SetXAxis([]string{"a"}).AddSeries("a", []opts.BarData{{Value: math.NaN()}})
	if _, err := chart.Custom("NaN", "", nan); err == nil {
		t.Error("a NaN in a chart: no error")
	}
}
