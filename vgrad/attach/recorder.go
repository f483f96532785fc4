package attach

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
)

// recorder passes the rows of a training to the store and the other sinks.
type recorder struct {
	Options
	trainer *train.Trainer
	w       workings

	experiment vgrad.Experiment // what is known of it so far
	per        int              // batches in an update
	first      int              // the first update of this training; above 0 if it was resumed
	begun      bool
	writer     *runs.Writer // nil: there is none
	watcher    vgrad.Sink   // from Options.Watch; nil: there is none
	sinks      []vgrad.Sink // writer, watcher and Options.Sinks

	schema       vgrad.Schema
	known        []*program // the programs whose tables are in the schema
	grown        bool       // whether the schema has grown since the sinks got it
	metrics      []int      // indices of the trainer's metrics that are recorded; nil: not known yet
	metricsTable int        // their table in the schema
	rows         []vgrad.Row
	room         []float64 // the values of rows
}

// begin begins the run, unless it has begun, and adds the tables of a program to the
// schema.
func (r *recorder) begin(p *program) error {
	if err := r.create(); err != nil {
		return err
	}
	for _, q := range r.known {
		if p.sameAs(q) {
			p.tables = q.tables
			return nil
		}
	}
	p.tables = r.add(p.Schema(0).WithLoss(r.experiment.Loss))
	r.known = append(r.known, p)
	return nil
}

// add adds to the schema and returns the index of the first new table. It copies the
// schema, because sinks may keep the one that they have got.
func (r *recorder) add(s vgrad.Schema) int {
	at := len(r.schema.Tables)
	all := vgrad.Schema{Infos: map[vgrad.Quantity]vgrad.Info{}}
	for _, part := range []vgrad.Schema{r.schema, s} {
		maps.Copy(all.Infos, part.Infos)
		all.Tables = append(all.Tables, part.Tables...)
		for _, site := range part.Sites {
			if !slices.Contains(all.Sites, site) {
				all.Sites = append(all.Sites, site)
			}
		}
	}
	slices.SortStableFunc(all.Sites, func(a, b vgrad.Site) int { return a.Layer - b.Layer })
	r.schema, r.grown = all, true
	return at
}

// create creates the run in the store and collects the sinks. If the training was resumed
// from a checkpoint, create copies the rows that an unfinished run of the experiment has
// from before the first update.
func (r *recorder) create() error {
	if r.begun {
		return nil
	}
	if r.recorded() {
		r.experiment.LearningRate = r.learningRate()
		if err := r.store(); err != nil {
			return err
		}
		r.sinks = append(r.sinks, r.writer)
		if r.Watch != nil {
			if r.watcher = r.Watch(r.experiment); r.watcher != nil {
				r.sinks = append(r.sinks, r.watcher)
			}
		}
	}
	r.sinks = append(r.sinks, r.Sinks...)
	r.begun = true
	if r.writer == nil || r.first == 0 {
		return nil
	}
	return r.Store.Follow(r.writer.Name() + ".unfinished").Read(earlier{r})
}

// store creates the run.
func (r *recorder) store() (err error) {
	b := r.trainer.Backend()
	p := runs.Provenance{Backend: b.Name(), Description: b.Description()}
	r.writer, err = r.Store.Create(r.experiment, p)
	if !errors.Is(err, runs.ErrRecorded) {
		return err
	}
	if !r.Replace {
		return fmt.Errorf("%w; or give it another name, or set Replace", err)
	}
	if err = r.Store.Delete(runs.Name(r.experiment)); err == nil {
		r.writer, err = r.Store.Create(r.experiment, p)
	}
	return err
}

// earlier is a sink that passes on the rows before the first update of a resumed training.
type earlier struct{ *recorder }

func (e earlier) Begin(s vgrad.Schema) error {
	return e.each(e.first, func(sink vgrad.Sink) error { return sink.Begin(s) })
}

func (e earlier) Put(step int, rows []vgrad.Row) error {
	if step >= e.first {
		return nil
	}
	return e.each(step, func(sink vgrad.Sink) error { return sink.Put(step, rows) })
}

// each calls every sink. It returns the first error or panic, with the step.
func (r *recorder) each(step int, call func(vgrad.Sink) error) error {
	for _, s := range r.sinks {
		err := func() (err error) {
			defer caught("a sink panicked", &err)
			return call(s)
		}()
		if err != nil {
			return fmt.Errorf("attach: step %d: %w", step, err)
		}
	}
	return nil
}

// put passes on what a program measured at a step, with the trainer's metrics.
func (r *recorder) put(step int, p *program, metrics []*tensors.Tensor) error {
	if r.metrics == nil {
		r.addMetrics(metrics)
	}
	r.rows, r.room = r.rows[:0], r.room[:0]
	r.rows = r.metricsRow(p.rows(r.rows, &r.room), metrics)
	return r.putRows(step, r.rows)
}

// putRows passes rows to the sinks. If the schema has grown, the sinks get it first.
func (r *recorder) putRows(step int, rows []vgrad.Row) error {
	if r.grown {
		r.grown = false
		if err := r.each(step, func(s vgrad.Sink) error { return s.Begin(r.schema) }); err != nil {
			return err
		}
	}
	return r.each(step, func(s vgrad.Sink) error { return s.Put(step, rows) })
}

// close finishes the run, or leaves it unfinished, and closes the watcher.
func (r *recorder) close(finished bool) error {
	var err error
	if r.writer != nil && finished {
		err = r.writer.Finish(runs.Provenance{})
	}
	if r.writer != nil {
		err = errors.Join(err, r.writer.Close())
	}
	if c, ok := r.watcher.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return err
}
