package echarts

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/raster"
)

func renderer(t testing.TB) *Renderer {
	t.Helper()
	js, err := assets.ECharts(context.Background())
	if err != nil {
		t.Fatalf("ECharts is needed; `go tool vgrad assets` fetches it: %v", err)
	}
	r, err := New(js)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// kinds is a chart of each of several kinds, as go-echarts' users make them, with a text
// that it shows.
func kinds() map[string]struct {
	chart Chart
	shows string
} {
	title := charts.WithTitleOpts(opts.Title{Title: "A title"})
	days := []string{"Mon", "Tue", "Wed"}
	bar, line, pie, scatter := charts.NewBar(), charts.NewLine(), charts.NewPie(), charts.NewScatter()
	radar, heat, box, gauge, funnel, sankey := charts.NewRadar(), charts.NewHeatMap(), charts.NewBoxPlot(), charts.NewGauge(), charts.NewFunnel(), charts.NewSankey()
	bar.SetGlobalOptions(title)
	bar.SetXAxis(days).AddSeries("A", []opts.BarData{{Value: 3}, {Value: 5}, {Value: 2}})
	line.SetGlobalOptions(title, charts.WithYAxisOpts(opts.YAxis{AxisLabel: &opts.AxisLabel{Formatter: opts.FuncOpts("function (v) { return v + ' kg'; }")}}))
	line.SetXAxis(days).AddSeries("A", []opts.LineData{{Value: 3}, {Value: 5}, {Value: 2}}, charts.WithAreaStyleOpts(opts.AreaStyle{Opacity: opts.Float(0.3)}), charts.WithLineChartOpts(opts.LineChart{Smooth: opts.Bool(true)}))
	pie.AddSeries("A", []opts.PieData{{Name: "apples", Value: 3}, {Name: "pears", Value: 5}})
	scatter.SetXAxis(days).AddSeries("A", []opts.ScatterData{{Value: 3}, {Value: 5}, {Value: 2}})
	radar.SetGlobalOptions(charts.WithRadarComponentOpts(opts.RadarComponent{Indicator: []*opts.Indicator{{Name: "wide", Max: 9}, {Name: "high", Max: 9}, {Name: "deep", Max: 9}}}))
	radar.AddSeries("A", []opts.RadarData{{Value: []int{3, 5, 7}}})
	heat.SetGlobalOptions(charts.WithXAxisOpts(opts.XAxis{Type: "category", Data: days}), charts.WithYAxisOpts(opts.YAxis{Type: "category", Data: []string{"am", "pm"}}), charts.WithVisualMapOpts(opts.VisualMap{Max: 9}))
	heat.AddSeries("A", []opts.HeatMapData{{Value: [3]any{0, 0, 5}}, {Value: [3]any{1, 1, 9}}})
	box.SetXAxis(days[:1]).AddSeries("A", []opts.BoxPlotData{{Value: []int{1, 3, 4, 6, 9}}})
	gauge.AddSeries("A", []opts.GaugeData{{Name: "speed", Value: 42}})
	funnel.AddSeries("A", []opts.FunnelData{{Name: "seen", Value: 100}, {Name: "bought", Value: 20}})
	sankey.AddSeries("A", []opts.SankeyNode{{Name: "from"}, {Name: "to"}}, []opts.SankeyLink{{Source: "from", Target: "to", Value: 5}}, charts.WithLabelOpts(opts.Label{Show: opts.Bool(true)}))
	return map[string]struct {
		chart Chart
		shows string
	}{"bar": {bar, "A title"}, "line": {line, "4 kg"}, "pie": {pie, "pears"}, "scatter": {scatter, "Tue"}, "radar": {radar, "wide"}, "heat map": {heat, "pm"},
		"box plot": {box, "Mon"}, "gauge": {gauge, "speed"}, "funnel": {funnel, "bought"}, "sankey": {sankey, "from"}}
}

// Each kind is well-formed SVG with its text, the same each time, and can be made a PNG.
func TestKinds(t *testing.T) {
	r := renderer(t)
	for name, c := range kinds() {
		svg, err := r.SVG(c.chart, 600, 400)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.Contains(string(svg), ">"+c.shows+"<") || !strings.Contains(string(svg), `width="600" height="400"`) {
			t.Errorf("%s: no %q in %.300s", name, c.shows, svg)
		}
		for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if again, err := r.SVG(c.chart, 600, 400); err != nil || string(again) != string(svg) {
			t.Errorf("%s: another picture the second time: %v", name, err)
		}
		png, err := raster.PNG(svg, 2)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if dir := os.Getenv("VGRAD_LOOK"); dir != "" { // to look at them
			if err := os.WriteFile(dir+"/"+strings.ReplaceAll(name, " ", "_")+".png", png, 0o600); err != nil {
				t.Error(err)
			}
			if err := os.WriteFile(dir+"/"+strings.ReplaceAll(name, " ", "_")+".svg", svg, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for _, js := range []string{"", "var x = 1;", "syntax error("} {
		if _, err := New([]byte(js)); err == nil || !strings.HasPrefix(err.Error(), "echarts: ") {
			t.Errorf("%q: %v", js, err)
		}
	}
	r := renderer(t)
	bad := charts.NewBar()
	bad.AddSeries("A", []opts.BarData{{Value: math.NaN()}})
	if _, err := r.SVG(bad, 600, 400); err == nil || !strings.Contains(err.Error(), "NaN") {
		t.Errorf("NaN: %v", err)
	}
	for _, option := range []string{"", "{", `{"series": [{"type": "bar", "data": function () { throw 1 }()}]}`} {
		if _, err := r.Option(option, 600, 400); err == nil {
			t.Errorf("%q is drawn", option)
		}
	}
	if _, err := r.Option("{}", 0, 400); err == nil {
		t.Error("a chart without width is drawn")
	}
	if svg, err := r.Option(`{"title": {"text": "still"}}`, 600, 400); err != nil || !strings.Contains(string(svg), "still") {
		t.Errorf("after errors: %v", err)
	}
}

func ExampleRenderer_SVG() {
	js, err := assets.ECharts(context.Background()) // or os.ReadFile("echarts.min.js")
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := New(js)
	if err != nil {
		fmt.Println(err)
		return
	}
	bar := charts.NewBar()
	bar.SetXAxis([]string{"a", "b"}).AddSeries("values", []opts.BarData{{Value: 3}, {Value: 5}})
	svg, err := r.SVG(bar, 600, 400)
	fmt.Println(string(svg[:5]), err)
	// Output: <svg  <nil>
}
