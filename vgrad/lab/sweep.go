package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vgrad/lab/vgrad"
)

// Sweep trains the experiments of a [vgrad.Sweep], or of one of its shards, that
// are not recorded yet, as [Lab.Record] does. All experiments are checked before
// any is trained, and one error reports what is wrong. It keeps no run in memory.
//
// tell is called once at the start and then after each finished run, one call at
// a time. Nil: no calls. When ctx ends or the process is killed, the finished
// runs stay, and the same call trains the rest. Several processes with the same
// store share the work.
func (l *Lab) Sweep(ctx context.Context, es []vgrad.Experiment, tell func(vgrad.Progress)) error {
	if err := l.CheckSweep(es); err != nil {
		return err
	}
	if err := l.open(); err != nil {
		return err
	}
	missing, err := l.Store.Missing(es...)
	if err != nil {
		return err
	}
	p := newPace(len(es), missing)
	if tell == nil {
		tell = func(vgrad.Progress) {}
	}
	tell(p.now())
	err = l.Record(ctx, missing, func(e vgrad.Experiment) {
		p.finished(e)
		tell(p.now())
	})
	if err != nil {
		return fmt.Errorf("lab: sweep: after %d of %d runs: %w", p.done, p.total, err)
	}
	return nil
}

// maxErrors is the largest number of different errors that CheckSweep reports.
const maxErrors = 20

// CheckSweep reports what is wrong with experiments, each error once and at most
// 20 of them. It trains nothing. [Lab.Sweep] begins with it.
func (l *Lab) CheckSweep(es []vgrad.Experiment) error {
	var wrong []error
	said := map[string]bool{}
	for _, e := range es {
		err := l.check(e)
		if err == nil || said[err.Error()] {
			continue
		}
		said[err.Error()] = true
		if wrong = append(wrong, fmt.Errorf("%s: %w", e.Name(), err)); len(wrong) == maxErrors {
			break
		}
	}
	return errors.Join(wrong...)
}

// pace measures the progress of a sweep and its speed.
type pace struct {
	total, done, found int              // runs; found are those recorded before the sweep
	work, worked       uint64           // of the runs that are left, and of those that are trained
	last               vgrad.Experiment // the one that finished last
	begun              time.Time
}

// newPace returns the pace at the start of a sweep of total runs.
func newPace(total int, missing []vgrad.Experiment) *pace {
	p := &pace{total: total, done: total - len(missing), found: total - len(missing), begun: time.Now()}
	for _, e := range missing {
		p.work += e.Work()
	}
	return p
}

// finished counts a run.
func (p *pace) finished(e vgrad.Experiment) {
	w := e.Work()
	p.done++
	p.work, p.worked, p.last = p.work-w, p.worked+w, e
}

// now returns the progress, with the time left estimated from the work.
func (p *pace) now() vgrad.Progress {
	now := vgrad.Progress{Total: p.total, Done: p.done, Found: p.found, Last: p.last, Took: time.Since(p.begun)}
	if p.worked > 0 {
		now.Rate = float64(p.done-p.found) / now.Took.Seconds()
		now.Left = time.Duration(float64(now.Took) * float64(p.work) / float64(p.worked))
	}
	return now
}
