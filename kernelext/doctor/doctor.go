// Package doctor checks the health of what the lessons need: each part by itself, and in
// the end a kernel that is started, compiles a cell and draws.
//
//	report, err := doctor.Examine(ctx, doctor.Options{})
//	for _, f := range report { fmt.Println(f) }        // one line a part
//
// A check changes nothing. It returns a finding, which is healthy or says what is wrong
// and which command mends it. To add one, write a function and add its line to the list in
// this file.
package doctor

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/vgrad/assets"
)

// Options say what to look at.
type Options struct {
	Dir   string        // folder of the module; "": the current one
	Quick bool          // start no kernel
	Heard func(Finding) // is told each finding as it is made; nil: nobody
}

// Finding is the health of one part.
type Finding struct {
	Part    string  `json:"part"`
	OK      bool    `json:"ok"`
	Detail  string  `json:"detail"`         // what is there, or what is wrong
	Mend    string  `json:"mend,omitempty"` // the command that mends it
	Seconds float64 `json:"seconds"`        // that the check took
}

// String is the finding's line.
func (f Finding) String() string {
	if f.OK {
		return fmt.Sprintf("ok     %-13s %s", f.Part, f.Detail)
	}
	return fmt.Sprintf("WRONG  %-13s %s; mend it with: %s", f.Part, f.Detail, f.Mend)
}

// check looks at one part and returns what is there. Its error is what is wrong.
type check struct {
	part string
	look func(context.Context, *patient) (string, error)
	mend string // the command, unless the error knows better
}

const (
	mendSetup  = "go tool vgrad setup"
	mendAssets = "go tool vgrad assets"
)

// checks lists them in the order in which one part needs another.
var checks = []check{
	{"go", goVersion, "install the Go that go.mod names, and put it on PATH"},
	{"gonb", tool(0), mendSetup},
	{"goimports", tool(1), mendSetup},
	{"gopls", tool(2), mendSetup},
	{"jupyter", findJupyter, mendSetup},
	{"kernelspec", kernelspec, mendSetup},
	{"seen", seen, mendSetup},
	{"work path", workPath, mendSetup},
	{"environment", environment, mendSetup},
	{"modules", modules, mendSetup},
	{"echarts", echarts, mendAssets},
	{"backend", multiplies, mendAssets},
	{"mnist", mnist, mendSetup},
	{"runs", store, "VGRAD_RUNS=<a folder that you may write> go tool vgrad doctor"},
	{"smoke test", smoke, mendSetup},
}

// patient is what the checks look at.
type patient struct {
	Options
	cache string
	home  jupyter.Home
}

// mendable is an error that knows its own command.
type mendable struct {
	error
	command string
}

func (m mendable) Unwrap() error { return m.error }

// Examine makes all checks and returns their findings. It fails only where there is
// nothing to look at.
func Examine(ctx context.Context, o Options) ([]Finding, error) {
	p, err := newPatient(o)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, c := range checks {
		if o.Quick && c.part == "smoke test" {
			continue
		}
		if ctx.Err() != nil {
			return findings, fmt.Errorf("doctor: %w", context.Cause(ctx))
		}
		f := p.examine(ctx, c)
		findings = append(findings, f)
		if o.Heard != nil {
			o.Heard(f)
		}
	}
	return findings, nil
}

func newPatient(o Options) (*patient, error) {
	cache, err := assets.Cache()
	if err != nil {
		return nil, fmt.Errorf("doctor: %w", err)
	}
	return &patient{o, cache, jupyter.Home{Dir: filepath.Join(cache, "jupyter")}}, nil
}

func (p *patient) examine(ctx context.Context, c check) Finding {
	start := time.Now()
	detail, err := c.look(ctx, p)
	f := Finding{Part: c.part, OK: err == nil, Detail: detail, Seconds: time.Since(start).Seconds()}
	if err != nil {
		f.Detail, f.Mend = oneLine(err.Error()), c.mend
		if m, ok := err.(mendable); ok {
			f.Mend = m.command
		}
	}
	return f
}

// installed is the kernelspec of the lab.
func (p *patient) installed() (*kernel.Installed, error) { return kernel.Read(p.home.Data()) }
