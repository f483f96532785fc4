package table

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"
)

// csvEncoder writes comma-separated values with a line of names.
type csvEncoder struct {
	out  *csv.Writer
	line []string
	err  error // of the names
}

func newCSV(w io.Writer, columns []column) *csvEncoder {
	e := &csvEncoder{out: csv.NewWriter(w)}
	for _, c := range columns {
		e.line = append(e.line, c.name)
	}
	e.err = e.out.Write(e.line)
	return e
}

func (e *csvEncoder) write(cells []any) error {
	if e.err != nil {
		return e.err
	}
	for i, cell := range cells {
		switch x := cell.(type) {
		case nil:
			e.line[i] = ""
		case string:
			e.line[i] = x
		case int:
			e.line[i] = strconv.Itoa(x)
		case float64:
			e.line[i] = number(x)
		}
	}
	return e.out.Write(e.line)
}

func (e *csvEncoder) close() error {
	e.out.Flush()
	return e.out.Error()
}

// number formats a float64 so that it reads back the same, and always as a float: polars
// takes a column whose first numbers have no point for whole numbers.
func number(x float64) string {
	if s := special(x); s != "" {
		return s
	}
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// special names a number that is not finite; it is "" for others.
func special(x float64) string {
	switch {
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	}
	return ""
}
