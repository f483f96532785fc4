package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/diagnose"
	"github.com/vgrad/lab/vgrad/runs"
)

const runsUsage = `vgrad runs [list]            list the recorded runs
vgrad runs show NAME...      show experiment, last values and findings; -json: as JSON; -csv: all values
vgrad runs delete NAME...    delete runs
vgrad runs merge FOLDER...   copy the finished runs of other stores into this one

NAME is a run's name, or the beginning of its name or hash if only one run matches.
-store FOLDER names the store (default $VGRAD_RUNS, or the user's data folder).`

// runsCommand lists, shows, deletes and merges recorded runs.
func runsCommand(ctx context.Context, args []string, std streams) error {
	what := "list"
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		what, args = args[0], args[1:]
	}
	f := flag.NewFlagSet("runs "+what, flag.ContinueOnError)
	f.Usage = func() { fmt.Fprintln(f.Output(), runsUsage) }
	dir := f.String("store", "", "")
	csv, asJSON := f.Bool("csv", false, ""), f.Bool("json", false, "")
	names, err := parse(f, args, std)
	if err != nil {
		return err
	}
	act, ok := map[string]func(*runs.Store) error{
		"list":   func(s *runs.Store) error { return listRuns(s, std.out, *asJSON) },
		"show":   func(s *runs.Store) error { return showRuns(s, names, std.out, *csv, *asJSON) },
		"delete": func(s *runs.Store) error { return deleteRuns(s, names, std.out) },
		"merge":  func(s *runs.Store) error { return mergeRuns(ctx, s, names, std) },
	}[what]
	switch {
	case !ok:
		return usageError{fmt.Errorf("runs: there is no %q; say list, show, delete or merge", what)}
	case what == "list" && len(names) > 0:
		return usageError{fmt.Errorf("runs list takes no names; got %q", names)}
	case what == "merge" && len(names) == 0:
		return usageError{errors.New("runs merge: say which folders to merge")}
	case what != "list" && len(names) == 0:
		return usageError{fmt.Errorf("runs %s: say which run; vgrad runs lists them", what)}
	}
	if what != "merge" && *dir != "" { // else a mistyped name would look like an empty store
		if _, err := os.Stat(*dir); err != nil {
			return fmt.Errorf("runs: -store is %q; there is no such folder: %w", *dir, err)
		}
	}
	store, err := runs.Open(*dir)
	if err != nil {
		return err
	}
	return act(store)
}

func listRuns(s *runs.Store, out io.Writer, asJSON bool) error {
	entries, err := s.List()
	if err != nil {
		return err
	}
	if asJSON {
		return listJSON(out, entries)
	}
	if len(entries) == 0 {
		_, err := fmt.Fprintf(out, "no runs in %s\n", s.Dir())
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tSTATE\tBACKEND\tSECONDS\tSTARTED")
	for _, e := range entries {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.2f\t%s\n", e.Name, state(e), e.Provenance.Backend, e.Provenance.Seconds, e.Provenance.Started.Local().Format("2006-01-02 15:04"))
	}
	return t.Flush()
}

// state describes the state of a run in a word.
func state(e runs.Entry) string {
	switch {
	case e.Problem != nil:
		return "broken: " + e.Problem.Error()
	case e.Running:
		return "running"
	case e.Finished:
		return "finished"
	}
	return "unfinished"
}

func listJSON(out io.Writer, entries []runs.Entry) error {
	type line struct {
		Name       string           `json:"name"`
		State      string           `json:"state"`
		Experiment vgrad.Experiment `json:"experiment"`
		Provenance runs.Provenance  `json:"provenance"`
	}
	lines := []line{}
	for _, e := range entries {
		lines = append(lines, line{e.Name, state(e), e.Experiment, e.Provenance})
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(lines)
}

func showRuns(s *runs.Store, names []string, out io.Writer, csv, asJSON bool) error {
	for _, name := range names {
		run, err := s.Get(name)
		if err != nil {
			return err
		}
		switch {
		case csv:
			err = run.WriteCSV(out)
		case asJSON:
			err = runJSON(out, run)
		default:
			err = describe(out, run)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// runJSON prints a run and its findings as JSON. A program that finds no findings there can
// read in not_found and not_judged which rules were applied.
func runJSON(out io.Writer, run *runs.Run) error {
	r := diagnose.Of(run)
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Name       string           `json:"name"`
		Finished   bool             `json:"finished"`
		LastStep   int              `json:"last_step"`
		Experiment vgrad.Experiment `json:"experiment"`
		Provenance runs.Provenance  `json:"provenance"`
		Sites      []vgrad.Site     `json:"sites"`

		Findings []diagnose.Finding  `json:"findings"`
		Notes    []diagnose.Finding  `json:"notes"`
		Silent   []string            `json:"not_found"`
		Unjudged []diagnose.Unjudged `json:"not_judged"`
	}{run.Name, run.Finished, run.LastStep, run.Experiment.WithDefaults(), run.Provenance, run.Sites(), r.Findings, r.Notes, r.Silent, r.Unjudged})
}

// describe prints a run as a small table with the last values of each quantity, one line
// per quantity, and the findings.
func describe(out io.Writer, run *runs.Run) error {
	text, err := json.Marshal(run.Experiment.WithDefaults())
	if err != nil {
		return err
	}
	status := fmt.Sprintf("unfinished, up to step %d", run.LastStep)
	if run.Finished {
		status = fmt.Sprintf("finished in %.2f s", run.Provenance.Seconds)
	}
	fmt.Fprintf(out, "%s: %s on %s\n%s\n", run.Name, status, run.Provenance.Backend, text)
	if run.Truncated != "" {
		fmt.Fprintln(out, run.Truncated)
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, q := range vgrad.Quantities() {
		info, err := q.Info()
		if err != nil || info.Histogram {
			continue
		}
		fmt.Fprintf(t, "%s", info.Title)
		for layer := 0; layer <= vgrad.Depth(run); layer++ {
			if v, ok := run.Value(q, layer); ok {
				fmt.Fprintf(t, "\t%.4g", v)
			}
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, diagnose.Of(run))
	return err
}

func deleteRuns(s *runs.Store, names []string, out io.Writer) error {
	var errs []error
	for _, name := range names {
		run, err := s.Get(name)
		if err == nil {
			name = run.Name
		}
		if err := s.Delete(name); err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintf(out, "deleted %s\n", name)
	}
	return errors.Join(errs...)
}

// mergeRuns merges as many of the other stores as it can, and names the runs that were left
// out. A run that cannot be read is an error; a run that is not finished is not.
func mergeRuns(ctx context.Context, s *runs.Store, folders []string, std streams) error {
	var errs []error
	for _, folder := range folders {
		m, err := s.Merge(ctx, folder)
		errs = append(errs, err)
		if err != nil && len(m.Added)+m.Known+len(m.Left) == 0 {
			continue
		}
		for _, l := range m.Left {
			fmt.Fprintf(std.err, "vgrad: left out %s: %v\n", l.Name, l.Why)
		}
		if n := len(m.Damaged()); n > 0 {
			errs = append(errs, fmt.Errorf("runs merge %s: %d runs cannot be read and are left out", folder, n))
		}
		fmt.Fprintf(std.out, "%s: %d runs added, %d were here, %d left out\n", folder, len(m.Added), m.Known, len(m.Left))
	}
	return errors.Join(errs...)
}
