package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/vgrad/lab/kernelext/publish"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/formula"
)

// writeSite writes a site of notebooks as they are.
func (p *publishFlags) writeSite(ctx context.Context, paths []string, std streams) error {
	if p.pdf {
		return usageError{errors.New("publish: -pdf prints the pages that are published without -site")}
	}
	if len(p.executing) > 0 {
		return usageError{fmt.Errorf("publish: -site executes nothing, so -%s says nothing; publish the notebooks without -site first", p.executing[0])}
	}
	if err := publish.CheckSite(p.site); err != nil {
		return err
	}
	var notebooks []*publish.Notebook
	var wrong []error
	for _, path := range paths {
		nb, err := publish.Open(path)
		notebooks, wrong = append(notebooks, nb), append(wrong, err)
	}
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	when, err := now()
	if err != nil {
		return err
	}
	js, err := assets.ECharts(ctx)
	if err != nil {
		return err
	}
	site := publish.Site{Title: p.title, ECharts: js, Formulas: formula.New(func() ([]byte, error) { return assets.KaTeX(ctx) }), Program: programVersion(), When: when}
	if p.title == lessonsTitle {
		site.Lead = lessonsLead
	}
	files, warnings, err := site.Build(notebooks)
	for _, w := range warnings {
		fmt.Fprintln(std.err, w)
	}
	if err != nil {
		return err
	}
	if err := files.Write(p.site); err != nil {
		return err
	}
	for _, path := range paths {
		name := publish.PageName(path)
		fmt.Fprintf(std.out, "%s (%d KB)\n", filepath.Join(p.site, name), len(files.Content(name))/1000)
	}
	fmt.Fprintf(std.out, "%s: %.1f MB in %d files\n", filepath.Join(p.site, "index.html"), float64(files.Size())/1e6, len(files.Names()))
	return nil
}

// The front page of the laboratory's own lessons.
const (
	lessonsTitle = "The vanishing gradient"
	lessonsLead  = "Lessons of a laboratory that measures the gradient of every layer inside every training step, draws it, and says in plain words what is wrong."
)

// now is the time that a site was published. SOURCE_DATE_EPOCH, in seconds since 1970, sets
// it, so that the same notebooks make the same bytes.
func now() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Now(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("publish: SOURCE_DATE_EPOCH is %q; it is a number of seconds", text)
	}
	return time.Unix(seconds, 0), nil
}

// programVersion is this program with its version, and the commit that it is built from
// where it knows it.
func programVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "vgrad"
	}
	return "vgrad " + info.Main.Version
}
