package vgrad

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Sweep is a grid of experiments: Base changed by every combination of the
// values of some fields.
//
//	s := vgrad.Sweep{Over: []string{"depth=2,6,12", "activation=sigmoid,relu", "seed=0..9"}}
//	es, err := s.Experiments() // 60 of them
type Sweep struct {
	// Base is what the experiments have in common. It has no label, because the
	// names of the experiments come from their fields.
	Base Experiment
	// Over has an entry for each varied field: its JSON name, as in
	// [Experiment.Vary], and its values, "depth=2,6,12". Whole numbers may be
	// given as ranges that include both ends: "seed=0..99". An entry without "="
	// lists activations: "sigmoid,relu". A single value sets the field in all
	// experiments. Nil: Base alone.
	Over []string
}

// SweepMeasure is the measure that the table and the figures of a sweep need:
// mean |∂L/∂W| of every layer at every tenth step. With it a run takes a few
// kilobytes; with the default measure it takes hundreds. Loss and accuracies are
// always recorded.
func SweepMeasure() Measure {
	return Measure{Quantities: []Quantity{MeanAbsGrad}, Every: 10, HistogramEvery: -1}
}

// MaxSweep is the largest number of combinations of a sweep.
const MaxSweep = 100_000

// Experiments lists the sweep's experiments; the last field of Over varies
// fastest. If several experiments mean the same, it keeps the first. One error
// reports the faults of all fields and values.
func (s Sweep) Experiments() ([]Experiment, error) {
	axes, err := s.axes()
	if err != nil {
		return nil, err
	}
	es := []Experiment{s.Base}
	for _, combination := range combinations(axes) {
		e, err := s.Base.with(combination)
		if err != nil {
			return nil, err
		}
		es = append(es, e)
	}
	if len(axes) > 0 {
		es = es[1:]
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(es, func(e Experiment) bool {
		hash := e.Hash()
		again := seen[hash]
		seen[hash] = true
		return again
	}), nil
}

// Varied lists the fields that have more than one value, in order, without the
// seed. They name the scenarios that the seeds repeat; see [Experiment.NameBy].
func (s Sweep) Varied() ([]string, error) {
	axes, err := s.axes()
	var fields []string
	for _, a := range axes {
		if len(a.values) > 1 && a.field != "seed" {
			fields = append(fields, a.field)
		}
	}
	return fields, err
}

// Axis is a field of a sweep and its values in order, each once.
type Axis struct {
	Field  string
	Values []string
}

// Axes lists the entries of Over, those with a single value among them. One error reports
// all faults.
func (s Sweep) Axes() ([]Axis, error) {
	axes, err := s.axes()
	if err != nil {
		return nil, err
	}
	var all []Axis
	for _, a := range axes {
		all = append(all, Axis{a.field, a.values})
	}
	return all, nil
}

// Shard returns the i-th of n parts of the sweep, with i from 1 to n. Each
// experiment is in exactly one part. The parts have about equal
// [Experiment.Work]. Within that, experiments that can be trained as one program
// (see [Experiment.Alike]) stay in one part. The split is the same on every
// machine. A part may be empty. Shard fails if i or n is out of range.
func (s Sweep) Shard(i, n int) ([]Experiment, error) {
	if n < 1 || n > MaxSweep || i < 1 || i > n {
		return nil, fmt.Errorf("there is no shard %d of %d; shards count from 1, and there are at most %d", i, n, MaxSweep)
	}
	all, err := s.Experiments()
	if err != nil {
		return nil, err
	}
	all, starts := grouped(all)
	cuts := cut(all, starts, n)
	return slices.Clip(all[cuts[i-1]:cuts[i]]), nil
}

// axis is a field and its values, without repeats.
type axis struct {
	field  string
	values []string
}

// assignment is a field and one value.
type assignment struct{ field, value string }

// combinations lists every choice of a value from each axis, the last axis varying fastest.
func combinations(axes []axis) [][]assignment {
	all := [][]assignment{nil}
	for _, a := range axes {
		var more [][]assignment
		for _, c := range all {
			for _, value := range a.values {
				more = append(more, append(slices.Clip(c), assignment{a.field, value}))
			}
		}
		all = more
	}
	return all
}

// with returns e with fields set, the network before its parameters.
func (e Experiment) with(fields []assignment) (Experiment, error) {
	for _, network := range []bool{true, false} {
		for _, a := range fields {
			if (a.field == "network") != network {
				continue
			}
			if err := e.set(a.field, a.value); err != nil {
				return e, err
			}
		}
	}
	return e, nil
}

// axes parses Over and reports all faults of the sweep.
func (s Sweep) axes() ([]axis, error) {
	errs := []error{s.Base.Validate()}
	if s.Base.Label != "" {
		errs = append(errs, fmt.Errorf("the sweep's base has the label %q; leave it unset: the fields name the experiments of a sweep", s.Base.Label))
	}
	var axes []axis
	runs := 1
	for _, text := range s.Over {
		a, err := parseAxis(text)
		errs = append(errs, err)
		if slices.ContainsFunc(axes, func(b axis) bool { return a.field == b.field }) {
			errs = append(errs, fmt.Errorf("the sweep has %s twice", a.field))
		}
		axes = append(axes, a)
		runs = min(runs*max(1, len(a.values)), MaxSweep+1)
	}
	if runs > MaxSweep {
		errs = append(errs, fmt.Errorf("the sweep has more than %d combinations", MaxSweep))
	}
	return axes, errors.Join(append(errs, s.checkValues(axes))...)
}

// checkValues reports the values that a field cannot have in one of the sweep's
// networks.
func (s Sweep) checkValues(axes []axis) error {
	bases := []Experiment{s.Base}
	for _, a := range axes {
		if a.field == "network" {
			bases = nil
			for _, value := range a.values {
				b := s.Base
				if err := b.set("network", value); err != nil {
					return err
				}
				bases = append(bases, b)
			}
		}
	}
	var wrong []error
	reported := map[string]bool{}
	for _, a := range axes {
		for _, value := range a.values {
			for _, b := range bases {
				err := b.set(a.field, value)
				if err == nil {
					err = b.checkField(a.field)
				}
				if err != nil && !reported[err.Error()] {
					reported[err.Error()] = true
					wrong = append(wrong, err)
				}
			}
		}
	}
	return errors.Join(wrong...)
}

// parseAxis reads "depth=2,6,12". Items of the form "0..9" are ranges where both
// ends are whole numbers.
func parseAxis(text string) (axis, error) {
	name, list, ok := strings.Cut(text, "=")
	if !ok {
		name, list = "activation", text
	}
	a := axis{field: strings.TrimSpace(name)}
	if a.field == "label" {
		return a, errors.New("a label does not change an experiment; sweep over another field")
	}
	var errs []error
	seen := map[string]bool{}
	for item := range strings.SplitSeq(list, ",") {
		values := []string{strings.TrimSpace(item)}
		if low, high, ok := strings.Cut(item, ".."); ok {
			var err error
			if values, err = between(low, high); err != nil {
				errs = append(errs, fmt.Errorf("%s=%s: %w", a.field, item, err))
				continue
			}
		}
		for _, v := range values {
			if !seen[v] {
				seen[v], a.values = true, append(a.values, v)
			}
		}
	}
	return a, errors.Join(errs...)
}

// between lists the whole numbers of a range.
func between(low, high string) ([]string, error) {
	from, err := strconv.ParseUint(strings.TrimSpace(low), 10, 64)
	to, err2 := strconv.ParseUint(strings.TrimSpace(high), 10, 64)
	switch {
	case err != nil || err2 != nil:
		return nil, errors.New("a range is two whole numbers, such as 0..99")
	case to < from:
		return nil, errors.New("the range ends before it begins")
	case to-from >= MaxSweep:
		return nil, fmt.Errorf("the range has more than %d numbers", MaxSweep)
	}
	var values []string
	for i := range to - from + 1 {
		values = append(values, strconv.FormatUint(from+i, 10))
	}
	return values, nil
}

// grouped puts experiments that can be trained as one program next to each other.
// It returns the index at which each such group starts, and the end.
func grouped(es []Experiment) (all []Experiment, starts []int) {
	var keys []string
	groups := map[string][]Experiment{}
	for _, e := range es {
		key := e.Alike().Hash()
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], e)
	}
	for _, key := range keys {
		starts = append(starts, len(all))
		all = append(all, groups[key]...)
	}
	return all, append(starts, len(all))
}

// cut returns the n+1 indices that divide a list into n parts of about equal
// work. It cuts at the start of a group if one is within a tenth of a part.
func cut(es []Experiment, starts []int, n int) []int {
	done := make([]uint64, len(es)+1) // work before each place
	for i, e := range es {
		done[i+1] = done[i] + e.Work()
	}
	var atStarts []uint64
	for _, s := range starts {
		atStarts = append(atStarts, done[s])
	}
	total, parts := done[len(es)], uint64(n)
	cuts := make([]int, n+1)
	for k := range parts {
		goal := total/parts*k + total%parts*k/parts
		place := nearest(done, goal)
		if start := starts[nearest(atStarts, goal)]; apart(done[start], goal) <= total/parts/10 {
			place = start
		}
		cuts[k] = max(place, cuts[max(1, k)-1])
	}
	cuts[n] = len(es)
	return cuts
}

// nearest is the index of the number nearest to goal. The numbers ascend, and
// goal is not above the last.
func nearest(numbers []uint64, goal uint64) int {
	i, _ := slices.BinarySearch(numbers, goal)
	if i > 0 && apart(numbers[i-1], goal) < apart(numbers[i], goal) {
		i--
	}
	return i
}

func apart(a, b uint64) uint64 { return max(a, b) - min(a, b) }
