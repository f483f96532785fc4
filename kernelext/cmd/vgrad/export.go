package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/table"
	"github.com/vgrad/lab/vgrad/tfevents"
)

const exportUsage = `vgrad export -tensorboard DIR RUN...   write event files for TensorBoard, one folder a run
vgrad export -parquet FILE RUN...      write a table; also -csv FILE and -jsonl FILE

RUN is a run's name, the beginning of its name or hash if only one run matches, or a pattern
such as "sigmoid-*" for several. In a table they stand one below the other, with a column for
each field in which their experiments differ. FILE may be - for standard output. A folder of
DIR that vgrad wrote before is written anew.

Flags:`

// exportFlags are the flags of an export.
type exportFlags struct {
	tensorboard, tags string
	files             map[table.Format]string
	store             string
}

func (x *exportFlags) set() *flag.FlagSet {
	f := flag.NewFlagSet("export", flag.ContinueOnError)
	f.StringVar(&x.tensorboard, "tensorboard", "", "`folder` of the event files")
	f.StringVar(&x.tags, "tags", string(tfevents.ArticleTags), "names in the event files: article (mean_1, hist_weights_1, …) or vgrad (mean_abs_grad/layer1/weights, …)")
	x.files = map[table.Format]string{}
	for _, format := range []table.Format{table.CSV, table.JSONLines, table.Parquet} {
		f.Func(string(format), "`file` of a table", func(name string) error {
			x.files[format] = name
			return nil
		})
	}
	f.StringVar(&x.store, "store", "", "`folder` of the runs (default $VGRAD_RUNS, or the user's data folder)")
	f.Usage = func() { fmt.Fprintln(f.Output(), exportUsage); f.PrintDefaults() }
	return f
}

// exportCommand writes recorded runs for other programs.
func exportCommand(ctx context.Context, args []string, std streams) error {
	var x exportFlags
	patterns, err := parse(x.set(), args, std)
	switch {
	case err != nil:
		return err
	case x.tensorboard == "" && len(x.files) == 0:
		return usageError{errors.New("export: say where to: -tensorboard DIR, -csv FILE, -jsonl FILE or -parquet FILE")}
	case len(patterns) == 0:
		return usageError{errors.New(`export: say which runs; vgrad runs lists them, and "*" is all of them`)}
	case x.tags != string(tfevents.ArticleTags) && x.tags != string(tfevents.LabTags):
		return usageError{fmt.Errorf("export: -tags is %q; say %s or %s", x.tags, tfevents.ArticleTags, tfevents.LabTags)}
	}
	store, err := runs.Open(x.store)
	if err != nil {
		return err
	}
	names, err := matching(store, patterns)
	if err != nil {
		return err
	}
	if x.tensorboard != "" {
		if err := x.eventFiles(ctx, store, names, std.out); err != nil {
			return err
		}
	}
	return x.tables(store, names, std.out)
}

// matching returns the names of the runs that the patterns name, each once.
func matching(s *runs.Store, patterns []string) ([]string, error) {
	entries, err := s.List()
	if err != nil {
		return nil, err
	}
	var names []string
	known := map[string]bool{}
	add := func(name string) {
		if !known[name] {
			known[name], names = true, append(names, name)
		}
	}
	for _, p := range patterns {
		if !strings.ContainsAny(p, "*?[") {
			run, err := s.Get(p)
			if err != nil {
				return nil, err
			}
			add(run.Name)
			continue
		}
		before := len(known)
		for _, e := range entries {
			ok, err := path.Match(p, e.Name)
			if err != nil {
				return nil, fmt.Errorf("the pattern %q: %w", p, err)
			}
			if ok && e.Problem == nil {
				add(e.Name)
			}
		}
		if len(known) == before {
			return nil, fmt.Errorf("no run in %s matches %q", s.Dir(), p)
		}
	}
	return names, nil
}

// eventFiles writes the event files of runs.
func (x *exportFlags) eventFiles(ctx context.Context, store *runs.Store, names []string, out io.Writer) error {
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		run, err := store.Get(name)
		if err != nil {
			return err
		}
		w, err := tfevents.Create(filepath.Join(x.tensorboard, run.Name), eventOptions(run, tfevents.Tags(x.tags)))
		if err != nil {
			return err
		}
		if err := errors.Join(store.Follow(name).Read(w), w.Close()); err != nil {
			return err
		}
		fmt.Fprintln(out, w.Path())
	}
	return nil
}

// eventOptions says how a recorded run is written. A run has no times of its steps, so they
// are spread evenly over its training.
func eventOptions(run *runs.Run, tags tfevents.Tags) tfevents.Options {
	e, p := run.Experiment, run.Provenance
	steps := max(1, run.LastStep)
	at := func(step int) time.Time {
		part := min(1, float64(step)/float64(steps))
		return p.Started.Add(time.Duration(part * p.Seconds * float64(time.Second)))
	}
	return tfevents.Options{Tags: tags, Experiment: &e, Time: at, Replace: true}
}

// tables writes the tables of runs.
func (x *exportFlags) tables(store *runs.Store, names []string, out io.Writer) error {
	if len(x.files) == 0 {
		return nil
	}
	var sources []table.Source
	for _, name := range names {
		run, err := store.Get(name)
		if err != nil {
			return err
		}
		sources = append(sources, run)
	}
	for format, file := range x.files {
		if file == "-" {
			if err := table.Write(out, format, sources...); err != nil {
				return err
			}
			continue
		}
		if err := writeTable(file, format, sources); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		fmt.Fprintln(out, file)
	}
	return nil
}

// writeTable writes a file. If it fails, the half of it is removed.
func writeTable(name string, format table.Format, sources []table.Source) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	err = errors.Join(table.Write(tmp, format, sources...), tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}
