package serve

import (
	"errors"
	"strings"
)

// The names of errors.
const (
	CompileError        = "CompileError"
	Panic               = "Panic"
	Error               = "Error" // the cell says so
	Exit                = "Exit"  // the cell ended itself
	Interrupted         = "Interrupted"
	OutOfMemory         = "OutOfMemory"
	StdinNotImplemented = "StdinNotImplemented" // it reads, and its client cannot be asked
	KernelError         = "KernelError"         // GoNB ended under the cell
)

// CellError is the error of a cell, as its reader is told.
type CellError struct {
	Name      string
	Message   string
	Traceback []string // lines of the reader's own
}

func (e *CellError) Error() string { return e.Name + ": " + e.Message }

// cellError returns err as one of a cell.
func cellError(err error) *CellError {
	var e *CellError
	if errors.As(err, &e) {
		return e
	}
	return &CellError{Name: Error, Message: err.Error()}
}

const (
	red   = "\x1b[31m"
	plain = "\x1b[0m"
)

// content is that of an error message. Its last line is what went wrong, as in Python.
func (e *CellError) content() map[string]any {
	traceback := append([]string{}, e.Traceback...)
	if last := red + e.Name + plain + ": " + e.Message; len(traceback) == 0 || !strings.Contains(strings.Join(traceback, "\n"), e.Message) {
		traceback = append(traceback, last)
	}
	return map[string]any{"ename": e.Name, "evalue": e.Message, "traceback": traceback}
}
