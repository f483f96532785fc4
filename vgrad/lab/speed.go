package lab

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/engine"
)

const (
	// speedRounds is the number of timed stretches of an experiment on a backend.
	speedRounds = 5
	// stretchSeconds is about how long a stretch takes. It spans many calls of the device
	// loop, whose first ones are short.
	stretchSeconds = 0.25
	// warmSteps is the number of steps that are trained before, to compile and to estimate.
	warmSteps = 20
	// maxStretch is the largest number of steps of a stretch.
	maxStretch = 4000
	// speedValidation is the number of validation examples. Validation is not timed, but a
	// slow backend would take seconds for all of them after each stretch.
	speedValidation = 30
)

// speedBackends are the backends that Speeds measures, with their names for [backend.Open].
var speedBackends = []struct{ name, open string }{
	{"Go", backend.Go}, {"XLA on CPU", backend.XLA + ":cpu"}, {"XLA on CUDA", backend.XLA + ":cuda"},
}

// NotHere is what [vgrad.Speed.Absent] begins with for a backend that cannot be opened.
const NotHere = "not on this machine"

// Speeds measures how many seconds a step of each experiment takes on each backend: Go, XLA
// on the CPU, and XLA on CUDA. Nothing is recorded. A backend that this machine lacks is
// in the result, with the reason.
//
// Each experiment is first trained for some steps, which compiles it. Then all experiments
// and backends take turns in five rounds, so that a busy moment of the machine is not the
// bad luck of one of them. What is timed are the steps, with all that the experiment
// measures. Compiling, the first weights, reading the data and validation are not. Of an
// experiment with stages the last is timed, if it has no objective of its own.
//
// tell is called after each stretch with the number of finished stretches and of all.
// Nil: no calls. Speeds fails for a wrong experiment before any work, and when ctx ends.
func (l *Lab) Speeds(ctx context.Context, es []vgrad.Experiment, tell func(done, total int)) ([]vgrad.Speed, error) {
	if len(es) == 0 {
		return nil, errors.New("lab: speeds: no experiments")
	}
	if err := l.CheckSweep(es); err != nil {
		return nil, err
	}
	sets, err := speedSets(ctx, es)
	if err != nil {
		return nil, err
	}
	var all []*stopwatch
	for _, b := range speedBackends {
		eng, absent, err := l.speedEngine(ctx, b.open)
		if err != nil {
			return nil, err
		}
		if eng != nil {
			defer eng.Close()
		}
		for _, e := range es {
			of := e
			of.Stages, of.Label = nil, ""
			all = append(all, &stopwatch{Speed: vgrad.Speed{Experiment: e, Backend: b.name, Absent: absent}, engine: eng, of: of, set: sets[data.Of(e)]})
		}
	}
	if err := rounds(ctx, all, tell); err != nil {
		return nil, err
	}
	var speeds []vgrad.Speed
	for _, w := range all {
		speeds = append(speeds, w.Speed)
	}
	return speeds, nil
}

// speedEngine opens a backend. If this machine lacks it, the engine is nil.
func (l *Lab) speedEngine(ctx context.Context, name string) (eng *engine.Engine, absent string, err error) {
	b, err := backend.Open(ctx, name, l.fetch)
	switch {
	case ctx.Err() != nil:
		return nil, "", ctx.Err()
	case err != nil:
		return nil, NotHere + ": " + strings.ReplaceAll(err.Error(), "\n", "; "), nil
	}
	l.say("backend: %s", b.Why)
	return &engine.Engine{Backend: b, Driver: l.Driver}, "", nil
}

// speedSets loads the data of experiments, with few validation examples.
func speedSets(ctx context.Context, es []vgrad.Experiment) (map[string]*data.Set, error) {
	sets := map[string]*data.Set{}
	for _, e := range es {
		name := data.Of(e)
		if sets[name] != nil {
			continue
		}
		set, err := data.Load(ctx, name)
		if err != nil {
			return nil, err
		}
		few := *set
		few.Validation = set.Validation.Slice(0, min(set.Validation.Len(), speedValidation))
		sets[name] = &few
	}
	return sets, nil
}

// stopwatch measures one experiment on one backend.
type stopwatch struct {
	vgrad.Speed
	engine *engine.Engine   // nil: the backend is absent
	of     vgrad.Experiment // without stages
	set    *data.Set
	steps  int // of a stretch
}

// rounds warms up each stopwatch, and lets them take turns.
func rounds(ctx context.Context, all []*stopwatch, tell func(done, total int)) error {
	present := slices.DeleteFunc(slices.Clone(all), func(w *stopwatch) bool { return w.engine == nil })
	done, total := 0, len(present)*(1+speedRounds)
	for round := range 1 + speedRounds {
		for _, w := range present {
			measure := w.stretch
			if round == 0 {
				measure = w.warm
			}
			if err := measure(ctx); err != nil {
				return err
			}
			if done++; tell != nil {
				tell(done, total)
			}
		}
	}
	return nil
}

// warm compiles the programs and estimates how many steps fill a stretch.
func (w *stopwatch) warm(ctx context.Context) error {
	res, err := w.train(ctx, warmSteps)
	if err != nil {
		return err
	}
	w.Compile = res.Compile.Seconds()
	if res, err = w.train(ctx, warmSteps); err != nil {
		return err
	}
	w.steps = min(maxStretch, max(warmSteps, int(stretchSeconds*warmSteps/res.Run.Seconds())))
	return nil
}

// stretch times some steps.
func (w *stopwatch) stretch(ctx context.Context) error {
	res, err := w.train(ctx, w.steps)
	if err == nil {
		w.Steps = append(w.Steps, res.Run.Seconds()/float64(w.steps))
	}
	return err
}

func (w *stopwatch) train(ctx context.Context, steps int) (*engine.Result, error) {
	e := w.of
	e.Steps = steps
	return w.engine.Train(ctx, engine.Job{Experiment: e, Data: w.set})
}
