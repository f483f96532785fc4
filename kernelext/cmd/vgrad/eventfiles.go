package main

import (
	"errors"
	"path/filepath"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/tfevents"
)

// eventFiles writes event files of runs while they train.
type eventFiles struct {
	dir     string
	say     func(string)
	writers []*tfevents.Writer
}

// beside returns a function for Lab.Watch: its sinks write event files beside what another
// such function does. A file that cannot be written is told and does not stop the training.
func (x *eventFiles) beside(watch func(vgrad.Experiment) vgrad.Sink) func(vgrad.Experiment) vgrad.Sink {
	return func(e vgrad.Experiment) vgrad.Sink {
		w, err := tfevents.Create(filepath.Join(x.dir, runs.Name(e)), tfevents.Options{Experiment: &e, Replace: true})
		if err != nil {
			x.say(err.Error())
			return watch(e)
		}
		x.writers = append(x.writers, w)
		if other := watch(e); other != nil {
			return both{w, other}
		}
		return w
	}
}

// close closes the files.
func (x *eventFiles) close() error {
	var errs []error
	for _, w := range x.writers {
		errs = append(errs, w.Close())
	}
	return errors.Join(errs...)
}

// both passes everything to two sinks.
type both [2]vgrad.Sink

func (b both) Begin(s vgrad.Schema) error { return errors.Join(b[0].Begin(s), b[1].Begin(s)) }

func (b both) Put(step int, rows []vgrad.Row) error {
	return errors.Join(b[0].Put(step, rows), b[1].Put(step, rows))
}
