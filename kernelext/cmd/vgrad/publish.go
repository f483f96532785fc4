package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/kernelext/publish"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/atomicfile"
	"github.com/vgrad/lab/vgrad/page"
)

// publishFlags are the flags of publish.
type publishFlags struct {
	out    string
	store  string
	kernel string
	limit  time.Duration
	check  bool
	quiet  bool
}

func (p *publishFlags) set() *flag.FlagSet {
	f := flag.NewFlagSet("publish", flag.ContinueOnError)
	f.StringVar(&p.out, "out", "", "folder of the pages; it is made if it is missing (default: beside each notebook)")
	f.StringVar(&p.store, "store", "", "folder of recorded runs that the cells see (default: an empty one, so that everything is trained)")
	f.StringVar(&p.kernel, "kernel", "", "name of the kernelspec (default: vgrad; a notebook in another language is then refused)")
	f.DurationVar(&p.limit, "limit", 10*time.Minute, "how long one cell may take")
	f.BoolVar(&p.check, "check", false, "execute and compare with the outputs in the notebooks; write nothing")
	f.BoolVar(&p.quiet, "quiet", false, "do not say which cell runs")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "vgrad publish NOTEBOOK... executes notebooks from top to bottom. It writes the outputs into each\nnotebook, and an HTML page that needs neither Jupyter nor a network. Several notebooks also get an\nindex page. The first cell that fails is shown and ends the command.\n\nFlags:")
		f.PrintDefaults()
	}
	return f
}

func publishCommand(ctx context.Context, args []string, std streams) error {
	var p publishFlags
	paths, err := parse(p.set(), args, std)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return usageError{errors.New("publish: say which notebooks")}
	}
	if err := p.prepare(paths); err != nil {
		return err
	}
	home, err := jupyter.Open()
	if err != nil {
		return err
	}
	j, err := home.Find(ctx)
	if err != nil {
		return err
	}
	o := publish.Options{Python: j, Run: jupyter.Run, Kernel: p.kernel, Store: p.store, Limit: p.limit}
	var all []*publish.Notebook
	var differ int
	for _, path := range paths {
		start := time.Now()
		o.Say = p.progress(path, std)
		nb, err := publish.Execute(ctx, path, o)
		if err != nil {
			return err
		}
		all = append(all, nb)
		if p.check {
			if err := p.compare(nb, std, &differ); err != nil {
				return err
			}
			continue
		}
		if err := p.write(ctx, nb, std, start); err != nil {
			return err
		}
	}
	if differ > 0 {
		what := fmt.Sprintf("%d outputs differ", differ)
		if differ == 1 {
			what = "1 output differs"
		}
		return fmt.Errorf("publish: %s from the notebooks; vgrad publish without -check writes them", what)
	}
	if p.check || len(all) < 2 {
		return nil
	}
	return p.index(all, std)
}

// prepare makes the folder of the pages. It reports all files that cannot be read or
// written, before the notebooks are executed for minutes.
func (p *publishFlags) prepare(paths []string) error {
	if p.out != "" && !p.check {
		if err := os.MkdirAll(p.out, 0o777); err != nil {
			return fmt.Errorf("publish: -out is %q; no folder of that name can be made: %w", p.out, err)
		}
	}
	var wrong []error
	pages := map[string]string{}
	for _, path := range paths {
		nb, err := publish.Open(path)
		if wrong = append(wrong, err); err != nil || p.check {
			continue
		}
		page := p.pageOf(nb)
		if other, taken := pages[page]; taken {
			wrong = append(wrong, fmt.Errorf("publish: %s and %s have the same page, %s; publish them one by one", other, path, page))
		}
		pages[page] = path
		if err := atomicfile.Check(path); err != nil {
			wrong = append(wrong, fmt.Errorf("publish: the notebook cannot be written: %w", err))
		}
		if err := writable(page); err != nil {
			wrong = append(wrong, fmt.Errorf("publish: %w", err))
		}
	}
	return errors.Join(wrong...)
}

// progress returns a function that prints which cell runs; nil if quiet.
func (p *publishFlags) progress(path string, std streams) func(cell, of int) {
	if p.quiet {
		return nil
	}
	return func(cell, of int) { fmt.Fprintf(std.err, "%s: cell %d of %d\n", path, cell, of) }
}

func (p *publishFlags) compare(nb *publish.Notebook, std streams, differ *int) error {
	was, err := publish.Open(nb.Path)
	if err != nil {
		return err
	}
	ds := publish.Compare(was, nb)
	for _, d := range ds {
		fmt.Fprintf(std.out, "%s: %s\n", nb.Path, d)
	}
	if len(ds) == 0 {
		fmt.Fprintf(std.out, "%s: unchanged\n", nb.Path)
	}
	*differ += len(ds)
	return nil
}

// write writes a notebook and its page.
func (p *publishFlags) write(ctx context.Context, nb *publish.Notebook, std streams, start time.Time) error {
	if err := nb.Write(nb.Path); err != nil {
		return err
	}
	js, err := assets.ECharts(ctx)
	if err != nil {
		return err
	}
	var html bytes.Buffer
	if err := nb.Page(&html, page.Options{ECharts: js}); err != nil {
		return err
	}
	to := p.pageOf(nb)
	if err := writePage(to, html.Bytes()); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s (%d KB), %s (%d KB): %.1f s\n", nb.Path, len(nb.Bytes())/1000, to, html.Len()/1000, time.Since(start).Seconds())
	return nil
}

// pageOf returns the path of a notebook's page.
func (p *publishFlags) pageOf(nb *publish.Notebook) string {
	folder := p.out
	if folder == "" {
		folder = filepath.Dir(nb.Path)
	}
	return filepath.Join(folder, publish.PageName(nb.Path))
}

func (p *publishFlags) index(all []*publish.Notebook, std streams) error {
	var html bytes.Buffer
	if err := publish.Index(&html, "Lessons", all); err != nil {
		return err
	}
	to := filepath.Join(filepath.Dir(p.pageOf(all[0])), "index.html")
	if err := writePage(to, html.Bytes()); err != nil {
		return err
	}
	fmt.Fprintln(std.out, to)
	return nil
}
