// Command vgrad is the laboratory's program. It trains the article's networks and shows
// their gradients, in a page or in notebooks.
//
//	go tool vgrad lab           open the lessons in JupyterLab
//	go tool vgrad walkthrough   the article, end to end, without Jupyter
//	go tool vgrad sweep         depth, activation, seed …: every combination
//	go tool vgrad runs          list, show, delete and merge what was recorded
//	go tool vgrad doctor        check every part
//
// vgrad help lists them all.
//
// The program only parses flags, calls a package and prints the result. Its exit status is
// 0 on success, 1 after an error and 2 after wrong usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/vgrad/lab/vgrad/backend"
)

// command is a subcommand of vgrad.
type command struct {
	name, does string
	run        func(ctx context.Context, args []string, std streams) error
}

// streams are the outputs of a command.
type streams struct {
	out, err io.Writer
	tty      bool // err is a terminal
}

// commands lists the subcommands in the order of the help.
func commands() []command {
	return []command{
		{"lab", "open the lessons in JupyterLab", labCommand},
		{"walkthrough", "train the article's networks, and write a page with a verdict on each claim", walkthrough},
		{"sweep", "train every combination of some fields, and compare over seeds", sweepCommand},
		{"runs", "list, show, delete and merge recorded runs", runsCommand},
		{"export", "write runs as event files for TensorBoard, or as a CSV, JSON Lines or Parquet table", exportCommand},
		{"import", "copy the runs of TensorBoard's event files into the store", importCommand},
		{"tensorboard", "show the recorded runs in TensorBoard, where it is installed", tensorboardCommand},
		{"publish", "execute notebooks and make pages of them", publishCommand},
		{"figures", "write the figures in notebooks to files, as SVG, PNG and CSV", figuresCommand},
		{"cell", "train for a notebook cell, which starts it", cellCommand},
		{"assets", "fetch ECharts and the XLA plugin, and list them", assetsCommand},
		{"setup", "install everything that the lessons need", setupCommand},
		{"uninstall", "remove what setup installed, and keep the runs", uninstallCommand},
		{"kernel", "add the lessons' kernel to your own Jupyter", kernelCommand},
		{"doctor", "check every part, and name the command that fixes it", doctorCommand},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr, isTerminal(os.Stderr)})
	stop()
	os.Exit(code)
}

// usageError is an error in the arguments: exit status 2.
type usageError struct{ error }

// run runs the command in the arguments and returns the exit status.
func run(ctx context.Context, args []string, std streams) int {
	err := dispatch(ctx, args, std)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(std.err, "vgrad: %v\n", err)
		return 2
	case ctx.Err() != nil:
		fmt.Fprintln(std.err, "vgrad: interrupted; what was recorded is kept, and the same command goes on from there")
		return 1
	}
	fmt.Fprintf(std.err, "vgrad: %v\n", err)
	return 1
}

func dispatch(ctx context.Context, args []string, std streams) error {
	if len(args) == 0 {
		help(std.err)
		return usageError{errors.New("name a command")}
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		help(std.out)
		return nil
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:], std)
		}
	}
	help(std.err)
	return usageError{fmt.Errorf("there is no command %q", args[0])}
}

func help(w io.Writer) {
	fmt.Fprintln(w, "vgrad, a laboratory for the vanishing-gradient problem")
	for _, c := range commands() {
		fmt.Fprintf(w, "  vgrad %-12s %s\n", c.name, c.does)
	}
	fmt.Fprintln(w, "\nvgrad COMMAND -h shows a command's flags.")
}

// parse reads a command's flags, which may stand before, between or after its other
// arguments. It returns those other arguments.
func parse(f *flag.FlagSet, args []string, std streams) (rest []string, err error) {
	f.SetOutput(io.Discard)
	for {
		err := f.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			f.SetOutput(std.out)
			f.Usage()
			return nil, err
		}
		if err != nil {
			return nil, usageError{fmt.Errorf("%s: %w", f.Name(), err)}
		}
		if f.NArg() == 0 {
			return rest, nil
		}
		rest, args = append(rest, f.Arg(0)), f.Args()[1:]
	}
}

// knownBackend returns an error if -backend is not a known backend; "" is allowed.
func knownBackend(name string) error {
	if kind, _, _ := strings.Cut(name, ":"); name != "" && kind != backend.XLA && kind != backend.Go {
		return fmt.Errorf("-backend is %q; say %s or %s", name, backend.XLA, backend.Go)
	}
	return nil
}

// words splits a comma-separated list.
func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}
