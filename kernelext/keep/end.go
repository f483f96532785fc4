package keep

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// failure is an error that ends the cell.
type failure struct {
	name    string // Error, Panic, Interrupted
	message string
	frames  []frame
}

// frame is a call on the stack.
type frame struct {
	file, function string
	line           int
}

// End is deferred by a cell's program. It keeps the values, whatever the end, and leaves the
// result. If the cell panicked, it leaves the error and its stack instead, and exits with
// status 1. A panic of another goroutine, os.Exit and a signal do not come here: there the
// values are kept that [Define] could keep at once.
func End() {
	var f *failure
	if v := recover(); v != nil {
		f = failureOf(v)
		f.frames = stack()
	}
	if err := finish(f); err != nil {
		fmt.Fprintln(os.Stderr, "the values of this cell are not kept:", err)
	}
	if f != nil {
		exit(1)
	}
}

// Fail ends the cell with an error, from any goroutine: what the cell has defined is kept,
// and the kernel shows message as an error of the given name ("" is Error). It does not
// return.
func Fail(name, message string) {
	if this.session == "" {
		this.session = os.Getenv("VGRAD_SESSION") // a GoNB cell may have no Begin
	}
	if name == "" {
		name = "Error"
	}
	if err := finish(&failure{name: name, message: message}); err != nil || this.session == "" {
		fmt.Fprintln(os.Stderr, message)
	}
	exit(1)
}

// exit ends the program; tests replace it.
var exit = os.Exit

// failureOf makes an error of what was panicked with.
func failureOf(v any) *failure {
	if f, ok := v.(*failure); ok {
		return f
	}
	return &failure{name: "Panic", message: messageOf(v)}
}

// messageOf says what was panicked with, as the runtime would.
func messageOf(v any) (text string) {
	defer func() {
		if recover() != nil { // its own method panics
			text = fmt.Sprintf("a value of type %T", v)
		}
	}()
	switch v := v.(type) {
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	case string:
		return v
	}
	return fmt.Sprintf("%v", v)
}

// finish writes the files of the exchange folder, once.
func finish(f *failure) error {
	this.mu.Lock()
	defer this.mu.Unlock()
	if this.ended {
		return nil
	}
	this.ended = true
	err := this.keep()
	switch {
	case this.session == "":
		if f != nil {
			fmt.Fprintln(os.Stderr, f.message)
		} else if this.result != nil {
			fmt.Println(this.result.data["text/plain"])
		}
	case f != nil:
		f.write(filepath.Join(this.session, "cell", "error.json"))
	case this.result != nil:
		this.result.write(filepath.Join(this.session, "cell", "result.json"))
	}
	return err
}

func (f *failure) write(path string) {
	var out strings.Builder
	object(&out, "ename", f.name, "evalue", f.message, "frames", array(len(f.frames), func(out *strings.Builder, i int) {
		object(out, "file", f.frames[i].file, "line", f.frames[i].line, "func", f.frames[i].function)
	}))
	if err := replace(path, []byte(out.String())); err != nil {
		fmt.Fprintln(os.Stderr, f.message)
	}
}

// mostFrames bounds what is told of a stack, which may be that of an endless recursion.
const mostFrames = 50

// stack lists the calls that led to the panic that is recovered, the innermost first.
func stack() (frames []frame) {
	pcs := make([]uintptr, 1000)
	calls := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for len(frames) < mostFrames {
		c, more := calls.Next()
		if c.Function != "" && !strings.HasPrefix(c.Function, "runtime.") {
			frames = append(frames, frame{c.File, c.Function, c.Line})
		}
		if !more {
			break
		}
	}
	return frames
}
