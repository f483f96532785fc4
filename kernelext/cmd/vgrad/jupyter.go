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
	ip := f.String("ip", "", "address to listen on (default: 127.0.0.1, this machine alone; 0.0.0.0: all networks)")
	port := f.Int("port", 0, "port (default: the first free one from 8888 on)")
	noBrowser := f.Bool("no-browser", false, "open no browser")
	noSetup := f.Bool("no-setup", false, "do not check for missing parts before opening")
	verbose := f.Bool("v", false, "show Jupyter's output")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "vgrad lab [NOTEBOOK] opens the lessons, or a notebook of yours, in JupyterLab on this machine.\nIt first installs what is missing. Ctrl-C stops it. The token is that in $JUPYTER_TOKEN, or in the\nfile that $JUPYTER_TOKEN_FILE names, or else a new one.\n\nFlags:")
		f.PrintDefaults()
	}
	rest, err := parse(f, args, std)
	if err != nil {
		return err
	}
	if len(rest) > 1 {
		return usageError{fmt.Errorf("lab takes at most one notebook; got %q", rest)}
	}
	l := jupyter.Lab{IP: *ip, Port: *port, Kernel: kernel.Name}
	if l.Token, err = token(); err != nil {
		return err
	}
	if *verbose {
		l.Log = std.err
	}
	o.Say, o.Brief = func(line string) { fmt.Fprintln(std.err, line) }, true
	if len(rest) == 1 { // report a wrong name before anything is installed
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
	return serveJupyter(ctx, l, !*noBrowser, std)
}

// token returns the lab's token from the environment variables that Jupyter uses; "" if
// they set none.
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

// usable reports whether the lab can open after an error of set-up, for example without
// MNIST, XLA or live figures. If so, it prints the error.
func usable(ctx context.Context, o setup.Options, err error) bool {
	if ctx.Err() != nil || setup.Essential(err) {
		return false
	}
	o.Say(err.Error())
	o.Say("the lab opens without this part; vgrad doctor says more")
	return true
}

func serveJupyter(ctx context.Context, l jupyter.Lab, browser bool, std streams) error {
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

// notebook splits the path of a notebook or folder into the folder that Jupyter serves and
// the notebook that it opens; "" for a folder.
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
		return "", "", fmt.Errorf("lab: %s is not a notebook (.ipynb)", path)
	}
	return filepath.Dir(path), filepath.Base(path), nil
}

// lessons returns the folder of the lessons and the first lesson. If the laboratory's module
// has no lessons, it returns the folder of the user's module.
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
