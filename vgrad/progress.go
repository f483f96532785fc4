package vgrad

import (
	"fmt"
	"time"
)

// Progress is the state of a sweep.
type Progress struct {
	Total int // experiments of the sweep
	Done  int // experiments that are recorded
	Found int // experiments that were recorded before the sweep began; part of Done
	// Last is the experiment that was finished last; the zero value before the first.
	Last Experiment
	// Took is the time since the sweep began. Rate is the number of runs
	// finished per second since then. Left estimates the time for the rest, from
	// the work ([Experiment.Work]) of the finished runs.
	// Rate and Left are 0 until a run is finished. Left is 0 at the end too.
	Took, Left time.Duration
	Rate       float64
}

// String is "12 of 60 runs, 4 of them found, 2.1 a second, 23s left".
func (p Progress) String() string {
	text := fmt.Sprintf("%d of %d runs", p.Done, p.Total)
	if p.Found > 0 {
		text += fmt.Sprintf(", %d of them found", p.Found)
	}
	switch {
	case p.Rate >= 1:
		text += fmt.Sprintf(", %.1f a second", p.Rate)
	case p.Rate > 0:
		text += fmt.Sprintf(", one in %.1f s", 1/p.Rate)
	}
	if p.Left > 0 {
		text += fmt.Sprintf(", %s left", max(p.Left.Round(time.Second), time.Second))
	}
	return text
}
