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

// drawEvery is the shortest time between two redraws of a live output.
const drawEvery = 100 * time.Millisecond

// Bar is a progress bar. It is redrawn at most ten times a second. In a notebook it is one
// output and in a terminal one line; elsewhere only its last line is printed. It is safe
// for use from several goroutines. The zero value is not usable; [Progress] makes one.
type Bar struct {
	mu           sync.Mutex
	id, name     string
	total, at    int
	from         int // how much of at was done before the bar began
	note         string
	estimate     *time.Duration // of the time left; nil: computed from the rate so far
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

// Add adds n to the count.
func (b *Bar) Add(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at += n
	b.drawSoon("")
}

// Note shows a text beside the bar, such as a loss.
func (b *Bar) Note(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note = text
	b.drawSoon("")
}

// follow shows the progress of a sweep.
func (b *Bar) follow(p vgrad.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at, b.total, b.estimate = p.Done, p.Total, &p.Left
	if p.Done > p.Found {
		b.note = p.Last.Name()
	}
	b.drawSoon("")
}

// end replaces the bar by a line of text.
func (b *Bar) end(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finish(line)
}

// Done ends the bar. Its last count and note stay, without the time left.
func (b *Bar) Done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finish("")
}

// finish replaces the bar by a last line; "" stands for its last count and note. The
// caller holds the lock.
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

// drawSoon draws the bar unless the last redraw was less than drawEvery ago.
func (b *Bar) drawSoon(script string) {
	if !b.done && time.Since(b.drawn) >= drawEvery {
		b.draw(script)
	}
}

// draw draws the bar, followed by a script in the same output.
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

// left formats the time left; "" while it cannot be estimated.
func (b *Bar) left() string {
	if b.estimate != nil && *b.estimate > 0 {
		return fmt.Sprintf(" · %s left", b.estimate.Round(time.Second))
	} else if b.estimate != nil {
		return ""
	}
	took := time.Since(b.start)
	if b.at <= b.from || b.at >= b.total || took < time.Second {
		return ""
	}
	return fmt.Sprintf(" · %s left", (time.Duration(float64(took) * float64(b.total-b.at) / float64(b.at-b.from))).Round(time.Second))
}

func isTerminal() bool { return term.IsTerminal(int(os.Stderr.Fd())) }
