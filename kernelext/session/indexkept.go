package session

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/vgrad/lab/vgrad/atomicfile"
)

// keptFormat changes when what is kept of an index changes.
const keptFormat = "1"

// keptMost is how many indexes are kept, one a state of the modules.
const keptMost = 6

// readKept returns the packages as an earlier kernel found them, if nothing changed since.
func (x *index) readKept() []pkg {
	if err := x.tool.writeWork(); err != nil {
		return nil
	}
	text, err := os.ReadFile(x.keptFile())
	if err != nil {
		return nil
	}
	var list []pkg
	if json.Unmarshal(text, &list) != nil {
		return nil
	}
	for _, p := range list {
		if p.Export == "" {
			continue
		}
		if _, err := os.Stat(p.Export); err != nil {
			return nil // the build cache was cleaned
		}
	}
	return list
}

// keep writes the packages for the next kernel. That it cannot is no error: the next one
// asks again.
func (x *index) keep() error {
	x.mu.Lock()
	var list []pkg
	for _, p := range x.pkgs {
		list = append(list, p)
	}
	x.mu.Unlock()
	text, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	file := x.keptFile()
	if os.MkdirAll(filepath.Dir(file), 0o777) == nil && atomicfile.Write(file, text) == nil {
		forget(filepath.Dir(file))
	}
	return nil
}

// forget removes all but the newest of the kept indexes.
func forget(dir string) {
	files, _ := filepath.Glob(filepath.Join(dir, "packages-*.json"))
	age := func(file string) time.Time {
		if info, err := os.Stat(file); err == nil {
			return info.ModTime()
		}
		return time.Time{}
	}
	slices.SortFunc(files, func(a, b string) int { return age(b).Compare(age(a)) })
	for _, file := range files[min(len(files), keptMost):] {
		os.Remove(file)
	}
}

// keptFile is named for the state of Go and of the modules in view.
func (x *index) keptFile() string {
	h := sha256.New()
	o := x.tool.opts
	fmt.Fprintln(h, keptFormat, runtime.GOOS, runtime.GOARCH, o.GoRoot, goVersion(o.GoRoot))
	for _, pair := range o.Env {
		if strings.HasPrefix(pair, "GO") || strings.HasPrefix(pair, "CGO_") {
			fmt.Fprintln(h, pair)
		}
	}
	for _, dir := range o.Modules {
		fmt.Fprintln(h, dir)
		for _, name := range []string{"go.mod", "go.sum"} {
			text, _ := os.ReadFile(filepath.Join(dir, name))
			h.Write(text)
		}
	}
	fmt.Fprintln(h, o.sourceState())
	return filepath.Join(cacheFolder(o.Dir), "packages", "packages-"+hex.EncodeToString(h.Sum(nil)[:12])+".json")
}

// cacheFolder is that of package assets, which a kernel does not link.
func cacheFolder(otherwise string) string {
	if dir := os.Getenv("VGRAD_CACHE"); dir != "" {
		return dir
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return otherwise
	}
	return filepath.Join(dir, "vgrad")
}

// goVersion is the version of the Go in a folder; "" stands for the one on PATH.
func goVersion(root string) string {
	if root == "" {
		name, err := exec.LookPath("go")
		if err != nil {
			return ""
		}
		if name, err = filepath.EvalSymlinks(name); err != nil {
			return ""
		}
		root = filepath.Dir(filepath.Dir(name))
	}
	text, _ := os.ReadFile(filepath.Join(root, "VERSION"))
	return root + string(text)
}

// sourceState changes when a Go file of a module in view does. Modules of the module
// cache do not.
func (o Options) sourceState() (state string) {
	for _, dir := range o.Modules {
		if strings.Contains(filepath.ToSlash(dir), "/pkg/mod/") {
			continue
		}
		files, newest := sources(dir)
		state += fmt.Sprintln(dir, files, newest.UnixNano())
	}
	return state
}

// isOfModule reports whether a folder is in a module in view.
func (o Options) isOfModule(folder string) bool {
	return slices.ContainsFunc(o.Modules, func(dir string) bool {
		return folder == dir || strings.HasPrefix(folder, dir+string(filepath.Separator))
	})
}

// sources counts the Go files of a module and finds the newest.
func sources(dir string) (files int, newest time.Time) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch name := ""; {
		case err != nil:
			return nil
		case d.IsDir():
			if name = d.Name(); path != dir && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "node_modules" || name == "testdata") {
				return filepath.SkipDir
			}
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			if info, err := d.Info(); err == nil {
				files++
				if info.ModTime().After(newest) {
					newest = info.ModTime()
				}
			}
		}
		return nil
	})
	return files, newest
}
