package runs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vgrad/lab/vgrad"
)

// Follower reads a run while it is written, by this or another process. It serves one
// goroutine.
type Follower struct {
	path  string
	file  samplesFile
	at    int64 // the length of the part that was read
	begun int   // how many column sets the sink has got by Begin
}

// Follow returns a follower of the run in the named folder of the store. The folder need
// not exist yet.
func (s *Store) Follow(name string) *Follower {
	return &Follower{path: filepath.Join(s.path(name), samplesName)}
}

// Read passes the rows that were recorded since the last call to a sink. A half-written
// record waits for the next call. Before rows with new columns, Read calls the sink's
// Begin with all columns so far. It fails if the file cannot be read or is damaged, and
// with the sink's error.
func (f *Follower) Read(to vgrad.Sink) error {
	data, err := f.unread()
	if err != nil {
		return fmt.Errorf("runs: follow %s: %w", f.path, err)
	}
	for len(data) > 0 {
		rows := len(f.file.rows)
		n, err := f.file.record(data)
		if err != nil {
			return fmt.Errorf("runs: follow %s: byte %d: %w", f.path, f.at, err)
		}
		if n == 0 {
			return nil
		}
		f.at, data = f.at+int64(n), data[n:]
		if len(f.file.rows) > rows {
			if err := f.putLast(to); err != nil {
				return err
			}
		}
	}
	return nil
}

// unread returns the part of the file that was not read yet. The first time it checks the
// header.
func (f *Follower) unread() ([]byte, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the run has not begun
	} else if err != nil {
		return nil, err
	}
	defer file.Close() // nothing was written
	if f.at == 0 {
		head := make([]byte, headerSize)
		if _, err := io.ReadFull(file, head); err != nil {
			return nil, nil
		}
		parsed, err := parseSamples(head)
		if err != nil {
			return nil, err
		}
		f.file, f.at = *parsed, int64(headerSize)
	}
	if _, err := file.Seek(f.at, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(file)
}

// putLast passes the row that was read last to the sink. It keeps only the row's step, so
// that following a long run takes no memory for its samples.
func (f *Follower) putLast(to vgrad.Sink) error {
	if f.begun < len(f.file.tables) {
		if err := to.Begin(f.schema()); err != nil {
			return err
		}
		f.begun = len(f.file.tables)
	}
	last := f.file.rows[len(f.file.rows)-1]
	t := f.file.tables[last.table]
	values := vgrad.Row{Table: last.table}
	for col := range t.Columns {
		if s := t.sample(last.at, col); s.Hist != nil {
			values.Hists = append(values.Hists, s.Hist)
		} else {
			values.Values = append(values.Values, s.Value)
		}
	}
	step := t.steps[last.at]
	for _, other := range f.file.tables {
		other.steps, other.float32, other.float64, other.hists = other.steps[:0], other.float32[:0], other.float64[:0], other.hists[:0]
	}
	t.steps = append(t.steps, step) // the next row's step must not be below it
	t.keepRow()
	f.file.rows = append(f.file.rows[:0], row{last.table, 0})
	return to.Put(step, []vgrad.Row{values})
}

// keepRow gives the table one row of values, to match the one step that it keeps.
func (t *table) keepRow() {
	switch n := len(t.Columns); t.Kind {
	case float32Kind:
		t.float32 = t.float32[:n]
	case float64Kind:
		t.float64 = t.float64[:n]
	case histogramKind, binsKind:
		t.hists = t.hists[:n]
	}
}

// schema returns the schema that the file has defined so far, with a table for each
// column set.
func (f *Follower) schema() vgrad.Schema {
	s := vgrad.Schema{Infos: map[vgrad.Quantity]vgrad.Info{}}
	for _, defined := range f.file.schemas {
		s.Sites = defined.Sites
		for q, info := range defined.Infos {
			s.Infos[q] = info
		}
	}
	for _, t := range f.file.tables {
		s.Tables = append(s.Tables, vgrad.Table{Columns: t.Columns, Histograms: t.Kind.hasHists()})
	}
	return s
}
