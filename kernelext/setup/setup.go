// Package setup installs everything that the lessons need, and uninstalls it.
//
// All parts are pinned: Python packages by the hashes in kernelext/jupyter's lock, Go
// programs by go.sum, ECharts and XLA by vgrad/assets, MNIST by vgrad/data. The
// parts go into the cache ($VGRAD_CACHE, or the user's cache folder), except those that the
// go command keeps in its own caches.
//
//	err := setup.Run(ctx, setup.Options{Say: print})   // a second run installs nothing
//	err = setup.Uninstall(print)                       // removes all but the runs
//
// A step first checks whether its part is there. To add a step, write a function that does
// so and add a line to the list steps in this file.
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

// Options say what to install. The zero value installs all parts for the current folder.
type Options struct {
	Work    string            // folder of the module that cells see; "": the current one
	Backend string            // "go" or "xla", written into the kernelspec; "": install XLA if possible, and let cells choose
	Offline bool              // fetch nothing and set VGRAD_OFFLINE=1 for this process; false: as VGRAD_OFFLINE says
	Say     func(line string) // called with a line about each step; nil: not called
	Brief   bool              // leave out lines about parts that are there already; false: all lines
}

// step installs one part. The function run returns a line about the part.
type step struct {
	name      string
	essential bool // notebooks cannot open without the part
	run       func(*setup, context.Context) (string, error)
}

// steps lists the steps. A step comes after the steps that it needs.
var steps = []step{
	{"module", true, (*setup).module},
	{"gonb", true, (*setup).gonb},
	{"goimports", true, (*setup).goimports},
	{"vgrad", true, (*setup).vgrad},
	{"jupyter", true, (*setup).jupyter},
	{"echarts", false, (*setup).echarts},
	{"katex", false, (*setup).katex},
	{"backend", false, (*setup).backend},
	{"mnist", false, (*setup).mnist},
	{"kernelspec", true, (*setup).kernelspec},
	{"build cache", false, (*setup).warm},
}

// StepError is the error of one step.
type StepError struct {
	Step      string
	Essential bool // notebooks cannot open without the part
	Err       error
}

func (e *StepError) Error() string { return fmt.Sprintf("setup: %s: %v", e.Step, e.Err) }

// Unwrap returns Err.
func (e *StepError) Unwrap() error { return e.Err }

// Essential reports whether notebooks cannot open after this error of [Run]. Without the
// other parts they open with the Go backend instead of XLA, with static figures, or without
// completion.
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
	told  bool   // a step has reported that it installs something
}

// ErrOffline is the error of a part that is missing and was not fetched.
var ErrOffline = errors.New("it is missing, and nothing is fetched offline; with a network run: go tool vgrad setup")

// Run installs the parts that are missing, and reports each step and its duration to o.Say.
// A step that fails does not stop the steps after it, except the first, which all others
// need. The error joins a [StepError] for each step that failed. Processes that call Run at
// the same time wait for each other.
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

// all runs the steps.
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
			if s.work == nil { // all other steps need it
				return wrong[0]
			}
		case s.told || !s.Brief:
			s.Say(fmt.Sprintf("%-12s %s (%.1f s)", step.name, what, took.Seconds()))
		}
		s.told = s.told || before
	}
	if len(wrong) == 0 && (s.told || !s.Brief) {
		s.Say(fmt.Sprintf("all parts are there after %.1f s", time.Since(start).Seconds()))
	}
	return errors.Join(wrong...)
}
