package lab

import (
	"context"
	"errors"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/engine"
	"github.com/vgrad/lab/vgrad/runs"
)

// together are the runs of a group while they are trained as one program.
type together struct {
	*recorder
	group
	engine  *engine.Engine
	lanes   []engine.Lane
	writers []*runs.Writer // nil: the lane is not recorded; the first always is
	begun   time.Time
	ran     time.Duration // the time of the steps
	before  float64       // seconds of training before the checkpoint, each run's share
	state   *engine.State // where they go on; nil: they start at step 0
	failed  bool          // a checkpoint could not be written
}

// group trains a group and records its runs. It leaves out runs that another
// process has finished by now. It postpones runs that another process is
// training. If that is the first run of the group, it postpones the whole group,
// so that two processes with the same list work on different groups.
func (r *recorder) group(ctx context.Context, eng *engine.Engine, g group) error {
	err := r.attempt(ctx, eng, g)
	var unusable *unusableError
	if !errors.As(err, &unusable) {
		return err
	}
	for _, e := range g.experiments {
		if err := r.sayUnfinished(e, unusable.error); err != nil {
			return err
		}
	}
	g.from = nil
	return r.attempt(ctx, eng, g)
}

// unusableError is the error of a checkpoint from which a group cannot go on.
type unusableError struct{ error }

// attempt trains a group from its checkpoint, or from step 0.
func (r *recorder) attempt(ctx context.Context, eng *engine.Engine, g group) (err error) {
	t := &together{recorder: r, group: g, engine: eng}
	defer func() { err = errors.Join(err, t.close()) }()
	open := t.create
	if g.from != nil {
		open = t.goOn
	}
	if err := open(); err != nil || len(t.lanes) == 0 {
		return err
	}
	t.begun = time.Now()
	if err := t.train(ctx); errors.Is(err, engine.ErrOtherState) {
		return &unusableError{err}
	} else if err != nil {
		return err
	}
	return t.finish()
}

// create begins the runs at step 0.
func (t *together) create() error {
	for i, e := range t.experiments {
		w, err := t.Store.Create(e, runs.Provenance{})
		switch {
		case errors.Is(err, runs.ErrRecorded):
			t.tell(func() { t.finished(e) })
		case errors.Is(err, runs.ErrLocked) && len(t.writers) == 0:
			t.postpone(err, t.experiments[i:]...)
			return nil
		case errors.Is(err, runs.ErrLocked):
			t.postpone(err, e)
		case err != nil:
			return err
		default:
			t.tell(func() { delete(t.continued, e.Hash()) })
			if err := t.add(e, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// add adds a lane. Without a writer its rows are dropped.
func (t *together) add(e vgrad.Experiment, w *runs.Writer) error {
	t.writers = append(t.writers, w)
	lane := engine.Lane{Experiment: e}
	var err error
	if w != nil {
		lane.Sinks, err = t.sinks(e, w)
	}
	t.lanes = append(t.lanes, lane)
	return err
}

// goOn opens the runs where their checkpoint was taken. Lanes that cannot be opened are
// left until waitForOthers.
func (t *together) goOn() error {
	ws, c, err := t.Store.Continue(t.from, t.experiments...)
	switch {
	case errors.Is(err, runs.ErrLocked):
		t.postpone(err, t.experiments...)
		return nil
	case errors.Is(err, runs.ErrRecorded): // another process has finished the first by now
		t.tell(func() { t.others = append(t.others, t.experiments...) })
		return nil
	case err != nil:
		return &unusableError{err}
	}
	t.before, t.state = c.Provenance.Seconds, &engine.State{Step: c.Step, Bytes: c.State}
	where := Continued{c.Step, c.Lanes[0].Experiment.WithDefaults().Steps, c.Stopped}
	t.sayContinued(where)
	wanted := map[string]vgrad.Experiment{}
	for _, e := range t.experiments {
		wanted[e.Hash()] = e
	}
	for i, w := range ws {
		e, isWanted := wanted[c.Lanes[i].Experiment.Hash()]
		switch {
		case !isWanted:
			e = c.Lanes[i].Experiment
		case w == nil:
			t.tell(func() { t.others = append(t.others, e) })
		default:
			t.tell(func() { t.setContinued(e, where) })
		}
		if err := t.add(e, w); err != nil {
			t.writers = ws // to be closed
			return err
		}
	}
	return nil
}

func (t *together) sayContinued(where Continued) {
	name := t.experiments[0].Name()
	if len(t.experiments) > 1 {
		name = t.group.String()
	}
	t.say("%s: %s", name, where)
}

// train trains one run alone, and several as lanes.
func (t *together) train(ctx context.Context) error {
	c := engine.Checkpoints{From: t.state, Every: t.CheckpointEvery}
	if c.Every >= 0 {
		c.Take = t.take
	}
	if len(t.lanes) > 1 {
		res, err := t.engine.TrainLanesFrom(ctx, t.set, c, t.lanes...)
		if err == nil {
			t.ran = res.Run
		}
		return err
	}
	job := engine.Job{Experiment: t.lanes[0].Experiment, Data: t.set, Checkpoints: c}
	if t.usesModel(job.Experiment) {
		job.Model = t.Model
	}
	res, err := t.engine.Train(ctx, job, t.lanes[0].Sinks...)
	if err != nil {
		return err
	}
	t.ran = res.Run
	for _, u := range res.Without {
		if u.Role == "" && u.Variable.DType().IsFloat() { // biases and scales have no units of their own
			t.say("%s: the units after %s are not measured: it %s", job.Experiment.Name(), u.Variable.Path(), u.Reason)
		}
	}
	return nil
}

// take marks how far the runs are recorded, and returns the function that stores a state
// of theirs. A checkpoint that cannot be written, for example because the disk is full, is
// reported once; the training goes on.
func (t *together) take() func(engine.State) {
	c := runs.Checkpoint{Provenance: t.provenance()}
	if t.spread {
		c.Devices = len(t.engines)
	}
	for i, w := range t.writers {
		mark := runs.Mark{Experiment: t.lanes[i].Experiment}
		if w != nil {
			mark = w.Mark()
		}
		c.Lanes = append(c.Lanes, mark)
	}
	return func(s engine.State) {
		c.Step, c.State = s.Step, s.Bytes
		if err := runs.SaveCheckpoint(c, t.writers); err != nil && !t.failed {
			t.failed = true
			t.say("%s: its state cannot be stored, so it could not go on after an interruption: %v", t.group, err)
		}
	}
}

// provenance says by what and how long the runs have been trained until now.
func (t *together) provenance() runs.Provenance {
	return runs.Provenance{
		Backend: t.engine.Backend.Kind, Description: t.engine.Backend.Description(), DataSum: t.set.Sum,
		Seconds: t.before + time.Since(t.begun).Seconds()/float64(len(t.lanes)), Together: len(t.lanes),
	}
}

// finish finishes the runs, the first one last: their checkpoint is in its folder.
func (t *together) finish() error {
	p := t.provenance()
	if t.state == nil { // the steps before an interruption were not timed
		p.Stepping = t.ran.Seconds() / float64(len(t.lanes))
	}
	for i := len(t.writers) - 1; i >= 0; i-- {
		if t.writers[i] == nil {
			continue
		}
		if err := t.writers[i].Finish(p); err != nil {
			return err
		}
		t.tell(func() { t.finished(t.lanes[i].Experiment) })
	}
	return nil
}

// close closes the runs. Those that are not finished stay unfinished.
func (t *together) close() (err error) {
	for _, w := range t.writers {
		if w != nil {
			err = errors.Join(err, w.Close())
		}
	}
	return err
}
