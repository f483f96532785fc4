// Command bench measures vgrad, PyTorch, TensorFlow and JAX in one run and prints how they
// compare.
//
//	go run ./vgrad/bench                          everything; about an hour and a half
//	go run ./vgrad/bench -only a,c -n 7 -md       two parts, seven rounds, as Markdown
//	go run ./vgrad/bench -self                    vgrad alone: a minute, no rivals
//
// It installs the rivals' environments into a folder of its own in the cache, in versions
// pinned by hash, and writes MNIST there for them. The rivals' scripts are in rivals/.
// They train the same network on the same data. The tables show the validation accuracy
// and the gradient factor of each next to its time.
//
// Contestants take turns: each round measures each of them once, so that other load on
// the machine slows all of them alike. A ratio is the median of the rounds' ratios.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options holds the values of the flags.
type options struct {
	only       []string      // keys of parts; empty: all parts
	rivals     []string      // names; empty: vgrad alone
	n          int           // rounds
	seeds      int           // of part d
	rivalSeeds int           // seeds that a rival trains in part d
	patience   time.Duration // limit for a rival's turn
	md, self   bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	default:
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// parse reads the flags.
func parse(args []string, stderr io.Writer) (o options, err error) {
	var only, with string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&only, "only", "", "parts to run, separated by commas (default all: "+keys()+")")
	f.StringVar(&with, "rivals", "torch,tensorflow,jax", "rivals to compare with, separated by commas; \"none\" measures vgrad alone")
	f.IntVar(&o.n, "n", 5, "number of rounds")
	f.IntVar(&o.seeds, "seeds", 100, "number of seeds in part d")
	f.IntVar(&o.rivalSeeds, "rival-seeds", 3, "number of seeds that rivals train in part d; their time is extrapolated to -seeds")
	f.DurationVar(&o.patience, "patience", 3*time.Minute, "limit for one turn of a rival; a slower rival is left out")
	f.BoolVar(&o.md, "md", false, "print Markdown")
	f.BoolVar(&o.self, "self", false, "measure vgrad alone, with and without probes")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.only, o.rivals = words(only), words(with)
	if with == "none" {
		o.rivals = nil
	}
	return o, o.check(f.Args())
}

// check reports all errors in the flags. rest holds the arguments after them.
func (o options) check(rest []string) error {
	var wrong []error
	if len(rest) > 0 {
		wrong = append(wrong, fmt.Errorf("there are only flags; got %q", rest))
	}
	for _, key := range o.only {
		if !slices.ContainsFunc(parts, func(p part) bool { return p.key == key }) {
			wrong = append(wrong, fmt.Errorf("-only: there is no part %q; there are %s", key, keys()))
		}
	}
	for _, name := range o.rivals {
		if _, err := rivalNamed(name); err != nil {
			wrong = append(wrong, fmt.Errorf("-rivals: %w", err))
		}
	}
	if o.n < 1 || o.seeds < 1 || o.rivalSeeds < 2 {
		wrong = append(wrong, errors.New("-n and -seeds must be at least 1, -rival-seeds at least 2"))
	}
	return errors.Join(wrong...)
}

// words splits a list at commas and spaces.
func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// part is one of the comparisons.
type part struct {
	key, title string
	run        func(*bench, context.Context) (table, error)
}

var parts = []part{
	{"a", "One step, mean |∂L/∂W| of every layer at every step", (*bench).step},
	{"b", "The whole article, from the start of the process to its end", (*bench).article},
	{"c", "The cost of probing, as a multiple of vgrad's step without probes", (*bench).probing},
	{"d", "Many seeds of the three scenarios, from the start of the process", (*bench).seeds},
	{"e", "The time of a step by depth, width and number of lanes", (*bench).growth},
	{"f", "The whole article with different options of XLA's compiler", (*bench).compiling},
	{"g", "The cost of each quantity alone, as a multiple of vgrad's step without probes", (*bench).alone},
	{"h", "One step of recurrent and of residual networks", (*bench).families},
}

// selfPart is what -self runs.
var selfPart = part{"self", "vgrad alone, with and without probes", (*bench).itself}

// keys lists the keys of the parts, separated by commas.
func keys() string {
	var ks []string
	for _, p := range parts {
		ks = append(ks, p.key)
	}
	return strings.Join(ks, ",")
}

// run runs the parts that the flags select and prints their tables. A part that fails does
// not stop the others, unless ctx ended.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	b, err := newBench(ctx, o, func(format string, args ...any) { fmt.Fprintf(stderr, "bench: "+format+"\n", args...) })
	if err != nil {
		return err
	}
	defer b.close()
	fmt.Fprintln(stdout, machine())
	fmt.Fprintf(stdout, "go run ./vgrad/bench %s\n", strings.Join(args, " "))
	chosen := parts
	if o.self {
		chosen = []part{selfPart}
	}
	var wrong []error
	for _, p := range chosen {
		if len(o.only) > 0 && !o.self && !slices.Contains(o.only, p.key) {
			continue
		}
		b.say("(%s) %s", p.key, p.title)
		t, err := p.run(b, ctx)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("part %s: %w", p.key, err))
			if ctx.Err() != nil {
				break
			}
			continue
		}
		t.title = fmt.Sprintf("(%s) %s", p.key, p.title)
		if err := t.write(stdout, o.md); err != nil {
			return err
		}
	}
	return errors.Join(wrong...)
}
