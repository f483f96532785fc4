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

// A panic ends a cell with one line, as an error does. The Go runtime prints more than
// that, piece by piece and straight to standard error when the program can do nothing any
// more. So in a notebook a second process of the same program reads the cell's standard
// error and passes it on: as it is, but a crash in one line. Who sets GOTRACEBACK gets
// all that the runtime prints.
func init() {
	switch {
	case os.Getenv(tellsCrash) != "":
		passOn(os.Stdin, os.Stderr, time.Second)
		os.Exit(0)
	case gonbui.IsNotebook && os.Getenv("GOTRACEBACK") == "":
		tellCrash()
	}
}

// tellsCrash is the variable that marks the second process.
const tellsCrash = "VGRAD_CELL_STDERR"

// passOn copies what a program says until its end. From a line on that may be the first
// of a crash it waits for the end, but no longer than patience for the stack that tells
// a crash from other words.
func passOn(in io.Reader, out io.Writer, patience time.Duration) {
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
	newLine := true // that held begins at the start of a line
	pass := func(n int) {
		if n == 0 {
			return
		}
		out.Write(held[:n]) // who reads it may be gone: the program is to end all the same
		newLine = held[n-1] == '\n'
		held = held[n:]
	}
	var late <-chan time.Time
	for {
		select {
		case piece, more := <-pieces:
			if !more {
				io.WriteString(out, inOneLine(string(held)))
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

// crashStarts are what the first line of a crash begins with.
var crashStarts = []string{"panic: ", "fatal error: ", "runtime: "}

// crashStart returns where in text a line begins that may be the first of a crash, or the
// text's length. The last line may not be whole.
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

// inOneLine returns a crash as one line: at which line of the program that GoNB made of
// the cell, which it precedes with the cell's number and line, what went wrong, and in
// which function where that is not the cell's. Other text stays as it is.
func inOneLine(text string) string {
	stack := goroutine.FindStringIndex(text)
	if stack == nil {
		return text
	}
	var said []string
	for line := range strings.Lines(text[:stack[0]]) {
		line = strings.TrimSpace(line)
		if line == "runtime stack:" {
			break
		}
		if line != "" && !strings.HasPrefix(line, "[signal ") && !strings.HasPrefix(line, "runtime: sp=") && !strings.HasPrefix(line, "stack=[") {
			said = append(said, line)
		}
	}
	// GoNB 0.11.4 ends the kernel over a place that has colons before it in its line.
	line := strings.ReplaceAll(strings.Join(said, "; "), ".go:", ".go ")
	frames, _, _ := strings.Cut(text[stack[1]:], "\n\n")
	if in := culprit(frames); in != "" {
		line += " (in " + in + ")"
	}
	if place := cellLine.FindStringSubmatch(frames); place != nil {
		line = place[1] + ": " + line
	}
	return line + "\n"
}

// culprit names the function at the top of a stack that is neither the runtime's nor one
// whose only work is to panic, "" where that is the cell's.
func culprit(frames string) string {
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
