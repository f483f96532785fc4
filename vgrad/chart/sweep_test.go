package chart

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// A cell is the median of its runs, or says why it has none; the caption counts what is left out.
func TestFactorMap(t *testing.T) {
	f := must(t)(FactorMap(swept(3), "depth", "activation"))
	want := [][]string{
		{"sigmoid", "18 (10.8–25.2)", "1460 (875–2040)", "∞"},
		{"tanh", "–", "0.4 (0.24–0.56)", "NaN"},
		{"relu", "3 (1.8–4.2)", "3 (1.8–4.2)", "3.75 (3.15–4.35)*"},
	}
	if got := fmt.Sprint(f.Table.Rows); got != fmt.Sprint(want) {
		t.Errorf("table\n%s, want\n%s", got, fmt.Sprint(want))
	}
	for _, says := range []string{"3 runs", "NaN: 4 of 24 runs", "∞", "–: not recorded (1 cell)"} {
		if !strings.Contains(f.Caption, says) {
			t.Errorf("the caption does not say %q: %s", says, f.Caption)
		}
	}
	text, err := f.spec()
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Marks  [][]any `json:"marks"`
		Option struct {
			Series []struct {
				Data [][]float64 `json:"data"`
			} `json:"series"`
			XAxis []struct {
				Data []string `json:"data"`
			} `json:"xAxis"`
		} `json:"option"`
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(spec.Marks); got != "[[0 1 –] [2 0 ∞] [2 1 NaN]]" {
		t.Errorf("marks %s", got)
	}
	if got := fmt.Sprint(spec.Option.XAxis[0].Data); got != "[2 6 12]" {
		t.Errorf("columns %s", got)
	}
	if got := fmt.Sprint(spec.Option.Series[0].Data[0]); got != "[0 0 1.25527 18 10.8 25.2 3 0]" {
		t.Errorf("first cell %s", got)
	}
}

// Runs that differ in a third field are in one cell, and the caption says so.
func TestFactorMapOfMore(t *testing.T) {
	f := must(t)(FactorMap([]vgrad.Source{
		sweptRun(vgrad.Experiment{Depth: 2, Width: 10}, 3), sweptRun(vgrad.Experiment{Depth: 2, Width: 20}, 5), sweptRun(vgrad.Experiment{Depth: 4}, 7),
	}, "depth", "activation"))
	if !strings.Contains(f.Caption, "1 to 2 runs, of different width,") {
		t.Errorf("caption: %s", f.Caption)
	}
}

// The trend has a line for each activation, and bands only where both edges are numbers.
func TestFactorTrend(t *testing.T) {
	f := must(t)(FactorTrend(swept(3), "depth"))
	if got := fmt.Sprint(f.Labels(), f.Table.Rows); got != "[sigmoid tanh relu] [[2 18 (10.8–25.2) – 3 (1.8–4.2)] [6 1460 (875–2040) 0.4 (0.24–0.56) 3 (1.8–4.2)] [12 ∞ NaN 3.75 (3.15–4.35)]]" {
		t.Errorf("%s", got)
	}
	for _, says := range []string{"medians of up to 3 runs", "NaN: the value of 4 runs", "1 NaN, 1 +Inf"} {
		if !strings.Contains(f.Caption, says) {
			t.Errorf("the caption does not say %q: %s", says, f.Caption)
		}
	}
	tr := trend{x: []float64{1, 2, 3, 4}, low: []float64{1, 1, nan, 2}, high: []float64{2, 3, 4, 5}}
	if got := fmt.Sprint(tr.bands(true)); got != "[[[1 2] [2 3] [2 1] [1 1]] [[4 5] [4 2]]]" {
		t.Errorf("bands %s", got)
	}
}

// Fields that span much have a logarithmic axis.
func TestTrendAxis(t *testing.T) {
	var sources []vgrad.Source
	for _, rate := range []float64{1e-4, 1e-3, 1e-1} {
		sources = append(sources, sweptRun(vgrad.Experiment{Depth: 2, LearningRate: rate}, 3))
	}
	option, err := must(t)(FactorTrend(sources, "learning_rate")).Option()
	if err != nil || !strings.Contains(string(option), `"type":"log","min":8.33333e-05`) && !strings.Contains(string(option), `8.333333333333334e-05`) && !strings.Contains(string(option), `8.33333e-5`) {
		t.Errorf("option %s, %v", option, err)
	}
}

// The numbers in the cells, and colours that are told apart on both themes.
func TestMapScript(t *testing.T) {
	r := renderer(t)
	for call, want := range map[string]string{
		"factor(12.34, 2)": "12", "factor(0.0123, 2)": "0.012", "factor(153, 2)": "150", "factor(999.9, 2)": "1000",
		"factor(1534, 2)": "1.5·10³", "factor(1534, 1)": "2·10³", "factor(1e9, 2)": "10⁹", "factor(0.00012, 2)": "1.2·10⁻⁴",
		"factor(3e12, 0)": "10¹²", "factor(4e12, 0)": "10¹³", "factor(3.46, 0)": "3.5", "factor(0.634, 0)": "0.6", "factor(153, 0)": "200", "factor(34.6, 0)": "30",
	} {
		v, err := r.vm.RunString("vgradFigures." + call)
		if err != nil || v.String() != want {
			t.Errorf("%s is %v, %v; want %s", call, v, err, want)
		}
	}
}
