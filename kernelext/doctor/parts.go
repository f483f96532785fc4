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

// oneLine joins the lines of a text and cuts it after 400 bytes.
func oneLine(text string) string {
	line := strings.Join(strings.Fields(text), " ")
	if len(line) > 400 {
		line = strings.ToValidUTF8(line[:400], "") + " …"
	}
	return line
}

// goVersion checks that the Go on PATH is new enough for the module.
func goVersion(ctx context.Context, m *machine) (string, error) {
	w, err := kernel.Work(ctx, m.Dir, m.workFolders()...)
	if folders := m.workFolders(); err != nil && m.Dir == "" && len(folders) > 0 { // not in a module: check the kernel's
		w, err = kernel.Work(ctx, folders[0], folders...)
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

// workFolders returns the module folders in the lab's kernelspec, from which the lab's
// module may be found.
func (m *machine) workFolders() []string {
	k, err := m.installed()
	if err != nil {
		return nil
	}
	return k.Work
}

// tool returns the check of Go program i of [setup.Tools], by its build information.
func tool(i int) func(context.Context, *machine) (string, error) {
	return func(_ context.Context, m *machine) (string, error) {
		t, bin := setup.Tools[i], setup.Bin(m.cache)
		return t.Version + " in " + bin, t.Check(bin, "")
	}
}

// ownProgram checks the program that the kernelspec starts.
func ownProgram(_ context.Context, m *machine) (string, error) {
	bin := setup.Bin(m.cache)
	return "in " + bin, setup.CheckProgram(bin)
}

// findJupyter checks that there is a JupyterLab: the pinned one, or one that the user has
// installed.
func findJupyter(ctx context.Context, m *machine) (string, error) {
	j, err := m.home.Find(ctx)
	if err != nil {
		return "", err
	}
	if !j.Ours {
		return fmt.Sprintf("JupyterLab %s of %s is used; the pinned one is not set up", j.Version, j.Python), nil
	}
	return fmt.Sprintf("JupyterLab %s in %s", j.Version, m.home.Venv()), nil
}

// kernelspec checks that vgrad wrote the kernelspec, and that the program it starts exists.
func kernelspec(_ context.Context, m *machine) (string, error) {
	k, err := m.installed()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(k.Argv[0]); err != nil {
		return "", fmt.Errorf("the kernelspec %s starts a program that is gone: %w", k.Dir, err)
	}
	return k.Dir, nil
}

// kernelList checks that Jupyter lists the lab's kernel.
func kernelList(ctx context.Context, m *machine) (string, error) {
	j, err := m.home.Find(ctx)
	if err != nil {
		return "", err
	}
	out, err := j.Command(ctx, "jupyter_client.kernelspecapp", "list", "--json", "--log-level=ERROR").Output()
	if err != nil {
		return "", fmt.Errorf("ask Jupyter for the list of its kernels: %w", err)
	}
	var list struct {
		Kernelspecs map[string]struct {
			Dir string `json:"resource_dir"`
		} `json:"kernelspecs"`
	}
	if err := json.Unmarshal(out, &list); err != nil {
		return "", fmt.Errorf("read the list of Jupyter's kernels: %w", err)
	}
	want := kernel.Folder(m.home.Data())
	switch dir := list.Kernelspecs[kernel.Name].Dir; {
	case dir == "":
		return "", fmt.Errorf("the kernel %s is not in the list of Jupyter's kernels", kernel.Name)
	case !same(dir, want):
		return "", fmt.Errorf("the kernel %s is at %s in Jupyter's list, expected %s", kernel.Name, dir, want)
	}
	return fmt.Sprintf("Jupyter lists the kernel %q", kernel.DisplayName), nil
}

// same reports whether two paths name the same folder.
func same(a, b string) bool {
	one, err := os.Stat(a)
	other, otherErr := os.Stat(b)
	return err == nil && otherErr == nil && os.SameFile(one, other)
}

// workPath checks that the modules that cells see exist, and that they are the modules of
// the current folder.
func workPath(ctx context.Context, m *machine) (string, error) {
	k, err := m.installed()
	if err != nil {
		return "", err
	}
	for _, dir := range k.Work {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
			return "", fmt.Errorf("the kernel's module has moved or is gone: %w", err)
		}
	}
	here, err := kernel.Work(ctx, m.Dir, k.Work...)
	if err != nil { // not in a module: nothing to compare with
		return strings.Join(k.Work, ", "), nil
	}
	if !slices.EqualFunc(here.Folders, k.Work, same) {
		return "", fmt.Errorf("cells see %s, and you are in %s", strings.Join(k.Work, ", "), strings.Join(here.Folders, ", "))
	}
	return strings.Join(k.Work, ", "), nil
}

// environment checks that no setting of the go command that reaches the kernel breaks its
// workspace.
func environment(ctx context.Context, m *machine) (string, error) {
	k, err := m.installed()
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
			return "", errorWithFix{fmt.Errorf("%s=%s keeps cells from finding this module", name, user[name]), "go env -u " + name + "; unset " + name}
		}
		notes = append(notes, fmt.Sprintf("%s=%s is set; the kernel overrides it", name, user[name]))
	}
	if notes == nil {
		return "neither GOFLAGS nor GOWORK keeps cells from this module", nil
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

// modules checks that all packages that cells may import are found without a network.
func modules(ctx context.Context, m *machine) (string, error) {
	k, err := m.installed()
	if err != nil {
		return "", err
	}
	if err := setup.Resolves(ctx, &kernel.Workspace{Folders: k.Work, GoRoot: k.GoRoot}); err != nil {
		return "", err
	}
	return "all packages that cells may import are there, without a network", nil
}

// echarts checks the hash of the library in the cache, and that the kernelspec has the same
// file.
func echarts(ctx context.Context, m *machine) (string, error) {
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
	served, err := os.ReadFile(filepath.Join(kernel.Folder(m.home.Data()), "echarts.min.js"))
	switch {
	case err != nil:
		return "", errorWithFix{fmt.Errorf("the kernelspec has no ECharts, so figures in a notebook are static: %w", err), fixSetup}
	case string(served) != string(js):
		return "", errorWithFix{errors.New("the kernelspec's ECharts is not the pinned one"), fixSetup}
	}
	return "its hash is right, in the cache and in the kernelspec", nil
}

// multiply opens the backend that a cell would open and computes 6 × 7.
func multiply(ctx context.Context, m *machine) (string, error) {
	want := ""
	if k, err := m.installed(); err == nil {
		want = k.Backend
	}
	b, err := backend.Open(ctx, want, fetchedPlugin)
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

// fetchedPlugin returns the path of the XLA plugin, or an error if it is not in the cache:
// a check fetches nothing.
func fetchedPlugin(ctx context.Context) (string, error) {
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

// mnist reads the images, which checks their files against their hashes.
func mnist(ctx context.Context, _ *machine) (string, error) {
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

// store checks that the folder of the runs is writable.
func store(context.Context, *machine) (string, error) {
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
