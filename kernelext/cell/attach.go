package cell

import (
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
)

// Live is the live figure of a training in the cell itself: a sink that draws the loss
// and the gradient of every layer as they go, with a progress bar. Package
// incell uses it; it is here because only this package knows the notebook.
type Live struct {
	figure *live
	one    *begun
}

var _ vgrad.Sink = (*Live)(nil)

// Follow begins the live figure of a training.
func Follow(e vgrad.Experiment) *Live {
	l := follow(e.Name(), e.WithDefaults().Steps, nil)
	return &Live{l, l.begin(e, nil)}
}

// Begin says what the rows hold.
func (l *Live) Begin(s vgrad.Schema) error {
	l.figure.mu.Lock()
	defer l.figure.mu.Unlock()
	return l.one.Begin(s)
}

// Put takes the rows of a step.
func (l *Live) Put(step int, rows []vgrad.Row) error {
	l.figure.mu.Lock()
	defer l.figure.mu.Unlock()
	err := l.one.Put(step, rows)
	l.figure.drawSoon()
	return err
}

// End puts the complete figures in the place of the live ones, and a line in the
// bar's.
func (l *Live) End(line string) { l.figure.end(l.figure.sources, line) }

// Loaded shows a recorded run as [Train] does: the figures that stand after its
// training, and a line that says that it was loaded.
func Loaded(run *runs.Run) {
	showLoaded([]vgrad.Source{run}, loaded([]vgrad.Experiment{run.Experiment}))
}
