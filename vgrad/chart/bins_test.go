package chart

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// A histogram of zeros is a spike at zero, and the axis and the words say so.
func TestZeros(t *testing.T) {
	for _, c := range []struct {
		name        string
		zero, other int
		says        string
		ticks       string
	}{
		{"all", 1000, 0, "All 3000 values are zero: nothing is above 1.18e-38", "[0]"},
		{"997 of 1000", 997, 3, "2991 are zero (in the bin of 0)", "<nil>"},
		{"half", 500, 500, "1500 are zero (in the bin of 0)", "<nil>"},
	} {
		src := zeros(c.zero, c.other)
		ridge := must(t)(Ridge(src, vgrad.Gradients, 1))
		if !strings.Contains(ridge.Caption, c.says) {
			t.Errorf("%s: caption %s", c.name, ridge.Caption)
		}
		h, err := gatherHistory(src, vgrad.Gradients, choose(1))
		if err != nil {
			t.Fatal(err)
		}
		if len(h.values) < 40 || h.values[0] >= 0 || h.values[len(h.values)-1] <= 0 {
			t.Errorf("%s: %d bins from %g to %g", c.name, len(h.values), h.values[0], h.values[len(h.values)-1])
		}
		for b, v := range h.values {
			if share := h.share(0, b); (v == 0) != (share >= float64(c.zero)/1000) {
				t.Errorf("%s: %g of the values around %g", c.name, share, v)
			}
		}
		x := ridge.option["xAxis"].([]any)[0].(map[string]any)
		if got := fmt.Sprint(x["axisLabel"].(map[string]any)["customValues"]); got != c.ticks {
			t.Errorf("%s: ticks at %s", c.name, got)
		}
		svg, err := renderer(t).SVG(ridge, Light, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		zero := false
		for _, text := range textsOf(t, string(svg)) {
			zero = zero || text.text == "0" && text.anchor == "middle"
		}
		if !zero {
			t.Errorf("%s: the axis does not name zero", c.name)
		}
	}
}

// What is not finite is counted, with the step from which on it is there.
func TestNotFinite(t *testing.T) {
	src := zeros(10, 5)
	src.samples[vgrad.Gradients][1].Hist.NaN, src.samples[vgrad.Gradients][2].Hist.PosInf = 3, 1
	for _, f := range []*Figure{must(t)(Ridge(src, vgrad.Gradients, 1)), must(t)(Heatmap(src, vgrad.Gradients, 1))} {
		if !strings.Contains(f.Caption, "3 are NaN, 1 is +Inf and not drawn (from step 50 on, × at the left)") {
			t.Errorf("caption: %s", f.Caption)
		}
		if last := f.option["series"].([]any)[len(f.owners)-1].(map[string]any); last["symbol"] != cross || len(last["data"].([]any)) != 2 {
			t.Errorf("marks %v", last)
		}
	}
}
