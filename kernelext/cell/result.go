package cell

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"image"
	"reflect"
	"strconv"

	"github.com/vgrad/lab/kernelext/keep"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/diagnose"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/sweep"
)

// Result shows the value of a cell's last expression; the kernel calls it. A figure is
// drawn, a run or a comparison is summed up and shown as after its training, findings,
// tables, pictures and experiments are shown readably, and every other value as package
// keep shows it. An error in the last place that is not nil is the cell's error.
func Result(values ...any) {
	values = keep.Values(values...)
	if len(values) == 1 {
		markup, text, err := resultOf(values[0])
		if err != nil {
			fail(err)
		}
		if text != "" {
			data := map[string]string{"text/html": markup, "text/plain": text}
			if img, ok := values[0].(image.Image); ok { // for readers without HTML
				data["image/png"] = base64.StdEncoding.EncodeToString(Must(pngOf(img)))
			}
			keep.Show(data)
			return
		}
	}
	keep.Result(values...)
}

// resultOf renders a value of the laboratory as HTML and as text; text is "" for other
// values.
func resultOf(v any) (markup, text string, err error) {
	switch v := v.(type) {
	case *chart.Figure:
		return figuresResult(v)
	case []*chart.Figure:
		return figuresResult(v...)
	case *runs.Run:
		if v != nil {
			return runsResult(Comparison{v})
		}
	case Comparison:
		return runsResult(v)
	case runs.Comparison:
		return runsResult(Comparison(v))
	case []vgrad.Source:
		return runsResult(Comparison(v))
	case diagnose.Report:
		return findingsResult(v)
	case []diagnose.Report:
		return findingsResult(v...)
	case page.Table:
		return tableResult(v)
	case *sweep.Result:
		if v != nil {
			return tableResult(v.Table())
		}
	case []vgrad.Speed:
		if len(v) > 0 {
			return tableResult(speedTable(v))
		}
	case vgrad.Experiment:
		return experimentResult(v)
	case image.Image:
		if p := reflect.ValueOf(v); p.Kind() != reflect.Pointer || !p.IsNil() {
			return imageResult(v)
		}
	}
	return "", "", nil
}

func figuresResult(figures ...*chart.Figure) (markup, text string, err error) {
	for _, f := range figures {
		if f == nil {
			return "", "", nil
		}
	}
	if len(figures) == 0 {
		return "", "", nil
	}
	markup, err = rowOf("", figures)
	return markup, plainOf(figures), err
}

// runsResult shows the two figures of a training, unless the cell has them already, and a
// line for each run.
func runsResult(c Comparison) (markup, text string, err error) {
	if len(c) == 0 {
		return "", "", nil
	}
	t := summaryTable(c)
	markup, text, err = tableResult(t)
	if figures := trainingFigures(c); err == nil && len(figures) > 0 && !wereShown(c) {
		var row string
		row, err = rowOf("", figures)
		markup, text = row+markup, plainOf(figures)+"\n"+text
	}
	return markup, text, err
}

// summaryTable tells what became of each run.
func summaryTable(c Comparison) page.Table {
	t := page.Table{Columns: []string{"run", "steps", "validation accuracy", "validation loss", "recorded as"}}
	for _, r := range c.Runs() {
		steps := strconv.Itoa(r.LastStep)
		if !r.Finished {
			steps += " of " + strconv.Itoa(r.Experiment.WithDefaults().Steps)
		}
		row := []string{r.Label(), steps}
		for _, q := range []vgrad.Quantity{vgrad.ValAccuracy, vgrad.ValLoss} {
			if v, ok := r.Value(q, 0); ok {
				row = append(row, strconv.FormatFloat(v, 'g', 3, 64))
			} else {
				row = append(row, "not measured")
			}
		}
		t.Rows = append(t.Rows, append(row, "`"+r.Name+"`"))
	}
	return t
}

// shown lists the runs whose figures this cell shows.
var shown = map[*runs.Run]bool{}

// noteShown remembers that the cell shows the figures of runs.
func noteShown(c Comparison) {
	for _, r := range c.Runs() {
		shown[r] = true
	}
}

func wereShown(c Comparison) bool {
	for _, r := range c.Runs() {
		if !shown[r] {
			return false
		}
	}
	return true
}

func findingsResult(reports ...diagnose.Report) (markup, text string, err error) {
	if len(reports) == 0 {
		return "", "", nil
	}
	markup, text = findingsOutput(reports)
	return markup, text, nil
}

func tableResult(t page.Table) (markup, text string, err error) {
	table, err := t.HTML()
	return tableStyle + `<div class="vgrad-table">` + string(table) + "</div>", plainTable(t), err
}

// experimentResult shows every field of an experiment, defaults written out.
func experimentResult(e vgrad.Experiment) (markup, text string, err error) {
	if err := e.Validate(); err != nil {
		return "", "", err
	}
	fields, err := json.MarshalIndent(e.WithDefaults(), "", "  ")
	return "<pre>" + html.EscapeString(string(fields)) + "</pre>", string(fields), err
}

// imageResult shows a picture at the size that it has, small ones enlarged.
func imageResult(img image.Image) (markup, text string, err error) {
	size := img.Bounds().Size()
	if size.X <= 0 || size.Y <= 0 {
		return "", "", errors.New("the image is empty")
	}
	scale := max(1, min(10, 200/max(size.X, size.Y)))
	text = fmt.Sprintf("a picture of %d × %d pixels", size.X, size.Y)
	markup, err = imageHTML(img, scale, text)
	return markup, "[image] " + text, err
}
