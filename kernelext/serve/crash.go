package serve

import (
	"path"
	"regexp"
	"strings"
	"time"
)

// crashFilter keeps back what the Go runtime says when a program crashes: first a line
// that may also be the program's own word, then the stacks of its goroutines.
type crashFilter struct {
	held    string
	since   time.Time
	inRow   bool // the last text did not end in a new line
	found   bool // there is a stack in what is held: it is a crash
	scanned int  // up to where held was looked through for one
}

// crashPatience is how long a line that begins like a crash waits for the stack that
// makes it one.
const crashPatience = time.Second

// crashMost bounds the bytes that are kept of a crash: its first goroutine says enough.
// crashMessage bounds the bytes before the first goroutine.
const (
	crashMost    = 1 << 20
	crashMessage = 64 << 10
)

var (
	crashStarts = []string{"panic: ", "fatal error: ", "runtime: ", "SIGQUIT: ", "SIGABRT: ", "unexpected fault address "}
	goroutine   = regexp.MustCompile(`(?m)^goroutine \d+ .*\[.*\]:\n`)
)

// add takes in text and returns what may be shown.
func (c *crashFilter) add(text string, now time.Time) (passed string) {
	if c.found {
		if len(c.held) < crashMost {
			c.held += text
		}
		return ""
	}
	text = c.held + text
	at := crashStart(text, c.held != "" || !c.inRow)
	if c.held == "" || at > 0 {
		c.since, c.scanned = now, 0
	}
	passed, c.held = text[:at], text[at:]
	if passed != "" {
		c.inRow = !strings.HasSuffix(passed, "\n")
	}
	c.found = goroutine.MatchString(c.held[c.scanned:])
	c.scanned = max(c.scanned, strings.LastIndexByte(c.held, '\n')+1)
	if !c.found && len(c.held) > crashMessage {
		passed += c.release()
	}
	return passed
}

// late returns what has waited too long.
func (c *crashFilter) late(now time.Time) (passed string) {
	if c.held == "" || c.found || now.Sub(c.since) < crashPatience {
		return ""
	}
	return c.release()
}

// release lets go of what is no crash.
func (c *crashFilter) release() (passed string) {
	passed, c.held, c.scanned = c.held, "", 0
	c.inRow = !strings.HasSuffix(passed, "\n")
	return passed
}

// end returns the crash, or else what was kept back.
func (c *crashFilter) end() (*crash, string) {
	held := c.held
	c.held = ""
	if !c.found {
		return nil, held
	}
	return parseCrash(held), ""
}

// crashStart returns where in text a line begins that may be the first of a crash, or the
// text's length. The last line may not be whole.
func crashStart(text string, newLine bool) int {
	for at := 0; at < len(text); {
		line := text[at:]
		for _, start := range crashStarts {
			if newLine && (strings.HasPrefix(line, start) || len(line) < len(start) && strings.HasPrefix(start, line)) {
				return at
			}
		}
		next := strings.IndexByte(line, '\n')
		if next < 0 {
			break
		}
		at, newLine = at+next+1, true
	}
	return len(text)
}

// crash is what the runtime said.
type crash struct {
	message string // what went wrong
	fatal   bool   // an error of the runtime's, such as a deadlock or no memory
	frames  []frame
}

// frame is a line of a stack.
type frame struct {
	function string
	created  bool // it started the goroutine
	cell     int  // number of the cell by GoNB's count or, where ours, by the kernel's; 0: not said
	line     int  // of the cell
	ours     bool
	file     string // of the program
	at       int    // line of that file
}

var (
	gonbFrame  = regexp.MustCompile(`\[\[ Cell (?:\[(\d+)\] )?Line (\d+) \]\]`)
	plainFrame = regexp.MustCompile(`cell\[(\d+)\](?:\.go)?:(\d+)`)
	fileFrame  = regexp.MustCompile(`^\t(.*):(\d+)(?: \+0x[0-9a-f]+)?$`)
)

// parseCrash reads the message and the stack of the goroutine that crashed, which comes
// first.
func parseCrash(text string) *crash {
	stack := goroutine.FindStringIndex(text)
	c := &crash{}
	var said []string
	for line := range strings.Lines(text[:stack[0]]) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "runtime stack:" {
			break
		}
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "", strings.HasPrefix(trimmed, "[signal "), strings.HasPrefix(trimmed, "runtime: sp="), strings.HasPrefix(trimmed, "stack=["), trimmed == "[recovered]":
		case strings.HasPrefix(trimmed, "panic: ") && len(said) == 0:
			said = append(said, strings.TrimPrefix(trimmed, "panic: "))
		case strings.HasPrefix(trimmed, "fatal error: "):
			said, c.fatal = append(said[:0:0], strings.TrimPrefix(trimmed, "fatal error: ")), true
		case strings.HasPrefix(trimmed, "runtime: ") && len(said) == 0:
			said = append(said, strings.TrimPrefix(trimmed, "runtime: "))
		default:
			said = append(said, line)
		}
	}
	c.message = strings.TrimSuffix(strings.Join(said, "\n"), " [recovered, repanicked]")
	frames, _, _ := strings.Cut(text[stack[1]:], "\n\n")
	c.frames = parseFrames(frames)
	return c
}

func parseFrames(text string) (frames []frame) {
	function, created := "", false
	for line := range strings.Lines(text) {
		line = ansi.ReplaceAllString(strings.TrimRight(line, "\r\n"), "")
		if !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, " [[") {
			function, created = strings.CutPrefix(line, "created by ")
			if at := strings.LastIndexByte(function, '('); at > 0 && strings.HasSuffix(function, ")") {
				function = function[:at]
			}
			function, _, _ = strings.Cut(function, " in goroutine")
			continue
		}
		f := frame{function: path.Base(function), created: created}
		if m := gonbFrame.FindStringSubmatch(line); m != nil {
			f.cell, f.line = atoi(m[1]), atoi(m[2])
			line = "\t" + strings.TrimSpace(line[strings.Index(line, m[0])+len(m[0]):])
		}
		if m := plainFrame.FindStringSubmatch(line); m != nil {
			f.cell, f.line, f.ours = atoi(m[1]), atoi(m[2]), true
		} else if m := fileFrame.FindStringSubmatch(line); m != nil {
			f.file, f.at = m[1], atoi(m[2])
		}
		frames = append(frames, f)
	}
	return frames
}

// culprit names the function at the top of a stack that is neither the runtime's nor one
// whose only work is to panic; "" where that is the cell's.
func (c *crash) culprit() string {
	for _, f := range c.frames {
		switch pkg, _, _ := strings.Cut(f.function, "."); pkg {
		case "", "panic", "runtime", "exceptions", "must":
		case "main":
			return ""
		default:
			return f.function
		}
	}
	return ""
}
