package doctor

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

	"github.com/gomlx/gomlx/core/graph"
	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/kernelext/setup"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/runs"
)

// oneLine makes one line of many.
func oneLine(text string) string {
	line := strings.Join(strings.Fields(text), " ")
	if len(line) > 400 {
		line = strings.ToValidUTF8(line[:400], "") + " …"
	}
	return line
}

// goVersion asks the Go that is on PATH whether it is new enough for the module.
func goVersion(ctx context.Context, p *patient) (string, error) {
	w, err := kernel.Work(ctx, p.Dir, p.workFolders()...)
	if seen := p.workFolders(); err != nil && p.Dir == "" && len(seen) > 0 { // not in a module: the kernel's own will do
		w, err = kernel.Work(ctx, seen[0], seen...)
	}
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(w.GoRoot, "bin", "go"), "list", "-m", "-f", "{{.GoVersion}}", kernel.Module)
	cmd.Dir = w.Lab
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "GOTOOLCHAIN=local")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s, and it cannot read go.mod: %w", w.Go, err)
	}
	need := "go" + strings.TrimSpace(string(out))
	if version.Compare(w.Go, need) < 0 {
		return "", fmt.Errorf("%s is too old; %s or newer is needed", w.Go, need)
	}
	return fmt.Sprintf("%s in %s", w.Go, w.GoRoot), nil
}

// workFolders are the modules of the lab's kernelspec, from which this module may be found.
func (p *patient) workFolders() []string {
	k, err := p.installed()
	if err != nil {
		return nil
	}
	return k.Work
}

// tool checks a Go program by what its linker wrote into it.
func tool(i int) func(context.Context, *patient) (string, error) {
	return func(_ context.Context, p *patient) (string, error) {
		t, bin := setup.Tools[i], setup.Bin(p.cache)
		return t.Version + " in " + bin, t.Check(bin, "")
	}
}

func findJupyter(ctx context.Context, p *patient) (string, error) {
	j, err := p.home.Find(ctx)
	if err != nil {
		return "", err
	}
	if !j.Ours {
		return fmt.Sprintf("JupyterLab %s of %s serves; the pinned one is not set up", j.Version, j.Python), nil
	}
	return fmt.Sprintf("JupyterLab %s in %s", j.Version, p.home.Venv()), nil
}

// kernelspec checks that the kernelspec is ours and starts a program that is there.
func kernelspec(_ context.Context, p *patient) (string, error) {
	k, err := p.installed()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(k.Argv[0]); err != nil {
		return "", fmt.Errorf("the kernelspec %s starts a program that is gone: %w", k.Dir, err)
	}
	return k.Dir, nil
}

// seen asks Jupyter for its kernels.
func seen(ctx context.Context, p *patient) (string, error) {
	j, err := p.home.Find(ctx)
	if err != nil {
		return "", err
	}
	out, err := j.Command(ctx, "jupyter_client.kernelspecapp", "list", "--json", "--log-level=ERROR").Output()
	if err != nil {
		return "", fmt.Errorf("the list of Jupyter's kernels does not come: %w", err)
	}
	var list struct {
		Kernelspecs map[string]struct {
			Dir string `json:"resource_dir"`
		} `json:"kernelspecs"`
	}
	if err := json.Unmarshal(out, &list); err != nil {
		return "", fmt.Errorf("the list of Jupyter's kernels: %w", err)
	}
	want := kernel.Folder(p.home.Data())
	switch dir := list.Kernelspecs[kernel.Name].Dir; {
	case dir == "":
		return "", fmt.Errorf("the kernel %s is not among those that Jupyter sees", kernel.Name)
	case !same(dir, want):
		return "", fmt.Errorf("the kernel %s that Jupyter sees is in %s, expected %s", kernel.Name, dir, want)
	}
	return fmt.Sprintf("Jupyter sees the kernel %q", kernel.DisplayName), nil
}

// same reports whether two names are of one folder.
func same(a, b string) bool {
	one, err := os.Stat(a)
	other, otherErr := os.Stat(b)
	return err == nil && otherErr == nil && os.SameFile(one, other)
}

// workPath checks that the modules that cells see are there, and that this one is among them.
func workPath(ctx context.Context, p *patient) (string, error) {
	k, err := p.installed()
	if err != nil {
		return "", err
	}
	for _, dir := range k.Work {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
			return "", fmt.Errorf("the kernel's module has moved or is gone: %w", err)
		}
	}
	here, err := kernel.Work(ctx, p.Dir, k.Work...)
	if err != nil { // not in a module: the kernel's own will do
		return strings.Join(k.Work, ", "), nil
	}
	if !slices.EqualFunc(here.Folders, k.Work, same) {
		return "", fmt.Errorf("cells see %s, and you are in %s", strings.Join(k.Work, ", "), strings.Join(here.Folders, ", "))
	}
	return strings.Join(k.Work, ", "), nil
}

// environment looks for settings of the go command with which a workspace does not work,
// as the kernel will see them.
func environment(ctx context.Context, p *patient) (string, error) {
	k, err := p.installed()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "env", "-json", "GOFLAGS", "GOWORK")
	cmd.Dir = os.TempDir()
	out, err := cmd.Output()
	var user map[string]string
	if err == nil {
		err = json.Unmarshal(out, &user)
	}
	if err != nil {
		return "", fmt.Errorf("ask the go command for its settings: %w", err)
	}
	var notes []string
	for _, name := range []string{"GOFLAGS", "GOWORK"} {
		if !breaks(name, user[name]) {
			continue
		}
		if breaks(name, orElse(k.Vars[name], user[name])) {
			return "", mendable{fmt.Errorf("%s=%s keeps cells from finding this module", name, user[name]), "go env -u " + name + "; unset " + name}
		}
		notes = append(notes, fmt.Sprintf("%s=%s is set; the kernel does without", name, user[name]))
	}
	if notes == nil {
		return "neither GOFLAGS nor GOWORK stands in the way", nil
	}
	return strings.Join(notes, "; "), nil
}

// breaks reports whether a setting breaks the kernel's workspace.
func breaks(name, value string) bool {
	if name == "GOWORK" {
		return value != "" && value != "auto"
	}
	return strings.Contains(value, "-mod=mod") || strings.Contains(value, "-mod=vendor") || strings.Contains(value, "-modfile")
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// modules checks that cells find all that they may import, without a network.
func modules(ctx context.Context, p *patient) (string, error) {
	k, err := p.installed()
	if err != nil {
		return "", err
	}
	if err := setup.Resolves(ctx, &kernel.Workspace{Folders: k.Work, GoRoot: k.GoRoot}); err != nil {
		return "", err
	}
	return "all that cells import is there without a network", nil
}

// echarts checks the library's hash, and that the kernelspec has the same.
func echarts(ctx context.Context, p *patient) (string, error) {
	list, err := assets.List()
	if err != nil {
		return "", err
	}
	for _, part := range list {
		if part.Name == "echarts" && part.State != assets.OK {
			return "", fmt.Errorf("ECharts %s: %s", part.Version, part.Problem)
		}
	}
	js, err := assets.ECharts(ctx)
	if err != nil {
		return "", err
	}
	served, err := os.ReadFile(filepath.Join(kernel.Folder(p.home.Data()), "echarts.min.js"))
	switch {
	case err != nil:
		return "", mendable{fmt.Errorf("the kernelspec has no ECharts, so figures in a notebook do not move: %w", err), mendSetup}
	case string(served) != string(js):
		return "", mendable{errors.New("the kernelspec's ECharts is not the pinned one"), mendSetup}
	}
	return "its hash is right, in the cache and in the kernelspec", nil
}

// multiplies opens the backend that a cell would and computes 6 × 7.
func multiplies(ctx context.Context, p *patient) (string, error) {
	want := ""
	if k, err := p.installed(); err == nil {
		want = k.Backend
	}
	b, err := backend.Open(ctx, want, fetched)
	if err != nil {
		return "", err
	}
	defer b.Finalize()
	exec, err := graph.NewExec(b.Backend, func(x, y *graph.Node) *graph.Node { return graph.Mul(x, y) })
	if err != nil {
		return "", fmt.Errorf("%s: %w", b.Why, err)
	}
	defer exec.Finalize()
	out, err := exec.Call(float32(6), float32(7))
	if err != nil {
		return "", fmt.Errorf("%s: %w", b.Why, err)
	}
	if got := out[0].Value(); got != float32(42) {
		return "", fmt.Errorf("%s: 6 × 7 = %v", b.Why, got)
	}
	return "6 × 7 = 42 on " + b.Why, nil
}

// fetched is the XLA plugin where it is there: a check fetches nothing.
func fetched(ctx context.Context) (string, error) {
	list, err := assets.List()
	if err != nil {
		return "", err
	}
	for _, part := range list {
		if part.Name == "xla-cpu" && part.State != assets.OK {
			return "", errors.New("XLA: " + part.Problem)
		}
	}
	return assets.XLAPlugin(ctx)
}

// mnist reads the images, whose files are checked against their hashes.
func mnist(ctx context.Context, _ *patient) (string, error) {
	dir, err := data.MNIST{}.Find(ctx)
	if err != nil {
		return "", err
	}
	set, err := data.MNIST{Dir: dir}.Load(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d images, hashes right, in %s", set.Train.Len()+set.Validation.Len(), dir), nil
}

// store checks that a run could be recorded.
func store(context.Context, *patient) (string, error) {
	s, err := runs.Open("")
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(s.Dir(), ".doctor-")
	if err != nil {
		return "", fmt.Errorf("no run can be recorded: %w", err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return "", err
	}
	list, err := s.List()
	return fmt.Sprintf("%d in %s", len(list), s.Dir()), err
}
