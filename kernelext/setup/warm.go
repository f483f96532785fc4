package setup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vgrad/lab/kernelext/kernel"
)

// warm compiles all packages that a cell may import, with the kernel's flags, so that the
// first cell compiles only itself. It does so in a workspace like the kernel's: an empty
// module and the modules that cells see. Such a workspace may need modules that are in
// none of the go.sum files; they are fetched here.
func (s *setup) warm(ctx context.Context) (string, error) {
	ws, err := s.workspace(ctx)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(ws.dir)
	packages, err := s.cellPackages(ctx, ws)
	if err != nil {
		return "", err
	}
	if err := ws.write(packages); err != nil {
		return "", err
	}
	if _, err := ws.run(ctx, "build", "-o", filepath.Join(ws.dir, "x.a"), "./all"); err != nil {
		return "", err
	}
	if s.warmed(packages) {
		return fmt.Sprintf("%d packages are compiled", len(packages)), nil
	}
	s.Say(fmt.Sprintf("%-12s compiling and linking a first cell", "build cache"))
	if _, err := ws.run(ctx, "build", "-o", filepath.Join(ws.dir, "cell")); err != nil {
		return "", err
	}
	// Cells start the vgrad program with the same command.
	if _, err := ws.run(ctx, "run", program, "help"); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d packages compiled", len(packages)), s.setWarmed(packages)
}

// program is the package of the vgrad program, which trains for the cells.
const program = kernel.Module + "/kernelext/cmd/vgrad"

// cellWorkspace is a folder like the one in which GoNB compiles cells.
type cellWorkspace struct {
	s   *setup
	dir string
}

func (s *setup) workspace(ctx context.Context) (ws *cellWorkspace, err error) {
	dir, err := os.MkdirTemp("", "vgrad-cell-")
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	ws = &cellWorkspace{s, dir}
	if err := ws.init(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return ws, nil
}

// init makes the module and the workspace. Like GoNB it also adds replace lines, with which
// go get finds the modules: go get ignores workspaces.
func (ws *cellWorkspace) init(ctx context.Context) error {
	replacements := []string{"mod", "edit"}
	for _, args := range [][]string{{"mod", "init", "vgrad_cell"}, {"work", "init"}, append([]string{"work", "use", "."}, ws.s.work.Folders...)} {
		if _, err := ws.run(ctx, args...); err != nil {
			return err
		}
	}
	modules, err := ws.run(ctx, "list", "-m", "-f", "{{.Path}}={{.Dir}}")
	for line := range strings.Lines(string(modules)) {
		if !strings.HasPrefix(line, "vgrad_cell=") {
			replacements = append(replacements, "-replace="+strings.TrimSpace(line))
		}
	}
	if err == nil {
		_, err = ws.run(ctx, replacements...)
	}
	return err
}

// run runs the go command as the kernel does, but with a network unless s.Offline.
func (ws *cellWorkspace) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(ws.s.work.GoRoot, "bin", "go"), args...)
	cmd.Dir = ws.dir
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local", "PWD="+ws.dir)
	for name, value := range kernel.Resolution() {
		if name != "GOPROXY" || ws.s.Offline {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		err = fmt.Errorf("go %s: %w: %s", args[0], err, lastLines(said.String()))
		if ws.s.Offline {
			err = fmt.Errorf("%w: %w", ErrOffline, err)
		}
		return nil, err
	}
	return out.Bytes(), nil
}

// cellPackages lists the packages that a cell may import from the modules that it sees.
func (s *setup) cellPackages(ctx context.Context, ws *cellWorkspace) ([]string, error) {
	args := []string{"list", "-f", `{{if and (ne .Name "main") .GoFiles}}{{.ImportPath}}{{end}}`}
	for _, dir := range s.work.Folders {
		args = append(args, filepath.Join(dir, "..."))
	}
	out, err := ws.run(ctx, args...)
	if err != nil {
		return nil, err
	}
	packages := slices.DeleteFunc(strings.Fields(string(out)), func(path string) bool {
		return strings.Contains("/"+path+"/", "/internal/") || strings.HasSuffix(path, "test")
	})
	for _, path := range []string{"github.com/janpfeifer/gonb/gonbui"} {
		if !slices.Contains(packages, path) && slices.Contains(s.work.Folders, s.work.Lab) {
			packages = append(packages, path)
		}
	}
	return packages, nil
}

// write adds to the workspace's module a package and a program that import the packages.
// The package compiles quickly; the program is linked as a cell is.
func (ws *cellWorkspace) write(packages []string) error {
	var imports strings.Builder
	for _, path := range packages {
		fmt.Fprintf(&imports, "import _ %q\n", path)
	}
	all := filepath.Join(ws.dir, "all")
	return errors.Join(os.Mkdir(all, 0o777),
		os.WriteFile(filepath.Join(all, "all.go"), []byte("package all\n"+imports.String()), 0o666),
		os.WriteFile(filepath.Join(ws.dir, "main.go"), []byte("package main\n"+imports.String()+"func main() {}\n"), 0o666))
}

// warmed reports whether a program with these packages was linked before.
func (s *setup) warmed(packages []string) bool {
	text, err := os.ReadFile(s.warmFile())
	return err == nil && string(text) == s.warmSum(packages)
}

func (s *setup) setWarmed(packages []string) error {
	return os.WriteFile(s.warmFile(), []byte(s.warmSum(packages)), 0o666)
}

func (s *setup) warmFile() string { return filepath.Join(s.cache, "warmed.sha256") }

func (s *setup) warmSum(packages []string) string {
	h := sha256.New()
	fmt.Fprintln(h, s.work.Go, s.work.Folders, kernel.Resolution(), packages)
	for _, dir := range s.work.Folders {
		sums, err := os.ReadFile(filepath.Join(dir, "go.sum"))
		fmt.Fprintln(h, len(sums), err == nil)
		h.Write(sums)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// resolves returns an error if a package that cells may import is not found without a
// network.
func (s *setup) resolves(ctx context.Context) error {
	offline := *s
	offline.Offline = true
	ws, err := offline.workspace(ctx)
	if err != nil {
		return err
	}
	defer os.RemoveAll(ws.dir)
	args := []string{"list", "-deps", "-f", "{{with .Error}}{{.}}{{end}}"}
	for _, dir := range s.work.Folders {
		args = append(args, filepath.Join(dir, "..."))
	}
	_, err = ws.run(ctx, args...)
	return err
}

// Resolves returns nil if the go command finds all packages that the cells of a workspace
// may import, without a network.
func Resolves(ctx context.Context, w *kernel.Workspace) error {
	return (&setup{work: w}).resolves(ctx)
}
