package reference

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// Three steps of each optimizer with the gradients 1, −2, 3, by hand.
func TestOptimizersByHand(t *testing.T) {
	const lr, eps = 0.01, 1e-8
	for name, want := range map[string][]float64{
		"sgd":      {-0.01, 0.02, -0.03},
		"momentum": {-0.01, 0.011, -0.0201}, // v = 1, −1.1, 2.01
		"rmsprop":  {-0.01 / (math.Sqrt(0.1) + 1e-7), 0.02 / (math.Sqrt(0.49) + 1e-7), -0.03 / (math.Sqrt(1.341) + 1e-7)},
		"adam": { // m = 0.1, −0.11, 0.201; v = 0.001, 0.004999, 0.013994001
			-lr * math.Sqrt(0.001) / 0.1 * 0.1 / (math.Sqrt(0.001) + eps),
			lr * math.Sqrt(0.001999) / 0.19 * 0.11 / (math.Sqrt(0.004999) + eps),
			-lr * math.Sqrt(0.002997001) / 0.271 * 0.201 / (math.Sqrt(0.013994001) + eps),
		},
	} {
		for i, got := range updates(t, name, lr, 1, -2, 3) {
			near(t, name, got, want[i], 1e-12)
		}
	}
}

// The first update of Adam is lr·g/(g + ε/√0.001): a gradient as small as that
// of a deep sigmoid net moves its weight by much less than lr.
func TestAdamEpsilonHat(t *testing.T) {
	for _, g := range []float64{1, 1e-6, 1e-8, 1e-33} {
		want := g / (g + 1e-8/math.Sqrt(0.001))
		near(t, "share of lr", updates(t, "adam", 1, g)[0]/-want, 1, 1e-12)
	}
}

// updates feeds one parameter the gradients in turn.
func updates(t *testing.T, name string, lr float64, gs ...float64) []float64 {
	t.Helper()
	opt, err := NewOptimizer(name, lr)
	if err != nil {
		t.Fatal(err)
	}
	var all []float64
	for _, g := range gs {
		all = append(all, opt.Updates([][]float64{{g}})[0][0])
	}
	return all
}

func TestNewOptimizerUnknown(t *testing.T) {
	if _, err := NewOptimizer("lion", 1); err == nil || !strings.Contains(err.Error(), "rmsprop") {
		t.Errorf("error %v does not name the known ones", err)
	}
}

// Each optimizer brings the loss of a small problem down, and the measures of
// a step are those before its update.
func TestTrain(t *testing.T) {
	for _, name := range OptimizerNames() {
		n, b := sample([]int{5, 4, 3}, "tanh")
		first := n.W[0][0]
		opt, _ := NewOptimizer(name, 0.01)
		all, err := Train(n, []Batch{b}, opt, 200)
		if err != nil {
			t.Fatal(err)
		}
		start, end := all[0]["loss"][0], all[199]["loss"][0]
		if len(all) != 200 || !(end < 0.9*start) || n.W[0][0] == first {
			t.Errorf("%s: loss %g after %d steps, %g before", name, end, len(all), start)
		}
		fresh, b := sample([]int{5, 4, 3}, "tanh")
		near(t, "first loss", start, lossOf(t, fresh, b), 0)
	}
}

// Batches are taken in turn, again from the start when they run out.
func TestTrainCycles(t *testing.T) {
	n, b := sample([]int{5, 4, 3}, "tanh")
	other := Batch{X: slices.Repeat([]float64{1}, 5), Labels: []int{1}}
	opt, _ := NewOptimizer("sgd", 1e-300) // too small to change a weight
	all, err := Train(n, []Batch{b, other}, opt, 3)
	if err != nil {
		t.Fatal(err)
	}
	if all[0]["loss"][0] != all[2]["loss"][0] || all[0]["loss"][0] == all[1]["loss"][0] {
		t.Errorf("losses %v, %v, %v", all[0]["loss"], all[1]["loss"], all[2]["loss"])
	}
	if _, err := Train(n, nil, opt, 1); err == nil {
		t.Error("training without batches is no error")
	}
	if all, err := Train(n, []Batch{b, {}}, opt, 5); err == nil || len(all) != 1 {
		t.Errorf("%d measures and error %v; want the step before the bad one", len(all), err)
	}
}
