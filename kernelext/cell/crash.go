package cell

import (
	"bytes"
	"io"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
)

// A panic ends a cell with one line, as an error does. The Go runtime prints a whole stack
// trace instead, in several writes to standard error, when the program can no longer run
// code of its own. So in a notebook a second process of the same program reads the cell's
// standard error. It copies the text unchanged, except that it shortens a crash to one
// line. With GOTRACEBACK set, no second process starts and the whole trace is shown.
func init() {
	switch {
	case os.Getenv(crashFilterEnv) != "":
		filterCrash(os.Stdin, os.Stderr, time.Second)
		os.Exit(0)
	case gonbui.IsNotebook && os.Getenv("GOTRACEBACK") == "" && os.Getenv("VGRAD_SESSION") == "": // else the kernel filters
		startCrashFilter()
	}
}

// crashFilterEnv is the environment variable that marks the second process.
const crashFilterEnv = "VGRAD_CELL_STDERR"

// filterCrash copies in to out until in ends. At a line that may be the first of a crash
// it stops copying and waits for the stack trace that confirms the crash. If none has
// come after patience, it copies the held text and goes on.
func filterCrash(in io.Reader, out io.Writer, patience time.Duration) {
	pieces := make(chan []byte)
	go func() {
		defer close(pieces)
		for buf := make([]byte, 64<<10); ; {
			n, err := in.Read(buf)
			if n > 0 {
				pieces <- bytes.Clone(buf[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	var held []byte
	newLine := true // held begins at the start of a line
	pass := func(n int) {
		if n == 0 {
			return
		}
		out.Write(held[:n]) // an error is ignored: without a reader this process still has to drain in
		newLine = held[n-1] == '\n'
		held = held[n:]
	}
	var late <-chan time.Time
	for {
		select {
		case piece, more := <-pieces:
			if !more {
				io.WriteString(out, crashLine(string(held)))
				return
			}
			held = append(held, piece...)
			pass(crashStart(held, newLine))
		case <-late:
			late = nil
			if !goroutine.Match(held) {
				pass(len(held))
			}
		}
		switch {
		case len(held) == 0:
			late = nil
		case late == nil && !goroutine.Match(held):
			late = time.After(patience)
		}
	}
}

// crashStarts are the prefixes of the first line of a crash.
var crashStarts = []string{"panic: ", "fatal error: ", "runtime: "}

// crashStart returns the offset of the first line that may begin a crash, or len(text).
// The last line may be incomplete. newLine says whether text begins at the start of a
// line.
func crashStart(text []byte, newLine bool) int {
	for at := 0; at < len(text); {
		line := string(text[at:min(len(text), at+16)])
		for _, start := range crashStarts {
			if newLine && (strings.HasPrefix(line, start) || at+len(line) == len(text) && strings.HasPrefix(start, line)) {
				return at
			}
		}
		next := bytes.IndexByte(text[at:], '\n')
		if next < 0 {
			break
		}
		at, newLine = at+next+1, true
	}
	return len(text)
}

var (
	goroutine = regexp.MustCompile(`(?m)^goroutine \d+ .*\[.*\]:\n`)
	cellLine  = regexp.MustCompile(`(?m)^\t(.*[/\\]main(?:_test)?\.go:\d+)`)
)

// crashLine shortens a crash to one line: the line of the program that GoNB made from the
// cell, the message, and the function that panicked if it is not the cell's own. GoNB adds
// the cell's number and line to that line. Text that is not a crash is returned unchanged.
func crashLine(text string) string {
	stack := goroutine.FindStringIndex(text)
	if stack == nil {
		return text
	}
	var message []string
	for line := range strings.Lines(text[:stack[0]]) {
		line = strings.TrimSpace(line)
		if line == "runtime stack:" {
			break
		}
		if line != "" && !strings.HasPrefix(line, "[signal ") && !strings.HasPrefix(line, "runtime: sp=") && !strings.HasPrefix(line, "stack=[") {
			message = append(message, line)
		}
	}
	// GoNB 0.11.4 crashes on a source position that has colons before it in its line.
	line := strings.ReplaceAll(strings.Join(message, "; "), ".go:", ".go ")
	frames, _, _ := strings.Cut(text[stack[1]:], "\n\n")
	if in := panickingFunction(frames); in != "" {
		line += " (in " + in + ")"
	}
	if place := cellLine.FindStringSubmatch(frames); place != nil {
		line = place[1] + ": " + line
	}
	return line + "\n"
}

// panickingFunction returns the topmost function of a stack that belongs neither to the
// runtime nor to GoMLX's package exceptions, which only panics. It returns "" if that
// function is the cell's.
func panickingFunction(frames string) string {
	for frame := range strings.Lines(frames) {
		args := strings.LastIndexByte(frame, '(')
		if args < 0 || strings.HasPrefix(frame, "\t") || strings.HasPrefix(frame, "created by ") {
			continue
		}
		name := path.Base(frame[:args])
		switch pkg, _, _ := strings.Cut(name, "."); pkg {
		case "panic", "runtime", "exceptions":
		case "main":
			return ""
		default:
			return name
		}
	}
	return ""
}
