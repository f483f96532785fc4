package chart

import (
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
	cells, marks := f.option["series"].([]any)[0].(map[string]any), f.option["series"].([]any)[1].(map[string]any)
	for what, c := range map[string]struct{ got, want any }{
		"marks":      {marks["data"], "[[0 1 –] [2 0 ∞] [2 1 NaN]]"},
		"columns":    {f.option["xAxis"].([]any)[0].(map[string]any)["data"], "[2 6 12]"},
		"first cell": {cells["data"].([]any)[0], "[0 0 1.25527 18 3 10.8 – 25.2  18 20 20]"},
		"last cell":  {cells["data"].([]any)[5], "[2 2 0.574031 3.75 2 3.15 – 4.35 1 more 3.8* 4* 3.8*]"},
	} {
		if fmt.Sprint(c.got) != c.want {
			t.Errorf("%s %v, want %v", what, c.got, c.want)
		}
	}
}

// Runs that differ in a third field are in one cell, and the caption says so.
func TestFactorMapOfMore(t *testing.T) {
	f := must(t)(FactorMap([]vgrad.Source{
		sweptRun(vgrad.Experiment{Depth: 2, Width: 10}, 3), sweptRun(vgrad.Experiment{Depth: 2, Width: 20}, 5), sweptRun(vgrad.Experiment{Depth: 4}, 7),
	}, "depth", "activation"))
	if !strings.Contains(f.Caption, "1 to 2 runs, of different width.") {
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
	x := must(t)(FactorTrend(sources, "learning_rate")).option["xAxis"].([]any)[0].(map[string]any)
	if got := fmt.Sprintf("%s %s %s", x["type"], x["min"], x["max"]); got != "log 8.33333e-5 0.12" {
		t.Errorf("the axis is %s", got)
	}
}

func TestFactorInWords(t *testing.T) {
	for _, c := range []struct {
		v         float64
		precision int
		want      string
	}{
		{12.34, 2, "12"}, {0.0123, 2, "0.012"}, {153, 2, "150"}, {999.9, 2, "1000"}, {1534, 2, "1.5·10³"}, {1534, 1, "2·10³"},
		{1e9, 2, "10⁹"}, {0.00012, 2, "1.2·10⁻⁴"}, {3e12, 0, "10¹²"}, {4e12, 0, "10¹³"}, {3.46, 0, "3.5"}, {0.634, 0, "0.6"}, {153, 0, "200"}, {34.6, 0, "30"},
	} {
		if got := factor(c.v, c.precision); got != c.want {
			t.Errorf("factor(%g, %d) is %s, want %s", c.v, c.precision, got, c.want)
		}
	}
}
