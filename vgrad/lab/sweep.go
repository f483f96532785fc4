package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vgrad/lab/vgrad"
)

// Sweep makes sure that every one of the experiments is recorded: those of a
// [vgrad.Sweep], or of its shard. All of them are checked before any is
// trained, and what is wrong is told at once. It keeps no run in memory.
//
// tell is called once at the beginning and then whenever a run is finished,
// one call at a time; nil: nobody is told. When ctx ends, or the process is
// killed, what was recorded stays, and the same call goes on from there.
// Several processes that share the store share the work.
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

// wrongMost is how many different errors a sweep tells at most.
const wrongMost = 20

// CheckSweep reports what is wrong with experiments before any is trained, each
// thing once; [Lab.Sweep] begins with it.
func (l *Lab) CheckSweep(es []vgrad.Experiment) error {
	var wrong []error
	said := map[string]bool{}
	for _, e := range es {
		err := l.check(e)
		if err == nil || said[err.Error()] {
			continue
		}
		said[err.Error()] = true
		if wrong = append(wrong, fmt.Errorf("%s: %w", e.Name(), err)); len(wrong) == wrongMost {
			break
		}
	}
	return errors.Join(wrong...)
}

// pace tells how far a sweep is and how fast it goes.
type pace struct {
	total, done, found int
	work, worked       uint64 // of the runs to come, and of those that came
	last               vgrad.Experiment
	begun              time.Time
}

func newPace(total int, missing []vgrad.Experiment) *pace {
	p := &pace{total: total, done: total - len(missing), found: total - len(missing), begun: time.Now()}
	for _, e := range missing {
		p.work += e.Work()
	}
	return p
}

func (p *pace) finished(e vgrad.Experiment) {
	w := e.Work()
	p.done++
	p.work, p.worked, p.last = p.work-w, p.worked+w, e
}

func (p *pace) now() vgrad.Progress {
	now := vgrad.Progress{Total: p.total, Done: p.done, Found: p.found, Last: p.last, Took: time.Since(p.begun)}
	if p.worked > 0 {
		now.Rate = float64(p.done-p.found) / now.Took.Seconds()
		now.Left = time.Duration(float64(now.Took) * float64(p.work) / float64(p.worked))
	}
	return now
}
