package chart

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// A chart of go-echarts is drawn in the looks of this package, with its legend and its axes.
func TestCustom(t *testing.T) {
	bar := charts.NewBar()
	bar.SetXAxis([]string{"layer 1", "layer 2"}).
		AddSeries("sigmoid", []opts.BarData{{Value: 1}, {Value: 2}}).AddSeries("ReLU", []opts.BarData{{Value: 3}, {Value: 4}})
	f := must(t)(Custom("Largest singular value", "At the end.", bar))
	spec, err := f.spec()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"color":"$run0"`, `"color":"$run1"`, `"head":"{x}"`} {
		if !strings.Contains(string(spec), want) {
			t.Errorf("the spec lacks %s: %s", want, spec)
		}
	}
	svg, err := renderer(t).SVG(f, Dark, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, text := range textsOf(t, string(svg)) {
		texts = append(texts, text.text)
	}
	for _, want := range []string{"Largest singular value", "layer 2", "sigmoid", "ReLU"} {
		if !slices.Contains(texts, want) {
			t.Errorf("the picture does not say %q: %q", want, texts)
		}
	}
}
