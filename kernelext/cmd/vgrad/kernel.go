package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"

	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/kernelext/setup"
)

const kernelUsage = `vgrad kernel install     add the kernel "Go (vgrad)" to your own Jupyter
vgrad kernel remove      remove it
vgrad kernel papermill   teach your papermill to write parameters in Go

vgrad lab needs neither: its Jupyter has the kernel. Cells see the module in -work and its
dependencies, without a network. If that module does not require vgrad's, cells see both.

Flags:`

// kernelCommand adds the kernel to the user's own Jupyter.
func kernelCommand(ctx context.Context, args []string, std streams) error {
	what := ""
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		what, args = args[0], args[1:]
	}
	switch what {
	case "run":
		return runKernel(ctx, args, std)
	case "watch":
		return watchKernel(args, std)
	case "papermill":
		return papermill(ctx, args, std)
	}
	var o setup.Options
	f := flag.NewFlagSet("kernel", flag.ContinueOnError)
	f.StringVar(&o.Work, "work", "", "folder of the module that cells see (default: the current one)")
	f.StringVar(&o.Backend, "backend", "", "xla or go, for all cells (default: cells may choose)")
	prefix := f.String("prefix", "", "folder of a Python environment; the kernel is for its Jupyter only")
	user := f.Bool("user", false, "the kernel is for all Jupyters of this user (the default)")
	f.Usage = func() { fmt.Fprintln(f.Output(), kernelUsage); f.PrintDefaults() }
	if err := parseAlone(f, args, std); err != nil {
		return err
	}
	if *user && *prefix != "" {
		return usageError{errors.New("kernel: say -user or -prefix, not both")}
	}
	folder, err := kernelFolder(*prefix)
	if err != nil {
		return err
	}
	switch what {
	case "install":
		return report(std, "wrote")(setup.InstallKernel(ctx, o, folder))
	case "remove":
		return report(std, "removed")(kernel.Remove(folder))
	}
	return usageError{fmt.Errorf("kernel: there is no %q; say install, remove or papermill", what)}
}

// kernelFolder returns the Jupyter data folder of a Python environment; "" stands for the
// user's.
func kernelFolder(prefix string) (string, error) {
	if prefix == "" {
		return kernel.UserData()
	}
	prefix, err := filepath.Abs(prefix)
	return filepath.Join(prefix, "share", "jupyter"), err
}

// report prints what was done to a folder.
func report(std streams, did string) func(dir string, err error) error {
	return func(dir string, err error) error {
		if err == nil {
			_, err = fmt.Fprintln(std.out, did, dir)
		}
		return err
	}
}

const papermillUsage = `vgrad kernel papermill   teach your papermill to write parameters in Go

It adds a small Python package, vgrad-papermill, by the pip of papermill's Python. Then
papermill in.ipynb out.ipynb -p depth 12 assigns 12 to the variable depth of a notebook of
the kernel "Go (vgrad)". pip uninstall vgrad-papermill removes it.

Flags:`

// papermill adds the translator of parameters to the user's papermill.
func papermill(ctx context.Context, args []string, std streams) error {
	f := flag.NewFlagSet("kernel papermill", flag.ContinueOnError)
	python := f.String("python", "", "the Python that has papermill (default: that of the papermill on PATH)")
	f.Usage = func() { fmt.Fprintln(f.Output(), papermillUsage); f.PrintDefaults() }
	if err := parseAlone(f, args, std); err != nil {
		return err
	}
	version, err := setup.Papermill(ctx, *python)
	if err == nil {
		_, err = fmt.Fprintf(std.out, "papermill %s now writes parameters in Go\n", version)
	}
	return err
}
