package doctor

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/kernelext/setup"
)

// withPapermill makes a Python environment that has the packages of j, papermill, and its
// translator for Go.
func withPapermill(t *testing.T, j *jupyter.Jupyter) (python string) {
	t.Helper()
	run := func(name string, args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	venv := filepath.Join(t.TempDir(), "a venv")
	run("python3", "-m", "venv", "--without-pip", venv)
	python = filepath.Join(venv, "bin", "python")
	const site = "import sysconfig; print(sysconfig.get_path('purelib'))"
	if err := os.WriteFile(filepath.Join(run(python, "-c", site), "jupyter.pth"), []byte(run(j.Python, "-c", site)+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	run("python3", "-m", "pip", "--python", python, "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:",
		"--no-input", "--disable-pip-version-check", "-r", "testdata/papermill.txt")
	version, err := setup.Papermill(t.Context(), python)
	if err != nil {
		t.Fatal(err)
	}
	if version != "2.7.0" {
		t.Errorf("papermill %q", version)
	}
	return python
}

// papermill sets the variables of a notebook, which keep their types, and tells a name that
// the notebook does not have.
func TestPapermill(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what needs Jupyter and papermill")
	}
	home, err := jupyter.Open()
	if err != nil {
		t.Fatal(err)
	}
	j, err := home.Find(t.Context())
	if err != nil {
		t.Fatalf("%v; this test needs what this brings: go tool vgrad setup", err)
	}
	python := withPapermill(t, j)
	m, j := lab(t) // no network from here on
	own := kernelFor(t, m, &jupyter.Jupyter{Python: python, Home: j.Home}, "")
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.ipynb"), filepath.Join(dir, "out.ipynb")
	writeTagged(t, in, "depth := 5 // layers\nrate := 0.1\nvar names []string\nvar extra any\nwidths := [][]float64{{1}}\nopen := false",
		"fmt.Printf(\"%T %v, %T %v, %q, %v, %v, %v\", depth, depth, rate, rate, names, extra, widths, open)")
	papermill := func(args ...string) (string, error) {
		cmd := own.Command(t.Context(), "papermill", append([]string{in, out, "--no-progress-bar"}, args...)...)
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		err := jupyter.Run(cmd)
		return said.String(), err
	}
	said, err := papermill("-p", "depth", "12", "-p", "rate", "1", "-y", `{names: ["a\"b\n", "ü😀"], extra: {a: 1e-30, b: [1, 2.5], c: null}, widths: [[1.5], []], open: true}`)
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if strings.Contains(said, "unknown parameter") {
		t.Error(said)
	}
	const want = `int 12, float64 1, ["a\"b\n" "ü😀"], map[a:1e-30 b:[1 2.5] c:<nil>], [[1.5] []], true`
	if text, err := os.ReadFile(out); err != nil || !strings.Contains(outputText(t, text), want) {
		t.Errorf("%v: %s\nwant %s", err, outputText(t, text), want)
	}
	if said, err := papermill("-p", "dept", "3"); err == nil || !strings.Contains(said, "undefined: dept") || !strings.Contains(said, "did you mean depth") {
		t.Errorf("a parameter that the notebook does not have: %v: %s", err, said)
	}
	if said, err := papermill("--help-notebook"); err != nil || !strings.Contains(said, "depth: Unknown type (default 5)") || !strings.Contains(said, "names: []string") {
		t.Errorf("--help-notebook: %v: %s", err, said)
	}
}

// jupyter nbconvert --execute runs a notebook, stops at a cell that fails, and goes on with
// --allow-errors.
func TestNbconvert(t *testing.T) {
	m, j := lab(t)
	own := kernelFor(t, m, j, "")
	dir := t.TempDir()
	in := filepath.Join(dir, "in.ipynb")
	writeTagged(t, in, "depth := 5", "fmt.Println(depth * 2)", "depth.None", "fmt.Println(depth * 3)")
	for _, c := range []struct {
		flags   []string
		fails   bool
		printed string
	}{
		{nil, true, ""},
		{[]string{"--allow-errors"}, false, "10\n15\n"},
	} {
		out := filepath.Join(dir, "out.ipynb")
		cmd := own.Command(t.Context(), "nbconvert", append([]string{"--to", "notebook", "--execute", "--output", out, in}, c.flags...)...)
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		err := jupyter.Run(cmd)
		if (err != nil) != c.fails || c.fails && !strings.Contains(said.String(), "Cell [3], line 1: depth.None undefined (type int") {
			t.Errorf("%v: %v: %s", c.flags, err, said.String())
		}
		if c.fails {
			continue
		}
		if text, err := os.ReadFile(out); err != nil || outputText(t, text) != c.printed {
			t.Errorf("%v: %q", err, outputText(t, text))
		}
	}
}

// writeTagged writes a notebook of the kernel whose first cell has the tag parameters.
func writeTagged(t *testing.T, path string, cells ...string) {
	t.Helper()
	var list []map[string]any
	for i, source := range cells {
		tags := []string{}
		if i == 0 {
			tags = []string{"parameters"}
		}
		list = append(list, map[string]any{"cell_type": "code", "id": "c" + string(rune('0'+i)), "source": source,
			"metadata": map[string]any{"tags": tags}, "outputs": []any{}, "execution_count": nil})
	}
	text, err := json.Marshal(map[string]any{"cells": list, "nbformat": 4, "nbformat_minor": 5,
		"metadata": map[string]any{"kernelspec": map[string]string{"name": kernel.Name, "display_name": kernel.DisplayName, "language": "go"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
}

// outputText is what the cells of a notebook printed.
func outputText(t *testing.T, notebook []byte) (text string) {
	t.Helper()
	var book struct {
		Cells []struct {
			Outputs []struct{ Text []string }
		}
	}
	if err := json.Unmarshal(notebook, &book); err != nil {
		t.Fatal(err)
	}
	for _, c := range book.Cells {
		for _, o := range c.Outputs {
			text += strings.Join(o.Text, "")
		}
	}
	return text
}
