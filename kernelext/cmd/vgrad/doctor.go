package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"

	"github.com/vgrad/lab/kernelext/doctor"
	"github.com/vgrad/lab/kernelext/setup"
)

// doctorCommand checks every part; something wrong is exit status 1.
func doctorCommand(ctx context.Context, args []string, std streams) error {
	var o doctor.Options
	f := flag.NewFlagSet("doctor", flag.ContinueOnError)
	f.StringVar(&o.Dir, "work", "", "folder of the module that cells see (default: the current one)")
	f.BoolVar(&o.Quick, "quick", false, "start no kernel")
	asJSON := f.Bool("json", false, "print the findings as one JSON array")
	mend := f.Bool("mend", false, "run vgrad setup where something is wrong, and look again")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "vgrad doctor checks every part of what the lessons need, a line each, and says which command\nmends what is wrong. It fetches and changes nothing without -mend.\n\nFlags:")
		f.PrintDefaults()
	}
	if err := parseAlone(f, args, std); err != nil {
		return err
	}
	if !*asJSON {
		o.Heard = func(found doctor.Finding) { fmt.Fprintln(std.out, found) }
	}
	findings, err := doctor.Examine(ctx, o)
	if err == nil && *mend && wrong(findings) > 0 {
		say := func(line string) { fmt.Fprintln(std.err, line) }
		if err := setup.Run(ctx, setup.Options{Work: o.Dir, Backend: setup.ChosenBackend(), Say: say}); err != nil {
			say(err.Error()) // the second look says what is left
		}
		findings, err = doctor.Examine(ctx, o)
	}
	if err != nil {
		return err
	}
	if *asJSON {
		if err := printFindings(findings, std); err != nil {
			return err
		}
	}
	if n := wrong(findings); n > 0 {
		return fmt.Errorf("doctor: %d of %d parts are not well", n, len(findings))
	}
	return nil
}

func printFindings(findings []doctor.Finding, std streams) error {
	enc := json.NewEncoder(std.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(findings)
}

func wrong(findings []doctor.Finding) (n int) {
	for _, f := range findings {
		if !f.OK {
			n++
		}
	}
	return n
}
