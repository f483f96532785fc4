package diagnose

import (
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

const (
	// deadAbove is the fraction of a layer's units that may be dead.
	deadAbove = 0.5
	// deadActivity is the fraction of examples below which an active unit still counts as
	// dead.
	deadActivity = 0.1
	// deadExamples is the smallest number of examples for a finding. A unit that is active
	// on one example in ten is silent on 30 examples with probability 0.9³⁰ = 1/24.
	deadExamples = 30
)

// dead looks for layers in which most units are active on almost no example.
//
// The recorded quantity is the fraction E of units that are zero on all B examples of a
// batch. It bounds from both sides the fraction f of units that are active on fewer than
// a fraction p of all examples:
//
//   - From above: a unit that is never active is zero on every batch, so E is never
//     smaller than the fraction of such units. If the smallest E of some steps is one half
//     or less, half of the units are alive, however small the batch.
//   - From below: a unit that is active on a fraction p of the examples or more is silent
//     on B of them with probability (1−p)^B at most, so E ≤ f + (1−f)·(1−p)^B. If E is
//     above one half, f is above one half for all p > 1 − (2E−1)^(1/B). With 80 % silent
//     units that is 1.7 % of the examples for a batch of 30, and 40 % for a batch of 1.
//
// Between the bounds a batch does not tell a dead unit from a quiet one, and the rule says
// so. With a batch of 1, E is 1 minus the activity, and two thirds of healthy ReLU units
// are silent on one example.
var dead = Rule{
	Name: "dead units",
	Threshold: "more than half of a layer's units are active on fewer than 10 % of the examples, as far as batches show it: " +
		"by the mean fraction that is zero on a whole batch, less two standard errors, over the last tenth of the steps",
	Source:    "half of the units: Amazon SageMaker Debugger, DeadRelu; 10 % of the examples: the usual bound (it says 1 %)",
	Advice:    "leaky_relu or elu, a smaller learning rate, or he_normal",
	Needs:     []vgrad.Quantity{vgrad.Dead},
	Tolerable: true,
	Look: func(t *Training) ([]Sighting, error) {
		if err := t.errBroken(); err != nil {
			return nil, err
		}
		var worst, unclear *silence
		above := 0
		series := t.Series(vgrad.Dead)
		for _, s := range series {
			silent := silenceOf(s, batch(t.source))
			switch silent.verdict() {
			case shown:
				above++
				if worst == nil || silent.mean > worst.mean {
					worst = &silent
				}
			case notShown:
				if unclear == nil || silent.mean > unclear.mean {
					unclear = &silent
				}
			}
		}
		switch {
		case worst != nil:
			return []Sighting{t.deadUnits(*worst, above, len(series))}, nil
		case unclear != nil:
			return nil, fmt.Errorf("a batch of %d does not tell a unit that is dead from one that is quiet: %.0f %% of the units of %s are silent on a batch in the mean, %.0f %% at least",
				unclear.batch, 100*unclear.mean, t.place(unclear.Site), 100*unclear.least)
		}
		return nil, nil
	},
}

// silence summarizes the silent units of a layer over the last tenth of the steps.
type silence struct {
	Series
	batch, seen        int     // number of examples in a step, and in all of these steps
	mean, lower, least float64 // of the silent fraction; lower is two standard errors below the mean
}

// silenceOf summarizes a series. If the number of examples in a batch is not known or does
// not fit the site, it assumes 1, which gives the weakest bound.
func silenceOf(s Series, examples int) silence {
	if examples == 0 || s.Size%examples != 0 {
		examples = 1
	}
	late := s.late()
	m, se := mean(late)
	return silence{Series: s, batch: examples, seen: examples * len(late), mean: m, lower: m - 2*se, least: slices.Min(late)}
}

// The verdicts on a layer: at least half of its units are alive; the batches cannot tell;
// most of its units are dead.
const (
	refuted = iota
	notShown
	shown
)

func (s silence) verdict() int {
	switch {
	case s.least <= deadAbove:
		return refuted
	case s.seen >= deadExamples && s.activity() < deadActivity:
		return shown
	}
	return notShown
}

// activity returns the smallest p that is shown: more than half of the units are active on
// fewer than that fraction of the examples.
func (s silence) activity() float64 {
	return 1 - math.Pow(max(0, 2*s.lower-1), 1/float64(s.batch))
}

func (t *Training) deadUnits(s silence, above, of int) Sighting {
	says := fmt.Sprintf("%.0f %% of the units of %s are zero on every example of a batch, and more than half are active on fewer than %s %% of all examples; next to no gradient passes them.",
		100*s.mean, t.place(s.Site), short(100*s.activity()))
	if s.least == 1 {
		says = fmt.Sprintf("All units of %s are zero on each of the %d examples seen last; no gradient passes them.", t.place(s.Site), s.seen)
	}
	evidence := fmt.Sprintf("%.0f %% in %s, %.0f %% at least, over %d examples in batches of %d", 100*s.mean, t.place(s.Site), 100*s.least, s.seen, s.batch)
	if above > 1 {
		evidence += fmt.Sprintf("; so in %d of %d layers", above, of)
	}
	return Sighting{Site: s.Site, Step: s.last(), Says: says, Evidence: evidence}
}
