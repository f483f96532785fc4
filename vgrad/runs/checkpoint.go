package runs

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/vgrad/lab/vgrad"
)

const (
	checkpointName    = "checkpoint.bin"
	newCheckpointName = "checkpoint.new" // while it is written
	checkpointMagic   = "vgradckp"
	checkpointFormat  = 1
	maxCheckpointHead = 64 << 20
)

// Checkpoint is the state of a training between two steps, with the runs that it trains.
// They are several if they are lanes of one program; these can only go on together.
type Checkpoint struct {
	// Step is the number of the next step.
	Step int `json:"step"`
	// Lanes are the runs, in the order of the lanes. The checkpoint lies in the folder of
	// the first.
	Lanes []Mark `json:"lanes"`
	// Devices is how many devices the lanes are spread over. Zero: they are on one.
	Devices int `json:"devices,omitempty"`
	// Provenance says what trains: backend, data, versions. Seconds is the time of training
	// so far, each run's share.
	Provenance Provenance `json:"provenance"`
	// State is the trainer's own encoding. [Store.Checkpoints] leaves it out.
	State []byte `json:"-"`

	// Stopped is when the last sample was recorded. Continue sets it.
	Stopped time.Time `json:"-"`
	// Problem says why the checkpoint cannot be used. Nil: it can be read as far as it was.
	Problem error `json:"-"`
}

// Mark says how far a run is recorded.
type Mark struct {
	Experiment vgrad.Experiment `json:"experiment"`
	// Bytes is the length of samples.bin. Zero: the lane is not recorded.
	Bytes int64 `json:"bytes,omitempty"`
	// Sum is the CRC-32C of these bytes.
	Sum uint32 `json:"sum,omitempty"`
}

// Mark returns how far the run is recorded now.
func (w *Writer) Mark() Mark {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Mark{w.experiment, w.size, w.sum}
}

// SaveCheckpoint replaces the checkpoint of runs in one step. ws are the writers of c's
// lanes, nil for a lane that is not recorded, but not for the first. The samples up to the
// marks are forced to the disk before. If it fails, for example because the disk is full,
// the checkpoint before is kept and the recording goes on.
func SaveCheckpoint(c Checkpoint, ws []*Writer) error {
	for _, w := range ws {
		if w == nil {
			continue
		}
		if err := w.sync(); err != nil {
			return fmt.Errorf("runs: checkpoint of %q: %w", w.name, err)
		}
	}
	if err := ws[0].saveCheckpoint(c); err != nil {
		return fmt.Errorf("runs: checkpoint of %q: %w", ws[0].name, err)
	}
	return nil
}

// sync forces the samples to the disk. It does not hold the lock meanwhile, so that
// recording goes on.
func (w *Writer) sync() error {
	w.mu.Lock()
	closed, file := w.closed, w.file
	w.mu.Unlock()
	if closed {
		return errClosed
	}
	return file.Sync()
}

func (w *Writer) saveCheckpoint(c Checkpoint) error {
	c.Provenance = c.Provenance.withHere(time.Now().UTC())
	start, end, err := c.encode()
	if err != nil {
		return err
	}
	path := filepath.Join(w.dir(), newCheckpointName)
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{start, c.State, end} {
		if err == nil {
			_, err = f.Write(part)
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(path, filepath.Join(w.dir(), checkpointName))
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return syncFolder(w.dir())
}

// Foreign says why the checkpoint does not go on in a training of p to the bit: another
// backend, other data, or other versions of Go and of modules. Nil: it does, as far as its
// head says. The program's own version is not compared.
func (c *Checkpoint) Foreign(p Provenance) error {
	here, was := p.withHere(time.Time{}), c.Provenance
	switch {
	case was.Backend != here.Backend || was.Description != here.Description:
		return fmt.Errorf("its backend was %s (%s), now it is %s (%s)", was.Backend, was.Description, here.Backend, here.Description)
	case was.DataSum != here.DataSum:
		return errors.New("its data are not those that are here now")
	case was.GoVersion != here.GoVersion || was.OS != here.OS || was.Arch != here.Arch:
		return fmt.Errorf("its program was built by %s for %s/%s", was.GoVersion, was.OS, was.Arch)
	}
	for path, version := range was.Modules {
		if now, known := here.Modules[path]; known && now != version && path != mainModule() {
			return fmt.Errorf("its program had %s %s, this one has %s", path, version, now)
		}
	}
	return nil
}

// encode returns what stands before and after the state in the file.
func (c Checkpoint) encode() (start, end []byte, err error) {
	head, err := json.Marshal(c)
	if err != nil {
		return nil, nil, err
	}
	start = binary.LittleEndian.AppendUint32([]byte(checkpointMagic), checkpointFormat)
	start = binary.LittleEndian.AppendUint32(start, uint32(len(head)))
	start = binary.LittleEndian.AppendUint32(start, crc32.Checksum(head, castagnoli))
	start = append(start, head...)
	start = binary.LittleEndian.AppendUint64(start, uint64(len(c.State)))
	sum := crc32.Update(crc32.Checksum(start, castagnoli), castagnoli, c.State)
	return start, binary.LittleEndian.AppendUint32(nil, sum), nil
}

var errIncomplete = errors.New("it is not complete")

// readCheckpointHead reads a checkpoint without its state.
func readCheckpointHead(r io.Reader) (*Checkpoint, error) {
	fixed := make([]byte, len(checkpointMagic)+12)
	if _, err := io.ReadFull(r, fixed); err != nil {
		return nil, errIncomplete
	}
	numbers := fixed[len(checkpointMagic):]
	length, sum := binary.LittleEndian.Uint32(numbers[4:]), binary.LittleEndian.Uint32(numbers[8:])
	switch version := binary.LittleEndian.Uint32(numbers); {
	case string(fixed[:len(checkpointMagic)]) != checkpointMagic:
		return nil, errors.New("it is not a checkpoint")
	case version != checkpointFormat:
		return nil, fmt.Errorf("it has format %d, this program reads format %d", version, checkpointFormat)
	case length > maxCheckpointHead:
		return nil, errors.New("it is damaged")
	}
	head := make([]byte, length)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, errIncomplete
	}
	if crc32.Checksum(head, castagnoli) != sum {
		return nil, errors.New("it is damaged: the checksum of its head is wrong")
	}
	c := &Checkpoint{}
	if err := json.Unmarshal(head, c); err != nil {
		return nil, err
	}
	if len(c.Lanes) == 0 || c.Step < 1 {
		return nil, errors.New("it has no runs or no steps")
	}
	return c, nil
}

// readCheckpoint reads a whole checkpoint and checks its checksum.
func readCheckpoint(path string) (*Checkpoint, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := bytes.NewReader(data)
	c, err := readCheckpointHead(r)
	if err != nil {
		return nil, err
	}
	rest := data[len(data)-r.Len():]
	if len(rest) < 12 || binary.LittleEndian.Uint64(rest) != uint64(len(rest)-12) {
		return nil, errIncomplete
	}
	end := len(data) - 4
	if crc32.Checksum(data[:end], castagnoli) != binary.LittleEndian.Uint32(data[end:]) {
		return nil, errors.New("it is damaged: its checksum is wrong")
	}
	c.State = rest[8 : len(rest)-4]
	return c, nil
}

// Checkpoints returns the checkpoints of unfinished runs among those of experiments,
// without their states. It reads the store's folder once, and no samples. A checkpoint
// that cannot be read is returned with its Problem, and the experiment as its one lane.
func (s *Store) Checkpoints(es ...vgrad.Experiment) ([]*Checkpoint, error) {
	names, err := s.names()
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	byHash := map[string]string{} // paths of checkpoints
	for _, name := range names {
		if path := filepath.Join(s.path(name), checkpointName); exists(path) && len(name) > hashDigits && !isFinished(s.path(name)) {
			byHash[name[len(name)-hashDigits:]] = path
		}
	}
	var cs []*Checkpoint
	for _, e := range es {
		path := byHash[e.Hash()[:hashDigits]]
		if path == "" {
			continue
		}
		c, err := headOf(path)
		if err == nil && c.Lanes[0].Experiment.Hash() != e.Hash() {
			err = errors.New("it is of another experiment")
		}
		if err != nil {
			c = &Checkpoint{Lanes: []Mark{{Experiment: e}}, Problem: err}
		}
		cs = append(cs, c)
	}
	return cs, nil
}

func headOf(path string) (*Checkpoint, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // nothing was written
	return readCheckpointHead(f)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Continue opens the unfinished runs of a checkpoint, to go on where it was taken. es are
// the experiments that are wanted, the first lane's among them. It returns a writer for
// each lane, nil where the lane's run is not wanted, is finished, is being written by
// another process, or has other samples than the checkpoint says. It also returns the
// checkpoint as it is now, with its State.
//
// The samples after the checkpoint are cut off. A writer takes the schema that the run had
// last as known, so that the finished file equals that of an undisturbed run.
//
// Continue fails with [ErrLocked] while another process is writing the first lane's run,
// with [ErrRecorded] if that is finished, and with another error if the checkpoint is
// damaged or does not belong to the samples. The runs are then as they were.
func (s *Store) Continue(c *Checkpoint, es ...vgrad.Experiment) ([]*Writer, *Checkpoint, error) {
	ws, now, err := s.resume(c, es)
	if err != nil {
		for _, w := range ws {
			if w != nil && w.file != nil {
				err = errors.Join(err, w.file.Close())
			}
			if w != nil {
				err = errors.Join(err, w.lock.Unlock())
			}
		}
		return nil, nil, fmt.Errorf("runs: continue %q: %w", c.Lanes[0].Experiment.Name(), err)
	}
	return ws, now, nil
}

// resume is Continue; if it fails, the caller releases the locks of the writers.
func (s *Store) resume(c *Checkpoint, es []vgrad.Experiment) (ws []*Writer, now *Checkpoint, err error) {
	wanted := map[string]vgrad.Experiment{}
	for _, e := range es {
		wanted[e.Hash()] = e
	}
	ws = make([]*Writer, len(c.Lanes))
	var parts []*earlier // the recorded part of each lane
	for i, lane := range c.Lanes {
		parts = append(parts, nil)
		e, isWanted := wanted[lane.Experiment.Hash()]
		if i > 0 && (!isWanted || now.Lanes[i].Bytes == 0) {
			continue
		} else if !isWanted {
			return ws, nil, errors.New("its first run is not wanted")
		}
		var dir string
		if ws[i], dir, err = s.reopen(e); err != nil && i > 0 {
			continue
		} else if err != nil {
			return ws, nil, err
		}
		if i == 0 { // nobody changes it now
			if now, err = readCheckpoint(filepath.Join(dir, checkpointName)); err != nil {
				return ws, nil, fmt.Errorf("%s: %w", filepath.Join(dir, checkpointName), err)
			} else if !now.sameLanes(c) {
				return ws, nil, errors.New("another process has replaced its checkpoint")
			}
		}
		parts[i], err = readEarlier(dir, now.Lanes[i])
		switch {
		case err != nil && i > 0:
			err = ws[i].lock.Unlock()
			if ws[i] = nil; err != nil {
				return ws, nil, err
			}
		case err != nil:
			return ws, nil, err
		default:
			parts[i].dir = dir
		}
	}
	now.Stopped = parts[0].changed
	for i, w := range ws {
		if w == nil {
			continue
		}
		if err := w.goOn(parts[i]); err != nil {
			return ws, nil, err
		}
	}
	return ws, now, nil
}

// sameLanes reports whether two checkpoints are of the same runs.
func (c *Checkpoint) sameLanes(other *Checkpoint) bool {
	if len(c.Lanes) != len(other.Lanes) || c.Devices != other.Devices {
		return false
	}
	for i, lane := range c.Lanes {
		if lane.Experiment.Hash() != other.Lanes[i].Experiment.Hash() {
			return false
		}
	}
	return true
}

// reopen takes the lock of an unfinished run and returns a writer that is not open yet,
// and the run's folder.
func (s *Store) reopen(e vgrad.Experiment) (*Writer, string, error) {
	lock, err := s.lock(e.Hash()[:hashDigits])
	if err != nil {
		return nil, "", err
	}
	dir, err := s.find(e)
	var entry Entry
	if err == nil {
		entry, err = readEntry(dir)
	}
	if err == nil && entry.Finished {
		err = ErrRecorded
	}
	w := &Writer{store: s, name: Name(e), experiment: e, lock: lock}
	if err == nil {
		err = readJSON(filepath.Join(dir, recordName), &w.record)
	}
	if err != nil {
		return nil, "", errors.Join(err, lock.Unlock())
	}
	return w, dir, nil
}

// earlier is the part of a run that was recorded before a checkpoint.
type earlier struct {
	dir     string
	mark    Mark
	last    int       // step
	changed time.Time // when the last sample was recorded

	schema []byte   // the last one
	before int      // how many column sets stand before it
	sets   []*table // those behind it, without rows
}

// readEarlier reads the samples up to a mark, and checks that they are those it was made
// for.
func readEarlier(dir string, m Mark) (*earlier, error) {
	f, err := os.Open(filepath.Join(dir, samplesName))
	if err != nil {
		return nil, err
	}
	defer f.Close() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data := make([]byte, min(m.Bytes, info.Size()))
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, err
	}
	if int64(len(data)) < m.Bytes || crc32.Checksum(data, castagnoli) != m.Sum {
		return nil, fmt.Errorf("%s: the samples are not those of the checkpoint", f.Name())
	}
	file, err := parseSamples(data)
	if err == nil && file.version != formatVersion {
		err = fmt.Errorf("format %d cannot be continued", file.version)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	part := &earlier{mark: m, last: file.lastStep(), changed: info.ModTime(), schema: bytes.Clone(file.lastSchema), before: file.before}
	for _, t := range file.tables[file.before:] {
		part.sets = append(part.sets, &table{Kind: t.Kind, Columns: t.Columns})
	}
	return part, nil
}

// goOn opens the samples behind the part that was recorded earlier, and cuts off the rest.
// It gives the folder the name of the experiment, which may have another label now.
func (w *Writer) goOn(part *earlier) error {
	if part.dir != w.dir() {
		if err := os.Rename(part.dir, w.dir()); err != nil {
			return err
		}
		if err := writeJSON(filepath.Join(w.dir(), experimentName), w.experiment.WithDefaults(), unsynced); err != nil {
			return err
		}
	}
	w.record.Label, w.record.PID = w.experiment.Name(), os.Getpid()
	if err := writeJSON(filepath.Join(w.dir(), recordName), w.record, unsynced); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(w.dir(), samplesName), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	if err := file.Truncate(part.mark.Bytes); err != nil {
		return errors.Join(err, file.Close())
	}
	w.file, w.size, w.sum, w.last = file, part.mark.Bytes, part.mark.Sum, part.last
	w.encoder.sets, w.earlier, w.continued = part.before+len(part.sets), part, true
	return nil
}

// adopt takes a schema as defined if it is the one that the file has last: its column sets
// keep their numbers.
func (e *encoder) adopt(s vgrad.Schema, part *earlier) bool {
	text, err := json.Marshal(schema{s.Sites, s.Infos})
	if err != nil || !bytes.Equal(text, part.schema) {
		return false
	}
	e.schema, e.numbers = s, map[setKey]int{}
	for n, t := range part.sets {
		for i, of := range s.Tables {
			if t.Kind.hasHists() == of.Histograms && slices.Equal(t.Columns, of.Columns) {
				e.numbers[setKey{i, t.Kind}] = part.before + n
			}
		}
	}
	return true
}

// Earlier passes to a sink what was recorded before Continue opened the run: each step's
// rows in one Put. Of a run that began at step 0 there is nothing.
func (w *Writer) Earlier(to vgrad.Sink) error {
	if !w.continued {
		return nil
	}
	steps := &wholeSteps{to: to}
	if err := w.store.Follow(w.name).Read(steps); err != nil {
		return err
	}
	return steps.flush()
}

// wholeSteps collects the rows of a step before it passes them on.
type wholeSteps struct {
	to     vgrad.Sink
	schema vgrad.Schema
	isNew  bool // to has not got the schema
	step   int
	rows   []vgrad.Row
}

func (c *wholeSteps) Begin(s vgrad.Schema) error {
	c.schema, c.isNew = s, true // tables are only added, so that it also fits the rows before
	return nil
}

func (c *wholeSteps) Put(step int, rows []vgrad.Row) error {
	if step != c.step {
		if err := c.flush(); err != nil {
			return err
		}
	}
	c.step, c.rows = step, append(c.rows, rows...)
	return nil
}

func (c *wholeSteps) flush() error {
	if len(c.rows) == 0 {
		return nil
	}
	if c.isNew {
		if err := c.to.Begin(c.schema); err != nil {
			return err
		}
		c.isNew = false
	}
	rows := c.rows
	c.rows = nil
	return c.to.Put(c.step, rows)
}

// removeCheckpoint removes a run's checkpoint, where there is one.
func removeCheckpoint(dir string) error {
	var wrong error
	for _, name := range []string{checkpointName, newCheckpointName} {
		if err := os.Remove(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			wrong = errors.Join(wrong, err)
		}
	}
	return wrong
}
