package runs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// Merged says what a merge did with each run of the other store.
type Merged struct {
	Added []string  // names of the runs that were copied into this store
	Known int       // how many runs were finished in this store already
	Left  []LeftOut // runs that were left out
}

// LeftOut is a run that was not merged, with the reason: [ErrUnfinished], or [ErrLocked]
// if a process is writing it in either store. Any other error means that it is damaged.
type LeftOut struct {
	Name string // of the run's folder in the other store
	Why  error
}

// Damaged lists the runs that were left out because they cannot be read.
func (m Merged) Damaged() (damaged []LeftOut) {
	for _, l := range m.Left {
		if !errors.Is(l.Why, ErrUnfinished) && !errors.Is(l.Why, ErrLocked) {
			damaged = append(damaged, l)
		}
	}
	return damaged
}

// Merge copies the finished runs of the store in another folder into this store. Both
// stores may be in use meanwhile. A run that is finished here stays as it is; a merged run
// replaces an unfinished one. The checksum of every record is checked. A run appears
// complete in one step, so a merge that was killed can be repeated.
//
// It fails if the folder is no store, if this store cannot be written, and when ctx ends.
// The runs merged before the failure stay, and Merged lists them.
func (s *Store) Merge(ctx context.Context, from string) (Merged, error) {
	var m Merged
	other, err := s.other(from)
	if err != nil {
		return m, fmt.Errorf("runs: merge %s: %w", from, err)
	}
	names, err := other.names()
	if err != nil {
		return m, fmt.Errorf("runs: merge %s: %w", from, err)
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return m, fmt.Errorf("runs: merge %s: %w", from, err)
		}
		if strings.HasSuffix(name, asideSuffix) {
			continue // it was replaced by a newer attempt
		}
		if err := s.mergeRun(other, name, &m); err != nil {
			return m, fmt.Errorf("runs: merge %s: %s: %w", from, name, err)
		}
	}
	return m, nil
}

// other opens the store in a folder. It must exist, and be another one than s.
func (s *Store) other(dir string) (*Store, error) {
	info, err := os.Stat(filepath.Join(dir, storeName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("it is no store of runs: it has no %s", storeName)
	} else if err != nil {
		return nil, err
	}
	if own, err := os.Stat(s.path(storeName)); err == nil && os.SameFile(own, info) {
		return nil, errors.New("it is this store itself")
	}
	other := &Store{dir}
	return other, other.open()
}

// mergeRun copies one run, or leaves it out, and counts it in m. It fails only if this
// store cannot be read or written.
func (s *Store) mergeRun(other *Store, name string, m *Merged) error {
	leave := func(why error) error {
		m.Left = append(m.Left, LeftOut{name, why})
		return nil
	}
	e, err := readEntry(other.path(name))
	switch {
	case err != nil:
		return leave(err)
	case !e.Finished && other.isLocked(name):
		return leave(ErrLocked)
	case !e.Finished && e.recorded > 0:
		return leave(fmt.Errorf("%s has %d bytes, %d when the run finished", samplesName, e.Bytes, e.recorded))
	case !e.Finished:
		return leave(ErrUnfinished)
	case e.Hash != e.Experiment.Hash():
		return leave(fmt.Errorf("%s holds another experiment than %s says", experimentName, recordName))
	}
	lock, err := s.lock(e.Hash[:hashDigits])
	if errors.Is(err, ErrLocked) {
		return leave(err)
	} else if err != nil {
		return err
	}
	added, damage, err := s.adopt(other.path(name), e.Experiment)
	switch err := errors.Join(err, lock.Unlock()); {
	case err != nil:
		return err
	case damage != nil:
		return leave(damage)
	case added:
		m.Added = append(m.Added, Name(e.Experiment))
	default:
		m.Known++
	}
	return nil
}

// adopt copies the run in a folder unless this store has it finished. The caller holds the
// run's lock. damage is an error of the run, err an error of this store.
func (s *Store) adopt(from string, e vgrad.Experiment) (added bool, damage, err error) {
	if missing, err := s.Missing(e); err != nil || len(missing) == 0 {
		return false, nil, err
	}
	if damage := s.unreadable(e.Hash()); damage != nil {
		return false, damage, nil
	}
	dir := s.path(Name(e))
	tmp := s.path(".new-" + Name(e))
	if err := os.RemoveAll(tmp); err != nil { // what a process that was killed here has left
		return false, nil, err
	}
	damage, err = copyRun(from, tmp)
	if damage == nil && err == nil {
		damage = checkCopy(tmp, e)
	}
	if damage == nil && err == nil {
		err = s.replace(tmp, dir, e.Hash())
	}
	if damage != nil || err != nil {
		return false, damage, errors.Join(err, os.RemoveAll(tmp))
	}
	return true, nil, nil
}

// copyRun copies the files of a run into a new folder and forces them to the disk. damage
// is an error of reading, err an error of writing.
func copyRun(from, to string) (damage, err error) {
	if err := os.Mkdir(to, 0o777); err != nil {
		return nil, err
	}
	for _, name := range []string{experimentName, samplesName, recordName} {
		path := filepath.Join(from, name)
		if info, err := os.Lstat(path); err != nil {
			return err, nil
		} else if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", path), nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err, nil
		}
		if err := writeSynced(filepath.Join(to, name), data); err != nil {
			return nil, err
		}
	}
	return nil, syncFolder(to)
}

func writeSynced(path string, data []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// checkCopy reads a copied run and checks its checksums.
func checkCopy(dir string, e vgrad.Experiment) error {
	r, err := readRun(dir)
	switch {
	case err != nil:
		return err
	case !r.Finished || r.Truncated != "":
		return fmt.Errorf("its end is missing: the last complete step is %d", r.LastStep)
	case r.Experiment.Hash() != e.Hash():
		return errors.New("it changed while it was copied")
	}
	return nil
}

// replace renames a complete run to its final folder. Unfinished runs of its experiment
// are moved aside first, and removed at the end.
func (s *Store) replace(tmp, dir, hash string) error {
	names, err := s.attempts(hash)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := moveAside(s.path(name)); err != nil {
			return fmt.Errorf("move the unfinished attempt aside: %w", err)
		}
	}
	if err := os.Rename(tmp, dir); err != nil {
		return err
	}
	return errors.Join(syncFolder(s.dir), s.removeAside(hash))
}

// attempts lists the runs of an experiment, except those that were moved aside.
func (s *Store) attempts(hash string) ([]string, error) {
	names, err := s.names()
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasSuffix(name, "-"+hash[:hashDigits]) }), err
}

// unreadable reports the runs of the experiment in this store that cannot be read. Merge
// does not replace them; the user has to delete them.
func (s *Store) unreadable(hash string) error {
	names, err := s.attempts(hash)
	for _, name := range names {
		if _, problem := readEntry(s.path(name)); problem != nil {
			err = errors.Join(err, fmt.Errorf("the run %s, which is here already, cannot be read: %w; delete it to merge the other", name, problem))
		}
	}
	return err
}
