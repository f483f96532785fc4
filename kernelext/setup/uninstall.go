package setup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/atomicfile"
	"github.com/vgrad/lab/vgrad/runs"
)

// ours are the names in the cache of what set-up brings.
var ours = []string{"bench", "bin", "gopls", "jupyter", "echarts", "xla-cpu", assets.XLAElsewhere, "warmed.sha256", kernelsFile, ".setup.lock"}

// kernelsFile lists the Jupyter data folders of the user's that have our kernelspec.
const kernelsFile = "kernelspecs.json"

// Uninstall removes all that set-up brought and tells what. The runs stay, and so do the
// go command's own caches. What cannot be removed is in the error; the rest is gone.
func Uninstall(say func(line string)) error {
	cache, err := assets.Cache()
	if err != nil {
		return err
	}
	var wrong []error
	for _, data := range remembered(cache) {
		dir, err := kernel.Remove(data)
		switch {
		case err == nil:
			say("removed " + dir)
		case !errors.Is(err, fs.ErrNotExist):
			wrong = append(wrong, err)
		}
	}
	for _, name := range ours {
		wrong = append(wrong, remove(filepath.Join(cache, name), say))
	}
	if left, err := os.ReadDir(cache); err == nil && len(left) == 0 {
		wrong = append(wrong, remove(cache, say))
	}
	if dir, err := runs.Dir(); err == nil {
		say("kept the runs in " + dir)
	}
	say("kept the go command's caches, in which are the compiled packages and MNIST; go clean -cache -modcache empties them for all your programs")
	return errors.Join(wrong...)
}

// remove takes a file or folder away, unless the runs are in it.
func remove(path string, say func(string)) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if dir, err := runs.Dir(); err == nil && strings.HasPrefix(dir+string(filepath.Separator), path+string(filepath.Separator)) {
		return fmt.Errorf("setup: %s is kept: the runs are in it", path)
	}
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("setup: remove what was set up: %w", err)
	}
	say("removed " + path)
	return nil
}

// remembered returns the folders that remember has noted.
func remembered(cache string) (folders []string) {
	text, err := os.ReadFile(filepath.Join(cache, kernelsFile))
	if err != nil || json.Unmarshal(text, &folders) != nil {
		return nil
	}
	return folders
}

// remember notes that a Jupyter data folder has our kernelspec.
func (s *setup) remember(data string) error {
	folders := remembered(s.cache)
	if slices.Contains(folders, data) {
		return nil
	}
	text, err := json.Marshal(append(folders, data))
	if err == nil {
		err = atomicfile.Write(filepath.Join(s.cache, kernelsFile), text)
	}
	if err != nil {
		return fmt.Errorf("setup: note where the kernelspec is: %w", err)
	}
	return nil
}
