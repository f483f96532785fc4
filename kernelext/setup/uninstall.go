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

// ours are the names of files and folders in the cache that set-up makes.
var ours = []string{"bench", "bin", "gopls", "jupyter", "echarts", "katex", "xla-cpu", assets.XLAElsewhere, "warmed.sha256", kernelsFile, ".setup.lock"}

// kernelsFile lists the user's Jupyter data folders that have the lab's kernelspec.
const kernelsFile = "kernelspecs.json"

// Uninstall removes everything that set-up installed, and reports each removal to say. The
// runs and the go command's own caches stay. If something cannot be removed, the error
// names it, and the rest is removed.
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
	say("kept the go command's caches, with the compiled packages and MNIST; go clean -cache -modcache empties them for all your programs")
	return errors.Join(wrong...)
}

// remove deletes a file or folder, unless the runs are in it.
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

// remembered returns the folders in kernelsFile.
func remembered(cache string) (folders []string) {
	text, err := os.ReadFile(filepath.Join(cache, kernelsFile))
	if err != nil || json.Unmarshal(text, &folders) != nil {
		return nil
	}
	return folders
}

// remember adds a Jupyter data folder to kernelsFile.
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
