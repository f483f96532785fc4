package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/vgrad/lab/kernelext/jupyter"
)

// pythons are the program names under which findPython looks for a Python that the lock
// covers: CPython 3.11 to 3.14.
var pythons = []string{"python3", "python3.13", "python3.12", "python3.14", "python3.11", "python"}

// jupyter makes the Python environment. If that fails, a Jupyter that the user has
// installed is used.
func (s *setup) jupyter(ctx context.Context) (string, error) {
	problem := s.home.Complete()
	if problem == nil {
		return "JupyterLab " + jupyter.Version("jupyterlab") + " is there", nil
	}
	err := error(ErrOffline)
	if !s.Offline {
		s.Say(fmt.Sprintf("%-12s installing JupyterLab %s (80 MB, 160 MB unpacked): %v", "jupyter", jupyter.Version("jupyterlab"), problem))
		if err = s.makeVenv(ctx); err == nil {
			return "JupyterLab " + jupyter.Version("jupyterlab") + " installed", nil
		}
	}
	if j := s.home.Installed(ctx); j != nil {
		s.Say(fmt.Sprintf("%-12s %v", "jupyter", err))
		return fmt.Sprintf("the JupyterLab %s of %s is used", j.Version, j.Python), nil
	}
	return "", err
}

// makeVenv makes the Python environment, and marks it as complete at the end.
func (s *setup) makeVenv(ctx context.Context) error {
	python, err := findPython(ctx)
	if err != nil {
		return err
	}
	venv := s.home.Venv()
	if err := os.RemoveAll(venv); err != nil {
		return err
	}
	// The environment gets no pip of its own: the pip of the Python above installs into it.
	// Debian's Python may have no second pip to put there.
	if err := s.quietly(ctx, exec.CommandContext(ctx, python, "-m", "venv", "--without-pip", venv)); err != nil {
		return err
	}
	lock := filepath.Join(s.home.Dir, "requirements.txt")
	if err := os.WriteFile(lock, []byte(jupyter.Requirements), 0o666); err != nil {
		return err
	}
	err = s.quietly(ctx, exec.CommandContext(ctx, python, "-m", "pip", "--python", s.home.Python(), "install", "--quiet",
		"--require-hashes", "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--retries=1", "-r", lock))
	if err != nil {
		return adviseOnPip(err)
	}
	return s.home.Seal()
}

// findPython returns the first Python on PATH that has pip and that the lock covers.
func findPython(ctx context.Context) (string, error) {
	const ask = "import sys, pip; sys.exit(not (sys.implementation.name == 'cpython' and (3, 11) <= sys.version_info[:2] <= (3, 14)))"
	for _, name := range pythons {
		path, err := exec.LookPath(name)
		if err == nil && exec.CommandContext(ctx, path, "-c", ask).Run() == nil {
			return realPython(ctx, path), nil
		}
	}
	return "", errors.New("there is no Python 3.11 to 3.14 with pip and venv; install one (Debian: apt install python3-pip python3-venv; macOS: brew install python3) and run: go tool vgrad setup")
}

// realPython returns the program that a Python reports as its own. The shims of version
// managers start different Pythons in different folders.
func realPython(ctx context.Context, path string) string {
	out, err := exec.CommandContext(ctx, path, "-c", "import sys; print(sys.executable)").Output()
	if real := strings.TrimSpace(string(out)); err == nil && filepath.IsAbs(real) {
		return real
	}
	return path
}

// adviseOnPip adds to pip's error what the user can do about it.
func adviseOnPip(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "no such option"):
		return fmt.Errorf("this pip is too old: run python3 -m pip install --upgrade pip, then: go tool vgrad setup; %w", err)
	case strings.Contains(text, "HASHES"):
		return fmt.Errorf("a package does not have the pinned hash, perhaps because the pins do not cover this platform (they cover CPython 3.11 to 3.14 on Linux x86-64 and arm64 and on macOS arm64); install JupyterLab yourself, and vgrad uses it; %w", err)
	}
	return fmt.Errorf("%w; with a network run: go tool vgrad setup", err)
}
