package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/engine"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/sweep"
)

var sweepUsage = `vgrad sweep FIELD=VALUES...   train or load every combination, and compare over seeds

  vgrad sweep depth=2,6,12 activation=sigmoid,relu seed=0..9
  vgrad sweep depth=2..20 sigmoid,tanh seed=0..9 steps=500 -out sweep.html

FIELD is the JSON name of a field of an experiment. VALUES is a comma-separated list;
for whole numbers it may have ranges, which include both ends. A word without = lists
activations. A single value sets the field for all runs. The networks are ` + strings.Join(vgrad.Families(), ", ") + `.
If a sweep is interrupted, the same command continues it. Several processes with the
same command and store share the work. A sweep ends with a table over seeds.

Flags:`

// sweepFlags are the flags of a sweep.
type sweepFlags struct {
	sweep    vgrad.Sweep
	shard    string
	steps    int
	measure  string
	every    int
	store    string
	backend  string
	fromZero bool
	out      string
	json     bool
	quiet    bool
	dry      bool
}

func (w *sweepFlags) set() *flag.FlagSet {
	f := flag.NewFlagSet("sweep", flag.ContinueOnError)
	f.StringVar(&w.shard, "shard", "", "run part `I/N` of the sweep: I of N machines, from 1/N to N/N")
	f.IntVar(&w.steps, "steps", 0, "steps of training, like steps=`N` (default 2500)")
	f.Var(dataFlag{&w.sweep.Base.Data}, "data", dataUsage)
	f.StringVar(&w.measure, "measure", string(vgrad.MeanAbsGrad), "`quantities` to record beside loss and accuracy, separated by commas, or all;\nmean_abs_grad, which the table and the figures need, is always among them")
	f.IntVar(&w.every, "every", 0, "record every `N`th step (default 10, with -measure all 1)")
	f.StringVar(&w.store, "runs", "", "`folder` of the runs (default $VGRAD_RUNS, or the user's data folder)")
	f.StringVar(&w.store, "store", "", "same as -runs")
	f.StringVar(&w.backend, "backend", "", "xla or go (default $GOMLX_BACKEND, or what is at hand)")
	f.BoolVar(&w.fromZero, "from-zero", false, "train interrupted runs from step 0 instead of where they stopped")
	f.StringVar(&w.out, "out", "", "`file` of a page with the figures (default none)")
	f.BoolVar(&w.json, "json", false, "print one JSON array to standard output, an object a run, and nothing else")
	f.BoolVar(&w.quiet, "quiet", false, "no progress")
	f.BoolVar(&w.dry, "n", false, "train nothing: say how many runs there are, how many are recorded, and how large")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), sweepUsage)
		f.PrintDefaults()
	}
	return f
}

func sweepCommand(ctx context.Context, args []string, std streams) error {
	var w sweepFlags
	f := w.set()
	over, err := parse(f, args, std)
	if err != nil {
		return err
	}
	if len(over) == 0 {
		return usageError{errors.New("sweep: name the fields and their values, such as depth=2,6,12 seed=0..9")}
	}
	w.sweep.Over = over
	if err := w.base(f); err != nil {
		return err
	}
	es, err := w.experiments()
	if err != nil {
		return err
	}
	if err := writable(w.out); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	store, err := runs.Open(w.store)
	if err != nil {
		return err
	}
	if w.dry {
		return w.plan(std, store, es)
	}
	return w.run(ctx, std, store, es)
}

// base sets what the experiments share from the flags.
func (w *sweepFlags) base(f *flag.FlagSet) error {
	var wrong []error
	f.Visit(func(fl *flag.Flag) {
		if value := fl.Value.String(); (fl.Name == "steps" || fl.Name == "every") && value == "0" {
			wrong = append(wrong, fmt.Errorf("-%s is 0; it must be above 0", fl.Name))
		}
	})
	wrong = append(wrong, knownBackend(w.backend))
	b := &w.sweep.Base
	b.Steps = w.steps
	if w.measure == "all" {
		b.Measure.Every = w.every
		return errors.Join(wrong...)
	}
	b.Measure = vgrad.SweepMeasure()
	if w.every != 0 {
		b.Measure.Every = w.every
	}
	also, histograms, err := quantities(w.measure)
	wrong = append(wrong, err)
	for _, q := range also {
		if !slices.Contains(b.Measure.Quantities, q) {
			b.Measure.Quantities = append(b.Measure.Quantities, q)
		}
	}
	if histograms {
		b.Measure.HistogramEvery = 0
	}
	return errors.Join(wrong...)
}

// quantities reads a comma-separated list of quantities, and reports whether any of them is
// a histogram.
func quantities(list string) (qs []vgrad.Quantity, histograms bool, err error) {
	var wrong []error
	for _, name := range words(list) {
		q := vgrad.Quantity(name)
		info, err := q.Info()
		if err != nil {
			wrong = append(wrong, fmt.Errorf("-measure: %w", err))
		}
		qs, histograms = append(qs, q), histograms || info.Histogram
	}
	return qs, histograms, errors.Join(wrong...)
}

// experiments returns the experiments of the sweep, or of its shard.
func (w *sweepFlags) experiments() ([]vgrad.Experiment, error) {
	if w.shard == "" {
		return w.sweep.Experiments()
	}
	i, n, ok := strings.Cut(w.shard, "/")
	part, err := strconv.Atoi(i)
	of, err2 := strconv.Atoi(n)
	if !ok || err != nil || err2 != nil {
		return nil, usageError{fmt.Errorf("sweep: -shard is %q; it must be I/N, such as 3/8", w.shard)}
	}
	return w.sweep.Shard(part, of)
}

// plan is the size of a sweep before it runs.
type plan struct {
	Sweep    int   `json:"sweep"`    // runs of the whole sweep
	Runs     int   `json:"runs"`     // of this shard
	Recorded int   `json:"recorded"` // how many of Runs are recorded
	Programs int   `json:"programs"` // to compile for the other runs
	Bytes    int64 `json:"bytes"`    // estimated size of the other runs
}

// plan prints the size of the sweep.
func (w *sweepFlags) plan(std streams, store *runs.Store, es []vgrad.Experiment) error {
	all, err := w.sweep.Experiments()
	if err != nil {
		return err
	}
	if err := (&lab.Lab{}).CheckSweep(es); err != nil {
		return err
	}
	missing, err := store.Missing(es...)
	if err != nil {
		return err
	}
	p := plan{Sweep: len(all), Runs: len(es), Recorded: len(es) - len(missing)}
	programs := map[string]bool{}
	for _, e := range missing {
		programs[engine.Key(e)] = true
		p.Bytes += runs.Estimate(e)
	}
	if p.Programs = len(programs); w.json {
		return json.NewEncoder(std.out).Encode(p)
	}
	shard := ""
	if w.shard != "" {
		shard = fmt.Sprintf(", %d of them in shard %s", p.Runs, w.shard)
	}
	_, err = fmt.Fprintf(std.out, "%d runs%s: %d recorded, %d to train as lanes of %d programs, about %s in %s\n",
		p.Sweep, shard, p.Recorded, len(missing), p.Programs, size(p.Bytes), store.Dir())
	return err
}

// size formats a number of bytes.
func size(bytes int64) string {
	if bytes < 1e6 {
		return fmt.Sprintf("%.0f kB", float64(bytes)/1e3)
	}
	if bytes < 1e9 {
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
}

func (w *sweepFlags) run(ctx context.Context, std streams, store *runs.Store, es []vgrad.Experiment) error {
	line := &sweepLine{quiet: w.quiet, std: std}
	if len(es) == 0 {
		line.say("shard " + w.shard + " has no runs: there are more shards than work")
	}
	drawing := startRenderer(ctx, w.out != "", line.say)
	l := &lab.Lab{Store: store, Backend: w.backend, Say: line.say, FromZero: w.fromZero}
	defer l.Close()
	stop := line.tick()
	err := l.Sweep(ctx, es, line.tell)
	stop()
	line.close()
	if err != nil {
		return err
	}
	r, err := sweep.Read(ctx, store, w.sweep, es)
	if err != nil {
		return err
	}
	if w.json {
		enc := json.NewEncoder(std.out)
		enc.SetIndent("", "  ")
		err = enc.Encode(r.Outcomes())
	} else if len(r.Runs) > 0 {
		err = printTable(std.out, r.Table())
	}
	if err != nil || w.out == "" || len(es) == 0 {
		return err
	}
	return w.page(r, drawing())
}

// page writes the page. If it fails, an old page stays.
func (w *sweepFlags) page(r *sweep.Result, o page.Options) error {
	p, err := r.Page()
	if err != nil {
		return err
	}
	var html bytes.Buffer
	if err := p.Write(&html, o); err != nil {
		return err
	}
	return writePage(w.out, html.Bytes())
}

// printTable prints a table in aligned columns.
func printTable(w io.Writer, t page.Table) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.Columns}, t.Rows...) {
		fmt.Fprintln(tab, strings.Join(row, "\t"))
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, t.Caption)
	return err
}
