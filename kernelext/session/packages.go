package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"go/version"

	"golang.org/x/mod/modfile"
)

// labModule is the path of the laboratory's module.
const labModule = "github.com/vgrad/lab"

// labPatterns are the laboratory's packages that cells use.
var labPatterns = []string{labModule + "/vgrad/...", labModule + "/kernelext/cell/...", labModule + "/kernelext/keep"}

// notForCells are packages of the laboratory that need an import all the same: their
// names are of no use in a cell, and shadow what is.
var notForCells = []string{labModule + "/vgrad/atomicfile", labModule + "/vgrad/bench", labModule + "/vgrad/table", labModule + "/vgrad/vgradtest"}

// pkg is a package that a cell can import.
type pkg struct {
	Path, Name string
	Dir        string // where its source is
	Std, Lab   bool
	Dep        bool   // only others need it; it is not offered by its last name
	Export     string `json:",omitempty"` // file with its types; "": it is asked for when it is needed
}

// goTool runs the go command where the cells' modules are in view.
type goTool struct {
	opts Options
	work string // the workspace file; "" before it is written or where there are no modules
}

// listFormat has a line a package.
const listFormat = "{{.ImportPath}}\t{{.Name}}\t{{.Dir}}\t{{.Standard}}\t{{.DepOnly}}\t{{.Export}}"

// list asks for packages. What it cannot find it leaves out.
func (g *goTool) list(ctx context.Context, dir string, export bool, patterns ...string) ([]pkg, error) {
	args := []string{"list", "-e", "-f", listFormat}
	if export {
		args = append(args, "-export", "-deps")
	}
	out, err := g.run(ctx, dir, append(append(args, "--"), patterns...)...)
	var all []pkg
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 6 || f[1] == "" || f[2] == "" && f[0] != "unsafe" {
			continue
		}
		p := pkg{Path: f[0], Name: f[1], Dir: f[2], Std: f[3] == "true", Dep: f[4] == "true", Export: f[5]}
		p.Lab = p.Path == labModule || strings.HasPrefix(p.Path, labModule+"/")
		all = append(all, p)
	}
	if len(all) > 0 {
		err = nil // the others may be broken; that is told when they are needed
	}
	return all, err
}

// run runs the go command; dir "" is the first module's folder.
func (g *goTool) run(ctx context.Context, dir string, args ...string) ([]byte, error) {
	name := "go"
	if g.opts.GoRoot != "" {
		name = filepath.Join(g.opts.GoRoot, "bin", "go")
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = g.environment(dir)
	switch {
	case dir != "":
		cmd.Dir = dir
	case len(g.opts.Modules) > 0:
		cmd.Dir = g.opts.Modules[0]
	default:
		cmd.Dir = g.opts.Dir
	}
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		text := strings.TrimSpace(complaints.String())
		err = fmt.Errorf("session: go %s: %w: %s", args[0], err, text[:min(len(text), 500)])
	}
	return out, err
}

func (g *goTool) environment(dir string) []string {
	env := g.opts.Env
	if env == nil {
		env = os.Environ()
	}
	env = append(slices.Clone(env), "GOFLAGS=-mod=readonly", "GOTOOLCHAIN=local")
	switch {
	case dir != "":
		return append(env, "GOWORK=", "PWD="+dir)
	case g.work != "":
		return append(env, "GOWORK="+g.work)
	}
	return append(env, "GOWORK=off")
}

// writeWork writes the workspace file: the modules that GoNB's cells see.
func (g *goTool) writeWork() error {
	if len(g.opts.Modules) < 2 {
		return nil
	}
	newest := "1.21"
	text := ""
	for _, dir := range g.opts.Modules {
		text += fmt.Sprintf("use %q\n", dir)
		if m, err := readModule(dir); err == nil && m.Go != nil && version.Compare("go"+m.Go.Version, "go"+newest) > 0 {
			newest = m.Go.Version
		}
	}
	dir := filepath.Join(g.opts.Dir, "packages")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("session: %w", err)
	}
	g.work = filepath.Join(dir, "go.work")
	if err := os.WriteFile(g.work, []byte("go "+newest+"\n\n"+text), 0o666); err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

func readModule(dir string) (*modfile.File, error) {
	path := filepath.Join(dir, "go.mod")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return modfile.ParseLax(path, text, nil)
}

// ownPatterns are the packages of the modules in view and of what they depend on directly.
func (g *goTool) ownPatterns() []string {
	var all []string
	for _, dir := range g.opts.Modules {
		m, err := readModule(dir)
		if err != nil || m.Module == nil {
			continue
		}
		if m.Module.Mod.Path != labModule {
			all = append(all, m.Module.Mod.Path+"/...")
		}
		for _, r := range m.Require {
			if !r.Indirect {
				all = append(all, r.Mod.Path+"/...")
			}
		}
	}
	return slices.Compact(all)
}

// importable reports whether a package is one that cells are offered: it is no program,
// not internal to others, and not only there because others need it.
func (p pkg) importable() bool { return (p.Std || !p.Dep) && p.isPublic() }

// isPublic reports whether a cell can import a package.
func (p pkg) isPublic() bool {
	if p.Name == "main" {
		return false
	}
	for _, word := range strings.Split(p.Path, "/") {
		if word == "internal" || word == "vendor" {
			return false
		}
	}
	return true
}

var errNoPackage = errors.New("there is no such package at hand")
