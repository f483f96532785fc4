package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/kernelext/setup"
)

// unprepared gives the test a cache of its own in which nothing is set up but a kernelspec for
// this module.
func unprepared(t *testing.T) *machine {
	t.Helper()
	t.Setenv("VGRAD_CACHE", filepath.Join(t.TempDir(), "a cache"))
	t.Setenv("VGRAD_OFFLINE", "1")
	t.Setenv("VGRAD_RUNS", t.TempDir())
	m, err := newMachine(Options{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := kernel.Work(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	install(t, m, kernel.Spec{Bin: setup.Bin(m.cache), Work: w.Folders, GoRoot: w.GoRoot, ECharts: []byte("not ECharts")})
	return m
}

func install(t *testing.T, m *machine, s kernel.Spec) {
	t.Helper()
	if _, _, err := s.Install(m.home.Data()); err != nil {
		t.Fatal(err)
	}
}

// edit changes the installed kernelspec's environment behind our back.
func edit(t *testing.T, m *machine, old, new string) {
	t.Helper()
	path := filepath.Join(kernel.Folder(m.home.Data()), "kernel.json")
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(strings.Replace(string(text), old, new, 1)), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Each thing that can be wrong is found, and the command that fixes it named.
func TestFindings(t *testing.T) {
	for _, c := range []struct {
		name, part string
		spoil      func(t *testing.T, m *machine)
		says, fix  string // fix "": the part works
	}{
		{"go is well", "go", nil, "go1.", ""},
		{"no gonb", "gonb", nil, "there is no gonb", fixSetup},
		{"a gonb that is none", "gonb", func(t *testing.T, m *machine) {
			bin := setup.Bin(m.cache)
			if err := errors.Join(os.MkdirAll(bin, 0o777), os.WriteFile(filepath.Join(bin, "gonb"), nil, 0o777)); err != nil {
				t.Fatal(err)
			}
		}, "not a Go program", fixSetup},
		{"no goimports", "goimports", nil, "there is no goimports", fixSetup},
		{"no vgrad", "vgrad", nil, "there is no vgrad", fixSetup},
		{"no Jupyter", "jupyter", func(t *testing.T, m *machine) { t.Setenv("PATH", "") }, "there is no JupyterLab", fixSetup},
		{"its program is gone", "kernelspec", nil, "a program that is gone", fixSetup},
		{"no kernelspec", "kernelspec", func(t *testing.T, m *machine) { kernel.Remove(m.home.Data()) }, "no such file", fixSetup},
		{"another's kernelspec", "kernelspec", func(t *testing.T, m *machine) { edit(t, m, `"vgrad": {`, `"theirs": {`) }, "not one that vgrad wrote", fixSetup},
		{"the work path is well", "work path", nil, "", ""},
		{"the module has moved", "work path", func(t *testing.T, m *machine) {
			install(t, m, kernel.Spec{Work: []string{"/where/it was"}})
		}, "/where/it was", fixSetup},
		{"another checkout", "work path", func(t *testing.T, m *machine) {
			other := t.TempDir()
			if err := os.WriteFile(filepath.Join(other, "go.mod"), []byte("module "+kernel.Module+"\n"), 0o666); err != nil {
				t.Fatal(err)
			}
			install(t, m, kernel.Spec{Work: []string{other}})
		}, "and you are in", fixSetup},
		{"the environment is well", "environment", nil, "neither", ""},
		{"GOFLAGS, neutralised", "environment", func(t *testing.T, m *machine) { t.Setenv("GOFLAGS", "-mod=mod") }, "GOFLAGS=-mod=mod is set; the kernel overrides it", ""},
		{"GOWORK, neutralised", "environment", func(t *testing.T, m *machine) { t.Setenv("GOWORK", "off") }, "GOWORK=off is set", ""},
		{"GOFLAGS", "environment", func(t *testing.T, m *machine) {
			t.Setenv("GOFLAGS", "-mod=mod")
			edit(t, m, `"GOFLAGS"`, `"NOGOFLAGS"`)
		}, "GOFLAGS=-mod=mod keeps cells", "go env -u GOFLAGS; unset GOFLAGS"},
		{"GOWORK", "environment", func(t *testing.T, m *machine) {
			t.Setenv("GOWORK", "off")
			edit(t, m, `"GOWORK"`, `"NOGOWORK"`)
		}, "GOWORK=off keeps cells", "go env -u GOWORK; unset GOWORK"},
		{"modules are missing", "modules", func(t *testing.T, m *machine) { t.Setenv("GOMODCACHE", t.TempDir()) }, "missing", fixSetup},
		{"no ECharts", "echarts", nil, "not fetched yet", fixAssets},
		{"a broken ECharts", "echarts", func(t *testing.T, m *machine) {
			path := filepath.Join(m.cache, "echarts", "6.1.0", "dist", "echarts.min.js")
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte("x"), 0o666)); err != nil {
				t.Fatal(err)
			}
		}, "SHA-256", fixAssets},
		{"the Go backend multiplies", "backend", func(t *testing.T, m *machine) { t.Setenv("GOMLX_BACKEND", "go") }, "6 × 7 = 42", ""},
		{"no such backend", "backend", func(t *testing.T, m *machine) { t.Setenv("GOMLX_BACKEND", "tpu") }, "tpu", fixAssets},
		{"a broken MNIST", "mnist", func(t *testing.T, m *machine) {
			dir := filepath.Join(t.TempDir(), "mnist")
			if err := errors.Join(os.MkdirAll(dir, 0o777), os.WriteFile(filepath.Join(dir, "train-images-idx3-ubyte.gz"), []byte("x"), 0o666)); err != nil {
				t.Fatal(err)
			}
			t.Setenv("VGRAD_DATA", filepath.Dir(dir))
		}, "train-images", fixSetup},
		{"a store is well", "runs", nil, "0 in ", ""},
		{"a store that is a file", "runs", func(t *testing.T, m *machine) {
			file := filepath.Join(t.TempDir(), "runs")
			if err := os.WriteFile(file, nil, 0o666); err != nil {
				t.Fatal(err)
			}
			t.Setenv("VGRAD_RUNS", file)
		}, "runs", "VGRAD_RUNS="},
		{"no kernel to smoke", "smoke test", func(t *testing.T, m *machine) { t.Setenv("PATH", "") }, "there is no JupyterLab", fixSetup},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := unprepared(t)
			if c.spoil != nil {
				c.spoil(t, m)
			}
			f := m.examine(t.Context(), named(t, c.part))
			if f.OK != (c.fix == "") || !strings.Contains(f.Detail, c.says) || !strings.HasPrefix(f.Mend, c.fix) || strings.Contains(f.Detail, "\n") {
				t.Errorf("%+v; want %q, fixed by %q", f, c.says, c.fix)
			}
		})
	}
}

func named(t *testing.T, part string) check {
	for _, c := range checks {
		if c.part == part {
			return c
		}
	}
	t.Fatalf("there is no check %q", part)
	return check{}
}

// A served library that is not the pinned one is found beside an intact one in the cache.
func TestServedECharts(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what needs a set-up")
	}
	m, err := newMachine(Options{})
	if err != nil {
		t.Fatal(err)
	}
	m.home.Dir = t.TempDir()
	install(t, m, kernel.Spec{Work: []string{"/x"}, ECharts: []byte("not ECharts")})
	if f := m.examine(t.Context(), named(t, "echarts")); f.OK || f.Mend != fixSetup || !strings.Contains(f.Detail, "is not the pinned one") {
		t.Errorf("%+v", f)
	}
}

// Examine looks at every part and tells each as it goes; a canceled one stops.
func TestExamineSick(t *testing.T) {
	unprepared(t)
	var heard int
	findings, err := Examine(t.Context(), Options{Quick: true, Heard: func(Finding) { heard++ }})
	if err != nil || len(findings) != len(checks)-1 || heard != len(findings) {
		t.Errorf("%d findings, %d heard, %v", len(findings), heard, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if findings, err := Examine(ctx, Options{}); !errors.Is(err, context.Canceled) || len(findings) > 0 {
		t.Errorf("canceled: %v, %v", findings, err)
	}
}

func ExampleFinding() {
	f := Finding{Part: "vgrad", Detail: "there is no vgrad in /cache/bin", Mend: "go tool vgrad setup"}
	fmt.Println(f)
	text, err := json.Marshal(f)
	fmt.Println(string(text), err)
	fmt.Println(Finding{Part: "gonb", OK: true, Detail: "v0.11.4 in /cache/bin"})
	// Output:
	// WRONG  vgrad         there is no vgrad in /cache/bin; fix with: go tool vgrad setup
	// {"part":"vgrad","ok":false,"detail":"there is no vgrad in /cache/bin","mend":"go tool vgrad setup","seconds":0} <nil>
	// ok     gonb          v0.11.4 in /cache/bin
}
