package lab_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/diagnose"
)

// Four unrolled time steps of one recurrent layer, in which the signal falls a
// thousandfold a step, are four places: measured, drawn and found as such. The
// model has no taps.
func TestRecurrentLayer(t *testing.T) {
	const units = 8
	rnn := func(scope *model.Scope, x *Node) *Node {
		in := scope.In("rnn")
		u := make([][]float32, units)
		for i := range u {
			u[i] = make([]float32, units)
			u[i][i] = 1e-3
		}
		recurrent := in.VariableWithValue("recurrent", u).NodeValue(x)
		kernel := layersKernel(in, x, units)
		n := x.Shape().Dimensions[1] / 4
		var h *Node
		for step := range 4 {
			z := Dot(SliceAxis(x, 1, AxisRange(step*n, (step+1)*n)), kernel).Product()
			if h != nil {
				z = Add(z, Dot(h, recurrent).Product())
			}
			h = Tanh(z)
		}
		return layers.Dense(scope.In("logits"), h, true, 10)
	}
	l, _ := newLab(t)
	l.Model = rnn
	run, err := l.Train(t.Context(), vgrad.Experiment{Network: vgrad.Model("own_rnn"), Data: "synthetic", Steps: 5})
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	var deltas []float64
	for s := range run.Samples(vgrad.RMSDelta) {
		if s.Step == 0 {
			places = append(places, fmt.Sprintf("%d %s %d", s.Site.Layer, s.Site.Path, s.Site.Time))
			deltas = append(deltas, s.Value)
		}
	}
	if len(places) != 5 {
		t.Fatalf("δ at %q; want four time steps and the logits", places)
	}
	for i := range 3 {
		if ratio := deltas[i] / deltas[i+1]; math.Abs(ratio/1e-3-1) > 0.5 {
			t.Errorf("δ of %s over that of %s is %v; it falls a thousandfold a step, but for tanh's slope", places[i], places[i+1], ratio)
		}
	}
	report := diagnose.Of(run)
	through := slices.ContainsFunc(append(report.Findings, report.Notes...), func(f diagnose.Finding) bool {
		return strings.Contains(f.Rule, "vanishing") && strings.Contains(f.Says, "time step")
	})
	if !through {
		t.Errorf("vanishing through time is not found: %s", report)
	}
	f, err := chart.GradientFlow([]vgrad.Source{run}, vgrad.RMSDelta)
	if err != nil {
		t.Fatal(err)
	}
	var option struct {
		XAxis []struct{ Data []string }
	}
	text, err := f.Option()
	if err := json.Unmarshal(text, &option); err != nil {
		t.Fatal(err)
	}
	if err != nil || len(option.XAxis) != 1 || len(option.XAxis[0].Data) != 5 {
		t.Errorf("drawn at %v, %v", option.XAxis, err)
	}
}

// layersKernel is a kernel of a quarter of x's features by so many units.
func layersKernel(scope *model.Scope, x *Node, units int) *Node {
	n := x.Shape().Dimensions[1] / 4
	w := make([][]float32, n)
	for i := range w {
		w[i] = make([]float32, units)
		for j := range w[i] {
			w[i][j] = float32(math.Sin(float64(1+i*units+j))) / 4
		}
	}
	return scope.VariableWithValue("kernel", w).NodeValue(x)
}
