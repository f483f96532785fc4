package chart

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// treated is a run that ended at an accuracy; seconds is 0 where it was not timed.
type treated struct {
	*fake
	seconds float64
}

func (t treated) StepsTook() (float64, bool) { return t.seconds, t.seconds > 0 }

func treat(label string, depth, seed int, accuracy, seconds float64) vgrad.Source {
	f := &fake{label: label, of: vgrad.Experiment{Label: label, Depth: depth, Seed: uint64(seed)}, samples: map[vgrad.Quantity][]vgrad.Sample{}}
	f.put(vgrad.ValAccuracy, 9, 0, 0.5)
	f.put(vgrad.ValAccuracy, 10, 0, accuracy)
	return treated{f, seconds}
}

// remedied has two remedies at two depths, five seeds each, and one at the lower depth alone.
func remedied() (sources []vgrad.Source) {
	for seed := range 5 {
		wide := float64(seed-2) / 100
		sources = append(sources,
			treat("sigmoid", 50, seed, 0.11, 1+wide), treat("sigmoid", 20, seed, 0.11, 0.4),
			treat("pre-trained, layer by layer", 20, seed, 0.7+wide, 4),
			treat("ReZero", 20, seed, 0.92+wide/10, 0.5), treat("ReZero", 50, seed, 0.93+wide/10, 1.2+wide))
	}
	return sources
}

// The best at the largest value is at the top, what is not there at the bottom; the value of
// a run is its last, and the marks are medians on lines from quantile to quantile.
func TestRemedies(t *testing.T) {
	f, err := Remedies(remedied(), "depth")
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, row := range f.Table.Rows {
		order = append(order, row[0])
	}
	if got := strings.Join(order, "; "); got != "ReZero; sigmoid; pre-trained, layer by layer" {
		t.Errorf("order: %s", got)
	}
	if got := fmt.Sprint(f.Table.Rows[0]); got != "[ReZero 0.92 (0.918–0.922) 0.5 (0.5–0.5) 0.93 (0.928–0.932) 1.2 (1.18–1.22)]" {
		t.Errorf("table: %s", got)
	}
	if got := fmt.Sprint(f.Table.Rows[2][3:]); got != "[– –]" {
		t.Errorf("what was not trained: %s", got)
	}
	for _, want := range []string{"median of up to 5 runs", "at depth 50 is at the top", "Not trained: pre-trained, layer by layer at depth 50."} {
		if !strings.Contains(f.Caption, want) {
			t.Errorf("the caption does not say %q: %s", want, f.Caption)
		}
	}
	if got := fmt.Sprint(f.Labels()); got != "[depth 20 depth 50]" {
		t.Errorf("labels: %s", got)
	}
}

// Without times there is one panel, and the caption says why.
func TestRemediesWithoutTimes(t *testing.T) {
	f, err := Remedies([]vgrad.Source{treat("a", 20, 0, 0.5, 0), treat("b", 20, 0, 0.6, 0)}, "depth")
	if err != nil {
		t.Fatal(err)
	}
	if grids := f.option["grid"].([]any); len(grids) != 1 || !strings.Contains(f.Caption, "How long the runs took is not recorded.") || !strings.Contains(f.Caption, "one run") {
		t.Errorf("%d panels; %s", len(grids), f.Caption)
	}
	f, err = Remedies([]vgrad.Source{treat("a", 20, 0, 0.5, 1), treat("b", 20, 0, 0.6, 0)}, "depth")
	if err != nil || len(f.option["grid"].([]any)) != 2 || !strings.Contains(f.Caption, "not recorded for 1 run.") {
		t.Errorf("%v; %s", err, f.Caption)
	}
}

func TestRemediesWrong(t *testing.T) {
	bare := &fake{label: "bare", samples: map[vgrad.Quantity][]vgrad.Sample{}}
	for _, wrong := range []struct {
		sources []vgrad.Source
		field   string
		says    string
	}{
		{nil, "depth", "no sources"},
		{remedied(), "activation", "not a number"},
		{remedied(), "deep", "deep"},
		{[]vgrad.Source{bare}, "depth", `"bare"`},
		{[]vgrad.Source{unexperienced{bare}}, "depth", "no experiment"},
	} {
		if _, err := Remedies(wrong.sources, wrong.field); err == nil || !strings.Contains(err.Error(), wrong.says) {
			t.Errorf("%q does not say %q", err, wrong.says)
		}
	}
}

// unexperienced is a source without an experiment.
type unexperienced struct{ vgrad.Source }
