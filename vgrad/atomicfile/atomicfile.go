// Package atomicfile replaces a file in one step: a reader sees the old content
// or the new one, and so does whoever looks after a crash or a power failure.
//
// It stands under everything that writes a file which a user or another process
// reads: pages, notebooks and kernelspecs.
//
//	if err := atomicfile.Check(path); err != nil { … } // before the work
//	err := atomicfile.Write(path, html)                // after it
//
// Of the libraries that do this, renameio has no Windows, moby's atomicwriter
// refuses symbolic links, and natefinch's atomic replaces them.
package atomicfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write writes a file: all of it or nothing. A file that is there keeps its
// permissions, a new one gets those that [os.Create] would give it. A symbolic
// link stays, and what it points to is written. A device or a pipe is written to
// as it is. The folder must exist.
func Write(path string, content []byte) error {
	path, old, err := resolve(path)
	if err != nil {
		return err
	}
	if old != nil && !old.Mode().IsRegular() { // to rename a file to /dev/null would take it away
		return os.WriteFile(path, content, 0o666)
	}
	f, err := create(filepath.Dir(path))
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if old != nil {
		err = errors.Join(err, f.Chmod(old.Mode().Perm()))
	}
	// Without Sync a power failure may leave the new name with no content.
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// Check reports, in one line, why [Write] could not write a file now: it is a
// folder, or its folder is missing or does not take new files. It leaves nothing
// behind.
func Check(path string) error {
	path, old, err := resolve(path)
	if err != nil || old != nil && !old.Mode().IsRegular() {
		return err
	}
	f, err := create(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// linksMost is how many links may lead from one to the next, as in Linux.
const linksMost = 40

// resolve follows symbolic links, also to a file that is not there yet. It
// returns what is there, nil for nothing, and an error for a folder.
func resolve(path string) (file string, old fs.FileInfo, err error) {
	for range linksMost {
		old, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return path, nil, nil
		case err != nil:
			return "", nil, err
		case old.IsDir():
			return "", nil, fmt.Errorf("%s is a folder, not a file", path)
		case old.Mode()&fs.ModeSymlink == 0:
			return path, old, nil
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", nil, err
		}
		if _, err := os.Stat(path); err == nil && !exists(beside(path, to)) { // a pipe of /proc/self/fd has no name
			old, err := os.Stat(path)
			return path, old, err
		}
		path = beside(path, to)
	}
	return "", nil, fmt.Errorf("%s: more than %d symbolic links", path, linksMost)
}

// beside is where a link points. It is not cleaned: ".." after a link to a
// folder is that folder's parent.
func beside(link, to string) string {
	if filepath.IsAbs(to) {
		return to
	}
	return filepath.Dir(link) + string(filepath.Separator) + to
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// create makes a new file of any name, with the permissions that the process gives
// to new files: those of [os.CreateTemp] are for its user alone.
func create(folder string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(folder, ".new-"+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	var at *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no folder %s: %w", folder, fs.ErrNotExist)
	case errors.As(err, &at): // the name tells nobody anything
		return nil, fmt.Errorf("the folder %s takes no new file: %w", folder, at.Err)
	}
	return f, err
}
