package cell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/page"
)

// Show shows a figure. It takes the two results of a function of package chart, and ends
// the cell if the error is not nil:
//
//	cell.Show(chart.MeanGradient(runs, 1))
func Show(fig *chart.Figure, err error) {
	Side(Must(fig, err))
}

// Side shows figures side by side, or one below the other where the page is too narrow.
// A label has the same colour in all of them.
func Side(figures ...*chart.Figure) {
	if len(figures) == 0 {
		fail(errors.New("cell: Side: no figures"))
	}
	if !inNotebook() {
		write(figures)
		return
	}
	display("", Must(rowOf("", figures)), plainOf(figures))
}

// rowOf renders a row of figures as HTML, with their static pictures.
func rowOf(name string, figures []*chart.Figure) (string, error) {
	o := options()
	o.Renderer = renderer()
	if len(figures) > 1 {
		o.Width = 480
	}
	html, err := chart.Row(name, figures, o)
	return string(html), err
}

// options returns the options that all figures in a notebook share.
func options() chart.HTMLOptions {
	return chart.HTMLOptions{Kernelspec: kernelspec(), Packed: true}
}

// plainOf describes figures as text, for outputs that show no HTML and for publish -check.
func plainOf(figures []*chart.Figure) string {
	var lines []string
	for _, f := range figures {
		line := "[figure] " + f.Title
		if f.Note != "" {
			line += " (" + f.Note + ")"
		}
		lines = append(lines, line+"\n"+f.Caption)
	}
	return strings.Join(lines, "\n")
}

// renderer draws static pictures and caches them on disk.
var renderer = sync.OnceValue(func() *chart.Renderer {
	dir, err := assets.Cache()
	if err != nil {
		dir = os.TempDir()
	}
	return chart.LazyRenderer(func() ([]byte, error) { return assets.ECharts(context.Background()) }, filepath.Join(dir, "pictures"))
})

// files counts the figures that were written outside a notebook.
var files int

// write writes figures to one HTML page and prints the file's name.
func write(figures []*chart.Figure) {
	files++
	p := page.Page{Title: figures[0].Title}
	p.Figures(figures...)
	js, err := assets.ECharts(context.Background())
	if err != nil {
		fmt.Fprintf(os.Stderr, "vgrad: the figure is not live: %v\n", err)
	}
	o := page.Options{ECharts: js}
	if js != nil {
		o.Renderer = renderer()
	}
	name := fmt.Sprintf("figure-%d.html", files)
	f := Must(os.Create(name))
	if err := errors.Join(p.Write(f, o), f.Close()); err != nil {
		fail(fmt.Errorf("cell: write %s: %w", name, err))
	}
	fmt.Printf("%s: %s\n", name, figures[0].Title)
}
