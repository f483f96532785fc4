package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/tfevents"
)

const tensorboardUsage = `vgrad tensorboard [RUN...]   show the recorded runs, or some of them, in TensorBoard

It writes their event files into the cache and starts tensorboard, which has to be installed
(pip install tensorboard). Runs that are training are followed; Ctrl-C stops it.

Flags:`

// followEvery is how often runs that are training are looked at.
const followEvery = 2 * time.Second

// tensorboardCommand starts TensorBoard on the store.
func tensorboardCommand(ctx context.Context, args []string, std streams) error {
	f := flag.NewFlagSet("tensorboard", flag.ContinueOnError)
	dir := f.String("store", "", "`folder` of the runs (default $VGRAD_RUNS, or the user's data folder)")
	tags := f.String("tags", string(tfevents.ArticleTags), "names of the tags: article or vgrad")
	program := f.String("program", "tensorboard", "the `program` to start")
	port := f.Int("port", 6006, "port")
	f.Usage = func() { fmt.Fprintln(f.Output(), tensorboardUsage); f.PrintDefaults() }
	patterns, err := parse(f, args, std)
	if err != nil {
		return err
	}
	if patterns == nil {
		patterns = []string{"*"}
	}
	path, err := exec.LookPath(*program)
	if err != nil {
		return fmt.Errorf("tensorboard: %w; install it with: pip install tensorboard, or name it with -program", err)
	}
	store, err := runs.Open(*dir)
	if err != nil {
		return err
	}
	cache, err := assets.Cache()
	if err != nil {
		return err
	}
	logdir, err := os.MkdirTemp(cache, "tensorboard-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(logdir)
	m := &mirror{store: store, patterns: patterns, dir: logdir, tags: tfevents.Tags(*tags), runs: map[string]*mirrored{}}
	if err := m.update(); err != nil {
		return errors.Join(err, m.close())
	}
	return errors.Join(m.serve(ctx, exec.CommandContext(ctx, path, "--logdir", logdir, "--port", fmt.Sprint(*port), "--samples_per_plugin", "scalars=100000,histograms=1000"), std), m.close())
}

// serve runs TensorBoard, and follows the runs until it ends.
func (m *mirror) serve(ctx context.Context, cmd *exec.Cmd, std streams) error {
	cmd.Stdout, cmd.Stderr = std.out, std.err
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	fmt.Fprintf(std.err, "vgrad: %d runs in %s\n", len(m.runs), m.dir)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if ctx.Err() != nil {
				return nil // it was stopped
			}
			return err
		case <-tick.C:
			if err := m.update(); err != nil {
				fmt.Fprintln(std.err, "vgrad:", err)
			}
		}
	}
}

// mirror keeps event files of the store's runs.
type mirror struct {
	store    *runs.Store
	patterns []string
	dir      string
	tags     tfevents.Tags
	runs     map[string]*mirrored // by name
}

// mirrored is a run that is followed.
type mirrored struct {
	follower *runs.Follower
	writer   *tfevents.Writer // nil: the run has finished and is written
}

// update writes what the runs have recorded since the last call.
func (m *mirror) update() error {
	names, err := matching(m.store, m.patterns)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, m.follow(name))
	}
	return errors.Join(errs...)
}

// follow writes what a run has recorded since the last call.
func (m *mirror) follow(name string) error {
	r := m.runs[name]
	if r != nil && r.writer == nil {
		return nil
	}
	run, err := m.store.Get(name) // before its rows, so that a run that finishes now is read once more
	if err != nil {
		return err
	}
	if r == nil {
		o := eventOptions(run, m.tags)
		if !run.Finished {
			o.Time = nil // it is training now
		}
		w, err := tfevents.Create(filepath.Join(m.dir, name), o)
		if err != nil {
			return err
		}
		r = &mirrored{follower: m.store.Follow(name), writer: w}
		m.runs[name] = r
	}
	if err := errors.Join(r.follower.Read(r.writer), r.writer.Flush()); err != nil || !run.Finished {
		return err
	}
	w := r.writer
	r.writer = nil
	return w.Close()
}

// close closes the event files.
func (m *mirror) close() error {
	var errs []error
	for _, r := range m.runs {
		if r.writer != nil {
			errs = append(errs, r.writer.Close())
		}
	}
	return errors.Join(errs...)
}
