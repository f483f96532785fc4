package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Module is the path of the laboratory's module.
const Module = "github.com/vgrad/lab"

// Workspace is the set of modules that cells see, and the Go that compiles cells.
type Workspace struct {
	// Folders are the folders of the modules: the user's own, and the laboratory's if the
	// user's module does not require it.
	Folders []string
	Lab     string // folder of the laboratory's module
	GoRoot  string // of the Go that compiles cells: the newest that a module asks for
	Go      string // version of that Go, such as go1.26.5
}

// Work returns the workspace of the module in dir; "" is the current folder. It looks for
// the laboratory's module in the requirements of the module in dir, then in those of the
// modules in others. It fails if dir is not in a Go module, or if the laboratory's module
// is not found.
func Work(ctx context.Context, dir string, others ...string) (*Workspace, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("kernel: %w", err)
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("kernel: the module folder: %w", err)
	}
	env, err := askGo(ctx, dir)
	if err != nil {
		return nil, err
	}
	w := &Workspace{GoRoot: env.GOROOT, Go: env.GOVERSION}
	if env.GOMOD != "" && env.GOMOD != os.DevNull {
		w.Folders = []string{filepath.Dir(env.GOMOD)}
	}
	if w.Lab, err = findLab(ctx, append([]string{dir}, others...)); err != nil {
		return nil, err
	}
	if w.Folders == nil {
		return nil, fmt.Errorf("kernel: %s is not in a Go module; run the command in one, or name its folder", dir)
	}
	if brought, err := labOf(ctx, dir); err != nil || brought == "" {
		w.Folders = append(w.Folders, w.Lab)
	}
	if env, err = askGo(ctx, w.Lab); err != nil {
		return nil, err
	}
	if version.Compare(env.GOVERSION, w.Go) > 0 { // one Go compiles both modules
		w.GoRoot, w.Go = env.GOROOT, env.GOVERSION
	}
	return w, nil
}

// goEnv holds the go command's settings in a folder.
type goEnv struct{ GOMOD, GOROOT, GOVERSION string }

func askGo(ctx context.Context, dir string) (env goEnv, err error) {
	out, err := goCommand(ctx, dir, "env", "-json", "GOMOD", "GOROOT", "GOVERSION")
	if err == nil {
		err = json.Unmarshal(out, &env)
	}
	if err != nil {
		return env, fmt.Errorf("kernel: ask the go command about %s: %w", dir, err)
	}
	return env, nil
}

// findLab returns the folder of the laboratory's module from the first of dirs whose module
// requires it.
func findLab(ctx context.Context, dirs []string) (string, error) {
	var wrong []error
	for _, dir := range slices.Compact(dirs) {
		lab, err := labOf(ctx, dir)
		if err == nil && lab != "" {
			return lab, nil
		}
		wrong = append(wrong, err)
	}
	return "", fmt.Errorf("kernel: the module %s is not found from %s; run the command in its folder, or in a module that requires it: %w",
		Module, dirs[0], errors.Join(wrong...))
}

// labOf returns the folder of the laboratory's module as the module in dir requires it; ""
// if it is not downloaded.
func labOf(ctx context.Context, dir string) (string, error) {
	out, err := goCommand(ctx, dir, "list", "-m", "-f", "{{.Dir}}", Module)
	return strings.TrimSpace(string(out)), err
}

// goCommand runs the go command in dir, without the workspaces and flags of the user's
// environment.
func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "PWD="+dir)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("go %s: %w: %s", args[0], err, strings.Join(strings.Fields(string(exit.Stderr)), " "))
	}
	return out, err
}
