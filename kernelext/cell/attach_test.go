package cell

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/vgradtest"
)

func TestLiveIsASink(t *testing.T) {
	left(t, func() {
		vgradtest.TestSink(t, func(*testing.T) vgrad.Sink { return Follow(vgrad.Experiment{Steps: 4}) })
	})
}

// The live figure of a training in the cell ends where its caller says, with the line that it says.
func TestLiveEnds(t *testing.T) {
	files = 0
	out, complaint, ended := left(t, func() {
		l := Follow(vgrad.Experiment{Label: "mine", Steps: 9})
		feeder := &vgrad.Feeder{To: l}
		for step := range 5 {
			if err := feeder.Put(step, samplesOf(step)); err != nil {
				t.Fatal(err)
			}
		}
		l.End("It is over.")
	})
	if ended || !strings.Contains(out, "figure-1.html: Training loss") || !strings.Contains(complaint, "It is over.") {
		t.Errorf("said %q and %q", out, complaint)
	}
}

// A run that is loaded is told of as Train tells it.
func TestLoaded(t *testing.T) {
	_, complaint, ended := left(t, func() {
		store := Must(runs.Open(""))
		e := vgrad.Experiment{Label: "mine", Steps: 3}
		w := Must(store.Create(e, runs.Provenance{}))
		feeder := &vgrad.Feeder{To: w}
		for step := range 3 {
			if err := feeder.Put(step, samplesOf(step)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Finish(runs.Provenance{}); err != nil {
			t.Fatal(err)
		}
		Loaded(Must(store.Load(e)))
	})
	if ended || !strings.Contains(complaint, "Loaded mine, recorded earlier: 3 steps.") {
		t.Errorf("said %q", complaint)
	}
}

func ExampleLive() {
	live := Follow(vgrad.Experiment{Label: "mine", Steps: 100}) // shows a bar, and a figure in a notebook
	feeder := vgrad.Feeder{To: live}
	err := feeder.Put(0, []vgrad.Sample{{Site: vgrad.NetworkSite, Quantity: vgrad.Loss, Value: 2.3}})
	fmt.Println(err)
	// Output: <nil>
}
