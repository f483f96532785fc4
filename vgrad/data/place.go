package data

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// place is a folder that was named as the one with MNIST's files. The files must be in
// one of its folders. No other place is searched, because nobody would notice a training
// on other files than those requested.
type place struct {
	by, root string   // what named it ("VGRAD_DATA"), and the folder
	folders  []string // where to look, in that order
	where    string   // the same in words
	instead  string   // how to do without a named folder
}

// named returns the place that was named, if one was.
func (m MNIST) named() (p place, named bool) {
	if m.Dir != "" {
		return place{"MNIST.Dir", m.Dir, []string{m.Dir}, "in itself", "leave MNIST.Dir empty"}, true
	}
	root := os.Getenv("VGRAD_DATA")
	return place{"VGRAD_DATA", root, []string{filepath.Join(root, "mnist"), root}, "in itself or in its folder mnist", "unset VGRAD_DATA"}, root != ""
}

// find returns the first folder that holds any of the files. It fails if that folder does
// not hold all of them.
func (p place) find(files ...idxFile) (string, error) {
	dir, err := p.look(files)
	if err != nil {
		return "", fmt.Errorf("%s is %q: %w; name one that has %s, plain or zipped (.gz), under these names or Kaggle's (%s), %s, or %s to use those of the Go module %s",
			p.by, p.root, err, listed(files), files[0].kaggle(), p.where, p.instead, mnistModule)
	}
	return dir, nil
}

// look is find, but its error does not say what to do.
func (p place) look(files []idxFile) (string, error) {
	switch info, err := os.Stat(p.root); {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no folder %s", absolute(p.root))
	case err != nil:
		return "", err
	case !info.IsDir():
		return "", errors.New("it is a file, not a folder")
	}
	for _, dir := range p.folders {
		missing, err := missingIn(dir, files)
		if err != nil {
			return "", err
		}
		if len(missing) < len(files) {
			return dir, lacks(dir, missing)
		}
	}
	return "", lacks("it", files)
}

// absolute returns a path that can be understood without knowing the working folder.
func absolute(path string) string {
	if a, err := filepath.Abs(path); err == nil {
		return a
	}
	return path
}

// find returns the folder that holds the files. That is the named folder, if there is
// one. Otherwise it is the first of the usual folders that holds any of them, or else the
// folder into which the go command downloads them.
func (m MNIST) find(ctx context.Context, files ...idxFile) (string, error) {
	if p, named := m.named(); named {
		return p.find(files...)
	}
	folders := usualFolders()
	for _, dir := range folders {
		// A usual folder that cannot be read is ignored, since nobody named it.
		if missing, err := missingIn(dir, files); err == nil && len(missing) < len(files) {
			return dir, lacks(dir, missing)
		}
	}
	dir, err := downloadModule(ctx)
	if err != nil {
		return "", fmt.Errorf("no %s in %s; %w; put them into a folder and name it in VGRAD_DATA, or install Go and run: go mod download %s@%s",
			listed(files), strings.Join(folders, ", "), err, mnistModule, mnistVersion)
	}
	missing, err := missingIn(dir, files)
	if err != nil {
		return "", err
	}
	return dir, lacks(dir, missing)
}

// missingIn returns those of the files that are not in the folder.
func missingIn(dir string, files []idxFile) (missing []idxFile, err error) {
	for _, f := range files {
		switch _, err := f.find(dir); {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, f)
		case err != nil:
			return nil, err
		}
	}
	return missing, nil
}

// lacks returns the error that a folder does not have the files, or nil for no files.
func lacks(dir string, missing []idxFile) error {
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s lacks %s", dir, listed(missing))
}

func listed(files []idxFile) string {
	var names []string
	for _, f := range files {
		names = append(names, f.name)
	}
	return strings.Join(names, " and ")
}

// usualFolders lists the folders that are searched if none was named, before the go
// command is run.
func usualFolders() []string {
	var dirs []string
	if cache := os.Getenv("VGRAD_CACHE"); cache != "" {
		dirs = append(dirs, filepath.Join(cache, "mnist"))
	} else if cache, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(cache, "vgrad", "mnist"))
	}
	if cache := moduleCache(); cache != "" {
		// A capital is spelt !c in the module cache.
		dirs = append(dirs, filepath.Join(cache, "github.com", "petar", "!go!m!n!i!s!t@"+mnistVersion, "data"))
	}
	return dirs
}

// moduleCache returns the folder of the Go module cache, or "" if it is not known. It does
// not run the go command, which would cost every run 20 ms.
func moduleCache() string {
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		return dir
	}
	if list := filepath.SplitList(os.Getenv("GOPATH")); len(list) > 0 {
		return filepath.Join(list[0], "pkg", "mod")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, "go", "pkg", "mod")
	}
	return ""
}

// downloadModule runs the go command to fetch the module, from the module cache if it is
// there, and returns the folder of its files.
func downloadModule(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", mnistModule+"@"+mnistVersion)
	cmd.Dir = os.TempDir() // outside any module, whose settings would change the download
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "PWD="+cmd.Dir)
	if os.Getenv("VGRAD_OFFLINE") == "1" {
		cmd.Env = append(cmd.Env, "GOPROXY=off")
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var module struct{ Dir, Error string }
	if len(out) > 0 { // on failure go writes the reason here
		err = errors.Join(err, json.Unmarshal(out, &module))
	}
	if err == nil && module.Error == "" {
		return filepath.Join(module.Dir, "data"), nil
	}
	reason := strings.Join(strings.Fields(fmt.Sprint(err, " ", module.Error, " ", stderr.String())), " ")
	return "", fmt.Errorf("the go command cannot download them: %s", reason)
}
