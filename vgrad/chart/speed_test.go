package chart

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// timed has two backends at three widths and two depths, and one that is absent.
func timed() (speeds []vgrad.Speed) {
	for _, backend := range []string{"Go", "XLA on CPU", "XLA on CUDA"} {
		for _, depth := range []int{6, 20} {
			for _, width := range []int{10, 100, 1000} {
				s := vgrad.Speed{Experiment: vgrad.Experiment{Depth: depth, Width: width}, Backend: backend}
				step := float64(depth*width) / 1e5
				switch backend {
				case "Go":
					s.Steps = []float64{step, 1.1 * step, 1.2 * step}
				case "XLA on CPU":
					s.Steps = []float64{step / 4, step / 5, step / 6}
				default:
					s.Absent = "not on this machine: there is no plugin"
				}
				speeds = append(speeds, s)
			}
		}
	}
	return speeds
}

// A line for each backend and depth: the median of the steps a second.
func TestSpeed(t *testing.T) {
	f, err := Speed(timed(), "width")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(f.Labels()); got != "[Go, depth=6 Go, depth=20 XLA on CPU, depth=6 XLA on CPU, depth=20]" {
		t.Errorf("labels: %s", got)
	}
	if row := f.Table.Rows[2]; row[0] != "1000" || !strings.HasPrefix(row[1], "15.2 (") || !strings.HasPrefix(row[4], "25 (") {
		t.Errorf("table: %v", f.Table.Rows)
	}
	for _, want := range []string{"Higher is faster.", "medians of up to 3 stretches of training", "Not measured: XLA on CUDA (not on this machine)."} {
		if !strings.Contains(f.Caption, want) {
			t.Errorf("the caption does not say %q: %s", want, f.Caption)
		}
	}
}

func TestSpeedWrong(t *testing.T) {
	for _, wrong := range []struct {
		speeds []vgrad.Speed
		field  string
		says   string
	}{
		{nil, "width", "no speeds"}, {timed(), "activation", "not a number"}, {timed(), "wide", "wide"},
		{timed()[12:], "width", "nothing was measured: XLA on CUDA (not on this machine)"},
	} {
		if _, err := Speed(wrong.speeds, wrong.field); err == nil || !strings.Contains(err.Error(), wrong.says) {
			t.Errorf("%q does not say %q", err, wrong.says)
		}
	}
}
