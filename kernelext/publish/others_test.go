package publish

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// other is a notebook of another person's kind.
type other struct {
	name, text string
	refused    string // part of the reason; "": it is not
	large      bool
}

// others are forty notebooks as other programs and people write them: each version of the
// format with and without ids, in three languages, with the state of widgets, compact and
// indented, empty and large.
func others() (all []other) {
	for minor := range 6 {
		for _, ids := range []bool{false, true} {
			for _, indent := range []string{"", " ", "\t"} {
				name := fmt.Sprintf("4.%d ids=%t indent=%q", minor, ids, indent)
				all = append(all, other{name: name, text: written4(minor, ids, indent, "go", "a\n")})
			}
		}
	}
	return append(all,
		other{name: "Python", text: written4(4, false, " ", "python", "x\n"), refused: "kernel"},
		other{name: "R", text: written4(2, false, " ", "R", "x\n"), refused: "kernel"},
		other{name: "empty", text: `{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}`},
		other{name: "format 3", text: `{"worksheets": [], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}`, refused: "format 4"},
		other{name: "not a notebook", text: "", refused: "is not a notebook"},
		other{name: "20,000 lines", text: written4(5, true, " ", "go", strings.Repeat("x := 1 // <&\\n", 20_000))},
		other{name: "5 MB", text: written4(5, true, " ", "go", strings.Repeat("0123456789abcdef\\n", 5<<20/17))},
		other{name: "50 MB", text: written4(5, true, " ", "go", strings.Repeat("0123456789abcdef\\n", 50<<20/17)), large: true},
	)
}

// written4 is a notebook as a program writes it, with fields that publish does not know.
func written4(minor int, ids bool, indent, language, printed string) string {
	id := func(name string) string {
		if !ids {
			return ""
		}
		return `"id": "` + name + `", `
	}
	printed = strings.ReplaceAll(printed, "\n", `\n`)
	text := fmt.Sprintf(`{"metadata": {"kernelspec": {"name": "k-%[2]s", "display_name": "K", "language": %[2]q}, "language_info": {"name": %[2]q}, "toc": {"x": 1.0}, "colab": {"provenance": []},
"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"a": {"model_name": "IntSliderModel"}}, "version_major": 2, "version_minor": 0}}},
"nbformat_minor": %[1]d, "nbformat": 4, "cells": [{%[3]s"cell_type": "markdown", "source": ["# Mine é \u00e9 \ud83d\ude00\n", "text"], "metadata": {"collapsed": true}},
{"source": "x <- 1", "outputs": [{"output_type": "stream", "name": "stdout", "text": "%[5]s"}], %[4]s"metadata": {"scrolled": "auto", "tags": ["skip-execution"], "execution": {"iopub.status.busy": "2024"}}, "execution_count": 7, "cell_type": "code"},
{%[6]s"cell_type": "code", "source": [], "metadata": {}, "outputs": [], "execution_count": null}]}`, minor, language, id("a"), id("b"), printed, id("c"))
	if indent == "" {
		return text
	}
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", indent); err != nil {
		panic(err)
	}
	return b.String() + "\n"
}

// Notebooks of other people pass unharmed, or are refused with a reason. Executed and
// written twice they are the same bytes.
func TestNotebooksOfOthers(t *testing.T) {
	all := others()
	if len(all) < 40 {
		t.Fatalf("%d notebooks", len(all))
	}
	for _, o := range all {
		if o.large && testing.Short() {
			continue // the same kind with 5 MB is among them
		}
		t.Run(o.name, func(t *testing.T) { passes(t, o) })
	}
}

func passes(t *testing.T, o other) {
	path := filepath.Join(t.TempDir(), "lesson.ipynb")
	save(t, path, o.text)
	s := &scripted{answer: func([]byte) string {
		codes := strings.Repeat("null,", strings.Count(o.text, `"execution_count"`))
		return `{"cells": [` + strings.TrimSuffix(codes, ",") + `], "metadata": {}, "stopped": null}`
	}}
	nb, err := Execute(t.Context(), path, Options{Python: s, Run: s.run})
	if o.refused != "" {
		if err == nil || !strings.Contains(err.Error(), o.refused) || !strings.Contains(err.Error(), path) {
			t.Errorf("the error is %v, want %q", err, o.refused)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if string(nb.Bytes()) != o.text {
		t.Errorf("what was not executed has changed")
	}
	if err := nb.Write(path); err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	for _, b := range []*bytes.Buffer{&first, &second} {
		if _, err := (Pages{}).Write(b, nb); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("published twice the page differs")
	}
	if len(nb.Cells) > 0 && !strings.Contains(first.String(), "<title>Mine é é 😀</title>") {
		t.Error("the title is lost")
	}
	for _, c := range nb.Cells {
		for _, out := range c.Outputs {
			if n := strings.Count(string(out.Text), "\n"); strings.Count(first.String(), "\n") < n {
				t.Errorf("of %d lines of output some are lost", n)
			}
		}
	}
}
