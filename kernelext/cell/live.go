package cell

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"github.com/janpfeifer/gonb/gonbui"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
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
	begun   []begun
	shown   bool // the row is
}

// begun is a training that is followed; several may be under way.
type begun struct {
	*recording
	steps int
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

// begin says that a training begins.
func (l *live) begin(e vgrad.Experiment) {
	b := begun{&recording{label: e.Name()}, e.WithDefaults().Steps}
	l.begun = append(l.begun, b)
	l.sources = append(l.sources, b.recording)
}

// put takes the samples of a step of the run that was the run-th to begin, from 0.
func (l *live) put(run, step int, samples []vgrad.Sample) error {
	b := l.begun[run]
	if err := b.Put(step, samples); err != nil {
		return err
	}
	if step >= b.steps {
		return nil // measured after the last step
	}
	l.bar.mu.Lock()
	defer l.bar.mu.Unlock()
	l.bar.at++
	if since := time.Since(l.bar.drawn); since < drawEvery || since < 3*drawEvery && l.ahead(b) {
		return nil
	}
	l.bar.note = b.label + reading(samples)
	l.bar.draw(l.script())
	return nil
}

// ahead reports whether another training has yet to reach the step of this one:
// of those that go in step, a figure best shows the same step.
func (l *live) ahead(b begun) bool {
	return slices.ContainsFunc(l.begun, func(o begun) bool {
		return 0 <= o.last() && o.last() < min(b.last(), o.steps-1)
	})
}

// reading is the loss and the accuracy among samples.
func reading(samples []vgrad.Sample) string {
	text := ""
	for _, s := range samples {
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

// Watch gives the sink that follows one training with a live figure; it is what
// lab.Lab.Watch asks for, where a cell trains a network of its own.
func Watch(e vgrad.Experiment) vgrad.Sink {
	steps := e.WithDefaults().Steps
	w := &watcher{follow(e.Name(), steps, nil), steps}
	w.begin(e)
	return w
}

// watcher ends the live figure with the samples that are measured after the
// last step.
type watcher struct {
	*live
	steps int
}

// Put takes the samples of a step.
func (w *watcher) Put(step int, samples []vgrad.Sample) error {
	err := w.put(0, step, samples)
	if step >= w.steps && !w.bar.done {
		w.end(w.sources, trained(w.steps, w.begun[0].label))
	}
	return err
}

// trained says what was trained, the same whenever it is.
func trained(steps int, labels ...string) string {
	if len(labels) == 1 {
		return fmt.Sprintf("Trained %s for %d steps. The run is recorded; the next time it is loaded.", labels[0], steps)
	}
	return fmt.Sprintf("Trained %s for %d steps each. The runs are recorded; the next time they are loaded.", strings.Join(labels, ", "), steps)
}
