package tfevents_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/diagnose"
	"github.com/vgrad/lab/vgrad/tfevents"
)

// The article's run in TensorFlow, which article/testdata/record.py has recorded.
func tensorflow(t *testing.T) *tfevents.Log {
	return open(t, filepath.Join("..", "article", "testdata", "tensorflow"))
}

// ours is a run as the laboratory records it: the gradient falls by four a layer.
func ours(t *testing.T) vgrad.Source {
	dir := t.TempDir()
	var steps [][]vgrad.Sample
	for step := range 13 {
		var samples []vgrad.Sample
		for layer := 1; layer <= 6; layer++ {
			site := vgrad.Site{Path: fmt.Sprintf("/layer%d/weights", layer), Layer: layer, Role: vgrad.Kernel}
			samples = append(samples,
				vgrad.Sample{Step: 200 * step, Site: site, Quantity: vgrad.MeanAbsGrad, Value: math.Pow(4, float64(layer-6))},
				vgrad.Sample{Step: 200 * step, Site: site, Quantity: vgrad.Weights, Value: math.NaN(), Hist: vgrad.HistogramOf([]float32{-1, 1, 2})})
		}
		steps = append(steps, samples)
	}
	w := create(t, dir, tfevents.Options{})
	feeder := &vgrad.Feeder{To: w}
	for i, samples := range steps {
		if err := feeder.Put(200*i, samples); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, dir).Runs()[0].Named("ours")
}

// TensorFlow's runs and ours are in one figure, on one logarithmic axis, and each figure
// takes them.
func TestTensorFlowsRunAndOursInOneFigure(t *testing.T) {
	sources := append(tensorflow(t).Sources(), ours(t))
	for what, draw := range map[string]func() (*chart.Figure, error){
		"gradient of layer 1": func() (*chart.Figure, error) { return chart.MeanGradient(sources, 1) },
		"gradient flow":       func() (*chart.Figure, error) { return chart.GradientFlow(sources, vgrad.MeanAbsGrad) },
		"spread":              func() (*chart.Figure, error) { return chart.Spread(sources, vgrad.Weights, 4) },
		"ridge":               func() (*chart.Figure, error) { return chart.Ridge(sources[0], vgrad.Weights, 4) },
		"loss":                func() (*chart.Figure, error) { return chart.Loss(sources[:3]) },
		"accuracy":            func() (*chart.Figure, error) { return chart.Accuracy(sources[:3]) },
	} {
		fig, err := draw()
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if table := fmt.Sprint(fig.Table.Columns) + fig.Title + fig.Caption; what != "ridge" && (!strings.Contains(table, "sigmoid") || !strings.Contains(table, "relu")) {
			t.Errorf("%s: %s", what, table)
		}
	}
}

// The findings judge TensorFlow's run by what is there: mean |∂L/∂W| falls in the sigmoid
// network and not in the others, as 30 seeds of an independent program have it.
func TestFindingsOnTensorFlowsRun(t *testing.T) {
	for _, run := range tensorflow(t).Runs() {
		report := diagnose.Of(run)
		found := false
		for _, f := range append(report.Findings, report.Notes...) {
			found = found || f.Rule == "vanishing gradient"
		}
		if found != (run.Name() == "sigmoid") {
			t.Errorf("%s: vanishing gradient found: %v\n%v", run.Name(), found, report)
		}
		if len(report.Unjudged) == 0 {
			t.Errorf("%s: each rule looked, although a log has no δ", run.Name())
		}
		if depth := vgrad.Depth(run); depth != 6 {
			t.Errorf("%s: depth %d", run.Name(), depth)
		}
	}
}

// A tag that vgrad has no name for is drawn by its name: on a logarithmic axis where small
// values would look like zero, with its zeros and NaN told, and with its first step.
func TestTagsOfOthersAreDrawn(t *testing.T) {
	dir := t.TempDir()
	for run, scale := range map[string]float64{"a": 1, "b": 1e-6} {
		w := create(t, filepath.Join(dir, run), tfevents.Options{})
		feeder := &vgrad.Feeder{To: w}
		for step := range 5000 {
			v := scale * math.Exp(-float64(step)/500)
			switch {
			case step == 40:
				v = 0
			case step == 50:
				v = math.NaN()
			}
			if err := feeder.Put(step, []vgrad.Sample{{Site: vgrad.NetworkSite, Quantity: "grad_norm/encoder", Value: v}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	log := open(t, dir)
	names, err := log.Runs()[0].Find("encoder")
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	info, err := vgrad.InfoOf(log.Runs()[0], vgrad.Quantity(names[0]))
	if err != nil || !info.Log {
		t.Errorf("%+v, %v; want a logarithmic axis", info, err)
	}
	fig, err := chart.Scalar(log.Sources(), vgrad.Quantity(names[0]), 0)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(fig.Caption, "2 NaN") || !strings.Contains(fig.Caption, "2 zero or less") {
		t.Errorf("the caption does not tell what is missing: %s", fig.Caption)
	}
	if first := fig.Table.Rows[0]; first[0] != "0" || first[1] == "–" || first[2] == "–" {
		t.Errorf("step 0 is lost: %v", first)
	}
}

// Names are found by a part or a pattern, numbers in the order of their values.
func TestFind(t *testing.T) {
	run := tensorflow(t).Runs()[0]
	for pattern, want := range map[string]string{"HIST_WEIGHTS": "[hist_weights_1 hist_weights_2 hist_weights_3 hist_weights_4 hist_weights_5 hist_weights_6]", "*_3": "[hist_weights_3 histogram_3 mean_3]"} {
		names, err := run.Find(pattern)
		if err != nil || fmt.Sprint(names) != want {
			t.Errorf("%s: %v, %v", pattern, names, err)
		}
	}
	for _, wrong := range []string{"nothing", "["} {
		if names, err := run.Find(wrong); err == nil {
			t.Errorf("%s: %v", wrong, names)
		}
	}
}

// Ten million points are opened and drawn; the time is printed and not checked.
func TestTenMillionPoints(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out 400 MB of event files")
	}
	const points, runs = 10_000_000, 4
	dir := t.TempDir()
	for run := range runs {
		w := create(t, filepath.Join(dir, fmt.Sprint("run", run)), tfevents.Options{})
		if err := w.Begin(vgrad.Schema{Tables: []vgrad.Table{{Columns: []vgrad.Column{{Site: vgrad.NetworkSite, Quantity: vgrad.Loss}}}}}); err != nil {
			t.Fatal(err)
		}
		row := vgrad.Row{Values: []float64{0}}
		for step := range points / runs {
			row.Values[0] = float64(run) + math.Sin(float64(step)/1e5)
			if err := w.Put(step, []vgrad.Row{row}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	size := int64(0)
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	start := time.Now()
	log := open(t, dir)
	opened := time.Since(start)
	fig, err := chart.Loss(log.Sources())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d points, %.0f MB: opened in %.2f s (%.0f MB/s), drawn in %.2f s", points, float64(size)/1e6, opened.Seconds(), float64(size)/1e6/opened.Seconds(), (time.Since(start) - opened).Seconds())
	if len(fig.Table.Rows) != 12 {
		t.Errorf("%d rows", len(fig.Table.Rows))
	}
}
