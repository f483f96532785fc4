// Package jupyter finds the Jupyter that the lessons run in, and runs its programs.
//
// It stands between set-up, which puts a Python environment into the cache, and those
// who use it: the lab, the doctor and whoever executes a notebook. Everything Jupyter
// keeps for the lessons (settings, kernels, signatures, running servers) lies in the
// cache beside that environment, so the user's own Jupyter is neither read nor changed. A
// lab reads no settings that the machine has for everyone either, and opens to its token.
//
//	home, err := jupyter.Open()                // folders in the cache
//	j, err := home.Find(ctx)                   // ours, else one that is installed
//	cmd := j.Command(ctx, "nbconvert", "--to", "notebook", "--execute", path)
//	err = jupyter.Run(cmd)                     // and nothing it started is left
package jupyter

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/vgrad/lab/vgrad/assets"
)

// Requirements is the lock of the Python environment: every package with its version
// and the hashes of its files, as pip's --require-hashes wants it. It covers CPython 3.11
// to 3.14 on Linux with glibc (x86-64, arm64) and on macOS with Apple's processors. On
// Windows, on macOS with Intel's, with musl and with other Pythons a Jupyter that is
// installed serves instead.
//
//go:embed requirements.txt
var Requirements string

// Home is the folder in which Jupyter keeps what it has for the lessons.
type Home struct{ Dir string }

// Open returns the home in the user's cache. It need not exist yet.
func Open() (Home, error) {
	cache, err := assets.Cache()
	if err != nil {
		return Home{}, err
	}
	return Home{filepath.Join(cache, "jupyter")}, nil
}

// Venv is the folder of the Python environment.
func (h Home) Venv() string { return filepath.Join(h.Dir, "venv") }

// Data is where Jupyter looks for kernels first and keeps signatures of trusted notebooks.
func (h Home) Data() string { return filepath.Join(h.Dir, "share") }

// Config is where JupyterLab keeps settings and layouts.
func (h Home) Config() string { return filepath.Join(h.Dir, "config") }

// Python is the environment's Python.
func (h Home) Python() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(h.Venv(), "Scripts", "python.exe")
	}
	return filepath.Join(h.Venv(), "bin", "python")
}

// stamp is the file that says a Python environment is whole, and of which lock.
func (h Home) stamp() string { return filepath.Join(h.Venv(), "vgrad-lock.sha256") }

func lockSum() string {
	sum := sha256.Sum256([]byte(Requirements))
	return hex.EncodeToString(sum[:])
}

// Complete reports why the Python environment is not what the lock says; nil where it is.
func (h Home) Complete() error {
	text, err := os.ReadFile(h.stamp())
	switch {
	case err != nil:
		return fmt.Errorf("there is no Python environment in %s", h.Venv())
	case string(text) != lockSum():
		return fmt.Errorf("the Python environment in %s is of another version", h.Venv())
	}
	if _, err := os.Stat(h.Python()); err != nil {
		return fmt.Errorf("the Python that the environment in %s was made with is gone", h.Venv())
	}
	return nil
}

// Seal marks the Python environment as whole.
func (h Home) Seal() error { return os.WriteFile(h.stamp(), []byte(lockSum()), 0o666) }

// Env is what tells a Jupyter program to keep to this home, beside the process's own
// environment.
func (h Home) Env() []string {
	return []string{
		"JUPYTER_CONFIG_DIR=" + h.Config(), "JUPYTER_DATA_DIR=" + h.Data(),
		"JUPYTER_RUNTIME_DIR=" + filepath.Join(h.Dir, "runtime"), "JUPYTER_PATH=", "JUPYTER_CONFIG_PATH=", "JUPYTER_NO_CONFIG=",
		"JUPYTERLAB_WORKSPACES_DIR=" + filepath.Join(h.Dir, "workspaces"),
		"JUPYTERLAB_SETTINGS_DIR=" + filepath.Join(h.Dir, "settings"),
		"PYTHONNOUSERSITE=1", "PYDEVD_DISABLE_FILE_VALIDATION=1",
	}
}

// Jupyter is a Python that has JupyterLab.
type Jupyter struct {
	Python  string
	Version string // of JupyterLab
	Ours    bool   // it is the one in the cache
	Home    Home
}

// ErrNone is the error of a machine without a Jupyter.
var ErrNone = errors.New("there is no JupyterLab; run: go tool vgrad setup")

// Find returns the Jupyter of this home where it is complete, else one that is
// installed, else ErrNone with what is wrong.
func (h Home) Find(ctx context.Context) (*Jupyter, error) {
	err := h.Complete()
	if err == nil {
		return h.try(ctx, h.Python())
	}
	if j := h.Installed(ctx); j != nil {
		return j, nil
	}
	return nil, fmt.Errorf("jupyter: %w: %w", ErrNone, err)
}

// Installed returns a Jupyter that the user has installed, nil where there is none: that
// of the Python on PATH, or of the program jupyter-lab.
func (h Home) Installed(ctx context.Context) *Jupyter {
	for _, name := range []string{"jupyter-lab", "python3", "python"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if name == "jupyter-lab" {
			path = interpreter(path)
		}
		if j, err := h.try(ctx, path); path != "" && err == nil {
			return j
		}
	}
	return nil
}

// interpreter returns the program that a script's first line names.
func interpreter(script string) string {
	text, err := os.ReadFile(script)
	line, _, _ := strings.Cut(string(text), "\n")
	if path, ok := strings.CutPrefix(line, "#!"); err == nil && ok {
		return strings.TrimSpace(path)
	}
	return ""
}

// try asks a Python for its JupyterLab. The one in the cache is known.
func (h Home) try(ctx context.Context, python string) (*Jupyter, error) {
	j := &Jupyter{Python: python, Home: h, Ours: python == h.Python()}
	const ask = "import jupyterlab, nbclient, nbconvert; print(jupyterlab.__version__)"
	if j.Ours {
		j.Version = Version("jupyterlab")
		return j, nil
	}
	cmd := exec.CommandContext(ctx, python, "-c", ask)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("jupyter: ask %s for its JupyterLab: %w", python, err)
	}
	j.Version = strings.TrimSpace(string(out))
	return j, nil
}

// Version returns the version of a Python package in the lock, "" where it is not there.
func Version(name string) string {
	_, rest, _ := strings.Cut("\n"+Requirements, "\n"+name+"==")
	version, _, _ := strings.Cut(rest, " ")
	return version
}

// Command returns a call of a module's program, as nbconvert or jupyter_client.kernelspecapp,
// in this Jupyter. It is to be run by [Run] or [Start].
func (j *Jupyter) Command(ctx context.Context, module string, args ...string) *exec.Cmd {
	return j.python(ctx, append([]string{"-m", module}, args...)...)
}

// Script returns a call of a Python program given as text.
func (j *Jupyter) Script(ctx context.Context, program string, args ...string) *exec.Cmd {
	return j.python(ctx, append([]string{"-c", program}, args...)...)
}

func (j *Jupyter) python(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, j.Python, args...)
	cmd.Env = append(os.Environ(), j.Home.Env()...)
	return cmd
}
