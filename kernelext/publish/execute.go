package publish

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
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
	// Kernel is the name of the kernelspec. Zero: "vgrad", and a notebook that is for
	// another language is refused with a [KernelError].
	Kernel string
	// Store is the folder of recorded runs that cells see. Zero: a new, empty one. Then
	// everything is trained, and the result does not depend on the user's runs.
	Store string
	// Limit is how long one cell may take, in whole seconds, rounded up. Zero: ten minutes.
	Limit time.Duration
	// Record is called after the last cell with the folder of recorded runs. What it returns
	// is what the notebook says of its execution: the member vgrad of its metadata, which a
	// site shows. Nil: that member stays as it is.
	Record func(store string) Execution
	// Say is called before each code cell runs, with its number and the number of code
	// cells. Nil: it is not called.
	Say func(cell, of int)
}

//go:embed execute.py
var executePy string

// Execute executes the notebook in a file from top to bottom, in a new kernel, and returns
// it with its outputs. The working folder is the notebook's. The file is not changed, and
// of its text nothing but outputs, execution counts, the kernel's language, the state of
// widgets and what [Options.Record] returns differs in what is returned. A cell with the tag raises-exception may fail, and
// one with the tag skip-execution is not executed and keeps its outputs. If another cell
// fails, the error is a [CellError]; if one does not end in time, a [StoppedError]. Then the
// notebook has the outputs up to that cell.
func Execute(ctx context.Context, path string, o Options) (*Notebook, error) {
	was, err := Open(path)
	if err != nil {
		return nil, err
	}
	if o.Kernel == "" {
		if err := was.checkKernel(); err != nil {
			return nil, err
		}
		o.Kernel = defaultKernel
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
	result, err := o.execute(ctx, was, store)
	if err != nil {
		return nil, err
	}
	if o.Record != nil {
		if err := result.record(o.Record(store)); err != nil {
			return nil, fmt.Errorf("publish: %w", err)
		}
	}
	text, err := result.into(was.text)
	if err != nil {
		return nil, fmt.Errorf("publish: the outputs of %s: %w", path, err)
	}
	nb, err := parse(path, text)
	if err != nil {
		return nil, err
	}
	nb.was = was.text
	if err := nb.failure(); err != nil {
		return nb, err
	}
	return nb, o.stopped(result, nb)
}

// Execution says how a notebook was executed, in words. An empty field is not recorded.
type Execution struct {
	Version  string `json:"version,omitempty"` // of vgrad
	Backend  string `json:"backend,omitempty"` // that trained
	Seeds    string `json:"seeds,omitempty"`   // of the recorded runs
	Executed string `json:"executed,omitempty"`
}

// record sets what the notebook says of its execution.
func (e *executed) record(x Execution) error {
	text, err := json.Marshal(x)
	if err != nil {
		return err
	}
	if e.Metadata == nil {
		e.Metadata = map[string]json.RawMessage{}
	}
	e.Metadata["vgrad"] = text
	return nil
}

// defaultKernel is the kernel of the lessons.
const defaultKernel = "vgrad"

// execute runs the Python program and returns what it says.
func (o Options) execute(ctx context.Context, nb *Notebook, store string) (*executed, error) {
	folder, err := filepath.Abs(filepath.Dir(nb.Path))
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	seconds := int(math.Ceil(o.Limit.Seconds()))
	cmd := o.Python.Script(ctx, executePy, folder, o.Kernel, strconv.Itoa(seconds))
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "VGRAD_RUNS="+store)
	var out bytes.Buffer
	log := &progressReader{say: o.Say}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(nb.text), &out, log
	run := o.Run
	if run == nil {
		run = (*exec.Cmd).Run
	}
	if err := run(cmd); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("publish: %s: %w", nb.Path, ctx.Err())
		}
		return nil, fmt.Errorf("publish: execute %s: %w%s", nb.Path, err, log.reason())
	}
	var result executed
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		return nil, fmt.Errorf("publish: execute %s: the outputs cannot be read: %w%s", nb.Path, err, log.reason())
	}
	return &result, nil
}

// stopped returns the error of a cell that did not end; nil if all ended.
func (o Options) stopped(result *executed, nb *Notebook) error {
	if result.Stopped == nil {
		return nil
	}
	e := &StoppedError{Path: nb.Path, Number: result.Stopped.Cell, Source: nb.codeSource(result.Stopped.Cell)}
	switch result.Stopped.Why {
	case "time":
		e.Why = fmt.Sprintf("it did not end within %v; -limit says how long a cell may take, and a cell that waits for input never ends", o.Limit)
	case "kernel":
		e.Why = fmt.Sprintf("there is no kernel %q here: %s; go tool vgrad setup brings %q, and -kernel names another", o.Kernel, result.Stopped.Said, defaultKernel)
	default:
		e.Why = "the kernel ended: " + result.Stopped.Said
	}
	return e
}

// StoppedError is a cell that did not end, or a kernel that did not start.
type StoppedError struct {
	Path   string // of the notebook
	Number int    // of the cell among the code cells, from 1; 0: no cell was begun
	Source string // of the cell
	Why    string // why it was stopped
}

// Error shows the cell and the reason.
func (e *StoppedError) Error() string {
	if e.Number == 0 {
		return fmt.Sprintf("%s: not executed: %s", e.Path, e.Why)
	}
	return fmt.Sprintf("%s: code cell %d was stopped: %s\n%s", e.Path, e.Number, e.Why, indent(e.Source, "    | "))
}

// KernelError is a notebook that is for another kernel.
type KernelError struct {
	Path, Kernel, Language string // Kernel or Language may be "", where the notebook does not say it
}

// Error says what the notebook is for, and what to do.
func (e *KernelError) Error() string {
	if e.Kernel == "" {
		return fmt.Sprintf("%s is in %s, and the kernel %q runs Go; -kernel names a kernel that can run it", e.Path, e.Language, defaultKernel)
	}
	return fmt.Sprintf("%s: it is for kernel %s; -kernel %s executes it with that kernel, where it is installed", e.Path, e.Kernel, e.Kernel)
}

// checkKernel returns an error if the notebook says that it is not in Go. A notebook for
// another Go kernel, such as GoNB, is executed with ours.
func (n *Notebook) checkKernel() error {
	kernel, language := n.kernel, strings.ToLower(n.language)
	switch {
	case kernel == defaultKernel || language == "go" || kernel == "" && language == "":
		return nil
	case language == "" && (kernel == "gonb" || kernel == "gophernotes"):
		return nil
	}
	return &KernelError{Path: n.Path, Kernel: kernel, Language: n.language}
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
