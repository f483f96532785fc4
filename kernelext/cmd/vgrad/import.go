package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/tfevents"
)

const importUsage = `vgrad import DIR   copy the runs of TensorBoard's event files in DIR into the store

Each folder of DIR with event files becomes a run of that name. Tags that vgrad knows, such as
mean_1 and hist_weights_1, become its quantities; the others keep their names. Say what other
tags mean with -tag, as in -tag "grads/{name}=mean_abs_grad" or -tag "w{layer}=weights".

Flags:`

// importCommand copies event files into the store.
func importCommand(ctx context.Context, args []string, std streams) error {
	f := flag.NewFlagSet("import", flag.ContinueOnError)
	dir := f.String("store", "", "`folder` of the runs (default $VGRAD_RUNS, or the user's data folder)")
	replace := f.Bool("replace", false, "copy runs again that were imported before")
	prefix := f.String("prefix", "", "begin the names of the runs with `text`, such as \"tensorflow/\"")
	var rules []tfevents.Rule
	f.Func("tag", "`TAG=QUANTITY`: what tags mean; {layer} stands for a number, {name} for a name; may be repeated", func(text string) error {
		r, err := tfevents.ParseRule(text)
		rules = append(rules, r)
		return err
	})
	f.Usage = func() { fmt.Fprintln(f.Output(), importUsage); f.PrintDefaults() }
	folders, err := parse(f, args, std)
	if err != nil {
		return err
	}
	if len(folders) == 0 {
		return usageError{errors.New("import: say which folder")}
	}
	store, err := runs.Open(*dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, folder := range folders {
		log, err := tfevents.Open(folder, rules...)
		errs = append(errs, err)
		if log == nil {
			continue
		}
		for _, run := range log.Runs() {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			name, err := importRun(store, run, *prefix+run.Name(), folder, *replace)
			if errs = append(errs, err); err == nil {
				fmt.Fprintln(std.out, name)
			}
			for _, fault := range run.Faults() {
				fmt.Fprintln(std.err, "vgrad: left out", fault)
			}
		}
	}
	return errors.Join(errs...)
}

// importRun copies a run into the store and returns its name there.
func importRun(store *runs.Store, run *tfevents.Run, name, folder string, replace bool) (string, error) {
	e := vgrad.Experiment{Label: name, Network: vgrad.Model("tensorboard:" + name), Steps: max(1, run.LastStep())}
	if had, err := store.Load(e); err == nil && replace {
		if err := store.Delete(had.Name); err != nil {
			return "", err
		}
	}
	w, err := store.Create(e, runs.Provenance{Backend: "import", Description: "event files in " + folder})
	if errors.Is(err, runs.ErrRecorded) {
		return "", fmt.Errorf("import: %q was imported before; say -replace to copy it again", name)
	} else if err != nil {
		return "", err
	}
	if err := run.CopyTo(w); err != nil {
		return "", errors.Join(fmt.Errorf("import %q: %w", name, err), w.Close(), store.Delete(w.Name()))
	}
	return w.Name(), w.Finish(runs.Provenance{})
}
