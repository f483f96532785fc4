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

// live is the live figure of one or several trainings: a row of figures with a progress
// bar below it. The row and the bar are separate outputs. Redraws go to the bar's output,
// up to ten times a second, as a script that updates the row. At the end the row's output
// is replaced once, by the complete figures. A notebook saves only the last state of a
// replaced output, so a script in the row's own output would replace the figures there.
type live struct {
	name string // of the row, and the id of its output
	bar  *Bar
	// sources are the runs that were loaded, then those that train.
	sources []vgrad.Source

	mu        sync.Mutex // guards the fields below; the bar has its own
	trainings []*training
	shown     bool // the row has been shown
}

// training is a training that the figure follows; several may run at once.
type training struct {
	*recording
	steps  int
	follow *runs.Follower // reads the run from the store; nil: the samples arrive by Put
	live   *live

	from      int    // the step at which the training goes on; 0: it starts there
	continued string // says so
}

// waiting is the text in the row's place before its first figures.
const waiting = "Training: the figure is drawn here."

// follow shows the figure for trainings of steps steps in total.
func follow(name string, steps int, loaded []vgrad.Source) *live {
	l := &live{name: gonbui.UniqueId(), sources: loaded}
	if inNotebook() {
		display(l.name, "<p>"+waiting+"</p>", waiting) // above the bar
		go renderer().Warm()
	}
	l.bar = Progress(name, steps)
	return l
}

// begin adds a training to the figure. f reads its samples from the run store; nil if
// they arrive by Put.
func (l *live) begin(e vgrad.Experiment, f *runs.Follower) *training {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := &training{recording: &recording{label: e.Name(), of: e}, steps: e.WithDefaults().Steps, follow: f, live: l}
	l.trainings = append(l.trainings, t)
	l.sources = append(l.sources, t.recording)
	return t
}

// goesOn tells the figure that the training was interrupted before and goes on at a step.
func (t *training) goesOn(from int, continued string) {
	t.live.mu.Lock()
	defer t.live.mu.Unlock()
	t.from, t.continued = from, continued
}

// watch reads and draws what the runs have recorded, until ctx ends.
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

// read takes the samples that were recorded since the last call, and draws them if a
// redraw is due. Its read errors are ignored: loading the run afterwards reports them.
func (l *live) read() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.trainings {
		if t.follow != nil {
			_ = t.follow.Read(t)
		}
	}
	l.drawSoon()
}

// drawSoon moves the bar, and redraws unless the last redraw was less than drawEvery ago.
func (l *live) drawSoon() {
	l.bar.mu.Lock()
	defer l.bar.mu.Unlock()
	at, from, note := 0, 0, ""
	for _, t := range l.trainings {
		at += min(t.last()+1, t.steps)
		from += min(t.last()+1, t.from)
		if 0 <= t.last() && t.last() < t.steps-1 {
			note = t.label + lossAndAccuracy(t.recording)
			if t.continued != "" {
				note += " · " + t.continued
			}
		}
	}
	l.bar.from = from
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

// uneven reports whether the running trainings are at different steps. The redraw then
// waits up to three times as long, because a figure compares best at equal steps.
func (l *live) uneven() bool {
	low, high := -1, -1
	for _, t := range l.trainings {
		if last := t.last(); 0 <= last && last < t.steps-1 {
			if low < 0 || last < low {
				low = last
			}
			high = max(high, last)
		}
	}
	return low < high
}

// lossAndAccuracy formats the loss and training accuracy of the last step.
func lossAndAccuracy(r *recording) string {
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

// script returns the script that redraws the row. The first call also shows the row,
// above the bar. A figure whose quantity is not measured is left out.
func (l *live) script() string {
	if !inNotebook() {
		return ""
	}
	figures := trainingFigures(l.sources)
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

// trainingFigures returns the figures of a training: the loss, and the gradient of every
// layer.
func trainingFigures(sources []vgrad.Source) []*chart.Figure {
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

// end replaces the row by the complete figures and the bar by a line of text. A training
// that failed before its first step has no figures.
func (l *live) end(sources []vgrad.Source, line string) {
	figures := trainingFigures(sources)
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

// showLoaded shows the figures of runs that were loaded, as they are after training.
func showLoaded(sources []vgrad.Source, line string) {
	figures := trainingFigures(sources)
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

// Watch returns a sink that follows one training with a live figure. It has the type of
// lab.Lab.Watch, for a cell that trains with package lab itself.
func Watch(e vgrad.Experiment) vgrad.Sink {
	w := &watcher{live: follow(e.Name(), e.WithDefaults().Steps, nil), of: e}
	w.one = w.begin(e, nil)
	return w
}

// watcher is the sink of [Watch]. It ends the live figure when the samples arrive that
// are measured after the last step.
type watcher struct {
	*live
	of  vgrad.Experiment
	one *training
}

// Begin takes the schema of the rows that follow.
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
		w.end(w.sources, trainedLine(w.of))
	}
	return err
}

// trainedLine says which experiments were trained. It contains no times, so that a
// notebook that is executed again has the same text.
func trainedLine(es ...vgrad.Experiment) string {
	if len(es) == 1 {
		return fmt.Sprintf("Trained %s for %d steps. The run is recorded; the next time it is loaded.", es[0].Name(), es[0].WithDefaults().Steps)
	}
	return fmt.Sprintf("Trained %s. The runs are recorded; the next time they are loaded.", namesAndSteps(es))
}

// loadedLine says which recorded runs were loaded.
func loadedLine(es []vgrad.Experiment) string {
	if len(es) == 1 {
		return fmt.Sprintf("Loaded %s, recorded earlier: %d steps.", es[0].Name(), es[0].WithDefaults().Steps)
	}
	return fmt.Sprintf("Loaded %s, recorded earlier.", namesAndSteps(es))
}

// namesAndSteps lists the names of experiments, each once, and their numbers of steps.
func namesAndSteps(es []vgrad.Experiment) string {
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
