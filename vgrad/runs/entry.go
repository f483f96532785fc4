package runs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
	"github.com/vgrad/lab/vgrad"
)

// The status of a run.
const (
	unfinished = "unfinished"
	finished   = "finished"
)

// record is the content of run.json.
type record struct {
	Format int    `json:"format"`
	Label  string `json:"label"` // the experiment's name, as figures show it
	Hash   string `json:"hash"`  // of the experiment
	Status string `json:"status"`
	PID    int    `json:"pid"` // of the process that writes, or wrote, the run

	// Once the run is finished:
	LastStep int   `json:"last_step"`
	Bytes    int64 `json:"bytes"` // of samples.bin

	Provenance
}

// Entry describes a run without its samples.
type Entry struct {
	Name       string // of the run's folder
	Label      string // the experiment's name, as figures show it
	Hash       string // of the experiment
	Experiment vgrad.Experiment
	Provenance Provenance
	Finished   bool
	Running    bool  // not finished, and a process is writing it
	LastStep   int   // of a finished run; -1 otherwise, since only [Store.Get] reads samples
	Bytes      int64 // of its samples
	// Problem says why the folder cannot be read as a run. The other fields then hold what
	// could be read. Nil: the folder is intact.
	Problem error

	recorded int64 // length of the samples when the run finished; 0: it has not
}

// List describes all runs, sorted by name, without reading their samples. It includes
// the runs that were moved aside; their names end in ".unfinished". A folder that cannot
// be read is listed with its Problem.
func (s *Store) List() ([]Entry, error) {
	names, err := s.names()
	if err != nil {
		return nil, fmt.Errorf("runs: list: %w", err)
	}
	var list []Entry
	for _, name := range names {
		e, err := readEntry(s.path(name))
		e.Problem = err
		e.Running = err == nil && !e.Finished && s.isLocked(name)
		list = append(list, e)
	}
	return list, nil
}

// readEntry reads all files of a run except the samples. If it fails, the entry holds
// what could be read.
func readEntry(dir string) (Entry, error) {
	e := Entry{Name: filepath.Base(dir), LastStep: -1}
	var r record
	if err := readJSON(filepath.Join(dir, recordName), &r); err != nil {
		return e, err
	}
	e.Label, e.Hash, e.Provenance = r.Label, r.Hash, r.Provenance
	if r.Format > formatVersion {
		return e, fmt.Errorf("%s: %w", dir, errNewer(r.Format))
	}
	path := filepath.Join(dir, experimentName)
	text, err := os.ReadFile(path)
	if err != nil {
		return e, err
	}
	if e.Experiment, err = vgrad.ParseExperiment(text); err != nil {
		return e, fmt.Errorf("%s: %w", path, err)
	}
	if h := e.Experiment.Hash(); r.Hash != h && r.Hash != e.Experiment.FormerHash() {
		return e, fmt.Errorf("%s: it was changed: its experiment has the hash %.12s, the run was recorded with %.12s", path, h, r.Hash)
	}
	info, err := os.Stat(filepath.Join(dir, samplesName))
	if err != nil {
		return e, err
	}
	e.Bytes, e.recorded = info.Size(), r.Bytes
	switch {
	case r.Status == unfinished:
		return e, nil
	case r.Status != finished:
		return e, fmt.Errorf("%s: unknown status %q", filepath.Join(dir, recordName), r.Status)
	case e.Bytes == r.Bytes:
		e.Finished, e.LastStep = true, r.LastStep
	}
	return e, nil
}

// isLocked reports whether a process is writing the run.
func (s *Store) isLocked(name string) bool {
	path := filepath.Join(s.path(locksName), name[strings.LastIndexByte(name, '-')+1:]+".lock")
	if _, err := os.Stat(path); err != nil {
		return false // no process ever wrote it here, or it was moved aside
	}
	lock := flock.New(path)
	free, err := lock.TryRLock()
	if free {
		err = lock.Unlock()
	}
	return err == nil && !free
}
