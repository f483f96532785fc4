package runs

import (
	"os"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// What a kernel keeps of a run is where it is. A run that is gone says so.
func TestKeepValue(t *testing.T) {
	s := openTemp(t)
	e := vgrad.Experiment{Steps: 3}
	w := create(t, s, e)
	put(t, w, 4)
	finish(t, w)
	run := load(t, s, e)
	kept, err := run.KeepValue()
	if err != nil {
		t.Fatal(err)
	}
	var back Run
	if err := back.LoadValue(kept); err != nil || back.Name != run.Name || !back.Finished || back.LastStep != run.LastStep {
		t.Errorf("%+v, %v; want %+v", back, err, run)
	}
	var zero Run
	if kept, err := zero.KeepValue(); err != nil || zero.LoadValue(kept) != nil || zero.Name != "" {
		t.Errorf("the zero Run is kept as %q, %v", kept, err)
	}
	if err := os.RemoveAll(run.dir); err != nil {
		t.Fatal(err)
	}
	want := "the run " + run.Name + " is no longer in " + s.Dir()
	if _, err := run.KeepValue(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a run that is gone is kept: %v", err)
	}
	if err := back.LoadValue(kept); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a run that is gone is loaded: %v", err)
	}
}
