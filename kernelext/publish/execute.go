package publish

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Python runs Python programs in an environment that has nbclient, as
// *jupyter.Jupyter does.
type Python interface {
	Script(ctx context.Context, program string, args ...string) *exec.Cmd
}

// Options say how notebooks are executed.
type Options struct {
	// Python is required.
	Python Python
	// Run runs a command. Nil: the command's method Run.
	Run func(*exec.Cmd) error
	// Kernel is the name of the kernelspec. Zero: "vgrad".
	Kernel string
	// Store is the folder of recorded runs that cells see. Zero: a new, empty one. Then
	// everything is trained, and the result does not depend on the user's runs.
	Store string
	// Limit is how long one cell may take. Zero: ten minutes.
	Limit time.Duration
	// Say is called before each code cell runs, with its number and the number of code
	// cells. Nil: it is not called.
	Say func(cell, of int)
}

//go:embed execute.py
var executePy string

// Execute executes the notebook in a file from top to bottom, in a new kernel, and returns
// it with its outputs. The working folder is the notebook's. The file is not changed. If a
// cell fails, the error is a [CellError], and the notebook has the outputs up to that cell.
func Execute(ctx context.Context, path string, o Options) (*Notebook, error) {
	if _, err := Open(path); err != nil {
		return nil, err
	}
	if o.Kernel == "" {
		o.Kernel = "vgrad"
	}
	if o.Limit == 0 {
		o.Limit = 10 * time.Minute
	}
	store, err := filepath.Abs(o.Store)
	if o.Store == "" {
		store, err = os.MkdirTemp("", "vgrad-publish-")
		defer os.RemoveAll(store)
	}
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	text, err := o.execute(ctx, path, store)
	if err != nil {
		return nil, err
	}
	nb, err := parse(path, text)
	if err != nil {
		return nil, err
	}
	return nb, nb.failure()
}

// execute runs the Python program and returns the executed notebook.
func (o Options) execute(ctx context.Context, path, store string) ([]byte, error) {
	cmd := o.Python.Script(ctx, executePy, path, o.Kernel, strconv.Itoa(int(o.Limit.Seconds())))
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "VGRAD_RUNS="+store)
	var out bytes.Buffer
	log := &progressReader{say: o.Say}
	cmd.Stdout, cmd.Stderr = &out, log
	run := o.Run
	if run == nil {
		run = (*exec.Cmd).Run
	}
	if err := run(cmd); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("publish: %s: %w", path, ctx.Err())
		}
		return nil, fmt.Errorf("publish: execute %s: %w%s", path, err, log.reason())
	}
	return out.Bytes(), nil
}

// progressReader reads which cell runs from standard error, and keeps the last of the other
// lines for an error.
type progressReader struct {
	say  func(cell, of int)
	rest []byte
	last []string
}

// Write takes what Python and the kernel write to standard error.
func (l *progressReader) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		l.rest = rest
		l.line(string(line))
	}
}

var runningCell = regexp.MustCompile(`^vgrad:(\d+)/(\d+)$`)

// line takes one line of standard error.
func (l *progressReader) line(line string) {
	m := runningCell.FindStringSubmatch(line)
	if m == nil {
		l.last = append(l.last, line)
		l.last = l.last[max(0, len(l.last)-8):]
		return
	}
	if l.say != nil {
		cell, _ := strconv.Atoi(m[1]) // the expression matches digits only
		of, _ := strconv.Atoi(m[2])
		l.say(cell, of)
	}
}

// reason returns the last lines of standard error, indented; "" if there are none.
func (l *progressReader) reason() string {
	text := strings.TrimSpace(strings.Join(l.last, "\n"))
	if text == "" {
		return ""
	}
	return "\n" + indent(tidy(text), "    ")
}

var (
	escapes = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)
	blanks  = regexp.MustCompile(`\n\s*\n+`)
)

// tidy removes colours, empty lines and repeated lines from the text of a terminal.
func tidy(text string) string {
	text = blanks.ReplaceAllString(escapes.ReplaceAllString(text, ""), "\n")
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimRight(line, "\r\n")
		if len(lines) == 0 || lines[len(lines)-1] != line {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
