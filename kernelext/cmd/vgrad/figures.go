package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vgrad/lab/kernelext/figures"
	"github.com/vgrad/lab/kernelext/publish"
	"github.com/vgrad/lab/vgrad/atomicfile"
)

// figuresCommand writes the figures in the outputs of notebooks to files, or adds PNGs to
// the notebooks.
func figuresCommand(_ context.Context, args []string, std streams) error {
	f := flag.NewFlagSet("figures", flag.ContinueOnError)
	out := f.String("out", "", "folder of the files; it is made if it is missing (default: the notebook's name with -figures, beside it)")
	add := f.Bool("add", false, "write no files, but add a PNG to each output of the notebook that has figures and no PNG")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "vgrad figures NOTEBOOK... writes the figures in the outputs of notebooks to files: SVG, PNG with title and\ncaption, and the values as CSV. It executes nothing and needs no network.\n\nFlags:")
		f.PrintDefaults()
	}
	paths, err := parse(f, args, std)
	if err != nil {
		return err
	}
	switch {
	case len(paths) == 0:
		return usageError{errors.New("figures: say which notebooks")}
	case *add && *out != "":
		return usageError{errors.New("figures: -add writes no files; leave out -out")}
	case *out != "" && len(paths) > 1:
		return usageError{errors.New("figures: with -out, name one notebook")}
	}
	for _, path := range paths {
		nb, err := publish.Open(path)
		if err != nil {
			return err
		}
		if *add {
			err = addPictures(nb, std)
		} else {
			err = writeFigures(nb, *out, std)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// addPictures adds PNGs to a notebook.
func addPictures(nb *publish.Notebook, std streams) error {
	with, added, err := nb.AddPictures()
	if err != nil {
		return err
	}
	if added > 0 {
		if err := changeable(nb.Path); err != nil {
			return fmt.Errorf("figures: the notebook cannot be written: %w", err)
		}
		if err := with.Write(nb.Path); err != nil {
			return err
		}
	}
	fmt.Fprintf(std.out, "%s: %d pictures added (%d KB, was %d KB)\n", nb.Path, added, len(with.Bytes())/1000, len(nb.Bytes())/1000)
	return nil
}

// writeFigures writes the figures of a notebook to a folder.
func writeFigures(nb *publish.Notebook, folder string, std streams) error {
	if folder == "" {
		folder = nb.Path[:len(nb.Path)-len(filepath.Ext(nb.Path))] + "-figures"
	}
	var all []*figures.Figure
	for _, c := range nb.Cells {
		for _, o := range c.Outputs {
			all = append(all, figures.In(string(o.Data["text/html"]))...)
		}
	}
	if len(all) == 0 {
		return fmt.Errorf("figures: %s has no figures; execute it first, in JupyterLab or with vgrad publish", nb.Path)
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("figures: the folder %q cannot be made: %w", folder, err)
	}
	for i, f := range all {
		files, err := f.Files(i + 1)
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := atomicfile.Write(filepath.Join(folder, file.Name), file.Data); err != nil {
				return fmt.Errorf("figures: %w", err)
			}
		}
		if f.SVG == nil {
			fmt.Fprintf(std.err, "%s: the figure %q has no static picture, so only its values are written\n", nb.Path, f.Title)
		}
	}
	fmt.Fprintf(std.out, "%s: %d figures in %s\n", nb.Path, len(all), folder)
	return nil
}
