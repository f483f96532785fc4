package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"go/version"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/kernelext/messaging"
	"github.com/vgrad/lab/kernelext/serve"
	"github.com/vgrad/lab/kernelext/session"
	"github.com/vgrad/lab/vgrad/assets"
)

// runKernel is what the kernelspec starts: a kernel, until Jupyter asks for its end.
func runKernel(ctx context.Context, args []string, std streams) error {
	f := flag.NewFlagSet("kernel run", flag.ContinueOnError)
	file := f.String("f", "", "the connection file")
	bin := f.String("bin", "", "folder with gonb and goimports (default: that of this program)")
	work := f.String("work", "", "folders of the modules that cells see, with commas between")
	goRoot := f.String("goroot", "", "of the Go that compiles cells (default: the one on PATH)")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "vgrad kernel run is started by Jupyter; see vgrad kernel install.")
		f.PrintDefaults()
	}
	if err := parseAlone(f, args, std); err != nil {
		return err
	}
	if *file == "" {
		return usageError{errors.New("kernel run: say -f")}
	}
	conn, err := messaging.ReadConnection(*file)
	if err != nil {
		return err
	}
	if err := pinResolution(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	folder := *bin
	if folder == "" {
		folder = filepath.Dir(self)
	}
	modules := withOwn(strings.FieldsFunc(*work, func(r rune) bool { return r == ',' }), goVersionIn(*goRoot))
	o := serve.Options{
		Connection: conn, File: *file, GoNB: filepath.Join(folder, "gonb"), Watcher: []string{self, "kernel", "watch"},
		GoVersion: goVersionIn(*goRoot), Work: modules,
		Log: func(line string) { fmt.Fprintln(std.err, line) },
		Session: func(dir string) serve.Session {
			return serve.Notebook(session.Options{Dir: dir, Modules: modules, GoRoot: *goRoot})
		},
	}
	o.Env = plugins()
	if cache, err := assets.Cache(); err == nil {
		o.History = filepath.Join(cache, "history")
	}
	k, err := serve.New(o)
	if err != nil {
		return err
	}
	return k.Run(context.WithoutCancel(ctx)) // an interrupt is the cell's
}

// pinResolution sets the variables by which cells find their packages. The kernelspec has
// them, but VS Code prefers those of its own environment, and with GOFLAGS=-mod=mod there no
// cell compiles.
func pinResolution() error {
	if proxy := os.Getenv("GOPROXY"); proxy != "" && proxy != "off" {
		if err := os.Setenv("VGRAD_GOPROXY", proxy); err != nil { // for a package that a cell asks for
			return err
		}
	}
	for name, value := range kernel.Resolution() {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return os.Setenv("GOTOOLCHAIN", "local")
}

// withOwn adds the module in whose folder, or below, the notebook is: Jupyter starts a kernel
// in the folder of its notebook. It is left out where it is of the name of one that is there,
// or wants a newer Go: no cell would compile.
func withOwn(modules []string, goVersion string) []string {
	dir, err := os.Getwd()
	if err != nil {
		return modules
	}
	for ; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			own, err := modfile.ParseLax("go.mod", text, nil)
			if err != nil || own.Module == nil || strings.Contains(dir, ",") || slices.Contains(modules, dir) ||
				own.Go != nil && goVersion != "" && version.Compare("go"+own.Go.Version, goVersion) > 0 {
				return modules
			}
			for _, other := range modules {
				if text, err := os.ReadFile(filepath.Join(other, "go.mod")); err == nil && modfile.ModulePath(text) == own.Module.Mod.Path {
					return modules
				}
			}
			return append(modules, dir)
		}
		if dir == filepath.Dir(dir) {
			return modules
		}
	}
}

// plugins tells cells in which folder XLA's plugin is that set-up brought, for those that
// open a backend of GoMLX by themselves. Folders that the reader names come first, or else
// those in which go-xla looks where nothing is named.
func plugins() []string {
	const variable = "PJRT_PLUGIN_LIBRARY_PATH"
	parts, err := assets.List()
	if err != nil {
		return nil
	}
	for _, part := range parts {
		if part.Name != "xla-cpu" || part.State != assets.OK {
			continue
		}
		dirs := filepath.SplitList(os.Getenv(variable))
		if len(dirs) == 0 {
			home, _ := os.UserHomeDir() // without one there is no such folder
			for _, dir := range []string{filepath.Join(home, ".local/lib/go-xla"), "/usr/local/lib/go-xla"} {
				if _, err := os.Stat(dir); err == nil {
					dirs = append(dirs, dir)
				}
			}
		}
		return []string{variable + "=" + strings.Join(append(dirs, filepath.Dir(part.Path)), string(filepath.ListSeparator))}
	}
	return nil
}

// goVersionIn reads the version of a Go, as go1.26.5; "" where it has none.
func goVersionIn(root string) string {
	text, err := os.ReadFile(filepath.Join(root, "VERSION"))
	if root == "" || err != nil {
		return ""
	}
	version, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(version)
}

// watchKernel looks after GoNB for a kernel, which starts it.
func watchKernel(args []string, std streams) error {
	f := flag.NewFlagSet("kernel watch", flag.ContinueOnError)
	dir := f.String("dir", "", "the session's folder, which is removed at the end")
	f.SetOutput(std.err)
	if err := f.Parse(args); err != nil {
		return usageError{err}
	}
	if f.NArg() == 0 {
		return usageError{errors.New("kernel watch: say which program")}
	}
	return serve.Watch(*dir, f.Args(), os.Stdin, std.out)
}
