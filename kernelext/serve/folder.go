package serve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// folderName is what the folders of sessions are called. It is short, for the path of a
// socket has at most 104 characters on some systems.
const folderName = "vgrad-kernel-"

// folder is a session's folder. It has these entries:
//
//	lock     a lock; the kernel holds it while it runs
//	values/  the values that are kept from cell to cell
//	cell/    the exchange folder: files from a cell's program to the kernel
//	gonb/    temporary files of GoNB and of cells
//	bin/     programs that GoNB needs
type folder struct {
	dir  string
	lock *flock.Flock
}

// newFolder makes one, after it has removed those that dead kernels left.
func newFolder() (*folder, error) {
	base := folderBase()
	sweep(base)
	dir, err := os.MkdirTemp(base, folderName)
	if err != nil {
		return nil, fmt.Errorf("serve: make the session's folder: %w", err)
	}
	f := &folder{dir, flock.New(filepath.Join(dir, "lock"))}
	if _, err = f.lock.TryLock(); err == nil {
		for _, sub := range []string{"values", "cell", "gonb", "bin"} {
			err = errors.Join(err, os.Mkdir(filepath.Join(dir, sub), 0o700))
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("serve: make the session's folder: %w", err), f.remove())
	}
	return f, nil
}

// folderBase is where the folders of sessions are made: where temporary files are, unless
// that makes the path of a socket too long.
func folderBase() string {
	base := os.TempDir()
	if info, err := os.Stat("/tmp"); len(base) > 60 && err == nil && info.IsDir() {
		return "/tmp"
	}
	return base
}

// sweep removes folders whose kernel and watcher are gone, and ends what is left of their
// processes.
func sweep(tmp string) {
	dirs, _ := filepath.Glob(filepath.Join(tmp, folderName+"*")) // the pattern is right
	for _, dir := range dirs {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() || !ours(info) {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "lock")); err != nil {
			continue // it is just being made, or is none
		}
		lock := flock.New(filepath.Join(dir, "lock"))
		if free, err := lock.TryLock(); err == nil && free {
			killMarked(dir)
			removeAll(dir)
		}
		lock.Close()
	}
}

func (f *folder) remove() error {
	err := removeAll(f.dir)
	f.lock.Close()
	return err
}

// removeAll also removes folders that may not be written, as the go command's are.
func removeAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// newCell empties the exchange folder.
func (f *folder) newCell() error {
	dir := f.cell("")
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("serve: empty the exchange folder: %w", err)
	}
	return os.Mkdir(dir, 0o700)
}

func (f *folder) cell(name string) string { return filepath.Join(f.dir, "cell", name) }
