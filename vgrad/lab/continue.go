package lab

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/runs"
)

// Continued says where an interrupted run goes on. The zero value stands for a run that
// starts at step 0.
type Continued struct {
	Step    int       // number of the next step
	Steps   int       // of the whole run
	Stopped time.Time // when the last sample before the interruption was recorded
}

// String is "continued at step 1,400 of 2,500 (interrupted 3 minutes ago)", and "" for the
// zero value.
func (c Continued) String() string {
	if c.Step == 0 {
		return ""
	}
	return fmt.Sprintf("continued at step %s of %s (interrupted %s)", thousands(c.Step), thousands(c.Steps), ago(time.Since(c.Stopped)))
}

// thousands writes a number with a comma before every three digits.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// ago names a time in the past, in the largest unit of which it has one.
func ago(d time.Duration) string {
	for _, unit := range []struct {
		name string
		time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		switch n := d / unit.Duration; {
		case n == 1:
			return "1 " + unit.name + " ago"
		case n > 1:
			return fmt.Sprintf("%d %ss ago", n, unit.name)
		}
	}
	return "just now"
}

// Continued says where the run of an experiment that is being trained goes on. It may be
// called in Watch, for the experiment that Watch is called for.
func (l *Lab) Continued(e vgrad.Experiment) Continued { return l.continued[e.Hash()] }

// setContinued keeps where a run goes on. The caller holds the lock of tell.
func (l *Lab) setContinued(e vgrad.Experiment, where Continued) {
	if l.continued == nil {
		l.continued = map[string]Continued{}
	}
	l.continued[e.Hash()] = where
}

// plan divides the missing ones of a call's experiments into groups. Those of a checkpoint
// go on from it as one group; the others start at step 0.
func (l *Lab) plan(asked, missing []vgrad.Experiment, sets map[string]*data.Set) ([]group, error) {
	gs, rest, why, err := l.resumable(missing, sets)
	if err != nil {
		return nil, err
	}
	for _, e := range rest {
		if err := l.sayUnfinished(e, why[e.Hash()]); err != nil {
			return nil, err
		}
	}
	return append(gs, l.regroup(asked, rest, sets)...), nil
}

// regroup returns the groups of the experiments that start at step 0. A group of which all
// start is the same as in a call that was not interrupted, because the number of lanes
// changes the last bits of a run. What is left of the other groups is divided anew.
func (l *Lab) regroup(asked, starting []vgrad.Experiment, sets map[string]*data.Set) (gs []group) {
	left := map[string]bool{}
	for _, e := range starting {
		left[e.Hash()] = true
	}
	started := func(e vgrad.Experiment) bool { return !left[e.Hash()] }
	for _, g := range l.groups(asked, sets) {
		if slices.ContainsFunc(g.experiments, started) {
			continue
		}
		gs = append(gs, g)
		for _, e := range g.experiments {
			delete(left, e.Hash())
		}
	}
	return append(gs, l.groups(slices.DeleteFunc(slices.Clone(starting), started), sets)...)
}

// resumable returns a group for each checkpoint that can be used, and the experiments that
// are in none. why says, by hash, why an experiment's checkpoint is not used.
//
// Lanes go on together, since alone they would differ from an undisturbed run in the last
// bits. Those that are not asked for are computed, but not recorded. If they are more than
// half, all start at step 0.
func (l *Lab) resumable(es []vgrad.Experiment, sets map[string]*data.Set) (gs []group, rest []vgrad.Experiment, why map[string]error, err error) {
	if l.FromZero {
		return nil, es, nil, nil
	}
	cs, err := l.Store.Checkpoints(es...)
	if err != nil || len(cs) == 0 {
		return nil, es, nil, err
	}
	free := map[string]vgrad.Experiment{} // not in a group, and without a checkpoint of its own
	for _, e := range es {
		free[e.Hash()] = e
	}
	firsts := make([]vgrad.Experiment, len(cs))
	for i, c := range cs {
		hash := c.Lanes[0].Experiment.Hash()
		firsts[i] = free[hash]
		delete(free, hash)
	}
	why = map[string]error{}
	for i, c := range cs {
		set := sets[data.Of(firsts[i])]
		wanted := []vgrad.Experiment{firsts[i]}
		for _, lane := range c.Lanes[1:] {
			if e, ok := free[lane.Experiment.Hash()]; ok && lane.Bytes > 0 {
				wanted = append(wanted, e)
			}
		}
		err := c.Problem
		if err == nil {
			err = l.fits(c, set)
		}
		if err == nil && 2*len(wanted) < len(c.Lanes) && c.Step < firsts[i].WithDefaults().Steps { // at the end nothing is left to compute
			err = fmt.Errorf("most of the %d runs that were trained with it are not asked for", len(c.Lanes)-1)
		}
		if err != nil {
			why[firsts[i].Hash()] = err
			free[firsts[i].Hash()] = firsts[i]
			continue
		}
		for _, e := range wanted {
			delete(free, e.Hash())
		}
		gs = append(gs, group{set: set, experiments: wanted, spread: c.Devices > 0, from: c})
	}
	for _, e := range es {
		if _, ok := free[e.Hash()]; ok {
			rest = append(rest, e)
		}
	}
	return gs, rest, why, nil
}

// fits says why a checkpoint cannot go on here; nil: as far as its head says, it can.
func (l *Lab) fits(c *runs.Checkpoint, set *data.Set) error {
	if c.Devices > 0 && (l.wide == nil || c.Devices != len(l.engines)) {
		return fmt.Errorf("its lanes were on %d devices", c.Devices)
	}
	b := l.engines[0].Backend
	return c.Foreign(runs.Provenance{Backend: b.Kind, Description: b.Description(), DataSum: set.Sum})
}

// sayUnfinished reports to Say that a run was started before, was not finished and starts
// again. why is why its checkpoint is not used; nil: it has none.
func (l *Lab) sayUnfinished(e vgrad.Experiment, why error) error {
	run, err := l.Store.Load(e)
	switch {
	case errors.Is(err, runs.ErrNotRecorded):
		return nil
	case err != nil:
		return err
	case run.Finished:
		return nil
	}
	because := ""
	if why != nil {
		because = fmt.Sprintf(", because its checkpoint cannot be used: %v", why)
	}
	l.say("%s is unfinished: it stopped after step %d of %d; it starts again%s", run.Name, run.LastStep, run.Experiment.WithDefaults().Steps, because)
	return nil
}
