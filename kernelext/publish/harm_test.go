package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad/page"
)

// scripted is a Python that executes nothing: it answers what a kernel would have said, so
// that what publish makes of the answer is tested without Jupyter.
type scripted struct {
	args   []string // of the last call
	answer func(nb []byte) string
}

func (s *scripted) Script(ctx context.Context, _ string, args ...string) *exec.Cmd {
	s.args = args
	return exec.CommandContext(ctx, "none")
}

func (s *scripted) run(cmd *exec.Cmd) error {
	nb, err := io.ReadAll(cmd.Stdin)
	if err != nil {
		return err
	}
	_, err = io.WriteString(cmd.Stdout, s.answer(nb))
	return err
}

// executeWith executes the text of a notebook; each code cell answers with the outputs given.
func executeWith(t *testing.T, text string, o Options, outputs ...string) (*Notebook, string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lesson.ipynb")
	save(t, path, text)
	var cells []string
	for i, out := range outputs {
		cells = append(cells, fmt.Sprintf(`{"outputs": %s, "execution_count": %d}`, out, i+1))
	}
	s := &scripted{answer: func([]byte) string {
		return `{"cells": [` + strings.Join(cells, ",") + `], "metadata": {"language_info": {"name": "go"}}, "stopped": null}`
	}}
	o.Python, o.Run = s, s.run
	nb, err := Execute(t.Context(), path, o)
	return nb, path, err
}

func save(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

const printed = `[{"name": "stdout", "output_type": "stream", "text": ["42\n"]}]`

// An execution changes outputs and counts, and no other byte: neither the order of keys, nor
// fields that publish does not know, nor how the file is indented.
func TestExecutionChangesOnlyOutputs(t *testing.T) {
	was := "{\n  \"nbformat\": 4, \"nbformat_minor\": 2,\n  \"cells\": [\n    {\"source\": \"6*7 // \\u0442\", \"mine\": [1.50, 1e3],\n     \"metadata\": {\"slideshow\": {\"slide_type\": \"slide\"}, \"trusted\": true}, \"cell_type\": \"code\"," +
		"\n     \"outputs\": [ ], \"execution_count\": null},\n    {\"cell_type\": \"raw\", \"source\": [], \"metadata\": {}}\n  ],\n  \"metadata\": {\"orig_nbformat\": 2, \"signature\": \"x\"},\n  \"other\": {\"a\": 1}\n}"
	nb, _, err := executeWith(t, was, Options{}, printed)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(was, `[ ]`, "[\n        {\n          \"name\": \"stdout\",\n          \"output_type\": \"stream\",\n          \"text\": [\n            \"42\\n\"\n          ]\n        }\n      ]", 1)
	want = strings.Replace(want, `"execution_count": null`, `"execution_count": 1`, 1)
	want = strings.Replace(want, `"metadata": {"orig`, "\"metadata\": {\n    \"language_info\": {\n      \"name\": \"go\"\n    },\"orig", 1)
	if got := string(nb.Bytes()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Executing what was executed changes nothing.
func TestExecutedTwiceIsTheSame(t *testing.T) {
	for _, was := range []string{notebook, compactJSON(t, notebook)} {
		first, _, err := executeWith(t, was, Options{}, printed)
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := executeWith(t, string(first.Bytes()), Options{}, printed)
		if err != nil || !bytes.Equal(first.Bytes(), again.Bytes()) {
			t.Errorf("%v: first\n%s\nthen\n%s", err, first.Bytes(), again.Bytes())
		}
		if !json.Valid(first.Bytes()) || !strings.Contains(string(first.Bytes()), "42") {
			t.Errorf("%s", first.Bytes())
		}
	}
}

func compactJSON(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Keys that are missing are added, also two to an object that has none.
func TestSpliceAdds(t *testing.T) {
	for _, text := range []string{"{\n \"cells\": [],\n \"metadata\": {}\n}", `{"cells":[],"metadata":{}}`} {
		e := executed{Metadata: map[string]json.RawMessage{"widgets": []byte(`{"w":1}`), "language_info": []byte(`{"name":"go"}`)}}
		got, err := e.into([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if compactJSON(t, string(got)) != `{"cells":[],"metadata":{"language_info":{"name":"go"},"widgets":{"w":1}}}` {
			t.Errorf("%s", got)
		}
	}
}

// What is kept is exactly what is not set, whatever the notebook.
func FuzzSplice(f *testing.F) {
	f.Add(notebook)
	f.Add("{\r\n\t\"nbformat\":4,\"cells\":[{\"cell_type\":\"code\"}],\"metadata\":{}}")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parse("x.ipynb", []byte(text))
		if err != nil {
			return
		}
		var e executed
		for _, c := range n.Cells {
			if c.Kind == "code" {
				e.Cells = append(e.Cells, nil)
			}
		}
		if got, err := e.into([]byte(text)); err == nil && string(got) != text {
			t.Errorf("nothing was set, and %q became %q", text, got)
		}
	})
}

// A file that its author saved while the notebook ran keeps what was saved.
func TestChangedWhileItRan(t *testing.T) {
	nb, path, err := executeWith(t, notebook, Options{}, printed)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(notebook, "Prose", "My new prose", 1)
	save(t, path, edited)
	if err := nb.Write(path); !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), path) {
		t.Errorf("the error is %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != edited {
		t.Errorf("what was saved is lost: %v\n%s", err, text)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := nb.Write(path); !errors.Is(err, ErrChanged) {
		t.Errorf("a file that was removed: %v", err)
	}
	save(t, path, notebook)
	if err := nb.Write(path); err != nil {
		t.Errorf("what did not change is not written: %v", err)
	}
}

const failed = `[{"output_type": "error", "ename": "x", "evalue": "index out of range", "traceback": ["Panic: index out of range"]}]`

// A cell that is meant to fail does, and the lesson goes on after it; any other ends it.
func TestMeantToFail(t *testing.T) {
	source := `{"cells": [{"cell_type": "code", "metadata": {"tags": [%s]}, "source": "xs[2]", "outputs": [], "execution_count": null},
 {"cell_type": "code", "metadata": {"tags": "none"}, "source": "after()", "outputs": [], "execution_count": null}], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}`
	nb, _, err := executeWith(t, fmt.Sprintf(source, `"x", "raises-exception"`), Options{}, failed, printed)
	if err != nil {
		t.Fatal(err)
	}
	if html := pageOf(t, nb); !strings.Contains(html, "Panic: index out of range") || !strings.Contains(html, "42") {
		t.Errorf("the page lacks the error, or what follows: %s", html)
	}
	var cell *CellError
	if _, _, err := executeWith(t, fmt.Sprintf(source, ""), Options{}, failed, printed); !errors.As(err, &cell) || cell.Number != 1 {
		t.Errorf("without the tag: %v", err)
	}
}

// A cell that is not executed keeps its outputs.
func TestSkippedCellKeepsOutputs(t *testing.T) {
	e := executed{Cells: []*executedCell{nil}}
	if got, err := e.into([]byte(notebook)); err != nil || string(got) != notebook {
		t.Errorf("%v: %s", err, got)
	}
}

// Time that ran out, a kernel that died or is missing: the cell is named, and what to do.
func TestStopped(t *testing.T) {
	for stopped, want := range map[string][]string{
		`{"cell": 1, "why": "time", "said": ""}`:                        {"code cell 1 was stopped", "did not end within 40s", "waits for input", "fmt.Println"},
		`{"cell": 1, "why": "dead", "said": "Kernel died"}`:             {"code cell 1", "Kernel died"},
		`{"cell": 0, "why": "kernel", "said": "No such kernel: vgrad"}`: {"not executed", `no kernel "vgrad"`, "setup"},
	} {
		path := filepath.Join(t.TempDir(), "asks.ipynb")
		save(t, path, notebook)
		s := &scripted{answer: func([]byte) string {
			return `{"cells": [{"outputs": [], "execution_count": null}], "metadata": {}, "stopped": ` + stopped + `}`
		}}
		_, err := Execute(t.Context(), path, Options{Python: s, Run: s.run, Limit: 40 * time.Second})
		var e *StoppedError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", stopped, err)
			continue
		}
		for _, w := range append(want, path) {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v; no %q", stopped, err, w)
			}
		}
	}
}

// A notebook of another language is refused before a kernel starts, unless the kernel is named.
func TestOtherKernel(t *testing.T) {
	for metadata, want := range map[string]string{
		`{"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}`: "it is for kernel python3; -kernel python3",
		`{"kernelspec": {"name": "ir"}, "language_info": {"name": "R"}}`:                        "it is for kernel ir",
		`{"language_info": {"name": "julia"}}`:                                                  "is in julia",
		`{"kernelspec": {"name": "gonb", "language": "go"}}`:                                    "",
		`{}`: "",
	} {
		text := strings.Replace(notebook, `{"kernelspec": {"name": "vgrad"}}`, metadata, 1)
		_, _, err := executeWith(t, text, Options{}, printed)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", metadata, err, want)
		}
		if _, _, err := executeWith(t, text, Options{Kernel: "python3"}, printed); err != nil {
			t.Errorf("%s with -kernel: %v", metadata, err)
		}
	}
}

func ExampleStoppedError() {
	fmt.Println(&StoppedError{Path: "lesson.ipynb", Number: 2, Source: "fmt.Scanln(&name)", Why: "it did not end within 40s"})
	// Output:
	// lesson.ipynb: code cell 2 was stopped: it did not end within 40s
	//     | fmt.Scanln(&name)
}

func ExampleKernelError() {
	fmt.Println(&KernelError{Path: "numpy.ipynb", Kernel: "python3", Language: "python"})
	// Output: numpy.ipynb: it is for kernel python3; -kernel python3 executes it with that kernel, where it is installed
}

// pageOf returns the page of a notebook.
func pageOf(t *testing.T, n *Notebook) string {
	t.Helper()
	var html bytes.Buffer
	if err := n.Page(&html, page.Options{}); err != nil {
		t.Fatal(err)
	}
	return html.String()
}
