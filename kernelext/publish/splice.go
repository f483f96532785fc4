package publish

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// splice replaces a few values in the text of a notebook and leaves every other byte as its
// author's program wrote it: the order of keys, indentation, fields of other programs, and
// the format's minor version. Decoding and encoding all of it would lose them.
type splice struct {
	text  []byte
	edits []edit
	unit  string // one step of the text's indentation; "": the text is on one line
}

// edit replaces text[from:to].
type edit struct {
	from, to int
	by       []byte
}

// span is where a value is in the text.
type span struct{ from, to int }

// firstIndent matches the indentation of the first key.
var firstIndent = regexp.MustCompile(`^\s*\{\r?\n([ \t]+)"`)

func newSplice(text []byte) *splice {
	s := &splice{text: text}
	if m := firstIndent.FindSubmatch(text); m != nil {
		s.unit = string(m[1])
	}
	return s
}

// members lists the values of an object by their keys.
func (s *splice) members(object span) (map[string]span, error) {
	d := json.NewDecoder(bytes.NewReader(s.text[object.from:object.to]))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("%v is no object: %w", t, orBad(err))
	}
	all := map[string]span{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		at, err := next(d, object.from)
		if err != nil {
			return nil, err
		}
		all[fmt.Sprint(key)] = at
	}
	return all, nil
}

// elements lists the values of a list.
func (s *splice) elements(list span) (all []span, err error) {
	d := json.NewDecoder(bytes.NewReader(s.text[list.from:list.to]))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, fmt.Errorf("%v is no list: %w", t, orBad(err))
	}
	for d.More() {
		at, err := next(d, list.from)
		if err != nil {
			return nil, err
		}
		all = append(all, at)
	}
	return all, nil
}

func orBad(err error) error {
	if err == nil {
		return fmt.Errorf("unexpected JSON")
	}
	return err
}

// next returns where the decoder's next value is.
func next(d *json.Decoder, base int) (span, error) {
	var raw json.RawMessage // has no spaces around it
	err := d.Decode(&raw)
	end := base + int(d.InputOffset())
	return span{end - len(raw), end}, err
}

// set replaces the value of a key of an object, or adds the key. depth is how deep the key
// is in the file, for its indentation.
func (s *splice) set(object span, key string, value []byte, depth int) error {
	members, err := s.members(object)
	if err != nil {
		return err
	}
	shaped, err := s.shape(value, depth)
	if err != nil {
		return err
	}
	if at, ok := members[key]; ok {
		if !sameJSON(s.text[at.from:at.to], value) {
			s.edits = append(s.edits, edit{at.from, at.to, shaped})
		}
		return nil
	}
	at := object.from + 1
	if i := slices.IndexFunc(s.edits, func(e edit) bool { return e.from == at && e.to == at }); i >= 0 {
		s.edits[i].by = append(s.member(key, shaped, depth, true), s.edits[i].by...)
		return nil
	}
	s.edits = append(s.edits, edit{at, at, s.member(key, shaped, depth, len(members) > 0)})
	return nil
}

// member is a new first member of an object.
func (s *splice) member(key string, value []byte, depth int, others bool) []byte {
	var b bytes.Buffer
	if s.unit != "" {
		b.WriteString("\n" + s.indent(depth))
	}
	fmt.Fprintf(&b, "%q: %s", key, value)
	switch {
	case others:
		b.WriteByte(',')
	case s.unit != "":
		b.WriteString("\n" + s.indent(depth-1))
	}
	return b.Bytes()
}

// shape indents a value as the text is indented.
func (s *splice) shape(value []byte, depth int) ([]byte, error) {
	var b bytes.Buffer
	if s.unit == "" {
		err := json.Compact(&b, value)
		return b.Bytes(), err
	}
	err := json.Indent(&b, value, s.indent(depth), s.unit)
	return b.Bytes(), err
}

func (s *splice) indent(depth int) string {
	return string(bytes.Repeat([]byte(s.unit), depth))
}

// sameJSON reports whether two texts are the same value.
func sameJSON(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

// done returns the text with its edits.
func (s *splice) done() []byte {
	slices.SortStableFunc(s.edits, func(a, b edit) int { return a.from - b.from })
	var b bytes.Buffer
	at := 0
	for _, e := range s.edits {
		b.Write(s.text[at:e.from])
		b.Write(e.by)
		at = e.to
	}
	b.Write(s.text[at:])
	return b.Bytes()
}

// executed is what execute.py writes.
type executed struct {
	Cells    []*executedCell            `json:"cells"`    // the code cells; nil for one that is not executed
	Metadata map[string]json.RawMessage `json:"metadata"` // of the notebook, what the kernel sets
	Stopped  *struct {
		Cell int    `json:"cell"` // number of the code cell that did not end; 0: none was begun
		Why  string `json:"why"`  // "time", "dead" or "kernel"
		Said string `json:"said"`
	} `json:"stopped"`
}

// executedCell is a code cell after its execution.
type executedCell struct {
	Outputs json.RawMessage `json:"outputs"`
	Count   json.RawMessage `json:"execution_count"`
}

// into returns the text of a notebook with the outputs of its execution.
func (e *executed) into(text []byte) ([]byte, error) {
	s := newSplice(text)
	top := span{0, len(text)}
	file, err := s.members(top)
	if err != nil {
		return nil, err
	}
	cells, err := s.elements(file["cells"])
	if err != nil {
		return nil, err
	}
	if err := e.cells(s, cells); err != nil {
		return nil, err
	}
	if at, ok := file["metadata"]; ok {
		for _, key := range []string{"widgets", "language_info", "vgrad"} {
			if value := e.Metadata[key]; value != nil {
				if err := s.set(at, key, value, 2); err != nil {
					return nil, err
				}
			}
		}
	}
	return s.done(), nil
}

// cells sets the outputs of the code cells.
func (e *executed) cells(s *splice, cells []span) error {
	code := 0
	for _, at := range cells {
		var c struct {
			Kind string `json:"cell_type"`
		}
		if err := json.Unmarshal(s.text[at.from:at.to], &c); err != nil {
			return err
		}
		if c.Kind != "code" {
			continue
		}
		if code++; code > len(e.Cells) {
			return fmt.Errorf("%d code cells were executed; the notebook has more", len(e.Cells))
		}
		if got := e.Cells[code-1]; got != nil {
			if err := s.set(at, "outputs", got.Outputs, 3); err != nil {
				return err
			}
			if err := s.set(at, "execution_count", got.Count, 3); err != nil {
				return err
			}
		}
	}
	if code < len(e.Cells) {
		return fmt.Errorf("%d code cells were executed; the notebook has %d", len(e.Cells), code)
	}
	return nil
}
