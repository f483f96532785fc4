package tfevents

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vgrad/lab/vgrad"
)

// Options say how a run is written. The zero value writes the article's tags.
type Options struct {
	// Tags of the columns. Zero: [ArticleTags].
	Tags Tags
	// Experiment whose fields TensorBoard's HParams page shows. Nil: none.
	Experiment *vgrad.Experiment
	// Time is the wall time of a step. Nil: the time of the call.
	Time func(step int) time.Time
	// Replace removes the event files of this package that the folder has. False: Create
	// fails where there is any event file, because TensorBoard would join the two runs.
	Replace bool
}

// ErrExists is the error of writing a run into a folder that has event files.
var ErrExists = errors.New("the folder has event files")

// ownEnding ends the names of the files that this package writes.
const ownEnding = ".vgrad"

// flushSize and flushTime bound what TensorBoard does not see yet.
const (
	flushSize = 1 << 16 // bytes
	flushTime = 2 * time.Second
)

// Writer writes a run as an event file. It is a [vgrad.Sink]. Several goroutines may call
// its methods. Values reach the file after two seconds at most, if Put is called then, and
// with Flush and Close.
type Writer struct {
	options Options

	mu      sync.Mutex
	file    io.WriteCloser
	path    string
	begun   time.Time // of the file
	pending []byte    // records that are not in the file
	flushed time.Time
	schema  vgrad.Schema
	names   [][]string // tags by table and column
	tags    map[vgrad.Column]string
	told    bool // the run's text and parameters are written
	buckets buckets
	err     error // the error that ended the writing
	closed  bool
}

var _ vgrad.Sink = (*Writer)(nil)

// Create begins an event file in a folder, which it makes. It fails with [ErrExists] if
// the folder has event files; see [Options].Replace.
func Create(dir string, o Options) (*Writer, error) {
	w, err := create(dir, o)
	if err != nil {
		return nil, fmt.Errorf("tfevents: create a run in %s: %w", dir, err)
	}
	return w, nil
}

func create(dir string, o Options) (*Writer, error) {
	if err := o.Tags.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	if err := clearFolder(dir, o.Replace); err != nil {
		return nil, err
	}
	host, _ := os.Hostname() // a machine without a name has none
	now := time.Now()
	name := fmt.Sprintf("events.out.tfevents.%010d.%s.%d.0%s", now.Unix(), host, os.Getpid(), ownEnding)
	w := &Writer{options: o, path: filepath.Join(dir, name), begun: now, flushed: now, tags: map[vgrad.Column]string{}}
	file, err := os.OpenFile(w.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	w.file = file
	w.event(0, func(b []byte) []byte { return appendText(b, 3, "brain.Event:2") })
	if err := w.flush(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return w, nil
}

// clearFolder removes the event files of this package, or reports that there are some.
func clearFolder(dir string, replace bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case !strings.Contains(name, "tfevents"):
		case !replace:
			return fmt.Errorf("%w, %s; name another folder", ErrExists, name)
		case !strings.HasSuffix(name, ownEnding):
			return fmt.Errorf("%w of another program, %s; name another folder", ErrExists, name)
		default:
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Path returns the path of the event file.
func (w *Writer) Path() string { return w.path }

// Begin writes what the tags of the following rows are. The first time, it also writes the
// experiment's parameters and a text that explains the tags.
func (w *Writer) Begin(s vgrad.Schema) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.do("begin", func() error {
		w.schema = s
		w.name()
		text, err := w.schemaText()
		if err != nil {
			return err
		}
		if !w.told {
			w.told = true
			w.tell()
		}
		w.summary(0, func(b []byte) []byte { return appendTextValue(b, schemaTag, schemaPlugin, text, "") })
		return w.flush()
	})
}

// name gives each column its tag.
func (w *Writer) name() {
	w.names = nil
	for _, t := range w.schema.Tables {
		var names []string
		for _, c := range t.Columns {
			names = append(names, w.tagOf(c))
		}
		w.names = append(w.names, names)
	}
}

// tagOf returns the tag of a column, and keeps it: a column has one tag in a file.
func (w *Writer) tagOf(c vgrad.Column) string {
	if tag, ok := w.tags[c]; ok {
		return tag
	}
	first := true
	for other := range w.tags {
		first = first && (other.Quantity != c.Quantity || other.Site.Layer != c.Site.Layer)
	}
	tag := w.options.Tags.name(c, first)
	w.tags[c] = tag
	return tag
}

// schemaText is the content of the tag vgrad/schema.
func (w *Writer) schemaText() ([]byte, error) {
	s := schemaText{Sites: w.schema.Sites, Infos: map[vgrad.Quantity]vgrad.Info{}}
	for i, t := range w.schema.Tables {
		for k, c := range t.Columns {
			at := -1
			if c.Site != vgrad.NetworkSite {
				if at = slices.Index(s.Sites, c.Site); at < 0 {
					return nil, fmt.Errorf("%s is measured at %s, which is not among the sites", c.Quantity, c.Site.Path)
				}
			}
			s.Tags = append(s.Tags, tagText{w.names[i][k], at, c.Quantity})
			info, ok := w.schema.Infos[c.Quantity]
			if !ok {
				info, ok = knownInfo(c.Quantity)
			}
			if ok {
				s.Infos[c.Quantity] = info
			}
		}
	}
	return json.Marshal(s)
}

func knownInfo(q vgrad.Quantity) (vgrad.Info, bool) {
	info, err := q.Info()
	return info, err == nil
}

// Put writes the rows of a step as one event. After an error nothing more is written.
func (w *Writer) Put(step int, rows []vgrad.Row) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.do("put rows", func() error { return w.put(step, rows) }); err != nil {
		return fmt.Errorf("step %d: %w", step, err)
	}
	return nil
}

func (w *Writer) put(step int, rows []vgrad.Row) error {
	for _, row := range rows {
		if row.Table < 0 || row.Table >= len(w.names) {
			return fmt.Errorf("a row of table %d; the schema has %d", row.Table, len(w.names))
		}
		if n := max(len(row.Values), len(row.Hists)); n != len(w.names[row.Table]) {
			return fmt.Errorf("a row of %d values; table %d has %d columns", n, row.Table, len(w.names[row.Table]))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	w.summary(step, func(b []byte) []byte {
		for _, row := range rows {
			for i, tag := range w.names[row.Table] {
				if row.Hists != nil {
					b = w.appendHistogram(b, tag, row.Hists[i])
				} else {
					b = appendScalar(b, tag, row.Values[i])
				}
			}
		}
		return b
	})
	if len(w.pending) >= flushSize || time.Since(w.flushed) >= flushTime {
		return w.flush()
	}
	return nil
}

// appendScalar appends a Summary.Value with a simple_value.
func appendScalar(b []byte, tag string, x float64) []byte {
	b, start := begin(b, 1)
	b = appendText(b, 1, tag)
	b = appendFloat(b, 2, toFloat(x))
	return end(b, start)
}

// toFloat rounds to float32. A number that is not zero stays so, and a finite one too.
func toFloat(x float64) float32 {
	f := float32(x)
	switch {
	case f == 0 && x != 0:
		return float32(math.Copysign(math.SmallestNonzeroFloat32, x))
	case math.IsInf(float64(f), 0) && !math.IsInf(x, 0):
		return float32(math.Copysign(math.MaxFloat32, x))
	}
	return f
}

// appendHistogram appends a Summary.Value with a HistogramProto, and scalars that count
// the values that are not finite.
func (w *Writer) appendHistogram(b []byte, tag string, h *vgrad.Histogram) []byte {
	b, start := begin(b, 1)
	b = appendText(b, 1, tag)
	b = appendHistogram(b, 5, h, &w.buckets)
	b = end(b, start)
	for i, n := range []int{h.NaN, h.PosInf, h.NegInf} {
		if n > 0 {
			b = appendScalar(b, tag+specialTags[i], float64(n))
		}
	}
	return b
}

// summary appends an event with a summary.
func (w *Writer) summary(step int, values func([]byte) []byte) {
	w.event(step, func(b []byte) []byte {
		b, start := begin(b, 5)
		b = values(b)
		return end(b, start)
	})
}

// event appends a record.
func (w *Writer) event(step int, content func([]byte) []byte) {
	at := len(w.pending)
	b := append(w.pending, make([]byte, headSize)...)
	b = appendDouble(b, 1, seconds(w.timeOf(step)))
	if step != 0 {
		b = appendInt(b, 2, int64(step))
	}
	w.pending = seal(content(b), at)
}

// timeOf returns the wall time of a step.
func (w *Writer) timeOf(step int) time.Time {
	if w.options.Time != nil {
		return w.options.Time(step)
	}
	return time.Now()
}

func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }

// Flush writes all events to the file.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.do("flush", w.flush)
}

func (w *Writer) flush() error {
	_, err := w.file.Write(w.pending)
	w.pending, w.flushed = w.pending[:0], time.Now()
	return err
}

// do runs one call, unless the file is closed or a call has failed.
func (w *Writer) do(what string, call func() error) error {
	err := w.err
	if err == nil && w.closed {
		err = errors.New("the file is closed")
	}
	if err == nil {
		err = call()
	}
	if err != nil {
		w.err = err
		return fmt.Errorf("tfevents: %s into %s: %w", what, w.path, err)
	}
	return nil
}

// Close writes the rest and closes the file. TensorBoard then shows the run as finished.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	if w.told && w.err == nil {
		w.finish()
	}
	err := w.err
	if err == nil {
		err = w.flush()
	}
	w.closed = true
	if err := errors.Join(err, w.file.Close()); err != nil {
		return fmt.Errorf("tfevents: close %s: %w", w.path, err)
	}
	return nil
}
