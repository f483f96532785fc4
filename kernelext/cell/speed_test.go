package cell

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vgrad/lab/kernelext/wire"
	"github.com/vgrad/lab/vgrad"
)

// playSpeed measures as the vgrad program does, with made numbers.
func playSpeed(r wire.Request, voice *wire.Voice) error {
	var speeds []vgrad.Speed
	for i, e := range r.Train {
		if e.Steps == 66 {
			return voice.Send(wire.Message{Failed: "it is refused"})
		}
		voice.Send(wire.Message{Timed: &wire.Stretches{Done: i + 1, Total: len(r.Train)}})
		step := float64(e.Width) / 10_000
		speeds = append(speeds, vgrad.Speed{Experiment: e, Backend: "Go", Steps: []float64{step, 3 * step, 2 * step}, Compile: 0.5},
			vgrad.Speed{Experiment: e, Backend: "XLA on CUDA", Absent: "not on this machine: there is no plugin in <folder>"})
	}
	voice.Send(wire.Message{Speeds: speeds})
	return voice.Send(wire.Message{Done: true})
}

// Speed shows a bar while it measures, and a table as the result of a cell, in which an
// absent backend has one row.
func TestSpeed(t *testing.T) {
	var speeds []vgrad.Speed
	_, complaint, ended := left(t, func() { speeds = Speed(vgrad.Experiment{}, "width=10,1000") })
	if ended || !strings.Contains(complaint, "Measured in 2 stretches of training.") {
		t.Fatalf("ended %t, said %q", ended, complaint)
	}
	if len(speeds) != 4 || speeds[2].Experiment.Width != 1000 || speeds[0].Experiment.Measure.Quantities == nil {
		t.Errorf("speeds: %+v", speeds)
	}
	data := result(t, func() { Result(speeds) })
	want := `backend | experiment | ms a step, median (10–90 %) | steps a second | compiled in, s
Go | sigmoid | 2 (1.2–2.8) | 500 | 0.5
XLA on CUDA | – | not on this machine | – | –
Go | sigmoid width=1000 | 200 (120–280) | 5 | 0.5`
	if data["text/plain"] != want {
		t.Errorf("table:\n%s", data["text/plain"])
	}
	if strings.Contains(data["text/html"], "folder") || !strings.Contains(data["text/html"], "<table") {
		t.Errorf("table: %s", data["text/html"])
	}
}

func TestSpeedFails(t *testing.T) {
	for says, f := range map[string]func(){
		"it is refused": func() { Speed(vgrad.Experiment{Steps: 66}) },
		"widdth":        func() { Speed(vgrad.Experiment{}, "widdth=10") },
	} {
		if _, complaint, ended := left(t, f); !ended || !strings.Contains(complaint, says) {
			t.Errorf("ended %t, said %q; want %q", ended, complaint, fmt.Sprint(says))
		}
	}
}
