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

// Options say how notebooks are executed. Python is required.
type Options struct {
	Python Python
	// Run runs a command. Nil: its own method does.
	Run func(*exec.Cmd) error
	// Kernel is the name of the kernelspec. Zero: "vgrad".
	Kernel string
	// Store is the folder of recorded runs that cells see. Zero: an empty one,
	// so that what a lesson trains is trained, and comes out the same whoever
	// publishes it.
	Store string
	// Limit is how long one cell may take. Zero: ten minutes.
	Limit time.Duration
	// Say is told of each cell before it runs: which of how many. Nil: nobody is.
	Say func(cell, of int)
}

//go:embed execute.py
var executePy string

// Execute executes the notebook in a file from top to bottom, in a new kernel
// and in the notebook's folder, and returns it with its outputs. The file is
// not changed. A cell that fails is a [CellError], and the notebook is returned
// as far as it came.
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
	log := &listener{say: o.Say}
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

// listener hears which cell runs, and keeps the end of what else is said.
type listener struct {
	say  func(cell, of int)
	rest []byte
	last []string
}

// Write takes what Python and the kernel write to standard error.
func (l *listener) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		l.rest = rest
		l.hear(string(line))
	}
}

var runningCell = regexp.MustCompile(`^vgrad:(\d+)/(\d+)$`)

func (l *listener) hear(line string) {
	m := runningCell.FindStringSubmatch(line)
	if m == nil {
		l.last = append(l.last, line)
		l.last = l.last[max(0, len(l.last)-8):]
		return
	}
	if l.say != nil {
		cell, _ := strconv.Atoi(m[1]) // digits, see the expression
		of, _ := strconv.Atoi(m[2])
		l.say(cell, of)
	}
}

func (l *listener) reason() string {
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

// tidy removes colours and empty lines from what a terminal would show, and
// says nothing twice in a row.
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
