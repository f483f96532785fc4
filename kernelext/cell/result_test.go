package cell

import (
	"encoding/json"
	"errors"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vgrad/lab/kernelext/keep"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/diagnose"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
)

// result runs f as a cell and returns its result by MIME type.
func result(t *testing.T, f func()) map[string]string {
	t.Helper()
	session := t.TempDir()
	t.Setenv("VGRAD_SESSION", session)
	keep.Begin(keep.Cell{Number: 1})
	f()
	keep.End()
	text, err := os.ReadFile(filepath.Join(session, "cell", "result.json"))
	if err != nil {
		return nil
	}
	var bundle struct{ Data map[string]string }
	if err := json.Unmarshal(text, &bundle); err != nil {
		t.Errorf("result.json: %v: %s", err, text)
	}
	return bundle.Data
}

// The value of a cell's last expression is shown as its kind wants it.
func TestResult(t *testing.T) {
	_, _, ended := left(t, func() {
		e := vgrad.Experiment{Label: "mine", Steps: 3}
		run := Train(e)
		other := Must(chart.Loss([]vgrad.Source{run}))
		for name, c := range map[string]struct {
			values      []any
			plain, html []string // parts
		}{
			"a run that the cell has shown":    {[]any{run}, []string{"run | steps | validation accuracy", "mine | 3 | 0.5 | 1 | `" + run.Name + "`"}, []string{`<div class="vgrad-table">`, "<code>" + run.Name + "</code>"}},
			"a figure":                         {[]any{other}, []string{"[figure] Training loss"}, []string{"class=\"vgrad-static\" src=\"data:image/svg"}},
			"a figure and no error":            {[]any{other, error(nil)}, []string{"[figure] Training loss"}, []string{"class=\"vgrad-static\" src=\"data:image/svg"}},
			"figures":                          {[]any{[]*chart.Figure{other, other}}, []string{"[figure] Training loss"}, []string{"class=\"vgrad-static\" src=\"data:image/svg"}},
			"findings":                         {[]any{diagnose.Report{Run: "well", Silent: []string{"dead units"}}}, []string{"well: nothing found"}, []string{"vgrad-findings"}},
			"a table":                          {[]any{page.Table{Columns: []string{"a", "b"}, Rows: [][]string{{"1", "<2>"}}}}, []string{"a | b", "1 | <2>"}, []string{"&lt;2&gt;"}},
			"an experiment":                    {[]any{e}, []string{`"steps": 3`, "mine"}, []string{"<pre>"}},
			"a picture":                        {[]any{image.NewGray(image.Rect(0, 0, 28, 28))}, []string{"[image] a picture of 28 × 28 pixels"}, []string{`<img src="data:image/png;base64,`, `width="196"`}},
			"no picture":                       {[]any{(*image.Gray)(nil)}, []string{"(*image.Gray)(nil)"}, nil},
			"no figure":                        {[]any{(*chart.Figure)(nil)}, []string{"(*chart.Figure)(nil)"}, nil},
			"something else":                   {[]any{[]int{1, 2}}, []string{"[]int{1, 2}"}, nil},
			"several values":                   {[]any{run.LastStep, "a"}, []string{`3, "a"`}, nil},
			"runs of which none is known here": {[]any{Comparison{}}, []string{"cell.Comparison{}"}, nil},
		} {
			data := result(t, func() { Result(c.values...) })
			for _, part := range c.plain {
				if !strings.Contains(data["text/plain"], part) {
					t.Errorf("%s: the text does not have %q: %s", name, part, data["text/plain"])
				}
			}
			for _, part := range c.html {
				if !strings.Contains(data["text/html"], part) {
					t.Errorf("%s: the HTML does not have %q: %.500s", name, part, data["text/html"])
				}
			}
			if c.html == nil && data["text/html"] != "" {
				t.Errorf("%s: HTML %s", name, data["text/html"])
			}
		}
	})
	if ended {
		t.Error("the cell ended")
	}
}

// A run that the cell has not shown comes with the figures of its training, once.
func TestRunResult(t *testing.T) {
	left(t, func() {
		run := Train(vgrad.Experiment{Label: "mine", Steps: 3})
		clear(shown)
		data := result(t, func() { Result(run) })
		if !strings.Contains(data["text/plain"], "[figure] Training loss") || !strings.Contains(data["text/html"], "class=\"vgrad-static\" src=\"data:image/svg") || !strings.Contains(data["text/plain"], "mine | 3") {
			t.Errorf("the text: %s", data["text/plain"])
		}
		noteShown(Comparison{run})
		if data := result(t, func() { Result(Comparison{run}) }); strings.Contains(data["text/plain"], "[figure]") {
			t.Errorf("shown twice: %s", data["text/plain"])
		}
	})
}

// An error is the cell's, and shows nothing.
func TestErrorResult(t *testing.T) {
	data := result(t, func() {
		defer func() {
			if recover() == nil {
				t.Error("the error is no error")
			}
		}()
		Result((*chart.Figure)(nil), errors.New("no such quantity"))
	})
	if data != nil {
		t.Errorf("an error shows %v", data)
	}
}

// A run is kept as a reference: a later cell reads it from the store again.
func TestKeepRun(t *testing.T) {
	left(t, func() {
		run := Train(vgrad.Experiment{Label: "mine", Steps: 3})
		both := Comparison{run, run}
		t.Setenv("VGRAD_SESSION", t.TempDir())
		keep.Begin(keep.Cell{Number: 1})
		keep.Define("run", &run)
		keep.Define("both", &both)
		keep.End()
		name := run.Name
		run, both = nil, nil
		keep.Begin(keep.Cell{Number: 2})
		keep.Type[*runs.Run]()
		keep.Load("run", &run)
		keep.Load("both", &both)
		keep.Ready()
		keep.End()
		if run.Name != name || len(both) != 2 || both[0] != vgrad.Source(run) || both[1] != vgrad.Source(run) {
			t.Errorf("%v, %v", run, both)
		}
		if _, ok := run.Value(vgrad.ValAccuracy, 0); !ok {
			t.Error("the run has no samples")
		}
	})
}
