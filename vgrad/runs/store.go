package runs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/vgrad/lab/vgrad"
)

var (
	// ErrNotRecorded is the error of asking for a run that is not in the store.
	ErrNotRecorded = errors.New("not recorded")
	// ErrRecorded is the error of creating a run that is finished; Delete it first to
	// train it again.
	ErrRecorded = errors.New("already recorded")
	// ErrLocked is the error of writing a run that another process is writing.
	ErrLocked = errors.New("being written by another process")
	// ErrUnfinished is the error of merging a run that stopped before its end.
	ErrUnfinished = errors.New("unfinished")
	// ErrNewer is the error of a store or a run that a later version wrote.
	ErrNewer = errors.New("written by a later version")
)

const (
	storeName      = "store.json"
	experimentName = "experiment.json"
	recordName     = "run.json"
	samplesName    = "samples.bin"
	locksName      = ".locks"
	asideSuffix    = ".unfinished"
	hashDigits     = 12 // of the experiment's hash, at the end of a run's name
)

// Dir returns the folder of the user's runs: $VGRAD_RUNS, or else vgrad/runs in the
// platform's folder for a user's data. That folder is $XDG_DATA_HOME or ~/.local/share,
// on macOS ~/Library/Application Support, and on Windows %LocalAppData%.
func Dir() (string, error) {
	if dir := os.Getenv("VGRAD_RUNS"); dir != "" {
		return filepath.Abs(dir)
	}
	parent := os.Getenv("XDG_DATA_HOME")
	if runtime.GOOS == "windows" {
		parent = os.Getenv("LocalAppData")
	}
	if parent == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("runs: no folder for the runs: %w; name one in VGRAD_RUNS", err)
		}
		parent = filepath.Join(home, ".local", "share")
		if runtime.GOOS == "darwin" {
			parent = filepath.Join(home, "Library", "Application Support")
		}
	}
	return filepath.Join(parent, "vgrad", "runs"), nil
}

// Store is a folder of runs. Any number of processes may use it at once.
type Store struct {
	dir string
}

// Open opens the store in a folder, and makes the folder if there is none; "" stands for
// [Dir]. It fails if the folder cannot be made or read, and with [ErrNewer] if a later
// version wrote it. A store that cannot be written can still be opened and read; only
// Create fails then.
func Open(dir string) (*Store, error) {
	if dir == "" {
		var err error
		if dir, err = Dir(); err != nil {
			return nil, err
		}
	}
	s := &Store{dir}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("runs: open the store: %w", err)
	}
	return s, nil
}

// open reads the store's format. If the store is new, it writes the format.
func (s *Store) open() error {
	var store struct {
		Format int `json:"format"`
	}
	path := filepath.Join(s.dir, storeName)
	err := readJSON(path, &store)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		store.Format = formatVersion
		err = os.MkdirAll(s.dir, 0o777)
		if err == nil {
			err = writeJSON(path, store, unsynced)
		}
		if err != nil {
			return fmt.Errorf("%w; name another folder in VGRAD_RUNS", err)
		}
	case err != nil:
		return err
	case store.Format > formatVersion:
		return fmt.Errorf("%s: %w", s.dir, errNewer(store.Format))
	}
	return nil
}

// Dir returns the store's folder.
func (s *Store) Dir() string { return s.dir }

// Name returns the name of the experiment's run: the experiment's name, its seed and the
// first digits of its hash, in characters that every file system allows. A negative value
// keeps its sign: gate_bias=-1 becomes gate_bias--1. A label keeps none.
func Name(e vgrad.Experiment) string {
	// Package attach finds labelled runs by this name, also those that earlier versions
	// recorded. So the names of labels must stay as they were, without signs.
	return slug(e.Name(), e.Label == "") + "-seed" + strconv.FormatUint(e.Seed, 10) + "-" + e.Hash()[:hashDigits]
}

// slug keeps ASCII digits, underscores and letters, in lower case. Every run of other
// characters becomes one hyphen. With signs, the minus of a value ("=-") becomes a hyphen
// of its own. The result has 1 to 40 characters.
func slug(name string, signs bool) string {
	var b strings.Builder
	before := ' '
	for _, r := range strings.ToLower(name) {
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '_':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"), signs && before == '=' && r == '-':
			b.WriteByte('-')
		}
		if b.Len() == 40 {
			break
		}
		before = r
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "run"
}

// Load returns the run of an experiment, finished or not. Without one it fails with
// [ErrNotRecorded]. The label of e plays no part in the search; the run is returned with
// that label.
func (s *Store) Load(e vgrad.Experiment) (*Run, error) {
	dir, err := s.find(e)
	if err != nil {
		return nil, fmt.Errorf("runs: load %q: %w", e.Name(), err)
	}
	r, err := readRun(dir)
	if err != nil {
		return nil, fmt.Errorf("runs: load %q: %w", e.Name(), err)
	}
	if r.Experiment.Hash() != e.Hash() {
		return nil, fmt.Errorf("runs: load %q: %s holds another experiment than its name says", e.Name(), dir)
	}
	r.Experiment.Label = e.Label
	return r, nil
}

// find returns the folder of an experiment's run, whatever label it was recorded with. A
// merged store may have several; the finished one is returned. Runs that were moved aside
// are not considered.
func (s *Store) find(e vgrad.Experiment) (string, error) {
	if dir := s.path(Name(e)); isFinished(dir) {
		return dir, nil
	}
	names, err := s.names()
	if err != nil {
		return "", err
	}
	found, hashes := "", hashesOf(e)
	for _, name := range names {
		if !slices.Contains(hashes, name[strings.LastIndexByte(name, '-')+1:]) {
			continue
		}
		if found = s.path(name); isFinished(found) {
			break
		}
	}
	if found == "" {
		return "", ErrNotRecorded
	}
	return found, nil
}

// Missing returns the experiments that have no finished run in the store, in the order
// given. It lists the store's folder once and reads no samples.
func (s *Store) Missing(es ...vgrad.Experiment) ([]vgrad.Experiment, error) {
	names, err := s.names()
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	byHash := map[string][]string{}
	for _, name := range names {
		hash := name[strings.LastIndexByte(name, '-')+1:]
		byHash[hash] = append(byHash[hash], s.path(name))
	}
	var missing []vgrad.Experiment
	for _, e := range es {
		var folders []string
		for _, hash := range hashesOf(e) {
			folders = append(folders, byHash[hash]...)
		}
		if !slices.ContainsFunc(folders, isFinished) {
			missing = append(missing, e)
		}
	}
	return missing, nil
}

// hashesOf lists the hashes that the name of an experiment's run may end in: the
// experiment's hash, and the hash that earlier versions computed.
func hashesOf(e vgrad.Experiment) []string {
	hash, former := e.Hash()[:hashDigits], e.FormerHash()[:hashDigits]
	if hash == former {
		return []string{hash}
	}
	return []string{hash, former}
}

func isFinished(dir string) bool {
	e, err := readEntry(dir)
	return err == nil && e.Finished
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

// names lists the folders of runs, sorted.
func (s *Store) names() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Get returns the run of that name, or the only run whose name or hash has that prefix.
// It fails with [ErrNotRecorded] if there is none. If there are several, its error lists
// them.
func (s *Store) Get(nameOrPrefix string) (*Run, error) {
	name, err := s.resolve(nameOrPrefix)
	if err != nil {
		return nil, fmt.Errorf("runs: get %q: %w", nameOrPrefix, err)
	}
	r, err := readRun(s.path(name))
	if err != nil {
		return nil, fmt.Errorf("runs: get %q: %w", nameOrPrefix, err)
	}
	return r, nil
}

func (s *Store) resolve(prefix string) (string, error) {
	names, err := s.names()
	if err != nil {
		return "", err
	}
	if slices.Contains(names, prefix) {
		return prefix, nil
	}
	matches := slices.DeleteFunc(names, func(name string) bool {
		hash := name[strings.LastIndexByte(name, '-')+1:]
		return prefix == "" || !strings.HasPrefix(name, prefix) && !strings.HasPrefix(hash, prefix)
	})
	if aside := func(name string) bool { return strings.HasSuffix(name, asideSuffix) }; !allOf(matches, aside) {
		matches = slices.DeleteFunc(matches, aside)
	}
	switch len(matches) {
	case 0:
		return "", fmt.Errorf("%w in %s", ErrNotRecorded, s.dir)
	case 1:
		return matches[0], nil
	}
	return "", fmt.Errorf("%d runs match: %s", len(matches), strings.Join(matches, ", "))
}

func allOf(names []string, is func(string) bool) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !is(name) })
}

// Delete removes the run of that name with all its files. It fails with [ErrNotRecorded]
// if there is none, and with [ErrLocked] while a process is writing it.
func (s *Store) Delete(name string) error {
	if err := s.delete(name); err != nil {
		return fmt.Errorf("runs: delete %q: %w", name, err)
	}
	return nil
}

func (s *Store) delete(name string) error {
	names, err := s.names()
	if err != nil {
		return err
	}
	if !slices.Contains(names, name) {
		return fmt.Errorf("%w in %s", ErrNotRecorded, s.dir)
	}
	running := strings.TrimSuffix(name, asideSuffix)
	lock, err := s.lock(running[strings.LastIndexByte(running, '-')+1:])
	if err != nil {
		return err
	}
	gone := s.path(".deleted-" + name) // renamed first, so that nobody sees a run half deleted
	err = errors.Join(os.RemoveAll(gone), os.Rename(s.path(name), gone), os.RemoveAll(gone))
	return errors.Join(err, lock.Unlock())
}

// Wait returns when no process is writing the experiment, because it has finished or
// died; Load then tells which. It fails if ctx ends first.
func (s *Store) Wait(ctx context.Context, e vgrad.Experiment) error {
	lock, err := s.newLock(e.Hash()[:hashDigits])
	if err == nil {
		_, err = lock.TryLockContext(ctx, 50*time.Millisecond)
	}
	if err == nil {
		err = lock.Unlock()
	}
	if err != nil {
		return fmt.Errorf("runs: wait for %q: %w", e.Name(), err)
	}
	return nil
}

// LockedError is the error of writing a run that another process is writing; it is
// [ErrLocked].
type LockedError struct {
	PID  int    // of the process; 0: it has not written it yet
	Host string // of the process
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return ErrLocked.Error()
	}
	return fmt.Sprintf("%v: process %d on %s", ErrLocked, e.PID, e.Host)
}

// Is reports whether target is ErrLocked.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// newLock returns the lock of an experiment without taking it. The lock's file is never
// removed, since another process may be about to open it.
func (s *Store) newLock(hash string) (*flock.Flock, error) {
	dir := s.path(locksName)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	return flock.New(filepath.Join(dir, hash+".lock"), flock.SetPermissions(0o666)), nil
}

// lock takes the lock of an experiment, or returns a LockedError. It tries for 100 ms,
// because List takes each lock for a moment.
func (s *Store) lock(hash string) (*flock.Flock, error) {
	lock, err := s.newLock(hash)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err = lock.TryLockContext(ctx, 10*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, s.holder(hash)
	} else if err != nil {
		return nil, err
	}
	return lock, nil
}

// holder says which process is writing the run with that hash.
func (s *Store) holder(hash string) *LockedError {
	held := &LockedError{}
	names, err := s.names()
	if err != nil {
		return held
	}
	for _, name := range names {
		var r record
		if strings.HasSuffix(name, "-"+hash) && readJSON(filepath.Join(s.path(name), recordName), &r) == nil && r.Status == unfinished {
			held.PID, held.Host = r.PID, r.Host
		}
	}
	return held
}

// durability says whether a file must be on the disk when it is written.
type durability bool

const (
	unsynced durability = false // for files that can be written again after a power failure
	synced   durability = true
)

// writeJSON replaces a file in one step.
func writeJSON(path string, v any, d durability) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(append(text, '\n'))
	if d == synced {
		err = errors.Join(err, tmp.Sync())
	}
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

func readJSON(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
