package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/vgrad/assets"
)

// What is built is what the modules pin.
func TestToolsArePinned(t *testing.T) {
	goMod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	pins := string(goMod)
	for _, tool := range Tools {
		module := strings.TrimSuffix(tool.Package, "/cmd/goimports")
		pin := "\t" + module + " " + tool.Version
		if !strings.Contains(pins, pin+"\n") && !strings.Contains(pins, pin+" // indirect\n") {
			t.Errorf("%s %s is not what the module pins", module, tool.Version)
		}
		if !strings.Contains(pins, "tool "+tool.Package) && !strings.Contains(pins, "\t"+tool.Package+"\n") {
			t.Errorf("%s is not a tool of its module", tool.Package)
		}
	}
}

func TestToolCheck(t *testing.T) {
	bin := t.TempDir()
	tool := Tools[0]
	says := func(want string) {
		t.Helper()
		if err := tool.Check(bin, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want it to say %q", err, want)
		}
	}
	says("there is no gonb")
	if err := os.WriteFile(tool.Path(bin), []byte("#!/bin/sh\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	says("is not a Go program")
	self, err := os.Executable()
	if err == nil {
		err = errors.Join(os.Remove(tool.Path(bin)), os.Symlink(self, tool.Path(bin)))
	}
	if err != nil {
		t.Fatal(err)
	}
	says("setup.test, expected github.com/janpfeifer/gonb")
	tool.Package = "github.com/vgrad/lab/kernelext/setup.test"
	says(", expected v0.11.4")
}

func TestEssential(t *testing.T) {
	needed, spare := &StepError{"jupyter", true, errors.New("x")}, &StepError{"mnist", false, errors.New("x")}
	for _, c := range []struct {
		err  error
		want bool
	}{
		{needed, true}, {spare, false}, {errors.Join(spare, spare), false}, {errors.Join(spare, needed), true},
		{context.Canceled, true}, {errors.Join(errors.Join(spare), nil), false},
	} {
		if got := Essential(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

// alone gives the test a cache of its own, whose name has a space.
func alone(t *testing.T) (cache string) {
	t.Helper()
	cache = filepath.Join(t.TempDir(), "a cache")
	t.Setenv("VGRAD_CACHE", cache)
	t.Setenv("VGRAD_OFFLINE", "")
	t.Setenv("VGRAD_RUNS", filepath.Join(t.TempDir(), "runs"))
	return cache
}

// Without a network each missing part is named with the command that brings it; what
// must not fetch does not try.
func TestOffline(t *testing.T) {
	alone(t)
	t.Setenv("PATH", t.TempDir())
	s, err := newSetup(Options{Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, step := range map[string]func(context.Context) (string, error){"jupyter": s.jupyter, "echarts": s.echarts} {
		if what, err := step(t.Context()); err == nil || !strings.Contains(err.Error(), "with a network run: ") || !strings.Contains(err.Error(), "go tool vgrad ") {
			t.Errorf("%s: %q, %v", name, what, err)
		}
	}
}

// A Jupyter that is installed serves where none can be fetched.
func TestInstalledJupyterServes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in is a shell script")
	}
	alone(t)
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	if err := os.WriteFile(filepath.Join(bin, "python3"), []byte("#!/bin/sh\ncase \"$2\" in *jupyterlab*) echo 4.2.0;; *) exit 1;; esac\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, offline := range []bool{true, false} {
		t.Setenv("VGRAD_OFFLINE", "")
		s, err := newSetup(Options{Offline: offline})
		if err != nil {
			t.Fatal(err)
		}
		if what, err := s.jupyter(t.Context()); err != nil || !strings.Contains(what, "JupyterLab 4.2.0 of") {
			t.Errorf("offline %v: %q, %v", offline, what, err)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	alone(t)
	if err := Run(t.Context(), Options{Backend: "tpu"}); err == nil || !strings.Contains(err.Error(), "say go or xla") {
		t.Errorf("error %v", err)
	}
	err := Run(t.Context(), Options{Work: t.TempDir(), Offline: true})
	if err == nil || !Essential(err) || !strings.Contains(err.Error(), "not in a Go module") {
		t.Errorf("no module: %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o777)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// All goes but the runs, even where they are in the cache, and what others put there.
func TestUninstall(t *testing.T) {
	cache := alone(t)
	data := t.TempDir()
	t.Setenv("VGRAD_RUNS", filepath.Join(cache, "runs"))
	write(t, filepath.Join(cache, "runs", "a", "samples.bin"), "x")
	write(t, filepath.Join(cache, "mnist", "mine.gz"), "x")
	write(t, filepath.Join(cache, "jupyter", "venv", "x"), "x")
	write(t, filepath.Join(cache, "bin", "gonb"), "x")
	if _, _, err := (kernel.Spec{Bin: "/bin", Work: []string{"/x"}}).Install(data); err != nil {
		t.Fatal(err)
	}
	s, err := newSetup(Options{})
	if err == nil {
		err = errors.Join(s.remember(data), s.remember(data), s.remember(t.TempDir()))
	}
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	if err := Uninstall(func(line string) { said = append(said, line) }); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"removed " + kernel.Folder(data), "removed " + filepath.Join(cache, "bin"), "kept the runs in " + filepath.Join(cache, "runs")} {
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("it does not say %q: %q", want, said)
		}
	}
	left, err := filepath.Glob(filepath.Join(cache, "*"))
	if err != nil || len(left) != 2 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(cache, "runs", "a", "samples.bin")); err != nil {
		t.Error(err)
	}
	if err := Uninstall(func(string) {}); err != nil {
		t.Errorf("twice: %v", err)
	}
}

func TestUninstallKeepsRunsInside(t *testing.T) {
	cache := alone(t)
	runs := filepath.Join(cache, "jupyter", "runs")
	t.Setenv("VGRAD_RUNS", runs)
	write(t, filepath.Join(runs, "x"), "x")
	if err := Uninstall(func(string) {}); err == nil || !strings.Contains(err.Error(), "the runs are in it") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(runs, "x")); err != nil {
		t.Error(err)
	}
}

// set reports what a test needs that uses what was set up.
func set(t *testing.T) jupyter.Home {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs a set-up")
	}
	home, err := jupyter.Open()
	if err == nil {
		err = home.Complete()
	}
	if err != nil {
		t.Fatalf("%v; this test needs what this brings: go tool vgrad setup", err)
	}
	return home
}

// Once it is set up, set-up needs no network and does nothing.
func TestTwiceIsQuick(t *testing.T) {
	set(t)
	t.Setenv("GOPROXY", "off")
	t.Setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:9/")
	var said []string
	// The kernelspec is that of this checkout from now on; the first run may write it.
	for range 2 {
		said = nil
		if err := Run(t.Context(), Options{Backend: ChosenBackend(), Offline: true, Say: func(line string) { said = append(said, line) }}); err != nil {
			t.Fatal(err)
		}
	}
	if text := strings.Join(said, "\n"); len(said) != len(steps)+1 || strings.Contains(text, "building") || strings.Contains(text, "installing") || strings.Contains(text, "compiling") {
		t.Errorf("it does something:\n%s", text)
	}
}

// A module of the user's that needs nothing resolves together with this one.
func TestResolves(t *testing.T) {
	set(t)
	t.Setenv("TMPDIR", t.TempDir())
	dir := filepath.Join(t.TempDir(), "my module")
	write(t, filepath.Join(dir, "go.mod"), "module example.com/mine\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "mine.go"), "package mine\n")
	w, err := kernel.Work(t.Context(), dir, ".")
	if err != nil {
		t.Fatal(err)
	}
	if err := Resolves(t.Context(), w); err != nil {
		t.Error(err)
	}
	write(t, filepath.Join(dir, "go.mod"), "module example.com/mine\n\ngo 1.26\n\nrequire example.com/nowhere v1.0.0\n")
	write(t, filepath.Join(dir, "mine.go"), "package mine\n\nimport _ \"example.com/nowhere\"\n")
	if err := Resolves(t.Context(), w); err == nil || !strings.Contains(err.Error(), "example.com/nowhere") {
		t.Errorf("a module that is not there: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "vgrad-cell-*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func ExampleTool() {
	for _, t := range Tools {
		fmt.Println(t.Name, t.Version)
	}
	// Output:
	// gonb v0.11.4
	// goimports v0.44.0
}

func ExampleStepError() {
	err := error(&StepError{Step: "mnist", Err: exec.ErrNotFound})
	fmt.Println(Essential(err), errors.Is(err, exec.ErrNotFound))
	// Output: false true
}

// Where no plugin of a pinned hash is for the platform, GoMLX's installer is called for who
// asks for XLA by name, with a network, and for nobody else; that is told.
func TestXLAElsewhere(t *testing.T) {
	defer func(p func(context.Context) (string, error), i func(context.Context, string) error) {
		plugin, install = p, i
	}(plugin, install)
	const brought = "the plugin of GoMLX"
	for _, c := range []struct {
		name    string
		options Options
		fails   error // the installer
		want    string
		calls   int
	}{
		{"asked for", Options{Backend: "xla"}, nil, brought, 1},
		{"not asked for", Options{}, nil, "none for this platform", 0},
		{"offline", Options{Backend: "xla", Offline: true}, nil, "none for this platform", 0},
		{"no network", Options{Backend: "xla"}, errors.New("no route to host"), "no route to host", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			there, calls, said := false, 0, ""
			plugin = func(context.Context) (string, error) {
				if there {
					return brought, nil
				}
				return "", assets.ErrUnsupported
			}
			install = func(_ context.Context, dir string) error {
				calls++
				there = c.fails == nil && filepath.Base(dir) == assets.XLAElsewhere
				return c.fails
			}
			c.options.Say = func(line string) { said += line }
			path, err := (&setup{Options: c.options, cache: t.TempDir()}).xla(t.Context())
			if got := fmt.Sprint(path, err); !strings.Contains(got, c.want) || calls != c.calls {
				t.Errorf("%s, after %d calls; want %q after %d", got, calls, c.want, c.calls)
			}
			if told := strings.Contains(said, "an unverified download"); told != (c.calls > 0) {
				t.Errorf("it said %q", said)
			}
		})
	}
}
