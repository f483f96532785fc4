package setup

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Tool is a Go program that the kernel needs.
type Tool struct {
	Name    string
	Package string
	Version string // of its module
}

// Tools lists the programs, with the versions that go.mod has.
var Tools = []Tool{
	{"gonb", "github.com/janpfeifer/gonb", "v0.11.4"},
	{"goimports", "golang.org/x/tools/cmd/goimports", "v0.44.0"},
}

// Bin returns the folder of the tools in the cache.
func Bin(cache string) string { return filepath.Join(cache, "bin") }

// Path returns the path of the tool in the folder bin.
func (t Tool) Path(bin string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(bin, t.Name+".exe")
	}
	return filepath.Join(bin, t.Name)
}

// Check returns nil if the program in the folder bin is this tool in this version, built by
// the Go version goVersion; "" stands for any. Otherwise the error says what is wrong. It
// reads the program's build information, because gonb -V prints a wrong version.
func (t Tool) Check(bin, goVersion string) error {
	info, err := buildinfo.ReadFile(t.Path(bin))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("there is no %s in %s", t.Name, bin)
	case err != nil:
		return fmt.Errorf("%s is not a Go program: %w", t.Path(bin), err)
	case info.Path != t.Package:
		return fmt.Errorf("%s is %s, expected %s", t.Path(bin), info.Path, t.Package)
	case info.Main.Version != t.Version:
		return fmt.Errorf("%s is %s, expected %s", t.Path(bin), info.Main.Version, t.Version)
	case goVersion != "" && info.GoVersion != goVersion:
		return fmt.Errorf("%s was built with %s, and the go command is %s", t.Path(bin), info.GoVersion, goVersion)
	}
	return nil
}

func (s *setup) gonb(ctx context.Context) (string, error) { return s.tool(ctx, Tools[0], s.work.Lab) }

func (s *setup) goimports(ctx context.Context) (string, error) {
	return s.tool(ctx, Tools[1], s.work.Lab)
}

// vgrad builds the program that the kernelspec starts, from the laboratory's module.
func (s *setup) vgrad(ctx context.Context) (string, error) {
	path := Program(Bin(s.cache))
	before := modified(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return "", err
	}
	build := func() error { return s.goRun(ctx, s.work.Lab, "build", "-ldflags=-s -w", "-o", path, program) }
	err := build()
	if err != nil && ctx.Err() == nil && before != "" { // a kernel that runs keeps it from being written to
		if err = os.Remove(path); err == nil {
			err = build()
		}
	}
	if err != nil {
		return "", err
	}
	if modified(path) == before {
		return "is there", nil
	}
	return "built", nil
}

// Program is where the vgrad program is in the folder bin.
func Program(bin string) string { return Tool{Name: "vgrad"}.Path(bin) }

// CheckProgram reports why there is no vgrad program in the folder bin.
func CheckProgram(bin string) error {
	info, err := buildinfo.ReadFile(Program(bin))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("there is no vgrad in %s", bin)
	case err != nil:
		return fmt.Errorf("%s is not a Go program: %w", Program(bin), err)
	case info.Path != program:
		return fmt.Errorf("%s is %s, expected %s", Program(bin), info.Path, program)
	}
	return nil
}

// modified tells two states of a file apart; "" stands for none.
func modified(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size())
}

// tool builds a program in the version that the module in dir requires, unless it is there.
func (s *setup) tool(ctx context.Context, t Tool, dir string) (string, error) {
	bin := Bin(s.cache)
	problem := t.Check(bin, s.work.Go)
	if problem == nil {
		return t.Version + " is there", nil
	}
	s.Say(fmt.Sprintf("%-12s building %s %s: %v", t.Name, t.Package, t.Version, problem))
	if err := os.MkdirAll(bin, 0o777); err != nil {
		return "", err
	}
	unfinished := t.Path(bin) + ".new"
	err := s.goRun(ctx, dir, "build", "-ldflags=-s -w", "-o", unfinished, t.Package)
	if err == nil {
		err = os.Rename(unfinished, t.Path(bin))
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(unfinished))
	}
	return t.Version + " built", t.Check(bin, s.work.Go)
}

// goRun runs the module's Go in dir, without the flags and workspaces of the user's
// environment, and without a network if s.Offline.
func (s *setup) goRun(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(s.work.GoRoot, "bin", "go"), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "GOTOOLCHAIN=local", "PWD="+dir)
	if s.Offline {
		cmd.Env = append(cmd.Env, "GOPROXY=off")
	}
	return s.quietly(ctx, cmd)
}

// quietly runs a program, and shows its output only in the error.
func (s *setup) quietly(ctx context.Context, cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err = fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args[:min(3, len(cmd.Args))], " "), err, lastLines(string(out)))
	if s.Offline {
		return fmt.Errorf("%w: %w", ErrOffline, err)
	}
	return err
}

// lastLines returns the last four lines of a program's output, which usually give the
// reason of its error.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-4):], "\n")
}
