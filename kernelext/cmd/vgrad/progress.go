package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/schollz/progressbar/v3"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/article"
)

// progress shows the progress of a walkthrough: the article's lines, and, if standard error
// is a terminal, a bar with the loss, the accuracy and the time left.
type progress struct {
	quiet bool
	lines io.Writer // of the article's lines
	std   streams
	total int // steps of all runs

	mu  sync.Mutex // guards the bar and all writing; several goroutines write
	bar *progressbar.ProgressBar
}

// say prints a notice above the bar.
func (p *progress) say(line string) {
	p.above(func() { fmt.Fprintln(p.std.err, "vgrad: "+line) })
}

// above removes the bar from the terminal and prints; the bar's next move draws it again.
func (p *progress) above(print func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Clear()
	}
	print()
}

// watch returns the sink of one run; nil if quiet.
func (p *progress) watch(e vgrad.Experiment) vgrad.Sink {
	if p.quiet {
		return nil
	}
	e = e.WithDefaults()
	p.begin()
	p.above(func() { fmt.Fprintf(p.lines, "Running scenario: %s%s\n", e.Name(), seedNote(e)) })
	w := &watcher{progress: p, name: e.Name(), lines: article.Lines{W: p.lines, Steps: e.Steps, Name: e.Name() + seedNote(e)}}
	return vgrad.OnStep(w.put)
}

// begin shows the bar on a terminal.
func (p *progress) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar == nil && p.std.tty {
		p.bar = progressbar.NewOptions(p.total, progressbar.OptionSetWriter(p.std.err),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetWidth(24),
			progressbar.OptionThrottle(100e6), progressbar.OptionClearOnFinish(),
			progressbar.OptionShowCount(), progressbar.OptionSetElapsedTime(true))
	}
}

func seedNote(e vgrad.Experiment) string {
	if e.Seed == 0 {
		return ""
	}
	return fmt.Sprintf(" (seed %d)", e.Seed)
}

// close removes the bar.
func (p *progress) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Finish()
	}
}

// watcher follows one run.
type watcher struct {
	*progress
	name  string
	lines article.Lines
}

// put moves the bar, and prints the article's line at the steps that have one.
func (w *watcher) put(step int, samples []vgrad.Sample) (err error) {
	if step%article.SummaryEvery == 0 {
		w.above(func() { err = w.lines.Print(step, samples) })
	}
	if err != nil || step >= w.lines.Steps {
		return err
	}
	return w.move(step, samples)
}

// move moves the bar by a step, and shows the loss and accuracy of every tenth.
func (w *watcher) move(step int, samples []vgrad.Sample) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bar == nil {
		return nil
	}
	if step%10 == 0 {
		var loss, accuracy float64
		for _, s := range samples {
			switch s.Quantity {
			case vgrad.Loss:
				loss = s.Value
			case vgrad.TrainAccuracy:
				accuracy = s.Value
			}
		}
		w.bar.Describe(fmt.Sprintf("%s  loss %.3f  accuracy %.0f%%", w.name, loss, 100*accuracy))
	}
	return w.bar.Add(1)
}
