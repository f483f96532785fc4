// Package setup brings everything the lessons need to this machine, and takes it away.
//
// All of it is pinned: Python packages by the hashes in kernelext/jupyter's lock, Go
// programs by go.sum (gopls by a module of its own, because it needs other versions of
// what this module uses), ECharts and XLA by vgrad/assets, MNIST by vgrad/data. It goes
// into the cache ($VGRAD_CACHE, or the user's cache folder), except what the go command
// keeps in caches of its own.
//
//	err := setup.Run(ctx, setup.Options{Say: print})   // a step at a time; twice is quick
//	err = setup.Uninstall(print)                       // all but the runs
//
// A step looks first whether its part is there. To add one, write a file with a function
// that does so and add its line to the list in this one.
package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/vgrad/assets"
)

// Options say what to bring.
type Options struct {
	Work    string            // folder of the module that cells see; "": the current one
	Backend string            // "go" or "xla", written into the kernelspec; "": XLA where it can be had, and cells choose
	Offline bool              // fetch nothing, as VGRAD_OFFLINE=1 says, which it sets for this process
	Say     func(line string) // is told what is done; nil: nobody
	Brief   bool              // say nothing of what is there
}

// step brings one part. It returns a line on what is there now.
type step struct {
	name      string
	essential bool // no notebook opens without
	run       func(*setup, context.Context) (string, error)
}

// steps lists them in their order: what a later one needs comes first.
var steps = []step{
	{"module", true, (*setup).module},
	{"gonb", true, (*setup).gonb},
	{"goimports", true, (*setup).goimports},
	{"gopls", false, (*setup).gopls},
	{"jupyter", true, (*setup).jupyter},
	{"echarts", false, (*setup).echarts},
	{"backend", false, (*setup).backend},
	{"mnist", false, (*setup).mnist},
	{"kernelspec", true, (*setup).kernelspec},
	{"build cache", false, (*setup).warm},
}

// StepError is the error of one step.
type StepError struct {
	Step      string
	Essential bool // no notebook opens without this part
	Err       error
}

func (e *StepError) Error() string { return fmt.Sprintf("setup: %s: %v", e.Step, e.Err) }

// Unwrap returns what went wrong.
func (e *StepError) Unwrap() error { return e.Err }

// Essential reports whether, after this error of [Run], no notebook opens. What else may
// be missing has something in its place: the Go backend, static figures, no completion.
func Essential(err error) bool {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		return slices.ContainsFunc(list.Unwrap(), Essential)
	}
	var failed *StepError
	return !errors.As(err, &failed) || failed.Essential
}

// setup is a run of the steps.
type setup struct {
	Options
	cache string
	home  jupyter.Home
	work  *kernel.Workspace
	js    []byte // ECharts
	told  bool   // a step has said that it brings something
}

// ErrOffline is the error of a part that is missing and was not fetched.
var ErrOffline = errors.New("it is missing, and nothing is fetched offline; with a network run: go tool vgrad setup")

// Run brings what is missing, and tells what it does and how long it took. Steps that do
// not need one that failed are done all the same. It fails with all that is missing, each
// with the command that brings it.
func Run(ctx context.Context, o Options) error {
	s, err := newSetup(o)
	if err != nil {
		return err
	}
	lock := flock.New(filepath.Join(s.cache, ".setup.lock"))
	if _, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return fmt.Errorf("setup: wait for another process that sets up: %w", err)
	}
	return errors.Join(s.all(ctx), lock.Unlock())
}

func newSetup(o Options) (*setup, error) {
	if o.Say == nil {
		o.Say = func(string) {}
	}
	switch o.Backend {
	case "", "go", "xla":
	default:
		return nil, fmt.Errorf("setup: there is no backend %q; say go or xla", o.Backend)
	}
	cache, err := assets.Cache()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cache, 0o777); err != nil {
		return nil, fmt.Errorf("setup: make the cache: %w; name another in VGRAD_CACHE", err)
	}
	if o.Offline {
		if err := os.Setenv("VGRAD_OFFLINE", "1"); err != nil {
			return nil, err
		}
	}
	o.Offline = os.Getenv("VGRAD_OFFLINE") == "1"
	s := &setup{Options: o, cache: cache, home: jupyter.Home{Dir: filepath.Join(cache, "jupyter")}}
	s.Say = func(line string) { s.told = true; o.Say(line) }
	return s, nil
}

// all does the steps.
func (s *setup) all(ctx context.Context) error {
	start := time.Now()
	var wrong []error
	for _, step := range steps {
		began, before := time.Now(), s.told
		s.told = false
		what, err := step.run(s, ctx)
		took := time.Since(began)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("setup: %s: %w", step.name, context.Cause(ctx))
		case err != nil:
			s.Say(fmt.Sprintf("%-12s FAILED after %.1f s", step.name, took.Seconds()))
			wrong = append(wrong, &StepError{step.name, step.essential, err})
			if s.work == nil { // no other step can do without
				return wrong[0]
			}
		case s.told || !s.Brief:
			s.Say(fmt.Sprintf("%-12s %s (%.1f s)", step.name, what, took.Seconds()))
		}
		s.told = s.told || before
	}
	if len(wrong) == 0 && (s.told || !s.Brief) {
		s.Say(fmt.Sprintf("all there after %.1f s", time.Since(start).Seconds()))
	}
	return errors.Join(wrong...)
}
