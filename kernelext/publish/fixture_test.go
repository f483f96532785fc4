package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/kernelext/kernel"
)

// needJupyter returns the Jupyter of the lessons, with its kernel.
func needJupyter(t *testing.T) *jupyter.Jupyter {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs Jupyter")
	}
	home, err := jupyter.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kernel.Read(home.Data()); err != nil {
		t.Fatalf("the kernel is needed; `go tool vgrad setup` brings it: %v", err)
	}
	j, err := home.Find(t.Context())
	if err != nil {
		t.Fatalf("JupyterLab is needed; `go tool vgrad setup` brings it: %v", err)
	}
	return j
}

// imports stand in the first cell of a test's notebook.
const imports = `import (
	"github.com/vgrad/lab/kernelext/cell"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
)
`

// compare is the beginning of a cell that trains two small networks.
const compare = "%%\nruns := cell.Compare(vgrad.Experiment{Data: \"synthetic\", Steps: 400}, \"sigmoid\", \"relu\")\n"

// write writes a notebook of code cells into a folder with a space in its name.
func write(t *testing.T, cells ...string) string {
	t.Helper()
	var list []map[string]any
	for i, source := range cells {
		list = append(list, map[string]any{"cell_type": "code", "id": fmt.Sprint("c", i), "source": source,
			"metadata": struct{}{}, "outputs": []any{}, "execution_count": nil})
	}
	text, err := json.Marshal(map[string]any{"cells": list, "nbformat": 4, "nbformat_minor": 5,
		"metadata": map[string]any{"kernelspec": map[string]string{"name": kernel.Name, "display_name": kernel.DisplayName, "language": "go"}}})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "a folder")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "lesson.ipynb")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// execute executes a notebook of code cells.
func execute(t *testing.T, cells ...string) (*Notebook, error) {
	t.Helper()
	j := needJupyter(t)
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	return Execute(ctx, write(t, cells...), Options{Python: j, Run: jupyter.Run, Limit: 3 * time.Minute})
}
