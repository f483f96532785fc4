package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/article"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/atomicfile"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/engine"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
)

// walkthroughFlags are the flags of the walkthrough.
type walkthroughFlags struct {
	base        vgrad.Experiment // what the scenarios share
	network     string
	fields      []string // of the base, as field=value
	activations string
	seeds       int
	measure     string
	store       string
	backend     string
	fromZero    bool
	out         string
	json        bool
	quiet       bool
	open        bool
	tensorboard string
}

func (w *walkthroughFlags) set(std streams) *flag.FlagSet {
	f := flag.NewFlagSet("walkthrough", flag.ContinueOnError)
	d := vgrad.Defaults()
	e := &w.base
	f.StringVar(&w.network, "network", "", "`family` of the networks: "+strings.Join(vgrad.Families(), ", ")+" (default mlp, the article's);\nother families have their own defaults of -depth, -width and -init")
	f.Func("set", "more `fields` of the experiments by their JSON names, such as \"gate_bias=-1 gain=2\"; may be repeated", func(words string) error {
		w.fields = append(w.fields, strings.Fields(words)...)
		return nil
	})
	f.IntVar(&e.Steps, "steps", d.Steps, "steps of training")
	f.IntVar(&e.Batch, "batch", d.Batch, "examples per step")
	f.IntVar(&e.Depth, "depth", d.Depth, "layers with weights, output included")
	f.IntVar(&e.Width, "width", d.Width, "units of a hidden layer")
	f.Float64Var(&e.LearningRate, "lr", d.LearningRate, "learning rate")
	f.StringVar(&e.Optimizer, "optimizer", d.Optimizer, fmt.Sprintf("one of %v", engine.Optimizers()))
	f.StringVar(&e.Initializer, "init", d.Initializer, "initializer of the weights, such as glorot_uniform or orthogonal")
	e.Data = d.Data
	f.Var(dataFlag{&e.Data}, "data", dataUsage)
	f.Uint64Var(&e.Seed, "seed", 0, "first seed")
	f.StringVar(&w.activations, "activations", "sigmoid,relu,leaky_relu", "scenarios, separated by commas")
	f.StringVar(&w.measure, "measure", "all", "`quantities` to record beside loss and accuracy, separated by commas; the page needs all,\nso any other list needs -json")
	f.IntVar(&w.seeds, "seeds", 1, "repeat with this many seeds and report median and 10-90 % spread")
	f.StringVar(&w.store, "store", "", "folder of the runs (default $VGRAD_RUNS, or the user's data folder)")
	f.StringVar(&w.backend, "backend", "", "xla or go (default $GOMLX_BACKEND, or what is at hand)")
	f.BoolVar(&w.fromZero, "from-zero", false, "train interrupted runs from step 0 instead of where they stopped")
	f.StringVar(&w.out, "out", "", "file of the page (default report.html; none with -json)")
	f.BoolVar(&w.json, "json", false, "print one JSON array to standard output and nothing else")
	f.BoolVar(&w.quiet, "quiet", false, "no Iteration lines and no progress")
	f.StringVar(&w.tensorboard, "tensorboard", "", "`folder` of event files for TensorBoard, written while the networks train, one folder a run\n(default none; vgrad export writes those of recorded runs)")
	f.BoolVar(&w.open, "open", true, "open the page in a browser, where there is one")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "vgrad walkthrough trains the article's three networks on MNIST, or loads them if they are\nrecorded. It writes a page with the article's figures and a verdict on each of its claims. Flags\nchange the networks and their training.\n\nFlags:")
		f.PrintDefaults()
	}
	return f
}

// check reports wrong flags. Among them are values such as 0, which in an Experiment stand
// for the default.
func (w *walkthroughFlags) check(f *flag.FlagSet) error {
	var wrong []error
	f.Visit(func(fl *flag.Flag) {
		switch fl.Name {
		case "steps", "batch", "depth", "width", "lr", "seeds":
			if fl.Value.String() == "0" {
				wrong = append(wrong, fmt.Errorf("-%s is 0; it must be above 0", fl.Name))
			}
		case "optimizer", "init", "data", "activations":
			if fl.Value.String() == "" {
				wrong = append(wrong, fmt.Errorf("-%s is empty", fl.Name))
			} else if len(words(fl.Value.String())) == 0 {
				wrong = append(wrong, fmt.Errorf("-%s is %q; it must be at least one name", fl.Name, fl.Value))
			}
		}
	})
	if w.seeds < 0 {
		wrong = append(wrong, fmt.Errorf("-seeds is %d; it must be above 0", w.seeds))
	}
	if w.network != "" && !slices.Contains(vgrad.Families(), w.network) {
		wrong = append(wrong, fmt.Errorf("-network is %q; the families are %s", w.network, strings.Join(vgrad.Families(), ", ")))
	}
	return errors.Join(append(wrong, w.checkFields(f), knownBackend(w.backend))...)
}

// flagOf maps a field to its flag if they have different names.
var flagOf = map[string]string{"learning_rate": "lr", "initializer": "init", "activation": "activations"}

// checkFields reports words of -set that are not field=value, and fields that a flag sets
// as well. -activations and -network always set their fields; other flags do if they are
// given.
func (w *walkthroughFlags) checkFields(f *flag.FlagSet) error {
	given := map[string]bool{"activations": true, "network": true}
	f.Visit(func(fl *flag.Flag) { given[fl.Name] = true })
	var wrong []error
	for _, word := range w.fields {
		name, _, ok := strings.Cut(word, "=")
		switch by := cmp.Or(flagOf[name], name); {
		case !ok:
			wrong = append(wrong, fmt.Errorf("-set has %q; it takes field=value", word))
		case name == "label":
			wrong = append(wrong, errors.New("-set has label; the scenarios have the names of their activations"))
		case given[by]:
			wrong = append(wrong, fmt.Errorf("-set has %s, which -%s sets", name, by))
		}
	}
	return errors.Join(wrong...)
}

// vary applies -network and -set to the base. Another family does not use the article's
// defaults of -depth, -width and -init, only values that were given.
func (w *walkthroughFlags) vary(f *flag.FlagSet) error {
	var changes []string
	if w.network != "" {
		changes = append(changes, "network="+w.network)
		own := w.base
		w.base.Depth, w.base.Width, w.base.Initializer = 0, 0, ""
		f.Visit(func(fl *flag.Flag) {
			switch fl.Name {
			case "depth":
				changes = append(changes, fmt.Sprintf("depth=%d", own.Depth))
			case "width":
				changes = append(changes, fmt.Sprintf("width=%d", own.Width))
			case "init":
				changes = append(changes, "initializer="+own.Initializer)
			}
		})
	}
	changes = append(changes, w.fields...)
	if len(changes) == 0 {
		return nil
	}
	var err error
	w.base, err = w.base.Vary(strings.Join(changes, " "))
	return err
}

// experiments returns one experiment per activation and seed, with the activation as label.
func (w *walkthroughFlags) experiments() ([]vgrad.Experiment, error) {
	var es []vgrad.Experiment
	for _, activation := range words(w.activations) {
		e, err := w.base.Vary("activation=" + activation)
		if err != nil {
			return nil, err
		}
		e.Label = activation
		for range w.seeds {
			es = append(es, e)
			e.Seed++
		}
	}
	return es, nil
}

func walkthrough(ctx context.Context, args []string, std streams) error {
	var w walkthroughFlags
	f := w.set(std)
	rest, err := parse(f, args, std)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usageError{fmt.Errorf("walkthrough takes no arguments, only flags; got %q", rest)}
	}
	if err := w.check(f); err != nil {
		return err
	}
	if err := w.vary(f); err != nil {
		return err
	}
	if w.measure != "all" {
		if !w.json || w.out != "" {
			return usageError{errors.New("walkthrough: the page needs all quantities; -measure goes with -json, and without -out")}
		}
		m := &w.base.Measure
		var histograms bool
		if m.Quantities, histograms, err = quantities(w.measure); err != nil {
			return err
		}
		if !histograms {
			m.HistogramEvery = -1
		}
	}
	if w.out == "" && !w.json {
		w.out = "report.html"
	}
	return w.run(ctx, std)
}

func (w *walkthroughFlags) run(ctx context.Context, std streams) error {
	start := time.Now()
	if err := writable(w.out); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	store, err := runs.Open(w.store)
	if err != nil {
		return err
	}
	lines := std.out
	if w.json {
		lines = std.err
	}
	es, err := w.experiments()
	if err != nil {
		return err
	}
	missing, err := store.Missing(es...)
	if err != nil {
		return err
	}
	p := &progress{quiet: w.quiet, lines: lines, std: std, total: len(missing) * w.base.WithDefaults().Steps}
	drawing := startRenderer(ctx, w.out != "", p.say)
	l := &lab.Lab{Store: store, Backend: w.backend, Say: p.say, Watch: p.watch, FromZero: w.fromZero}
	defer l.Close()
	events := &eventFiles{dir: w.tensorboard, say: p.say}
	if w.tensorboard != "" {
		l.Watch = events.beside(p.watch)
	}
	c, err := l.All(ctx, es...)
	p.close()
	err = errors.Join(err, events.close())
	if err != nil {
		return err
	}
	if w.json {
		if err := printJSON(std.out, c); err != nil {
			return err
		}
	}
	if w.out == "" {
		return nil
	}
	if err := w.report(c, drawing()); err != nil {
		return err
	}
	return w.tell(c, lines, std, time.Since(start))
}

// writable returns an error if a page cannot be written to path. Commands call it before
// the work. The path "" stands for no page.
func writable(path string) error {
	if path == "" {
		return nil
	}
	if err := atomicfile.Check(path); err != nil {
		return fmt.Errorf("the page %q cannot be written: %w", path, err)
	}
	return nil
}

// writePage writes a page. If it fails, an old page stays.
func writePage(path string, html []byte) error {
	if err := atomicfile.Write(path, html); err != nil {
		return fmt.Errorf("write the page %q: %w", path, err)
	}
	return nil
}

// startRenderer loads ECharts and starts the renderer while the networks train. The
// function it returns waits for both.
func startRenderer(ctx context.Context, wanted bool, say func(string)) func() page.Options {
	done := make(chan page.Options, 1)
	go func() {
		var o page.Options
		defer func() { done <- o }()
		if !wanted {
			return
		}
		js, err := assets.ECharts(assets.Tell(ctx, say))
		if err != nil {
			say(fmt.Sprintf("the page will have tables but no figures: %v", err))
			return
		}
		if o.Renderer, err = chart.NewRenderer(js); err != nil {
			say(fmt.Sprintf("the page will have no static pictures: %v", err))
		}
		o.ECharts = js
	}()
	return func() page.Options { return <-done }
}

func printJSON(w io.Writer, c runs.Comparison) error {
	outcomes, err := article.Outcomes(c.Runs())
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(outcomes)
}

// report writes the page. If it fails, an old page stays.
func (w *walkthroughFlags) report(c runs.Comparison, o page.Options) error {
	var html bytes.Buffer
	if err := article.Report(&html, c, o); err != nil {
		return err
	}
	return writePage(w.out, html.Bytes())
}

// tell prints the verdicts on the claims and the path of the page.
func (w *walkthroughFlags) tell(c runs.Comparison, to io.Writer, std streams, took time.Duration) error {
	claims, err := article.Judge(c.Runs())
	if err != nil {
		return err
	}
	if !w.quiet {
		for _, claim := range claims {
			fmt.Fprintf(to, "%s %s\n    %s: %s\n", claim.Verdict.Sign(), claim.Said, claim.Verdict, claim.Measured)
		}
	}
	path, err := filepath.Abs(w.out)
	if err != nil {
		return err
	}
	fmt.Fprintf(to, "page: %s (%.1f s in all)\n", path, took.Seconds())
	if w.open && std.tty && !w.json {
		openBrowser(path)
	}
	return nil
}
