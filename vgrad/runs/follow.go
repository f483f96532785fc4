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

// Follower reads a run while it is written, by this or another process.
type Follower struct {
	path string
	file samplesFile
	at   int64 // up to where it was read
	told int   // how many column sets the sink was told of
}

// Follow returns a follower of the run in a folder of the store, which need not be there yet.
func (s *Store) Follow(name string) *Follower {
	return &Follower{path: filepath.Join(s.path(name), samplesName)}
}

// Read hands to a sink what was recorded since the last call: nothing, where
// nothing was. What is half written waits for the next call. Every call that
// comes to new columns begins with the sink's Begin.
func (f *Follower) Read(to vgrad.Sink) error {
	data, err := f.news()
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
			if err := f.tell(to); err != nil {
				return err
			}
		}
	}
	return nil
}

// news reads what is behind the part that was read, and the header the first time.
func (f *Follower) news() ([]byte, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // it has not begun
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

// tell hands on the row that was read last, and forgets it.
func (f *Follower) tell(to vgrad.Sink) error {
	if f.told < len(f.file.tables) {
		if err := to.Begin(f.schema()); err != nil {
			return err
		}
		f.told = len(f.file.tables)
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
	t.steps = append(t.steps, step) // the next must not be below it
	t.keepRow()
	f.file.rows = append(f.file.rows[:0], row{last.table, 0})
	return to.Put(step, []vgrad.Row{values})
}

// keepRow makes room for the row whose step is kept.
func (t *table) keepRow() {
	switch n := len(t.Columns); t.Kind {
	case float32Kind:
		t.float32 = t.float32[:n]
	case float64Kind:
		t.float64 = t.float64[:n]
	case histogramKind:
		t.hists = t.hists[:n]
	}
}

// schema is what the file has defined so far, a table for each column set.
func (f *Follower) schema() vgrad.Schema {
	s := vgrad.Schema{Infos: map[vgrad.Quantity]vgrad.Info{}}
	for _, defined := range f.file.schemas {
		s.Sites = defined.Sites
		for q, info := range defined.Infos {
			s.Infos[q] = info
		}
	}
	for _, t := range f.file.tables {
		s.Tables = append(s.Tables, vgrad.Table{Columns: t.Columns, Histograms: t.Kind == histogramKind})
	}
	return s
}
