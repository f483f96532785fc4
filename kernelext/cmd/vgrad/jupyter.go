package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/kernelext/setup"
)

// labCommand opens the lessons in JupyterLab.
func labCommand(ctx context.Context, args []string, std streams) error {
	var o setup.Options
	f := flag.NewFlagSet("lab", flag.ContinueOnError)
	setupFlags(f, &o)
	ip := f.String("ip", "", "address to answer on (default: 127.0.0.1, this machine alone; 0.0.0.0 is every network)")
	port := f.Int("port", 0, "port (default: the first free one from 8888 on)")
	noBrowser := f.Bool("no-browser", false, "open no browser")
	noSetup := f.Bool("no-setup", false, "open what is there, without looking whether all of it is")
	verbose := f.Bool("v", false, "show what Jupyter says")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "vgrad lab [NOTEBOOK] opens the lessons, or a notebook of yours, in JupyterLab on this machine,\nafter setting up what is missing. Ctrl-C stops it. Its token is the one in $JUPYTER_TOKEN, or in\nthe file that $JUPYTER_TOKEN_FILE names, else a new one.\n\nFlags:")
		f.PrintDefaults()
	}
	rest, err := parse(f, args, std)
	if err != nil {
		return err
	}
	if len(rest) > 1 {
		return usageError{fmt.Errorf("lab takes one notebook, behind the flags; got %q", rest)}
	}
	l := jupyter.Lab{IP: *ip, Port: *port, Kernel: kernel.Name}
	if l.Token, err = token(); err != nil {
		return err
	}
	if *verbose {
		l.Log = std.err
	}
	o.Say, o.Brief = func(line string) { fmt.Fprintln(std.err, line) }, true
	if len(rest) == 1 { // a wrong name is told before anything is set up
		if l.Root, l.Notebook, err = notebook(rest[0]); err != nil {
			return err
		}
	}
	if !*noSetup {
		if err := setup.Run(ctx, o); err != nil && !usable(ctx, o, err) {
			return err
		}
	}
	if l.Root == "" {
		if l.Root, l.Notebook, err = lessons(ctx, o.Work); err != nil {
			return err
		}
	}
	return serve(ctx, l, !*noBrowser, std)
}

// token is the lab's token as the environment gives it, under the names that Jupyter
// knows; "" where it gives none.
func token() (string, error) {
	if token := os.Getenv("JUPYTER_TOKEN"); token != "" {
		return token, nil
	}
	name := os.Getenv("JUPYTER_TOKEN_FILE")
	if name == "" {
		return "", nil
	}
	text, err := os.ReadFile(name)
	token := strings.TrimSpace(string(text))
	if err == nil && token == "" {
		err = fmt.Errorf("%s is empty", name)
	}
	if err != nil {
		return "", fmt.Errorf("lab: the token of $JUPYTER_TOKEN_FILE: %w", err)
	}
	return token, nil
}

// usable reports whether the lab may open although a part could not be had, as cells do
// without MNIST, XLA or figures that move; it says what is missing.
func usable(ctx context.Context, o setup.Options, err error) bool {
	if ctx.Err() != nil || setup.Essential(err) {
		return false
	}
	o.Say(err.Error())
	o.Say("the lab opens without; vgrad doctor says more")
	return true
}

func serve(ctx context.Context, l jupyter.Lab, browser bool, std streams) error {
	home, err := jupyter.Open()
	if err != nil {
		return err
	}
	j, err := home.Find(ctx)
	if err != nil {
		return err
	}
	err = j.Serve(ctx, l, func(address string) {
		fmt.Fprintf(std.out, "JupyterLab %s: %s\n", j.Version, address)
		fmt.Fprintln(std.err, "Ctrl-C stops it")
		if browser {
			openBrowser(address)
		}
	})
	if ctx.Err() != nil && err == nil {
		fmt.Fprintln(std.err, "vgrad: JupyterLab and its kernels have stopped")
	}
	return err
}

// notebook splits a file's or folder's name into what Jupyter serves and what it opens.
func notebook(name string) (root, file string, err error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return "", "", err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", "", fmt.Errorf("lab: open the notebook: %w", err)
	case info.IsDir():
		return path, "", nil
	case !strings.HasSuffix(path, ".ipynb"):
		return "", "", fmt.Errorf("lab: %s is no notebook (.ipynb)", path)
	}
	return filepath.Dir(path), filepath.Base(path), nil
}

// lessons returns the folder of the lessons and the first of them.
func lessons(ctx context.Context, dir string) (root, file string, err error) {
	work, err := kernel.Work(ctx, dir)
	if err != nil {
		return "", "", err
	}
	root = filepath.Join(work.Lab, "notebooks")
	found, err := filepath.Glob(filepath.Join(root, "*.ipynb"))
	if err != nil {
		return "", "", err
	}
	if len(found) > 0 {
		return root, filepath.Base(found[0]), nil
	}
	if _, err := os.Stat(root); errors.Is(err, os.ErrNotExist) {
		root = work.Folders[0]
	}
	return root, "", nil
}
