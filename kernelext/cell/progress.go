package cell

import (
	"fmt"
	"html"
	"os"
	"sync"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"golang.org/x/term"

	"github.com/vgrad/lab/vgrad"
)

// drawEvery is how long a live output stands at least before it is drawn anew.
const drawEvery = 100 * time.Millisecond

// Bar is a progress bar. It is drawn at most ten times a second: as one output
// in a notebook, as one line in a terminal; elsewhere only its end is printed.
// It is safe for use from several goroutines.
type Bar struct {
	mu           sync.Mutex
	id, name     string
	total, at    int
	note         string
	estimate     *time.Duration // of the time left; nil: by what was counted so far
	start, drawn time.Time
	done         bool
}

// Progress shows a bar that counts to total:
//
//	bar := cell.Progress("seeds", 30)
//	for seed := range 30 { …; bar.Add(1) }
//	bar.Done()
func Progress(name string, total int) *Bar {
	b := &Bar{id: gonbui.UniqueId(), name: name, total: total, start: time.Now()}
	b.draw("")
	return b
}

// Add counts n more.
func (b *Bar) Add(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at += n
	b.drawSoon("")
}

// Note says something beside the bar, as a loss.
func (b *Bar) Note(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note = text
	b.drawSoon("")
}

// follow shows how far a sweep is.
func (b *Bar) follow(p vgrad.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at, b.total, b.estimate = p.Done, p.Total, &p.Left
	if p.Done > p.Found {
		b.note = p.Last.Name()
	}
	b.drawSoon("")
}

// end leaves a line in the bar's place.
func (b *Bar) end(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finish(line)
}

// Done ends the bar: its last state stays, without times.
func (b *Bar) Done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finish("")
}

// finish leaves a last line in the bar's place; "" for its last state.
func (b *Bar) finish(line string) {
	if b.done {
		return
	}
	b.done = true
	if line == "" {
		line = fmt.Sprintf("%s: %d of %d", b.name, b.at, b.total)
		if b.note != "" {
			line += " · " + b.note
		}
	}
	switch {
	case inNotebook():
		display(b.id, `<p class="vgrad-progress">`+html.EscapeString(line)+"</p>", line)
	case isTerminal():
		fmt.Fprintf(os.Stderr, "\r\033[K%s\n", line)
	default:
		fmt.Fprintln(os.Stderr, line)
	}
}

// drawSoon draws unless it was drawn just now.
func (b *Bar) drawSoon(script string) {
	if !b.done && time.Since(b.drawn) >= drawEvery {
		b.draw(script)
	}
}

// draw draws the bar and sends a script along with it.
func (b *Bar) draw(script string) {
	b.drawn = time.Now()
	text := fmt.Sprintf("%s: %d of %d", b.name, b.at, b.total)
	if b.note != "" {
		text += " · " + b.note
	}
	text += b.left()
	switch {
	case inNotebook():
		display(b.id, fmt.Sprintf(`<p class="vgrad-progress"><progress value="%d" max="%d"></progress> %s</p>`, b.at, max(1, b.total), html.EscapeString(text))+script, text)
	case isTerminal():
		fmt.Fprintf(os.Stderr, "\r\033[K%s", text)
	}
}

// left is the time left, once it can be told.
func (b *Bar) left() string {
	if b.estimate != nil && *b.estimate > 0 {
		return fmt.Sprintf(" · %s left", b.estimate.Round(time.Second))
	} else if b.estimate != nil {
		return ""
	}
	took := time.Since(b.start)
	if b.at <= 0 || b.at >= b.total || took < time.Second {
		return ""
	}
	return fmt.Sprintf(" · %s left", (time.Duration(float64(took) * float64(b.total-b.at) / float64(b.at))).Round(time.Second))
}

func isTerminal() bool { return term.IsTerminal(int(os.Stderr.Fd())) }
