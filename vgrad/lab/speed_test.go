package lab_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/lab"
)

// Each backend has five stretches, or the reason why it has none, and the seconds of the
// stretches are not more than what the call took. A wider network takes longer.
func TestSpeeds(t *testing.T) {
	l := &lab.Lab{}
	measure := vgrad.Measure{Quantities: []vgrad.Quantity{}, HistogramEvery: -1}
	es := []vgrad.Experiment{{Depth: 3, Width: 4, Measure: measure}, {Depth: 3, Width: 256, Measure: measure}}
	calls, last, start := 0, 0, time.Now()
	speeds, err := l.Speeds(t.Context(), es, func(done, total int) { calls, last = calls+1, total })
	if err != nil {
		t.Fatal(err)
	}
	measured := slices.DeleteFunc(slices.Clone(speeds), func(s vgrad.Speed) bool { return s.Absent != "" })
	if len(speeds) != 6 || len(measured) < 2 || calls != 6*len(measured) || last != calls {
		t.Fatalf("%d speeds, %d measured, told %d times of %d", len(speeds), len(measured), calls, last)
	}
	if speeds[0].Backend != "Go" || speeds[0].Absent != "" {
		t.Errorf("the Go backend is everywhere: %+v", speeds[0])
	}
	for i, s := range speeds {
		switch {
		case s.Absent != "":
			if len(s.Steps) > 0 || !strings.HasPrefix(s.Absent, lab.NotHere+": ") {
				t.Errorf("%+v", s)
			}
		case len(s.Steps) != 5 || slices.Min(s.Steps) <= 0 || slices.Max(s.Steps) > time.Since(start).Seconds():
			t.Errorf("%+v", s)
		case i%2 == 1 && slices.Min(s.Steps) <= slices.Min(speeds[i-1].Steps):
			t.Errorf("%s: width 256 takes %v s a step, width 4 %v", s.Backend, s.Steps, speeds[i-1].Steps)
		}
		t.Logf("%s, %s: %.3g s a step, compiled in %.2g s %s", s.Backend, s.Experiment.Name(), s.Steps, s.Compile, s.Absent)
	}
}

// The time of the steps is the difference between a long and a short training: nothing of a
// step is left out, and nothing else is in it.
func TestSpeedIsThatOfTraining(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out comparisons of times")
	}
	e := vgrad.Experiment{Width: 64, Measure: vgrad.Measure{Quantities: []vgrad.Quantity{}, HistogramEvery: -1}}
	speeds, err := (&lab.Lab{}).Speeds(t.Context(), []vgrad.Experiment{e}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range speeds {
		if s.Absent != "" {
			continue
		}
		seconds, err := lab.TrainingSeconds(t.Context(), s.Backend, e, 2000)
		if err != nil {
			t.Fatal(err)
		}
		if ratio := slices.Min(s.Steps) * 2000 / seconds; ratio < 0.5 || ratio > 2 {
			t.Errorf("%s: %.3g s a step, but 2000 steps more take %.3g s", s.Backend, slices.Min(s.Steps), seconds)
		}
	}
}

func TestSpeedsWrong(t *testing.T) {
	for says, es := range map[string][]vgrad.Experiment{"no experiments": nil, "depth": {{Depth: -1}}} {
		if _, err := (&lab.Lab{}).Speeds(t.Context(), es, nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
}
