package setup

import (
	"context"
	"debug/buildinfo"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// gopls is built in a module of its own.
var (
	//go:embed gopls.mod
	goplsMod []byte
	//go:embed gopls.sum
	goplsSum []byte
)

// Tool is a Go program that the kernel needs.
type Tool struct {
	Name    string
	Package string
	Version string // of its module
}

// Tools lists them. The versions of the first two are those in go.mod.
var Tools = []Tool{
	{"gonb", "github.com/janpfeifer/gonb", "v0.11.4"},
	{"goimports", "golang.org/x/tools/cmd/goimports", "v0.44.0"},
	{"gopls", "golang.org/x/tools/gopls", "v0.23.0"},
}

// Bin is the folder of the cache that the tools are in.
func Bin(cache string) string { return filepath.Join(cache, "bin") }

// Path is where the tool is in the folder bin.
func (t Tool) Path(bin string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(bin, t.Name+".exe")
	}
	return filepath.Join(bin, t.Name)
}

// Check reports why the program in the folder bin is not this tool, built by the Go
// version goVersion; "" stands for any. It reads what the linker wrote into the program:
// gonb -V names another version than its own.
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

func (s *setup) gopls(ctx context.Context) (string, error) {
	dir := filepath.Join(s.cache, "gopls")
	err := os.MkdirAll(dir, 0o777)
	for name, content := range map[string][]byte{"go.mod": goplsMod, "go.sum": goplsSum} {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o666)
		}
	}
	if err != nil {
		return "", err
	}
	return s.tool(ctx, Tools[2], dir)
}

// tool builds a program as the module in dir pins it, unless it is there.
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

// goRun runs the Go of the module, without what the user's environment says of flags and
// workspaces, and without a network where there shall be none.
func (s *setup) goRun(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(s.work.GoRoot, "bin", "go"), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "GOTOOLCHAIN=local", "PWD="+dir)
	if s.Offline {
		cmd.Env = append(cmd.Env, "GOPROXY=off")
	}
	return s.quietly(ctx, cmd)
}

// quietly runs a program, whose words matter only where it fails.
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

// lastLines is the end of what a program said, where the reason stands.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-4):], "\n")
}
