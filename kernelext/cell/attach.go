package cell

import (
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
)

// Live is the live figure of a training that runs in the cell itself. It is a sink that
// draws the loss and the gradient of every layer during training, with a progress bar.
// Package incell uses it. It is defined here because only this package imports GoNB.
// The zero value is not usable; [Follow] makes one.
type Live struct {
	figure *live
	one    *training
}

var _ vgrad.Sink = (*Live)(nil)

// Follow shows the live figure of a training that is about to start.
func Follow(e vgrad.Experiment) *Live {
	l := follow(e.Name(), e.WithDefaults().Steps, nil)
	return &Live{l, l.begin(e, nil)}
}

// Begin takes the schema of the rows that follow.
func (l *Live) Begin(s vgrad.Schema) error {
	l.figure.mu.Lock()
	defer l.figure.mu.Unlock()
	return l.one.Begin(s)
}

// Put takes the rows of a step and redraws the figure if a redraw is due.
func (l *Live) Put(step int, rows []vgrad.Row) error {
	l.figure.mu.Lock()
	defer l.figure.mu.Unlock()
	err := l.one.Put(step, rows)
	l.figure.drawSoon()
	return err
}

// GoesOn says that the training was interrupted before and goes on at a step; continued
// says so beside the progress bar.
func (l *Live) GoesOn(step int, continued string) { l.one.goesOn(step, continued) }

// End replaces the live figures by the complete ones, and the progress bar by a line of
// text.
func (l *Live) End(line string) { l.figure.end(l.figure.sources, line) }

// Loaded shows a recorded run as [Train] does: its complete figures, and a line that says
// that it was loaded.
func Loaded(run *runs.Run) {
	showLoaded([]vgrad.Source{run}, loadedLine([]vgrad.Experiment{run.Experiment}))
}
