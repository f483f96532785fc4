package runs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/vgrad/lab/vgrad"
)

// Writer records a run. It is a [vgrad.Sink]. It holds the experiment's lock until Finish
// or Close; its methods may be called from several goroutines.
type Writer struct {
	store  *Store
	name   string
	record record
	lock   *flock.Flock

	mu      sync.Mutex
	file    samplesWriter
	encoder encoder
	size    int64 // of the complete records
	last    int   // step, -1 before the first
	err     error // that ended the recording
	closed  bool
}

var _ vgrad.Sink = (*Writer)(nil)

// samplesWriter is an *os.File; tests stand in a disk that fills up.
type samplesWriter interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

var errClosed = errors.New("the run is closed")

// Create begins the run of an experiment. It fails, before anything is changed, where
// the experiment is not valid, with [ErrRecorded] where its run is finished, with
// [ErrLocked] while another process writes it, and where the store cannot be written.
//
// An earlier attempt that was not finished is moved aside, to <name>.unfinished, and
// removed when the new one finishes; of two such attempts the one with more steps stays.
func (s *Store) Create(e vgrad.Experiment, p Provenance) (*Writer, error) {
	w, err := s.create(e, p)
	if err != nil {
		return nil, fmt.Errorf("runs: create %q: %w", e.Name(), err)
	}
	return w, nil
}

func (s *Store) create(e vgrad.Experiment, p Provenance) (*Writer, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	lock, err := s.lock(e.Hash()[:hashDigits])
	if err != nil {
		return nil, err
	}
	p.Seed = e.Seed
	w := &Writer{store: s, name: Name(e), lock: lock, last: -1, record: record{
		Format: formatVersion, Label: e.Name(), Hash: e.Hash(), Status: unfinished, PID: os.Getpid(),
		LastStep: -1, Provenance: p.withHere(time.Now().UTC()),
	}}
	if err := w.begin(e); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return w, nil
}

// begin makes room for the run's folder, makes it and opens its samples.
func (w *Writer) begin(e vgrad.Experiment) error {
	for {
		dir, err := w.store.find(e)
		if errors.Is(err, ErrNotRecorded) {
			break
		} else if err != nil {
			return err
		}
		switch earlier, err := readEntry(dir); {
		case err != nil:
			return fmt.Errorf("the run there cannot be read: %w; delete %s to train it again", err, earlier.Name)
		case earlier.Finished:
			return fmt.Errorf("%w: %s; delete it to train it again", ErrRecorded, earlier.Name)
		}
		if err := moveAside(dir); err != nil {
			return fmt.Errorf("move the unfinished attempt aside: %w", err)
		}
	}
	if err := w.makeFolder(e); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(w.dir(), samplesName), os.O_WRONLY|os.O_APPEND, 0)
	w.file, w.size = file, int64(headerSize)
	return err
}

func (w *Writer) dir() string { return w.store.path(w.name) }

// makeFolder makes the run's folder under another name first: whoever sees it sees it whole.
func (w *Writer) makeFolder(e vgrad.Experiment) error {
	tmp := w.store.path(".new-" + w.name)
	if err := os.RemoveAll(tmp); err != nil { // what a process that was killed here has left
		return err
	}
	err := os.Mkdir(tmp, 0o777)
	if err == nil {
		err = writeJSON(filepath.Join(tmp, experimentName), e.WithDefaults(), atEase)
	}
	if err == nil {
		err = writeJSON(filepath.Join(tmp, recordName), w.record, atEase)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(tmp, samplesName), header(), 0o666)
	}
	if err == nil {
		err = os.Rename(tmp, w.dir())
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	return nil
}

// moveAside keeps an unfinished attempt beside the new one, unless a longer one is kept
// already or it has no samples.
func moveAside(dir string) error {
	aside := dir + asideSuffix
	if lastStep(dir) <= lastStep(aside) {
		return os.RemoveAll(dir)
	}
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	return os.Rename(dir, aside)
}

// removeAside removes an experiment's earlier attempts, under whatever label they were made.
func (s *Store) removeAside(hash string) error {
	names, err := s.names()
	for _, name := range names {
		if strings.HasSuffix(name, "-"+hash[:hashDigits]+asideSuffix) {
			err = errors.Join(err, os.RemoveAll(s.path(name)))
		}
	}
	return err
}

// lastStep returns the last step that can be read in a folder; -1 where there is none.
func lastStep(dir string) int {
	data, err := os.ReadFile(filepath.Join(dir, samplesName))
	if err != nil {
		return -1
	}
	file, _ := parseSamples(data) // of a damaged file, the part before the damage
	return file.lastStep()
}

// Name returns the name of the run's folder.
func (w *Writer) Name() string { return w.name }

// Begin says what the rows to come hold.
func (w *Writer) Begin(s vgrad.Schema) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.err
	switch {
	case err != nil:
	case w.closed:
		err = errClosed
	default:
		var record []byte
		if record, err = w.encoder.define(s); err == nil {
			err = w.append(record)
		}
	}
	if err != nil {
		w.err = err
		return fmt.Errorf("runs: begin the samples of %q: %w", w.name, err)
	}
	return nil
}

// Put appends the rows of a step, which is not below the one before. When it returns, they are with the operating system in one write and
// outlive the process. After an error nothing more is recorded and every later call
// returns that error; what was put before stays readable.
func (w *Writer) Put(step int, rows []vgrad.Row) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.put(step, rows); err != nil {
		w.err = err
		return fmt.Errorf("runs: put step %d into %q: %w", step, w.name, err)
	}
	return nil
}

func (w *Writer) put(step int, rows []vgrad.Row) error {
	switch {
	case w.err != nil:
		return w.err
	case w.closed:
		return errClosed
	case step < 0 || step < w.last:
		return fmt.Errorf("a step must be at least that of the Put before, %d", max(w.last, 0))
	}
	records, err := w.encoder.encode(step, rows)
	if err != nil || len(records) == 0 {
		return err
	}
	if err := w.append(records); err != nil {
		return err
	}
	w.last = step
	return nil
}

// append writes records in one piece.
func (w *Writer) append(records []byte) error {
	if n, err := w.file.Write(records); err != nil {
		if n > 0 { // half a record: it would be dropped when read, but why leave it
			err = errors.Join(err, w.file.Truncate(w.size))
		}
		return fmt.Errorf("%w; the samples before it are kept", err)
	}
	w.size += int64(len(records))
	return nil
}

// Finish forces the samples to the disk, marks the run finished and lets go of it. What p
// says replaces what Create was told, field by field. It fails after a Put that failed.
func (w *Writer) Finish(p Provenance) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.finish(p)
	if err != nil {
		err = fmt.Errorf("runs: finish %q: %w", w.name, err)
	}
	return errors.Join(err, w.close())
}

func (w *Writer) finish(p Provenance) error {
	switch {
	case w.err != nil:
		return w.err
	case w.closed:
		return errClosed
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	r := &w.record
	p.Seed = r.Seed
	r.Provenance = p.or(r.Provenance)
	take(&r.Finished, time.Now().UTC())
	take(&r.Seconds, r.Finished.Sub(r.Started).Seconds())
	r.Status, r.LastStep, r.Bytes = finished, w.last, w.size
	if err := writeJSON(filepath.Join(w.dir(), recordName), r, synced); err != nil {
		return err
	}
	return errors.Join(syncFolder(w.dir()), syncFolder(w.store.dir), w.store.removeAside(r.Hash))
}

// Close lets go of a run that is not finished; what was put stays readable. After Finish
// it does nothing.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.close()
}

func (w *Writer) close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	if err := errors.Join(w.file.Close(), w.lock.Unlock()); err != nil {
		return fmt.Errorf("runs: close %q: %w", w.name, err)
	}
	return nil
}

// syncFolder forces a folder's entries to the disk, where the platform can.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil // a folder that can be written but not listed
	} else if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
