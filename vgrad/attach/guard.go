package attach

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// guarded is the key of the guard among the trainer's executors for evaluations. The
// guard is an executor that is never run. Trainer.ResetComputationGraphs removes every
// executor that the trainer knows. So if the guard is gone, the graphs have been reset.
type guarded struct{}

// watchOver puts the guard among the trainer's executors.
func (a *Attachment) watchOver() (err error) {
	same := func(_ *model.Scope, x []*graph.Node) []*graph.Node { return x }
	a.guard, err = model.NewExec(a.loop.Trainer.Backend(), a.loop.Trainer.Store(), same)
	if err == nil {
		(*a.w.eval)[guarded{}] = a.guard
	}
	return err
}

// noticeReset completes a Trainer.ResetComputationGraphs, which resets only the executors
// that are in use. If one has happened, noticeReset resets all others.
func (a *Attachment) noticeReset() error {
	if (*a.w.eval)[guarded{}] == a.guard {
		return nil
	}
	a.drop()
	a.w.use(a.own)
	a.loop.Trainer.ResetComputationGraphs()
	return a.watchOver()
}

// drop frees the executors that measure.
func (a *Attachment) drop() {
	for _, set := range a.sets {
		for _, e := range []map[any]*model.Exec{set.step, set.apply} {
			for _, exec := range e {
				exec.Finalize()
			}
		}
	}
	a.forget()
}

func (a *Attachment) forget() {
	a.sets, a.programs, a.hooked = map[int]executors{}, map[graph.GraphId]*program{}, map[*model.Exec]bool{}
}
