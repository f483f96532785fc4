package attach

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/probe"
)

// start is called before the first step of a run of the loop.
func (a *Attachment) start(_ *train.Loop, ds train.Dataset) error {
	if a.closed {
		return nil
	}
	if d, ok := ds.(train.DistributedDataset); ok && d.Strategy() == distributed.SPMD {
		return errors.New("attach: the data set is distributed by SPMD, where each device has gradients of its own; it must be distributed.AutoSharding, or not distributed")
	}
	per := max(1, a.loop.Trainer.NumAccumulatingSteps())
	if err := a.record.plan(ds.Name(), per, a.loop.LoopStep, a.loop.EndStep); err != nil {
		return err
	}
	a.update, a.ended = a.loop.LoopStep/per, false
	return a.prepare()
}

// stepped is called after a step, before all other hooks. So what was measured is recorded
// even if another hook stops the loop.
func (a *Attachment) stepped(_ *train.Loop, metrics []*tensors.Tensor) (err error) {
	p := a.measured
	a.measured = nil
	if a.closed || p == nil {
		return nil
	}
	if a.failed != nil {
		return fmt.Errorf("attach: step %d: %w", a.update, a.failed)
	}
	a.last = p
	return a.record.put(a.update, p, metrics)
}

// next is called after a step, after all other hooks.
func (a *Attachment) next(*train.Loop, []*tensors.Tensor) error {
	if a.closed {
		return nil
	}
	if *a.w.accumulated == 0 { // the step has updated the weights
		a.update++
	}
	return a.prepare()
}

// end is called after the last step of a run of the loop.
func (a *Attachment) end(*train.Loop, []*tensors.Tensor) error {
	if a.closed {
		return nil
	}
	a.ended, a.due = true, 0
	a.w.use(a.own)
	return nil
}

// prepare gives the trainer the executors that measure what is due at its next step. If
// nothing is due, they are the trainer's own.
func (a *Attachment) prepare() error {
	if err := a.noticeReset(); err != nil {
		return err
	}
	a.due = 0
	for i, every := range a.every {
		if a.update%every == 0 {
			a.due |= 1 << i
		}
	}
	a.w.use(a.executors(a.due))
	return nil
}

// executors returns the executors for steps at which these cadences are due.
func (a *Attachment) executors(due int) executors {
	if due == 0 {
		return a.own
	}
	if a.sets[due].step == nil {
		a.sets[due] = newExecutors()
	}
	return a.sets[due]
}

// cadences lists after how many steps something is due again: Measure.Every, and
// Measure.HistogramEvery if it differs and a histogram is measured.
func cadences(m vgrad.Measure) []int {
	m = vgrad.Experiment{Measure: m}.WithDefaults().Measure
	every := []int{m.Every}
	rare := func(p probe.Probe) bool { return p.Graph == nil && m.Measures(p.Quantity) }
	if m.HistogramEvery > 0 && m.HistogramEvery != m.Every && slices.ContainsFunc(probe.All(), rare) {
		every = append(every, m.HistogramEvery)
	}
	return every
}
