// Package doctor checks everything that the lessons need: first each part by itself, then
// a kernel that starts, compiles cells and draws.
//
//	report, err := doctor.Examine(ctx, doctor.Options{})
//	for _, f := range report { fmt.Println(f) }        // one line per part
//
// A check changes nothing. It returns a [Finding]: the part works, or what is wrong and
// which command fixes it. To add a check, write a function and add a line to the list
// checks in this file.
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

// Options say what to check. The zero value checks everything for the current folder.
type Options struct {
	Dir   string        // folder of the module; "": the current one
	Quick bool          // leave out the smoke test, which starts a kernel; false: run it
	Heard func(Finding) // called with each finding as soon as it is made; nil: not called
}

// Finding is the result of one check.
type Finding struct {
	Part    string  `json:"part"`
	OK      bool    `json:"ok"`
	Detail  string  `json:"detail"`         // what is there, or what is wrong
	Mend    string  `json:"mend,omitempty"` // the command that fixes it; "" where OK
	Seconds float64 `json:"seconds"`        // duration of the check
}

// String returns the finding as one line.
func (f Finding) String() string {
	if f.OK {
		return fmt.Sprintf("ok     %-13s %s", f.Part, f.Detail)
	}
	return fmt.Sprintf("WRONG  %-13s %s; fix with: %s", f.Part, f.Detail, f.Mend)
}

// check checks one part. The function look returns what is there, or an error that says
// what is wrong.
type check struct {
	part string
	look func(context.Context, *machine) (string, error)
	fix  string // the command that fixes the part, unless the error is an errorWithFix
}

const (
	fixSetup  = "go tool vgrad setup"
	fixAssets = "go tool vgrad assets"
)

// checks lists the checks. A part comes after the parts that it needs.
var checks = []check{
	{"go", goVersion, "install the Go that go.mod names, and put it on PATH"},
	{"gonb", tool(0), fixSetup},
	{"goimports", tool(1), fixSetup},
	{"vgrad", ownProgram, fixSetup},
	{"jupyter", findJupyter, fixSetup},
	{"kernelspec", kernelspec, fixSetup},
	{"kernel list", kernelList, fixSetup},
	{"work path", workPath, fixSetup},
	{"environment", environment, fixSetup},
	{"modules", modules, fixSetup},
	{"echarts", echarts, fixAssets},
	{"backend", multiply, fixAssets},
	{"mnist", mnist, fixSetup},
	{"runs", store, "VGRAD_RUNS=<a folder that you may write> go tool vgrad doctor"},
	{"smoke test", smoke, fixSetup},
}

// machine holds what the checks look at: the options and the folders of the cache.
type machine struct {
	Options
	cache string
	home  jupyter.Home
}

// errorWithFix is an error with a command that fixes it, other than the check's own.
type errorWithFix struct {
	error
	command string
}

func (e errorWithFix) Unwrap() error { return e.error }

// Examine runs all checks and returns their findings, one per check. A check that fails is
// a finding and not an error. Examine fails if there is no cache folder, or if ctx ends; it
// then returns the findings so far.
func Examine(ctx context.Context, o Options) ([]Finding, error) {
	m, err := newMachine(o)
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
		f := m.examine(ctx, c)
		findings = append(findings, f)
		if o.Heard != nil {
			o.Heard(f)
		}
	}
	return findings, nil
}

func newMachine(o Options) (*machine, error) {
	cache, err := assets.Cache()
	if err != nil {
		return nil, fmt.Errorf("doctor: %w", err)
	}
	return &machine{o, cache, jupyter.Home{Dir: filepath.Join(cache, "jupyter")}}, nil
}

func (m *machine) examine(ctx context.Context, c check) Finding {
	start := time.Now()
	detail, err := c.look(ctx, m)
	f := Finding{Part: c.part, OK: err == nil, Detail: detail, Seconds: time.Since(start).Seconds()}
	if err != nil {
		f.Detail, f.Mend = oneLine(err.Error()), c.fix
		if e, ok := err.(errorWithFix); ok {
			f.Mend = e.command
		}
	}
	return f
}

// installed returns the lab's kernelspec.
func (m *machine) installed() (*kernel.Installed, error) { return kernel.Read(m.home.Data()) }
