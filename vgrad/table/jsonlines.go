package table

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
)

// jsonEncoder writes a JSON object a line, with its keys in the columns' order and without
// those whose cell is empty.
type jsonEncoder struct {
	out  *bufio.Writer
	keys [][]byte // quoted, with a colon
	line []byte
}

func newJSONLines(w io.Writer, columns []column) *jsonEncoder {
	e := &jsonEncoder{out: bufio.NewWriter(w)}
	for _, c := range columns {
		e.keys = append(e.keys, append(quoted(c.name), ':'))
	}
	return e
}

func quoted(s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string has a JSON form
	}
	return text
}

func (e *jsonEncoder) write(cells []any) error {
	e.line = append(e.line[:0], '{')
	odd := ""
	for i, cell := range cells {
		if cell == nil {
			continue
		}
		if len(e.line) > 1 {
			e.line = append(e.line, ',')
		}
		e.line = append(e.line, e.keys[i]...)
		switch x := cell.(type) {
		case string:
			e.line = append(e.line, quoted(x)...)
		case int:
			e.line = strconv.AppendInt(e.line, int64(x), 10)
		case float64:
			if s := special(x); s != "" {
				odd = s
				e.line = append(e.line, "null"...)
			} else {
				e.line = append(e.line, number(x)...)
			}
		}
	}
	if odd != "" {
		e.line = append(append(append(e.line, `,"special":"`...), odd...), '"')
	}
	_, err := e.out.Write(append(e.line, '}', '\n'))
	return err
}

func (e *jsonEncoder) close() error { return e.out.Flush() }
