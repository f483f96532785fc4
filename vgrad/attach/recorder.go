package attach

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
)

// recorder hands the rows of a training to the store and the other sinks.
type recorder struct {
	Options
	trainer *train.Trainer
	w       workings

	experiment vgrad.Experiment // what is known of it so far
	per        int              // batches that an update takes
	first      int              // the update at which this training goes on
	begun      bool             // the run is
	writer     *runs.Writer     // nil: there is none
	watcher    vgrad.Sink       // nil: nobody watches
	sinks      []vgrad.Sink     // all of them

	schema       vgrad.Schema
	known        []*program // whose tables the schema has
	grown        bool       // since the sinks were told
	metrics      []int      // which of the trainer's are recorded; nil: not known yet
	metricsTable int
	rows         []vgrad.Row
	room         []float64
}

// plan is told of a run of the loop: the data, how many batches an update takes, and the
// loop's steps at which it begins and will end; -1: that is not known.
func (r *recorder) plan(data string, per, start, end int) error {
	if r.begun || !r.recorded() {
		return nil
	}
	steps := r.Steps
	if steps == 0 {
		steps = end / per
	}
	if steps < 1 && end < 0 {
		return errors.New("attach: steps is 0; RunEpochs does not tell how many steps it takes, so it must be at least 1")
	}
	r.per, r.first = per, start/per
	r.experiment = vgrad.Experiment{Label: r.Name, Network: vgrad.Model(r.Name), Data: data, Loss: lossName(*r.w.loss),
		Optimizer: optimizerName(*r.w.optimizer), Steps: max(1, steps), Seed: r.Seed, Measure: r.Measure}
	return nil
}

// batch is told the shape of a batch's inputs.
func (r *recorder) batch(s shapes.Shape) {
	if r.experiment.Batch == 0 && s.Rank() > 0 {
		r.experiment.Batch = max(1, s.Dimensions[0]*r.per)
	}
}

// lossName is the name of GoMLX's function of that loss, else "own".
func lossName(f train.LossFn) string {
	if f == nil {
		return "own"
	}
	name := runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
	name = name[strings.LastIndexByte(name, '.')+1:]
	switch {
	case strings.Contains(name, "CrossEntropy"):
		return "cross_entropy"
	case strings.Contains(name, "MeanSquaredError"):
		return "mean_squared_error"
	}
	return "own"
}

// optimizerName is the name of the optimizer's type: "sgd", "adam".
func optimizerName(o optimizer.Interface) string {
	switch p := o.(type) {
	case probed:
		o = p.Interface
	case probedWithGradients:
		o = p.Interface
	}
	name := fmt.Sprintf("%T", o)
	return strings.TrimSuffix(strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]), "config")
}

// learningRate is the value of the trainer's variable for it, 0 where there is none.
func (r *recorder) learningRate() float64 {
	for v := range r.trainer.Store().IterVariables() {
		if v.Path() == "/"+optimizer.Scope+"/"+optimizer.ParamLearningRate && v.HasValue() {
			rate := shapes.ConvertTo[float64](v.MustValue().Value())
			short, _ := strconv.ParseFloat(strconv.FormatFloat(rate, 'g', -1, 32), 64)
			return short
		}
	}
	return 0
}

// begin begins the run, unless it is begun, and adds what a program measures to the schema.
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
	s := p.Schema(0)
	info := s.Infos[vgrad.Loss]
	if info.Unit = ""; r.experiment.Loss == "cross_entropy" {
		info.Unit = "nats"
	}
	s.Infos[vgrad.Loss] = info
	p.tables = r.add(s)
	r.known = append(r.known, p)
	return nil
}

// add adds to the schema. It returns where the new tables begin.
func (r *recorder) add(s vgrad.Schema) int {
	at := len(r.schema.Tables)
	if r.schema.Infos == nil {
		r.schema.Infos = map[vgrad.Quantity]vgrad.Info{}
	}
	for q, info := range s.Infos {
		r.schema.Infos[q] = info
	}
	for _, site := range s.Sites {
		if !slices.Contains(r.schema.Sites, site) {
			r.schema.Sites = append(r.schema.Sites, site)
		}
	}
	slices.SortStableFunc(r.schema.Sites, func(a, b vgrad.Site) int { return a.Layer - b.Layer })
	r.schema.Tables = append(r.schema.Tables, s.Tables...)
	r.grown = true
	return at
}

// create makes the run in the store and finds those who watch. What an unfinished
// attempt recorded before the update at which this training goes on, is recorded
// again: a training that is resumed from a checkpoint is one run.
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

// earlier hands on the rows before the update at which a training goes on.
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

// each calls every sink. An error, or a panic, is said to be a sink's.
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

// put hands on what a program measured at a step, with the trainer's own metrics.
func (r *recorder) put(step int, p *program, metrics []*tensors.Tensor) error {
	if r.metrics == nil {
		r.addMetrics(metrics)
	}
	r.rows, r.room = r.rows[:0], r.room[:0]
	r.rows = r.metricsRow(p.rows(r.rows, &r.room), metrics)
	return r.hand(step, r.rows)
}

// hand hands on rows, after the schema where that has grown.
func (r *recorder) hand(step int, rows []vgrad.Row) error {
	if r.grown {
		r.grown = false
		if err := r.each(step, func(s vgrad.Sink) error { return s.Begin(r.schema) }); err != nil {
			return err
		}
	}
	return r.each(step, func(s vgrad.Sink) error { return s.Put(step, rows) })
}

// close finishes the run, or leaves it unfinished, and tells whoever watches.
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
