package assets

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// xlaPlugin is XLA's PJRT plugin for the CPU, of jaxlib 0.11.2, from a wheel on PyPI.
var xlaPlugin = part{
	name:      "xla-cpu",
	version:   wheelVersion,
	licence:   "Apache-2.0", // with notices, in licenses/
	file:      pluginFile,
	download:  "63 MB, 200 MB unpacked",
	supported: wheelForThis,
	fetch:     fetchXLA,
	check:     checkXLA,
}

const (
	wheelName    = "lammps-jax-pjrt-cpu"
	wheelVersion = "0.11.2"
	pluginFile   = "pjrt_c_api_cpu_plugin.so"
)

// wheels pins the wheel of each supported platform, by GOOS/GOARCH, and the plugin in it.
var wheels = map[string]struct{ wheel, plugin string }{
	"linux/amd64": {
		wheel:  "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1",
		plugin: "ad1309ac822b1b24d51b7f9947c7c9fa9ef5d67f390584cbc3d1fa2428fed9c2",
	},
}

const thisPlatform = runtime.GOOS + "/" + runtime.GOARCH

func wheelForThis() error {
	if _, ok := wheels[thisPlatform]; !ok {
		return fmt.Errorf("%w (%s); use the Go backend", ErrUnsupported, thisPlatform)
	}
	return nil
}

// fetchXLA downloads the wheel with pip, checks it and unpacks it.
func fetchXLA(ctx context.Context, c cache, dir string) error {
	tmp, err := os.MkdirTemp("", "vgrad-pip-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := c.pipDownload(ctx, tmp); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(tmp, "*.whl"))
	if err != nil {
		return err
	} else if len(found) != 1 {
		return fmt.Errorf("pip downloaded %d wheels, expected 1", len(found))
	}
	if err := (pinned{filepath.Base(found[0]), wheels[thisPlatform].wheel}).check(tmp); err != nil {
		return err
	}
	return unzip(found[0], dir)
}

// pipDownload downloads the wheel with the pip of the first Python that is installed.
func (c cache) pipDownload(ctx context.Context, dir string) error {
	for _, name := range c.pythons {
		python, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		err = c.run(ctx, dir, python, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-input",
			"--disable-pip-version-check", "--retries=0", fmt.Sprintf("--timeout=%d", int(patience.Seconds())),
			"--dest", dir, wheelName+"=="+wheelVersion)
		return adviseOnPip(err)
	}
	return errors.New("it is downloaded with Python's pip, but there is no python3; install Python 3 with pip and run: go tool vgrad assets; until then use the Go backend")
}

// adviseOnPip adds to pip's error what to do about it.
func adviseOnPip(err error) error {
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "No module named pip"):
		return fmt.Errorf("this Python has no pip: install it (python3 -m ensurepip, or the package python3-pip) and run: go tool vgrad assets; %w", err)
	case strings.Contains(err.Error(), "no such option"):
		return fmt.Errorf("this pip is too old: run python3 -m pip install --upgrade pip, then: go tool vgrad assets; %w", err)
	}
	return fmt.Errorf("%w; with a network, and on a system with glibc 2.27 or newer, run: go tool vgrad assets; until then use the Go backend", err)
}

// unzip writes the plugin and its licences. The wheel's Python module and metadata are not
// needed.
func unzip(path, dir string) error {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer archive.Close()
	for _, f := range archive.File {
		_, name, _ := strings.Cut(f.Name, "/") // below the module's or the metadata's folder
		if name != pluginFile && !strings.HasPrefix(name, "licenses/") || f.FileInfo().IsDir() {
			continue
		}
		target, err := below(dir, name)
		if err != nil {
			return err
		}
		r, err := f.Open()
		if err != nil {
			return err
		}
		if err := errors.Join(save(r, target), r.Close()); err != nil {
			return err
		}
	}
	return nil
}

// stamp records the plugin's size and time when its hash was last found correct. Hashing
// 200 MB takes a tenth of a second or more; comparing size and time takes no time.
type stamp struct {
	SHA256   string
	Size     int64
	Modified time.Time // to the second: archives and images keep no more
}

const stampFile = "checked.json"

// checkXLA compares the plugin with its stamp. If they differ, it hashes the plugin.
func checkXLA(dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(dir, pluginFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has no %s", dir, pluginFile)
	} else if err != nil {
		return err
	}
	want := wheels[thisPlatform].plugin
	now := stamp{want, info.Size(), info.ModTime().UTC().Truncate(time.Second)}
	if readStamp(dir) == now {
		return nil
	}
	if err := (pinned{pluginFile, want}).check(dir); err != nil {
		return err
	}
	writeStamp(dir, now)
	return nil
}

// readStamp returns a folder's stamp. If none can be read, it returns the zero stamp, which
// equals that of no plugin.
func readStamp(dir string) stamp {
	var s stamp
	text, err := os.ReadFile(filepath.Join(dir, stampFile))
	if err != nil || json.Unmarshal(text, &s) != nil {
		return stamp{}
	}
	return s
}

// writeStamp writes the stamp if it can. In a read-only cache it cannot; the plugin is then
// hashed again at the next use.
func writeStamp(dir string, s stamp) {
	text, err := json.Marshal(s)
	if err == nil {
		tmp := filepath.Join(dir, fmt.Sprintf(".%s-%d", stampFile, os.Getpid()))
		if os.WriteFile(tmp, text, 0o666) != nil || os.Rename(tmp, filepath.Join(dir, stampFile)) != nil {
			_ = os.Remove(tmp)
		}
	}
}
