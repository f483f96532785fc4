package runs

import (
	"errors"
	"fmt"
	"hash/crc32"
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
// or Close. Several goroutines may call its methods.
type Writer struct {
	store      *Store
	name       string
	experiment vgrad.Experiment
	record     record
	lock       *flock.Flock
	continued  bool // by Continue; false: it began at step 0

	mu      sync.Mutex
	file    samplesWriter
	encoder encoder
	size    int64  // of the complete records
	sum     uint32 // CRC-32C of these bytes
	last    int    // step, -1 before the first
	err     error  // the error that ended the recording; nil: none
	closed  bool
	earlier *earlier // what Continue found, until Begin; nil: nothing
}

var _ vgrad.Sink = (*Writer)(nil)

// samplesWriter is an *os.File; tests replace it by a disk that fills up.
type samplesWriter interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

var errClosed = errors.New("the run is closed")

// Create begins the run of an experiment. It fails with [ErrRecorded] if the run is
// finished, and with [ErrLocked] while another process is writing it. It also fails if
// the experiment is not valid or the store cannot be written.
//
// An unfinished run of the experiment is moved aside to <name>.unfinished, and removed
// when the new run finishes. Of two unfinished runs the one with more steps is kept.
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
	w := &Writer{store: s, name: Name(e), experiment: e, lock: lock, last: -1, record: record{
		Format: formatVersion, Label: e.Name(), Hash: e.Hash(), Status: unfinished, PID: os.Getpid(),
		LastStep: -1, Provenance: p.withHere(time.Now().UTC()),
	}}
	if err := w.begin(e); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return w, nil
}

// begin moves unfinished runs aside, makes the run's folder and opens its samples.
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
	w.file, w.size, w.sum = file, int64(headerSize), crc32.Checksum(header(), castagnoli)
	return err
}

func (w *Writer) dir() string { return w.store.path(w.name) }

// makeFolder makes the run's folder under a temporary name and then renames it, so that
// other processes only ever see it complete.
func (w *Writer) makeFolder(e vgrad.Experiment) error {
	tmp := w.store.path(".new-" + w.name)
	if err := os.RemoveAll(tmp); err != nil { // what a process that was killed here has left
		return err
	}
	err := os.Mkdir(tmp, 0o777)
	if err == nil {
		err = writeJSON(filepath.Join(tmp, experimentName), e.WithDefaults(), unsynced)
	}
	if err == nil {
		err = writeJSON(filepath.Join(tmp, recordName), w.record, unsynced)
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

// moveAside keeps an unfinished run beside the new one, without its checkpoint. It removes the run instead if it
// has no samples, or if one that is as long was moved aside before.
func moveAside(dir string) error {
	if err := removeCheckpoint(dir); err != nil {
		return err
	}
	aside := dir + asideSuffix
	if lastStep(dir) <= lastStep(aside) {
		return os.RemoveAll(dir)
	}
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	return os.Rename(dir, aside)
}

// removeAside removes all runs of an experiment that were moved aside, whatever their label.
func (s *Store) removeAside(hash string) error {
	names, err := s.names()
	for _, name := range names {
		if strings.HasSuffix(name, "-"+hash[:hashDigits]+asideSuffix) {
			err = errors.Join(err, os.RemoveAll(s.path(name)))
		}
	}
	return err
}

// lastStep returns the last step that can be read in a folder, or -1 if there is none.
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

// Begin sets the schema of the rows that follow. It fails as Put does.
func (w *Writer) Begin(s vgrad.Schema) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.err
	switch {
	case err != nil:
	case w.closed:
		err = errClosed
	case w.earlier != nil && w.encoder.adopt(s, w.earlier):
	default:
		var record []byte
		if record, err = w.encoder.define(s); err == nil {
			err = w.append(record)
		}
	}
	w.earlier = nil
	if err != nil {
		w.err = err
		return fmt.Errorf("runs: begin the samples of %q: %w", w.name, err)
	}
	return nil
}

// Put appends the rows of a step, in one write to the operating system. Once it has
// returned, the rows outlive the process. The step must not be below that of the Put
// before. After an error nothing more is recorded, and every later call returns that
// error; the rows that were put before stay readable.
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
		if n > 0 { // remove the half-written record
			err = errors.Join(err, w.file.Truncate(w.size))
		}
		return fmt.Errorf("%w; the samples before it are kept", err)
	}
	w.size += int64(len(records))
	w.sum = crc32.Update(w.sum, castagnoli, records)
	return nil
}

// Finish forces the samples to the disk, marks the run finished and releases its lock.
// The fields of p that are set replace those given to Create. After a Put that failed, it
// returns that error and the run stays unfinished.
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
	return errors.Join(removeCheckpoint(w.dir()), syncFolder(w.dir()), syncFolder(w.store.dir), w.store.removeAside(r.Hash))
}

// Close releases the lock of a run and leaves it unfinished; its samples stay readable.
// After Finish it does nothing.
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
