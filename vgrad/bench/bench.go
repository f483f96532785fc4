package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/engine"
	"github.com/vgrad/lab/vgrad/summary"
)

// bench holds what the parts have in common.
type bench struct {
	options
	rivals  []rival
	say     func(format string, args ...any)
	place   place
	set     *data.Set // MNIST
	engines map[string]*engine.Engine
	program string // path of the vgrad command; "" until it is built
}

// newBench loads the data and installs the rivals' environments.
func newBench(ctx context.Context, o options, say func(string, ...any)) (*bench, error) {
	b := &bench{options: o, say: say, engines: map[string]*engine.Engine{}}
	var err error
	if b.place, err = openPlace(); err != nil {
		return nil, err
	}
	if b.set, err = data.Load(ctx, "mnist"); err != nil {
		return nil, err
	}
	if o.self {
		return b, nil
	}
	for _, name := range o.rivals {
		r, err := rivalNamed(name)
		if err != nil {
			return nil, err
		}
		b.rivals = append(b.rivals, r)
	}
	return b, b.prepare(ctx)
}

func (b *bench) close() {
	for _, e := range b.engines {
		e.Close()
	}
}

// engine returns the engine of a backend and a driver. It is opened once and keeps the
// programs that it compiles.
func (b *bench) engine(ctx context.Context, name string, driver engine.Driver) (*engine.Engine, error) {
	key := fmt.Sprint(name, driver)
	if b.engines[key] != nil {
		return b.engines[key], nil
	}
	opened, err := backend.Open(ctx, name, assets.XLAPlugin)
	if err != nil {
		return nil, err
	}
	b.engines[key] = &engine.Engine{Backend: opened, Driver: driver}
	return b.engines[key], nil
}

// ours is a contestant that trains the experiment with vgrad in this process, once for
// each seed. Several seeds are lanes of one program.
//
// Its seconds are those of Steps steps, from the batches to the sinks. They are the
// difference between a training of Steps+1 steps and a training of one step, which has
// the same start and end.
func (b *bench) ours(name, backend string, driver engine.Driver, e vgrad.Experiment, seeds int) contestant {
	return b.oursOn(b.set, name, backend, driver, e, seeds)
}

// oursOn is ours on another data set.
func (b *bench) oursOn(set *data.Set, name, backend string, driver engine.Driver, e vgrad.Experiment, seeds int) contestant {
	steps := e.WithDefaults().Steps
	return contestant{name: name, ours: true, once: func(ctx context.Context) (float64, []outcome, error) {
		engine, err := b.engine(ctx, backend, driver)
		if err != nil {
			return 0, nil, err
		}
		e.Steps = 1
		one, _, err := b.train(ctx, engine, set, e, seeds)
		if err != nil {
			return 0, nil, err
		}
		e.Steps = steps + 1
		all, got, err := b.train(ctx, engine, set, e, seeds)
		return all - one, got, err
	}}
}

// train trains with each seed. The seconds it returns do not include compiling.
func (b *bench) train(ctx context.Context, e *engine.Engine, set *data.Set, exp vgrad.Experiment, seeds int) (float64, []outcome, error) {
	keeps := make([]keep, seeds)
	var lanes []engine.Lane
	for i := range keeps {
		exp.Seed = uint64(i)
		keeps[i].outcome = outcome{Activation: exp.WithDefaults().Activation, Seed: i}
		lanes = append(lanes, engine.Lane{Experiment: exp, Sinks: []vgrad.Sink{vgrad.OnStep(keeps[i].add)}})
	}
	start := time.Now()
	var res *engine.Result
	var err error
	if seeds == 1 {
		res, err = e.Train(ctx, engine.Job{Experiment: lanes[0].Experiment, Data: set}, lanes[0].Sinks...)
	} else {
		res, err = e.TrainLanes(ctx, set, lanes...)
	}
	if err != nil {
		return 0, nil, err
	}
	seconds := (time.Since(start) - res.Compile).Seconds()
	var got []outcome
	for _, k := range keeps {
		got = append(got, k.condensed())
	}
	return seconds, got, nil
}

// keep computes the outcome of a training from its samples.
type keep struct {
	outcome
	summaries int // steps that are summed up in MeanAbsGrad
}

// add adds the samples of a step, if it is one of the article's summaries.
func (k *keep) add(step int, samples []vgrad.Sample) error {
	for _, s := range samples {
		switch {
		case s.Quantity == vgrad.ValAccuracy:
			k.ValAccuracy = s.Value
		case s.Quantity == vgrad.MeanAbsGrad && step%summary.Every == 0:
			for len(k.MeanAbsGrad) < s.Site.Layer {
				k.MeanAbsGrad = append(k.MeanAbsGrad, 0)
			}
			k.MeanAbsGrad[s.Site.Layer-1] += s.Value
			if s.Site.Layer == 1 {
				k.summaries++
			}
		}
	}
	return nil
}

// condensed returns the outcome, with the sums divided by the number of summaries.
func (k *keep) condensed() outcome {
	o := k.outcome
	for i := range o.MeanAbsGrad {
		o.MeanAbsGrad[i] /= float64(k.summaries)
	}
	return o
}

// built builds the vgrad command once and returns its path.
func (b *bench) built(ctx context.Context) (string, error) {
	if b.program == "" {
		path := b.place.file("vgrad")
		if err := os.MkdirAll(string(b.place), 0o777); err != nil {
			return "", err
		}
		if err := quietly(exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/vgrad/lab/kernelext/cmd/vgrad")); err != nil {
			return "", fmt.Errorf("build the vgrad command: %w", err)
		}
		b.program = path
	}
	return b.program, nil
}

// walkthrough is a contestant that runs "vgrad walkthrough" in a process of its own, with
// an empty store. It prints the outcomes. If page is true, it also writes the page.
func (b *bench) walkthrough(name string, page bool, flags ...string) contestant {
	return b.walkthroughIn(nil, name, page, flags...)
}

// walkthroughIn is walkthrough with variables added to the process's environment.
func (b *bench) walkthroughIn(env []string, name string, page bool, flags ...string) contestant {
	return contestant{name: name, ours: true, once: func(ctx context.Context) (seconds float64, got []outcome, err error) {
		program, err := b.built(ctx)
		if err != nil {
			return 0, nil, err
		}
		store, err := os.MkdirTemp("", "vgrad-bench-")
		if err != nil {
			return 0, nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(store)) }()
		args := append([]string{"walkthrough", "-quiet", "-json", "-store", store}, flags...)
		if page {
			args = append(args, "-out", store+"/report.html")
		}
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Env = append(os.Environ(), env...)
		return process(cmd)
	}}
}

// serve is a contestant that trains in a rival's process, which keeps running between
// turns. Its seconds are those of the steps.
func (b *bench) serve(ctx context.Context, r rival, w way, ask request) contestant {
	s := b.serving(ctx, r, w)
	return contestant{name: r.label(w), close: s.close, once: func(ctx context.Context) (float64, []outcome, error) {
		o, err := s.ask(ctx, ask)
		return o.Seconds, []outcome{o}, err
	}}
}
