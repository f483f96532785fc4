package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"

	"github.com/vgrad/lab/kernelext/doctor"
	"github.com/vgrad/lab/kernelext/setup"
)

// doctorCommand checks every part. It returns an error if a check fails.
func doctorCommand(ctx context.Context, args []string, std streams) error {
	var o doctor.Options
	f := flag.NewFlagSet("doctor", flag.ContinueOnError)
	f.StringVar(&o.Dir, "work", "", "folder of the module that cells see (default: the current one)")
	f.BoolVar(&o.Quick, "quick", false, "leave out the smoke test, which starts a kernel")
	asJSON := f.Bool("json", false, "print the findings as one JSON array")
	mend := f.Bool("mend", false, "if a check fails, run vgrad setup and check again")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "vgrad doctor checks every part that the lessons need, one line each, and names the command that\nfixes what is wrong. Without -mend it fetches and changes nothing.\n\nFlags:")
		f.PrintDefaults()
	}
	if err := parseAlone(f, args, std); err != nil {
		return err
	}
	if !*asJSON {
		o.Heard = func(found doctor.Finding) { fmt.Fprintln(std.out, found) }
	}
	findings, err := doctor.Examine(ctx, o)
	if err == nil && *mend && failed(findings) > 0 {
		say := func(line string) { fmt.Fprintln(std.err, line) }
		if err := setup.Run(ctx, setup.Options{Work: o.Dir, Backend: setup.ChosenBackend(), Say: say}); err != nil {
			say(err.Error()) // the second examination reports what is still wrong
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
	if n := failed(findings); n > 0 {
		return fmt.Errorf("doctor: %d of %d checks failed", n, len(findings))
	}
	return nil
}

func printFindings(findings []doctor.Finding, std streams) error {
	enc := json.NewEncoder(std.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(findings)
}

// failed counts the checks that failed.
func failed(findings []doctor.Finding) (n int) {
	for _, f := range findings {
		if !f.OK {
			n++
		}
	}
	return n
}
