package setup

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// translator is a module of Python that teaches papermill to write parameters in Go.
//
//go:embed papermill/vgrad_papermill.py
var translator string

const (
	translatorVersion = "1.0"
	translatorName    = "vgrad_papermill-" + translatorVersion
)

// Papermill adds the translator to the papermill of a Python, by that Python's pip and
// without a network, and returns papermill's version. With it
//
//	papermill in.ipynb out.ipynb -p depth 12
//
// sets the variables of a notebook of the kernel. The Python is a program or a path of one;
// "" is that of the program papermill on PATH. Its pip removes the translator again:
// pip uninstall vgrad-papermill.
func Papermill(ctx context.Context, python string) (version string, err error) {
	if python == "" {
		if python, err = papermillPython(); err != nil {
			return "", err
		}
	}
	out, err := exec.CommandContext(ctx, python, "-c", "import importlib.metadata as m; print(m.version('papermill'))").Output()
	if err != nil {
		return "", fmt.Errorf("setup: %s has no papermill: %w; install it with: %s -m pip install papermill", python, err, python)
	}
	dir, err := os.MkdirTemp("", "vgrad-papermill")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	wheel := filepath.Join(dir, translatorName+"-py3-none-any.whl")
	if err := writeWheel(wheel); err != nil {
		return "", fmt.Errorf("setup: write the wheel of papermill's translator: %w", err)
	}
	pip, err := pipFor(ctx, python)
	if err != nil {
		return "", err
	}
	pip = append(pip, "install", "--quiet", "--no-index", "--no-deps", "--force-reinstall", "--no-input", "--disable-pip-version-check", wheel)
	if said, err := exec.CommandContext(ctx, pip[0], pip[1:]...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("setup: install papermill's translator with %s -m pip: %w: %s", python, err, lastLines(string(said)))
	}
	return strings.TrimSpace(string(out)), nil
}

// pipFor is the command that installs into a Python: its own pip, or that of another Python
// where it has none.
func pipFor(ctx context.Context, python string) ([]string, error) {
	if exec.CommandContext(ctx, python, "-c", "import pip").Run() == nil {
		return []string{python, "-m", "pip"}, nil
	}
	other, err := findPython(ctx)
	if err != nil {
		return nil, fmt.Errorf("setup: %s has no pip: %w", python, err)
	}
	return []string{other, "-m", "pip", "--python", python}, nil
}

// papermillPython is the Python of the program papermill on PATH.
func papermillPython() (string, error) {
	program, err := exec.LookPath("papermill")
	if err != nil {
		return "", fmt.Errorf("setup: there is no papermill on PATH: install it (pip install papermill), or name its Python with -python")
	}
	text, err := os.ReadFile(program)
	if err != nil {
		return "", fmt.Errorf("setup: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	python, ok := strings.CutPrefix(strings.TrimSpace(line), "#!")
	if !ok || !filepath.IsAbs(python) {
		return "", fmt.Errorf("setup: %s does not say which Python runs it; name it with -python", program)
	}
	return python, nil
}

// writeWheel writes the translator as a package that pip installs.
func writeWheel(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	info := translatorName + ".dist-info/"
	files := []struct{ name, text string }{
		{"vgrad_papermill.py", translator},
		{info + "METADATA", "Metadata-Version: 2.1\nName: vgrad-papermill\nVersion: " + translatorVersion +
			"\nSummary: parameters of papermill in notebooks of vgrad's kernel\nLicense: Apache-2.0\nRequires-Dist: papermill>=2.3\n"},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: vgrad\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "entry_points.txt", "[papermill.engine]\nvgrad = vgrad_papermill:Engine\n"},
	}
	record := ""
	for _, f := range files {
		sum := sha256.Sum256([]byte(f.text))
		record += fmt.Sprintf("%s,sha256=%s,%d\n", f.name, base64.RawURLEncoding.EncodeToString(sum[:]), len(f.text))
	}
	files = append(files, struct{ name, text string }{info + "RECORD", record + info + "RECORD,,\n"})
	z := zip.NewWriter(f)
	for _, file := range files {
		w, e := z.Create(file.name)
		if e == nil {
			_, e = io.WriteString(w, file.text)
		}
		if err == nil {
			err = e
		}
	}
	if e := z.Close(); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
