package vgrad

import (
	"fmt"
	"time"
)

// Progress is how far a sweep is.
type Progress struct {
	Total int // experiments
	Done  int // of them recorded by now
	Found int // of those, recorded before the sweep began
	// Last is the experiment that was finished last; the zero value before the first.
	Last Experiment
	// Took is the time since the sweep began, Rate how many runs were finished
	// in a second of it, and Left about how long the rest takes, by the work
	// ([Experiment.Work]) of the runs that were finished since then.
	// Rate and Left are 0 until there is one, and Left when there is no more.
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
