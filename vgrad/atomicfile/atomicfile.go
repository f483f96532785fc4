// Package atomicfile replaces a file in one step. A reader sees either the old content or
// the new one, also after a crash or a power failure.
//
// It is used for every file that a user or another process reads: pages, notebooks and
// kernelspecs.
//
//	if err := atomicfile.Check(path); err != nil { … } // before the work
//	err := atomicfile.Write(path, html)                // after it
//
// Other libraries do less: renameio does not support Windows, moby's atomicwriter refuses
// symbolic links, and natefinch's atomic replaces them.
package atomicfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write writes a file: all of it or nothing. An existing file keeps its permissions; a new
// file gets those that [os.Create] would give it. A symbolic link stays, and the file that
// it points to is written. A device or a pipe is written to directly. The folder must
// exist.
func Write(path string, content []byte) error {
	path, old, err := resolve(path)
	if err != nil {
		return err
	}
	if old != nil && !old.Mode().IsRegular() { // renaming a file to /dev/null would replace the device
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

// Check reports, in one line, why [Write] could not write a file now: path is a folder, or
// its folder is missing or does not allow new files. It leaves no file behind.
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

// linksMost is how many symbolic links are followed in a chain, as in Linux.
const linksMost = 40

// resolve follows symbolic links, also to a file that does not exist yet. It returns the
// file's path and information, which is nil if the file does not exist. It fails for a
// folder.
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

// beside returns the path that a link points to. It does not clean the path: ".." after a
// link to a folder is the parent of that folder.
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

// create makes a new file with a random name. The file has the permissions that the
// process gives to new files; [os.CreateTemp] would allow only the user to read it.
func create(folder string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(folder, ".new-"+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	var at *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no folder %s: %w", folder, fs.ErrNotExist)
	case errors.As(err, &at): // without the random name, which would tell the user nothing
		return nil, fmt.Errorf("the folder %s takes no new file: %w", folder, at.Err)
	}
	return f, err
}
