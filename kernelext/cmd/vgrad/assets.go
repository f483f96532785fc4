package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/vgrad/lab/vgrad/assets"
)

// assetsCommand fetches the parts that are missing, and lists all parts.
func assetsCommand(ctx context.Context, args []string, std streams) error {
	f := flag.NewFlagSet("assets", flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "vgrad assets fetches ECharts and the XLA plugin, each in its pinned version and checked\nby hash, into the cache ($VGRAD_CACHE, or the user's cache folder).")
	}
	rest, err := parse(f, args, std)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usageError{fmt.Errorf("assets takes no arguments; got %q", rest)}
	}
	return assets.Ensure(ctx, func(line string) { fmt.Fprintln(std.out, line) })
}
