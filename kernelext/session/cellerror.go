package session

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// CompileError is the name of what is wrong with a cell before it runs.
const CompileError = "CompileError"

// errorsMost is how many errors of a cell are told.
const errorsMost = 10

// CellError is what is wrong with a cell, as its reader is told.
type CellError struct {
	Name      string   // CompileError
	Message   string   // of the first error
	Traceback []string // all of them, each with the reader's line and a caret under the place
}

// Error is name and message.
func (e *CellError) Error() string { return e.Name + ": " + e.Message }

// newCellError tells of problems, those of the cell itself first, in its order.
func newCellError(problems []problem) *CellError {
	slices.SortStableFunc(problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(b.cell.number, a.cell.number), cmp.Compare(a.offset, b.offset))
	})
	problems = slices.CompactFunc(problems, func(a, b problem) bool { return a.cell == b.cell && a.offset == b.offset })
	e := &CellError{Name: CompileError, Message: problems[0].message}
	for i, p := range problems {
		if i == errorsMost {
			e.Traceback = append(e.Traceback, fmt.Sprintf("and %d more", len(problems)-i))
			break
		}
		e.Traceback = append(e.Traceback, p.lines()...)
	}
	return e
}

// lines are the place, the line and the caret of a problem, and what it is.
func (p problem) lines() []string {
	line, column := p.cell.position(p.offset)
	whole := p.cell.line(line)
	text := strings.TrimLeft(whole, " \t")
	column = min(max(1, column-len(whole)+len(text)), len(text)+1)
	return []string{
		fmt.Sprintf("Cell [%d], line %d: %s", p.cell.number, line, p.message),
		"    " + strings.ReplaceAll(text, "\t", "    "),
		"    " + blank(text[:column-1]) + "^",
	}
}

// blank is as wide as a text.
func blank(text string) string {
	return strings.Repeat(" ", utf8.RuneCountInString(strings.ReplaceAll(text, "\t", "    ")))
}
