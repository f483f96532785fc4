package publish

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Fifty times a cell with twenty displays: all of them arrive, and in order.
func TestNoDisplayIsLost(t *testing.T) {
	cells := []string{imports + "%%\ncell.Text(\"first\")"}
	for range 50 {
		cells = append(cells, "%%\nfor i := range 20 {\n\tcell.Textf(\"display %d\", i)\n}")
	}
	nb, err := execute(t, cells...)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range nb.Cells[1:] {
		if len(c.Outputs) != 20 {
			t.Errorf("run %d: %d of 20 displays", i+1, len(c.Outputs))
			continue
		}
		for n, o := range c.Outputs {
			if want := fmt.Sprint("display ", n); string(o.Data["text/plain"]) != want {
				t.Errorf("run %d: display %d is %q", i+1, n, o.Data["text/plain"])
			}
		}
	}
}

// What was shown before a cell fails stays, whatever it fails of, and the error
// names the cell and says why in the first line.
func TestPlantedErrors(t *testing.T) {
	before := "%%\ncell.Text(\"shown before\")\n"
	for _, c := range []struct {
		name, source string
		shown        bool
		lines        int
		want         []string
	}{
		{"compile error", "%%\nundefined_thing()", false, 5, []string{"undefined: undefined_thing"}},
		{"panic", before + "var xs []int\nfmt.Println(xs[3])", true, 3, []string{"Cell [2], line 4:", "fmt.Println(xs[3])", "Panic: runtime error: index out of range [3] with length 0"}},
		{"panic elsewhere", before + `go func() { fmt.Println(strings.Repeat("x", -1)) }()` + "\nselect {}", true, 6, []string{"Cell [2], line 3:", "in strings.Repeat", "Panic: strings: negative Repeat count"}},
		{"unknown activation", before + `cell.Compare(vgrad.Experiment{}, "rleu")`, true, 1, []string{`Error: rleu: unknown activation "rleu"`, "sigmoid, tanh, relu"}},
		{"bad experiment", before + `cell.Train(vgrad.Experiment{Depth: -1})`, true, 1, []string{"Error: sigmoid depth=-1:", "depth is -1; it must be at least 1"}},
		{"bad figure", compare + "cell.Show(chart.MeanGradient(runs, 9))", true, 1, []string{`has no layer 9; its layers are 1 to 6`}},
		{"no such run", compare + `runs.Run("tanh")`, true, 1, []string{`Error: there is no run "tanh"; there are ["sigmoid data=synthetic steps=400" "relu`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			nb, err := execute(t, imports+"%%\ncell.Text(\"ready\")", c.source, "%%\ncell.Text(\"never\")")
			var failed *CellError
			if !errors.As(err, &failed) {
				t.Fatalf("the error is %v", err)
			}
			if failed.Number != 2 {
				t.Errorf("cell %d is blamed: %v", failed.Number, err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
			if lines := strings.Count(failed.Said, "\n") + 1; strings.Contains(failed.Said, "goroutine") || lines > c.lines {
				t.Errorf("%d lines, at most %d are the reader's: %s", lines, c.lines, failed.Said)
			}
			if got := len(nb.Cells[1].Outputs) > 0 && nb.Cells[1].Outputs[0].Data != nil; got != c.shown {
				t.Errorf("what was shown before is there: %t", got)
			}
			if len(nb.Cells[2].Outputs) > 0 {
				t.Error("the next cell was executed")
			}
		})
	}
}

// Training is followed without a browser. A second cell loads, and shows the same
// figures.
func TestTrainedAndLoaded(t *testing.T) {
	nb, err := execute(t, imports+compare+"cell.Show(chart.Accuracy(runs))", compare+"cell.Show(chart.Accuracy(runs))")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{3, 2} {
		if n := len(nb.Cells[i].Outputs); n != want {
			t.Errorf("cell %d has %d outputs, not %d", i+1, n, want)
		}
	}
	for i, c := range nb.Cells {
		for _, o := range c.Outputs {
			html := string(o.Data["text/html"])
			if figures, pictures := strings.Count(html, "<figure class="), strings.Count(html, `<img class="vgrad-static" src="data:image/svg`); figures != pictures {
				t.Errorf("cell %d: %d figures with %d pictures", i+1, figures, pictures)
			}
			if picture := o.Data["image/png"] != ""; picture != strings.Contains(html, "<figure class=") {
				t.Errorf("cell %d has a PNG: %t", i+1, picture)
			}
			if html == "" || o.Data["text/plain"] == "" {
				t.Errorf("cell %d has an empty output", i+1)
			}
		}
	}
	first, second := nb.Cells[0].Outputs, nb.Cells[1].Outputs
	if first[len(first)-1].Data["text/plain"] != second[len(second)-1].Data["text/plain"] {
		t.Error("the loaded runs are drawn differently")
	}
	if trained, loaded := first[0].Data["text/plain"], second[0].Data["text/plain"]; trained == "" || !strings.HasPrefix(string(loaded), string(trained)) {
		t.Errorf("training shows %q, and loading %q", trained, loaded)
	}
}

// What a notebook says of its execution is a member of its metadata, and a site shows it.
func TestExecutionIsRecorded(t *testing.T) {
	var e executed
	if err := e.record(Execution{Version: "v1", Backend: "XLA <CPU>", Executed: "1 May 2026"}); err != nil {
		t.Fatal(err)
	}
	text, err := e.into([]byte(`{"cells": [], "metadata": {"vgrad": {"version": "v0", "seeds": "0"}, "mine": 1}, "nbformat": 4, "nbformat_minor": 5}`))
	if err != nil {
		t.Fatal(err)
	}
	nb, err := parse("x.ipynb", text)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, f := range nb.facts() {
		said[f.Name] = f.Says
	}
	if said["vgrad"] != "v1" || said["Backend"] != "XLA <CPU>" || said["Executed"] != "1 May 2026" || strings.Contains(said["Seeds"], "\"0\"") || !strings.Contains(string(text), `"mine": 1`) {
		t.Errorf("%v in %s", said, text)
	}
}
