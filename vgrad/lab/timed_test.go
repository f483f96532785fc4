package lab_test

import (
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/runs"
)

// A run knows the time of its steps, alone and as a lane, and it is a part of its training.
func TestStepsAreTimed(t *testing.T) {
	store, err := runs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &lab.Lab{Store: store}
	defer l.Close()
	e := vgrad.Experiment{Depth: 2, Steps: 30, Measure: vgrad.Measure{Quantities: []vgrad.Quantity{}, HistogramEvery: -1}}
	lanes := []vgrad.Experiment{e, e}
	lanes[0].Depth, lanes[1].Depth, lanes[1].Seed = 3, 3, 1
	c, err := l.All(t.Context(), append(lanes, e)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range c.Runs() {
		seconds, ok := run.StepsTook()
		if !ok || seconds <= 0 || seconds > run.Provenance.Seconds {
			t.Errorf("%s, %d together: its steps took %v s of %v s, %t", run.Label(), run.Provenance.Together, seconds, run.Provenance.Seconds, ok)
		}
	}
	unfinished := *c.Runs()[0]
	unfinished.Finished = false
	if _, ok := unfinished.StepsTook(); ok {
		t.Error("a run that is not finished knows how long its steps took")
	}
}
