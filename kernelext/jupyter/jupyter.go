// Package jupyter finds the Jupyter that the lessons run in, and runs its programs.
//
// Package setup puts a Python environment into the cache; the lab, the doctor and package
// publish use it through this package. Jupyter's files for the lessons (settings, kernels,
// signatures, running servers) are in the cache beside that environment, so the user's own
// Jupyter is neither read nor changed. A lab also ignores the machine's system-wide
// settings, and requires its token.
//
//	home, err := jupyter.Open()                // folders in the cache
//	j, err := home.Find(ctx)                   // the pinned one, else one that is installed
//	cmd := j.Command(ctx, "nbconvert", "--to", "notebook", "--execute", path)
//	err = jupyter.Run(cmd)                     // also ends every process that it started
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

// Requirements is the lock of the Python environment: every package with its version and
// the hashes of its files, in the format of pip's --require-hashes. It covers CPython 3.11
// to 3.14 on Linux with glibc (x86-64, arm64) and on macOS (arm64). On Windows, on macOS
// on x86-64, with musl and with other Pythons, a Jupyter that the user has installed is
// used instead.
//
//go:embed requirements.txt
var Requirements string

// Home is the folder of Jupyter's files for the lessons. Dir is required; [Open] sets it.
type Home struct{ Dir string }

// Open returns the home in the user's cache. The folder need not exist yet. Open fails if
// there is no cache folder.
func Open() (Home, error) {
	cache, err := assets.Cache()
	if err != nil {
		return Home{}, err
	}
	return Home{filepath.Join(cache, "jupyter")}, nil
}

// Venv is the folder of the Python environment.
func (h Home) Venv() string { return filepath.Join(h.Dir, "venv") }

// Data is the folder in which Jupyter looks for kernels first, and in which it keeps the
// signatures of trusted notebooks.
func (h Home) Data() string { return filepath.Join(h.Dir, "share") }

// Config is the folder of Jupyter's settings.
func (h Home) Config() string { return filepath.Join(h.Dir, "config") }

// Python is the environment's Python.
func (h Home) Python() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(h.Venv(), "Scripts", "python.exe")
	}
	return filepath.Join(h.Venv(), "bin", "python")
}

// stamp is the file that marks a complete Python environment. It has the hash of its lock.
func (h Home) stamp() string { return filepath.Join(h.Venv(), "vgrad-lock.sha256") }

func lockSum() string {
	sum := sha256.Sum256([]byte(Requirements))
	return hex.EncodeToString(sum[:])
}

// Complete returns nil if the Python environment is complete and made from the current
// lock. Otherwise the error says what is wrong.
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

// Seal marks the Python environment as complete.
func (h Home) Seal() error { return os.WriteFile(h.stamp(), []byte(lockSum()), 0o666) }

// Env returns the environment variables, as KEY=value, that make a Jupyter program use this
// home. They are added to the process's environment.
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
	Ours    bool   // it is the pinned one in the cache; false: one that the user has installed
	Home    Home
}

// ErrNone is the error of a machine without a Jupyter.
var ErrNone = errors.New("there is no JupyterLab; run: go tool vgrad setup")

// Find returns the Jupyter of this home if it is complete, or else one that the user has
// installed. If there is neither, the error is [ErrNone] with what is wrong with this
// home's.
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

// Installed returns a Jupyter that the user has installed: that of the program jupyter-lab,
// or of a Python on PATH. It returns nil if there is none.
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

// interpreter returns the program that a script's first line names; "" if it names none.
func interpreter(script string) string {
	text, err := os.ReadFile(script)
	line, _, _ := strings.Cut(string(text), "\n")
	if path, ok := strings.CutPrefix(line, "#!"); err == nil && ok {
		return strings.TrimSpace(path)
	}
	return ""
}

// try returns the Jupyter of a Python. It asks the Python for the version of its
// JupyterLab, except the one in the cache, whose version the lock gives.
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

// Version returns the version of a Python package in the lock; "" if it is not there.
func Version(name string) string {
	_, rest, _ := strings.Cut("\n"+Requirements, "\n"+name+"==")
	version, _, _ := strings.Cut(rest, " ")
	return version
}

// Command returns the command python -m module in this Jupyter, for example of nbconvert or
// jupyter_client.kernelspecapp. Run it with [Run] or [Start].
func (j *Jupyter) Command(ctx context.Context, module string, args ...string) *exec.Cmd {
	return j.python(ctx, append([]string{"-m", module}, args...)...)
}

// Script returns the command python -c program in this Jupyter. Run it with [Run] or
// [Start].
func (j *Jupyter) Script(ctx context.Context, program string, args ...string) *exec.Cmd {
	return j.python(ctx, append([]string{"-c", program}, args...)...)
}

func (j *Jupyter) python(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, j.Python, args...)
	cmd.Env = append(os.Environ(), j.Home.Env()...)
	return cmd
}
