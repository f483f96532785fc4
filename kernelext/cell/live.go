package cell

import (
	"context"
	"fmt"
	"html"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/janpfeifer/gonb/gonbui"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/runs"
)

// live follows trainings: a row of figures that is drawn as they go, and a
// progress bar below it. The row has an output of its own, since of an output
// that is replaced only the last state is saved: what changes ten times a second
// travels with the bar, as a script that draws the row anew, and at the end the
// row is replaced once by its complete figures.
type live struct {
	name string // of the row, and the id of its output
	bar  *Bar
	// sources are the runs that were loaded and then those that train.
	sources []vgrad.Source

	mu    sync.Mutex // of what follows; the bar has its own
	begun []*begun
	shown bool // the row is
}

// begun is a training that is followed; several may be under way.
type begun struct {
	*recording
	steps  int
	follow *runs.Follower // nil: somebody puts the samples
}

// waiting stands where the row will be.
const waiting = "Training: the figure is drawn here."

// follow starts to follow trainings of so many steps in all.
func follow(name string, steps int, loaded []vgrad.Source) *live {
	l := &live{name: gonbui.UniqueId(), sources: loaded}
	if inNotebook() {
		display(l.name, "<p>"+waiting+"</p>", waiting) // above the bar
		go renderer().Warm()
	}
	l.bar = Progress(name, steps)
	return l
}

// begin says that a training begins, and where its run is recorded.
func (l *live) begin(e vgrad.Experiment, f *runs.Follower) *begun {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &begun{&recording{label: e.Name(), of: e}, e.WithDefaults().Steps, f}
	l.begun = append(l.begun, b)
	l.sources = append(l.sources, b.recording)
	return b
}

// watch draws what the runs have recorded, until ctx ends.
func (l *live) watch(ctx context.Context) {
	tick := time.NewTicker(drawEvery / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.read()
		}
	}
}

// read takes what was recorded since it was called last, and draws it if that is
// due. A run that cannot be read is told when it is loaded.
func (l *live) read() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.begun {
		if b.follow != nil {
			_ = b.follow.Read(b)
		}
	}
	l.drawSoon()
}

// drawSoon moves the bar, and draws unless it was drawn just now.
func (l *live) drawSoon() {
	l.bar.mu.Lock()
	defer l.bar.mu.Unlock()
	at, note := 0, ""
	for _, b := range l.begun {
		at += min(b.last()+1, b.steps)
		if 0 <= b.last() && b.last() < b.steps-1 {
			note = b.label + reading(b.recording)
		}
	}
	moved := at > l.bar.at
	l.bar.at = max(at, l.bar.at)
	if since := time.Since(l.bar.drawn); !moved || since < drawEvery || since < 3*drawEvery && l.uneven() {
		return
	}
	if note != "" {
		l.bar.note = note
	}
	l.bar.draw(l.script())
}

// uneven reports whether trainings that go in step stand at different steps: a
// figure best shows the same step of all.
func (l *live) uneven() bool {
	low, high := -1, -1
	for _, b := range l.begun {
		if last := b.last(); 0 <= last && last < b.steps-1 {
			if low < 0 || last < low {
				low = last
			}
			high = max(high, last)
		}
	}
	return low < high
}

// reading is the last loss and accuracy before the end.
func reading(r *recording) string {
	text := ""
	for _, s := range r.steps[len(r.steps)-1].samples {
		switch s.Quantity {
		case vgrad.Loss:
			text += fmt.Sprintf(" · loss %.3f", s.Value)
		case vgrad.TrainAccuracy:
			text += fmt.Sprintf(" · accuracy %.0f %%", 100*s.Value)
		}
	}
	return text
}

// script draws the row anew. The first time it shows the row itself, above the
// bar. What cannot be drawn, as a quantity that is not measured, is not.
func (l *live) script() string {
	if !inNotebook() {
		return ""
	}
	figures := watched(l.sources)
	if len(figures) == 0 {
		return ""
	}
	if !l.shown {
		l.shown = true
		o := options()
		o.Absent = waiting
		if row, err := chart.Row(l.name, figures, o); err == nil {
			display(l.name, string(row), plainOf(figures))
		}
	}
	script, err := chart.Update(l.name, figures)
	if err != nil {
		return ""
	}
	return string(script)
}

// watched are the figures of a training: the loss, and the gradient of every layer.
func watched(sources []vgrad.Source) []*chart.Figure {
	var figures []*chart.Figure
	for _, draw := range []func() (*chart.Figure, error){
		func() (*chart.Figure, error) { return chart.Loss(sources) },
		func() (*chart.Figure, error) { return chart.GradientFlow(sources, vgrad.MeanAbsGrad) },
	} {
		if f, err := draw(); err == nil {
			figures = append(figures, f)
		}
	}
	return figures
}

// end puts the complete figures in the row's place and a line in the bar's.
// A training that failed before its first step leaves no figures.
func (l *live) end(sources []vgrad.Source, line string) {
	figures := watched(sources)
	switch {
	case len(figures) == 0 && inNotebook():
		display(l.name, "<p>"+html.EscapeString(line)+"</p>", line)
	case len(figures) == 0:
	case inNotebook():
		row, err := rowOf("", figures)
		if err != nil { // such as no ECharts: the row stays without its pictures
			line += strings.ReplaceAll("; "+err.Error(), "\n", "; ")
			break
		}
		display(l.name, row, plainOf(figures))
	default:
		write(figures)
	}
	l.bar.mu.Lock()
	defer l.bar.mu.Unlock()
	l.bar.finish(line)
}

// showLoaded shows the figures of runs that were loaded, as they would stand after training.
func showLoaded(sources []vgrad.Source, line string) {
	figures := watched(sources)
	switch {
	case !inNotebook():
		fmt.Fprintln(os.Stderr, line)
	case len(figures) == 0:
		display(gonbui.UniqueId(), "<p>"+html.EscapeString(line)+"</p>", line)
	default:
		row, err := rowOf("", figures)
		if err != nil { // such as no ECharts
			row, line = "", line+strings.ReplaceAll("; "+err.Error(), "\n", "; ")
		}
		display(gonbui.UniqueId(), row+`<p class="vgrad-progress">`+html.EscapeString(line)+"</p>", plainOf(figures)+"\n"+line)
	}
}

// Watch gives the sink that follows one training with a live figure; it is what
// lab.Lab.Watch asks for, where a cell trains a network of its own.
func Watch(e vgrad.Experiment) vgrad.Sink {
	w := &watcher{live: follow(e.Name(), e.WithDefaults().Steps, nil), of: e}
	w.one = w.begin(e, nil)
	return w
}

// watcher ends the live figure with the samples that are measured after the
// last step.
type watcher struct {
	*live
	of  vgrad.Experiment
	one *begun
}

// Begin says what the rows hold.
func (w *watcher) Begin(s vgrad.Schema) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.one.Begin(s)
}

// Put takes the rows of a step.
func (w *watcher) Put(step int, rows []vgrad.Row) error {
	w.mu.Lock()
	err := w.one.Put(step, rows)
	w.drawSoon()
	w.mu.Unlock()
	if step >= w.one.steps && !w.bar.done {
		w.end(w.sources, trained(w.of))
	}
	return err
}

// trained says what was trained, the same whenever it is.
func trained(es ...vgrad.Experiment) string {
	if len(es) == 1 {
		return fmt.Sprintf("Trained %s for %d steps. The run is recorded; the next time it is loaded.", es[0].Name(), es[0].WithDefaults().Steps)
	}
	return fmt.Sprintf("Trained %s. The runs are recorded; the next time they are loaded.", named(es))
}

// loaded says what was found recorded.
func loaded(es []vgrad.Experiment) string {
	if len(es) == 1 {
		return fmt.Sprintf("Loaded %s, recorded earlier: %d steps.", es[0].Name(), es[0].WithDefaults().Steps)
	}
	return fmt.Sprintf("Loaded %s, recorded earlier.", named(es))
}

// named lists experiments, each name once, with their steps.
func named(es []vgrad.Experiment) string {
	var names []string
	steps := map[int]bool{}
	for _, e := range es {
		if name := e.Name(); !slices.Contains(names, name) {
			names = append(names, name)
		}
		steps[e.WithDefaults().Steps] = true
	}
	if len(steps) == 1 {
		return fmt.Sprintf("%s for %d steps each", strings.Join(names, ", "), es[0].WithDefaults().Steps)
	}
	all := slices.Sorted(maps.Keys(steps))
	return fmt.Sprintf("%s for %d to %d steps", strings.Join(names, ", "), all[0], all[len(all)-1])
}
