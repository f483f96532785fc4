package tfevents

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/vgrad/lab/vgrad"
)

// Log is a folder of event files. Each folder in it that has such files is a run.
type Log struct {
	dir   string
	rules []pattern
	mu    sync.Mutex // held by Refresh
	runs  []*Run     // sorted by name
}

// ErrNoEvents is the error of opening a folder without event files.
var ErrNoEvents = errors.New("there is no event file (*tfevents*)")

// Open reads all event files in a folder, or one file. rules say what the tags of other
// programs mean; they come before those of [Rules]. It fails with [ErrNoEvents] if there
// are none.
//
// Of a damaged file, what stands before the damage is read, and Open returns the log
// together with an error that wraps a [DamageError] for each such file.
func Open(dir string, rules ...Rule) (*Log, error) {
	ps, err := compile(append(slices.Clone(rules), Rules()...))
	if err != nil {
		return nil, err
	}
	l := &Log{dir: filepath.Clean(dir), rules: ps}
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("tfevents: open the log: %w", err)
	}
	err = l.Refresh()
	if len(l.runs) == 0 && err == nil {
		return nil, fmt.Errorf("tfevents: open the log %s: %w", dir, ErrNoEvents)
	}
	return l, err
}

// Refresh reads what was appended since the last call, and the files that are new. It
// fails as [Open] does. Readers of the runs are not disturbed.
func (l *Log) Refresh() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, err := l.find()
	if err != nil {
		return fmt.Errorf("tfevents: read the log: %w", err)
	}
	var wait sync.WaitGroup
	errs := make([]error, len(l.runs))
	slots := make(chan bool, runtime.GOMAXPROCS(0))
	for i, r := range l.runs {
		slots <- true
		wait.Go(func() {
			errs[i] = r.refresh(found[r.dir])
			<-slots
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("tfevents: read the log: %w", err)
	}
	return nil
}

// find returns the event files by folder, and adds the runs that are new.
func (l *Log) find() (map[string][]string, error) {
	found := map[string][]string{}
	err := filepath.WalkDir(l.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !e.IsDir() && strings.Contains(e.Name(), "tfevents") {
			found[filepath.Dir(path)] = append(found[filepath.Dir(path)], path)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for dir := range found {
		if !slices.ContainsFunc(l.runs, func(r *Run) bool { return r.dir == dir }) {
			l.runs = append(l.runs, newRun(l.nameOf(dir), dir, l.rules))
		}
	}
	slices.SortFunc(l.runs, func(a, b *Run) int { return strings.Compare(a.name, b.name) })
	return found, nil
}

// nameOf names a run by its folder below the log's, with slashes. The log's own folder
// has the name of that folder, as in "sigmoid" for "logs/sigmoid".
func (l *Log) nameOf(dir string) string {
	rel, err := filepath.Rel(l.dir, dir)
	if err == nil && rel != "." && !strings.HasPrefix(rel, "..") {
		return filepath.ToSlash(rel)
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Base(dir)
}

// Runs returns the runs, sorted by name.
func (l *Log) Runs() []*Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.runs)
}

// Sources returns the runs as figures take them.
func (l *Log) Sources() []vgrad.Source {
	var sources []vgrad.Source
	for _, r := range l.Runs() {
		sources = append(sources, r)
	}
	return sources
}

// Labelled adds a text to the labels of the runs, such as ", TensorFlow", and returns the
// log. So they can stand in a figure beside other runs of the same names.
func (l *Log) Labelled(text string) *Log {
	for _, r := range l.Runs() {
		r.Named(r.Name() + text)
	}
	return l
}

// Run returns the run of that name. It fails if there is none, and lists the names.
func (l *Log) Run(name string) (*Run, error) {
	var names []string
	for _, r := range l.Runs() {
		if r.name == name {
			return r, nil
		}
		names = append(names, r.name)
	}
	return nil, fmt.Errorf("tfevents: %s has no run %q; it has %q", l.dir, name, names)
}
