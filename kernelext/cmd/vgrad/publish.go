package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/kernelext/publish"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/atomicfile"
	"github.com/vgrad/lab/vgrad/formula"
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
	site   string
	title  string
	pdf    bool

	browser   string   // that prints the PDF
	executing []string // the flags that are set and have to do with executing
}

func (p *publishFlags) set() *flag.FlagSet {
	f := flag.NewFlagSet("publish", flag.ContinueOnError)
	f.StringVar(&p.out, "out", "", "folder of the pages; it is made if it is missing (default: beside each notebook)")
	f.StringVar(&p.store, "store", "", "folder of recorded runs that the cells see (default: an empty one, so that everything is trained)")
	f.StringVar(&p.kernel, "kernel", "", "name of the kernelspec (default: vgrad; a notebook in another language is then refused)")
	f.DurationVar(&p.limit, "limit", 10*time.Minute, "how long one cell may take")
	f.BoolVar(&p.check, "check", false, "execute and compare with the outputs in the notebooks; write nothing")
	f.BoolVar(&p.pdf, "pdf", false, "print each page as a PDF too, beside it; this needs Chromium, Chrome or Edge")
	f.BoolVar(&p.quiet, "quiet", false, "do not say which cell runs")
	f.StringVar(&p.site, "site", "", "folder of a site that is made of the notebooks as they are; nothing is executed")
	f.StringVar(&p.title, "title", lessonsTitle, "title of the site")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "vgrad publish NOTEBOOK... executes notebooks from top to bottom. It writes the outputs into each\nnotebook, and an HTML page that needs neither Jupyter nor a network. Several notebooks also get an\nindex page. The first cell that fails is shown and ends the command.\n\n"+siteHelp+"\n\nFlags:")
		f.PrintDefaults()
	}
	return f
}

const siteHelp = "vgrad publish -site DIR NOTEBOOK... executes nothing. It makes one site of the notebooks with the outputs\nthat are in them: a front page, a page for each notebook, and a search. A notebook without outputs and\na link that leads nowhere are told. The site opens from disk and from any web server, and asks for\nnothing. In DIR it replaces only a site that it wrote."

func publishCommand(ctx context.Context, args []string, std streams) error {
	var p publishFlags
	flags := p.set()
	paths, err := parse(flags, args, std)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return usageError{errors.New("publish: say which notebooks")}
	}
	flags.Visit(func(f *flag.Flag) {
		if f.Name != "site" && f.Name != "title" && f.Name != "quiet" {
			p.executing = append(p.executing, f.Name)
		}
	})
	if p.site != "" {
		return p.writeSite(ctx, paths, std)
	}
	if p.title != lessonsTitle {
		return usageError{errors.New("publish: -title is that of a site; name its folder with -site")}
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
	pages, err := p.pages(ctx, paths)
	if err != nil {
		return err
	}
	o := publish.Options{Python: j, Run: jupyter.Run, Kernel: p.kernel, Store: p.store, Limit: p.limit, Record: executedHow}
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
		if err := p.write(pages, nb, std, start); err != nil {
			return err
		}
		if p.pdf {
			if err := p.print(ctx, p.pageOf(path), std); err != nil {
				return err
			}
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
	return p.index(pages, all, std)
}

// pages describes the pages. ECharts is fetched before notebooks are executed for minutes,
// and KaTeX when the first formula comes.
func (p *publishFlags) pages(ctx context.Context, paths []string) (publish.Pages, error) {
	all := publish.Pages{At: map[string]string{}, Formulas: formula.New(func() ([]byte, error) { return assets.KaTeX(ctx) })}
	if p.check {
		return all, nil
	}
	for _, path := range paths {
		notebook, err := filepath.Abs(path)
		if err != nil {
			return all, fmt.Errorf("publish: %w", err)
		}
		if all.At[notebook], err = filepath.Abs(p.pageOf(path)); err != nil {
			return all, fmt.Errorf("publish: %w", err)
		}
	}
	js, err := assets.ECharts(ctx)
	all.ECharts = js
	return all, err
}

// prepare makes the folder of the pages. It reports all files that cannot be read or
// written, before the notebooks are executed for minutes.
func (p *publishFlags) prepare(paths []string) error {
	if p.pdf && !p.check {
		var err error
		if p.browser, err = publish.Browser(); err != nil {
			return err
		}
	}
	if p.out != "" && !p.check {
		if err := os.MkdirAll(p.out, 0o777); err != nil {
			return fmt.Errorf("publish: -out is %q; no folder of that name can be made: %w", p.out, err)
		}
	}
	var wrong []error
	taken := map[string]string{} // what writes a page, by the page
	if len(paths) > 1 && !p.check {
		index := p.indexOf(paths)
		taken[index] = "the index of the notebooks"
		wrong = append(wrong, replaceable(index))
	}
	for _, path := range paths {
		_, err := publish.Open(path)
		if wrong = append(wrong, err); err != nil || p.check {
			continue
		}
		page := p.pageOf(path)
		if other, ok := taken[page]; ok {
			wrong = append(wrong, fmt.Errorf("publish: %s and %s have the same page, %s; publish them one by one, or into different folders", other, path, page))
		}
		taken[page] = path
		if err := changeable(path); err != nil {
			wrong = append(wrong, fmt.Errorf("publish: the notebook cannot be written: %w", err))
		}
		wrong = append(wrong, replaceable(page))
		if p.pdf {
			wrong = append(wrong, replaceablePDF(pdfOf(page)))
		}
	}
	return errors.Join(wrong...)
}

// replaceable reports why a page cannot be written: also if a file of its name was not made
// by vgrad, because the user has not named it.
func replaceable(path string) error {
	if err := changeable(path); err != nil {
		return fmt.Errorf("publish: the page %q cannot be written: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 { // a new file, or a device
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("publish: the page %q cannot be read: %w", path, err)
	}
	if !page.Made(text) {
		return fmt.Errorf("publish: %s is there and was not made by vgrad, so it is not replaced; move it, or name another folder with -out", path)
	}
	return nil
}

// replaceablePDF is replaceable for a PDF, which is replaced if a browser printed it.
func replaceablePDF(path string) error {
	if err := changeable(path); err != nil {
		return fmt.Errorf("publish: the PDF %q cannot be written: %w", path, err)
	}
	if text, err := os.ReadFile(path); err == nil && !publish.PrintedPDF(text) {
		return fmt.Errorf("publish: %s is there and was not printed by a browser, so it is not replaced; move it, or name another folder with -out", path)
	}
	return nil
}

// pdfOf returns the path of the PDF of a page.
func pdfOf(page string) string { return strings.TrimSuffix(page, ".html") + ".pdf" }

// print prints a page as a PDF beside it.
func (p *publishFlags) print(ctx context.Context, page string, std streams) error {
	pdf, err := publish.PDF(ctx, p.browser, page)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(pdfOf(page), pdf); err != nil {
		return fmt.Errorf("publish: write the PDF: %w", err)
	}
	fmt.Fprintf(std.out, "%s (%d KB)\n", pdfOf(page), len(pdf)/1000)
	return nil
}

// changeable reports why a file cannot be written. A file that nobody may write is one that
// its owner protects; renaming another over it would not ask.
func changeable(path string) error {
	if err := atomicfile.Check(path); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o222 == 0 {
		return fmt.Errorf("%s is read-only", path)
	}
	return nil
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

// write writes a notebook and its page. The page is made first, so that a notebook whose
// page cannot be made is not changed.
func (p *publishFlags) write(pages publish.Pages, nb *publish.Notebook, std streams, start time.Time) error {
	var html bytes.Buffer
	warnings, err := pages.Write(&html, nb)
	if err != nil {
		return err
	}
	if err := nb.Write(nb.Path); err != nil {
		return err
	}
	to := p.pageOf(nb.Path)
	if err := writePage(to, html.Bytes()); err != nil {
		return err
	}
	for _, w := range warnings {
		fmt.Fprintln(std.err, w)
	}
	fmt.Fprintf(std.out, "%s (%d KB), %s (%d KB): %.1f s\n", nb.Path, len(nb.Bytes())/1000, to, html.Len()/1000, time.Since(start).Seconds())
	return nil
}

// pageOf returns the path of the page of the notebook at path.
func (p *publishFlags) pageOf(path string) string {
	folder := p.out
	if folder == "" {
		folder = filepath.Dir(path)
	}
	return filepath.Join(folder, publish.PageName(path))
}

// indexOf returns the path of the index of several notebooks.
func (p *publishFlags) indexOf(paths []string) string {
	return filepath.Join(filepath.Dir(p.pageOf(paths[0])), "index.html")
}

func (p *publishFlags) index(pages publish.Pages, all []*publish.Notebook, std streams) error {
	to := p.indexOf([]string{all[0].Path})
	var html bytes.Buffer
	if err := pages.Index(&html, "Lessons", filepath.Dir(to), all); err != nil {
		return err
	}
	if err := writePage(to, html.Bytes()); err != nil {
		return err
	}
	fmt.Fprintln(std.out, to)
	return nil
}
