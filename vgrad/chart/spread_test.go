package chart

import (
	"math"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// histograms makes a source with the histograms of values at layer 1, one a step.
func histograms(label string, steps ...[]float32) *fake {
	f := &fake{label: label, layers: 1, samples: map[vgrad.Quantity][]vgrad.Sample{}}
	for step, values := range steps {
		f.samples[vgrad.Weights] = append(f.samples[vgrad.Weights], vgrad.Sample{Step: step, Site: site(1), Quantity: vgrad.Weights, Value: math.NaN(), Hist: vgrad.HistogramOf(values)})
	}
	return f
}

// Two runs have a line and a band each in one figure; values that are not finite are told.
func TestSpread(t *testing.T) {
	narrow, wide := make([]float32, 1000), make([]float32, 1000)
	for i := range narrow {
		narrow[i] = 1 + float32(i)/1000
		wide[i] = 8 * narrow[i]
	}
	wide[0] = float32(math.NaN())
	fig, err := Spread([]vgrad.Source{histograms("narrow", narrow, narrow), histograms("wide", wide, wide, wide)}, vgrad.Weights, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := fig.extras.Lines; len(got) != 2 || len(got[0].Bands) != 1 || len(got[1].Bands) != 1 {
		t.Errorf("lines and bands: %+v", got)
	}
	if !strings.Contains(fig.Caption, "3 NaN") {
		t.Errorf("the caption does not tell the NaN: %s", fig.Caption)
	}
	lines, err := groups([]vgrad.Source{histograms("narrow", narrow)})[0].spreads(vgrad.Weights, choose(1), tally{})
	if err != nil {
		t.Fatal(err)
	}
	for what, at := range map[string][2]float64{"median": {lines[0].values[0], 1.5}, "low": {lines[0].low[0], 1.05}, "high": {lines[0].high[0], 1.95}} {
		if math.Abs(at[0]-at[1]) > 0.002 {
			t.Errorf("%s is %v, want %v", what, at[0], at[1])
		}
	}
	for _, wrong := range []struct {
		sources []vgrad.Source
		q       vgrad.Quantity
		says    string
	}{
		{nil, vgrad.Weights, "no sources"},
		{[]vgrad.Source{values("scalar", vgrad.MeanAbsGrad, 1, 1, 2)}, vgrad.MeanAbsGrad, "Scalar"},
		{[]vgrad.Source{histograms("h", narrow)}, vgrad.Gradients, "no gradients"},
	} {
		if _, err := Spread(wrong.sources, wrong.q, 1); err == nil || !strings.Contains(err.Error(), wrong.says) {
			t.Errorf("%q does not say %q", err, wrong.says)
		}
	}
}
