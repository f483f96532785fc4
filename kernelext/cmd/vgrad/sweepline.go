package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/vgrad/lab/vgrad"
)

// linePeriod is the shortest time between two progress lines if standard error is not a
// terminal.
const linePeriod = 30 * time.Second

// sweepLine shows the progress of a sweep: on a terminal one line that is redrawn,
// elsewhere a new line every linePeriod.
type sweepLine struct {
	quiet bool
	std   streams

	mu    sync.Mutex
	text  string // on the terminal
	drawn time.Time
	last  vgrad.Progress
	told  time.Time // when last was reported
}

// say prints a notice above the line.
func (s *sweepLine) say(notice string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	fmt.Fprintln(s.std.err, "vgrad: "+notice)
	s.draw(s.text)
}

// tell shows the progress of the sweep.
func (s *sweepLine) tell(p vgrad.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.last.Total == 0
	s.last, s.told = p, time.Now()
	wait := linePeriod
	if s.std.tty {
		wait = 100 * time.Millisecond
	}
	if s.quiet || !first && p.Done < p.Total && time.Since(s.drawn) < wait {
		return
	}
	s.drawn = time.Now()
	if s.std.tty {
		s.wipe()
		s.draw(p.String())
		return
	}
	fmt.Fprintln(s.std.err, p)
}

// tick redraws the line on a terminal every second, until the function it returns is
// called.
func (s *sweepLine) tick() (stop func()) {
	ticker, stopped := time.NewTicker(time.Second), make(chan bool)
	go func() {
		for {
			select {
			case now := <-ticker.C:
				s.again(now)
			case <-stopped:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(stopped) }
}

// again redraws the line with the time left at now.
func (s *sweepLine) again(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quiet || !s.std.tty || s.last.Total == 0 {
		return
	}
	p := s.last
	since := now.Sub(s.told)
	if p.Left > 0 {
		p.Left = max(p.Left-since, time.Second)
	}
	s.wipe()
	s.draw(fmt.Sprintf("%v (after %s)", p, (p.Took + since).Round(time.Second)))
}

// close prints the last line.
func (s *sweepLine) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quiet || !s.std.tty || s.last.Total == 0 {
		return
	}
	s.wipe()
	fmt.Fprintf(s.std.err, "%v in %s\n", s.last, s.last.Took.Round(time.Second))
}

func (s *sweepLine) wipe() {
	if s.std.tty && s.text != "" {
		fmt.Fprint(s.std.err, "\r\033[K")
	}
}

func (s *sweepLine) draw(text string) {
	if s.std.tty {
		s.text = text
		fmt.Fprint(s.std.err, text)
	}
}
