package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/vgrad/lab/kernelext/setup"
)

// setupFlags gives a command the flags of a set-up.
func setupFlags(f *flag.FlagSet, o *setup.Options) {
	f.StringVar(&o.Work, "work", "", "folder of the module that cells see (default: the current one)")
	f.StringVar(&o.Backend, "backend", "", "xla or go, for all cells (default: install XLA if possible, and cells may choose); with xla, on a\nplatform without a pinned plugin, GoMLX's installer fetches one: an unverified download")
	f.BoolVar(&o.Offline, "offline", false, "fetch nothing, and report what is missing")
}

// setupCommand installs what the lessons need.
func setupCommand(ctx context.Context, args []string, std streams) error {
	var o setup.Options
	f := flag.NewFlagSet("setup", flag.ContinueOnError)
	setupFlags(f, &o)
	f.Usage = func() {
		fmt.Fprintln(f.Output(), `vgrad setup installs what the lessons need, in pinned versions, into the cache ($VGRAD_CACHE, or
the user's cache folder): JupyterLab, GoNB, goimports, ECharts, XLA, MNIST, a kernelspec
and compiled packages. It skips parts that are there. vgrad uninstall removes them.

Flags:`)
		f.PrintDefaults()
	}
	if err := parseAlone(f, args, std); err != nil {
		return err
	}
	o.Say = func(line string) { fmt.Fprintln(std.out, line) }
	return setup.Run(ctx, o)
}

// uninstallCommand removes what setupCommand and kernelCommand installed.
func uninstallCommand(_ context.Context, args []string, std streams) error {
	f := flag.NewFlagSet("uninstall", flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "vgrad uninstall removes everything that vgrad setup and vgrad kernel install wrote, and lists it.\nThe recorded runs stay.")
	}
	if err := parseAlone(f, args, std); err != nil {
		return err
	}
	return setup.Uninstall(func(line string) { fmt.Fprintln(std.out, line) })
}

// parseAlone reads the flags of a command that takes no arguments.
func parseAlone(f *flag.FlagSet, args []string, std streams) error {
	rest, err := parse(f, args, std)
	if err == nil && len(rest) > 0 {
		err = usageError{fmt.Errorf("%s takes no arguments, only flags; got %q", f.Name(), rest)}
	}
	return err
}
