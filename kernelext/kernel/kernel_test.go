package kernel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func specIn(t *testing.T) Spec {
	return Spec{Bin: "/a cache/bin", Work: []string{"/my $HOME/module", "/lab"}, GoRoot: "/usr/local/go", ECharts: []byte("js")}
}

// parsed is a kernelspec as Jupyter reads it.
func parsed(t *testing.T, s Spec) (f file) {
	t.Helper()
	text, err := s.json()
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSpec(t *testing.T) {
	s := specIn(t)
	s.Backend, s.Env = "go", []string{"VGRAD_CACHE=/a cache/$x"}
	f := parsed(t, s)
	if got := strings.Join(f.Argv, "|"); got != "/a cache/bin/vgrad|kernel|run|-f|{connection_file}|-work=/my $HOME/module,/lab|-goroot=/usr/local/go" {
		t.Errorf("argv %s", got)
	}
	for name, want := range map[string]string{
		"PATH":        "/a cache/bin:/usr/local/go/bin:${PATH}",
		"GOPROXY":     "off",
		"GOWORK":      "auto",
		"GOFLAGS":     "'-ldflags=-s -w'",
		"GOTOOLCHAIN": "local", "GOMLX_NO_AUTO_INSTALL": "1", "VGRAD_KERNELSPEC": "vgrad",
		"GOMLX_BACKEND": "go",
		"VGRAD_CACHE":   "/a cache/$$x", // Jupyter makes $x of it
	} {
		if f.Env[name] != want {
			t.Errorf("%s is %q, want %q", name, f.Env[name], want)
		}
	}
	if f.DisplayName != "Go (vgrad)" || f.Language != "go" || f.InterruptMode != "message" {
		t.Errorf("%+v", f)
	}
	if f := parsed(t, specIn(t)); f.Env["GOMLX_BACKEND"] != "" {
		t.Error("a backend that nobody chose")
	}
	// An empty variable would let through what the user has set with go env -w.
	for name, value := range Resolution() {
		if value == "" {
			t.Errorf("%s is empty", name)
		}
	}
}

func TestSpecRefuses(t *testing.T) {
	for want, work := range map[string][]string{
		"no module": nil, "not absolute": {"here"}, "comma": {"/a,b"},
	} {
		if _, err := (Spec{Work: work}).json(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v", work, err)
		}
	}
}

func TestInstall(t *testing.T) {
	data := filepath.Join(t.TempDir(), "a jupyter")
	if _, err := Read(data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before: %v", err)
	}
	s := specIn(t)
	for i, want := range []bool{true, false} {
		if dir, changed, err := s.Install(data); err != nil || changed != want || dir != filepath.Join(data, "kernels", "vgrad") {
			t.Errorf("install %d: %s, %v, %v", i, dir, changed, err)
		}
	}
	for name, size := range map[string]int{"logo-32x32.png": 32, "logo-64x64.png": 64} {
		text, err := os.ReadFile(filepath.Join(Folder(data), name))
		if err != nil {
			t.Fatal(err)
		}
		if p, err := png.Decode(bytes.NewReader(text)); err != nil || p.Bounds().Dx() != size || p.Bounds().Dy() != size {
			t.Errorf("%s: %v, %v", name, p.Bounds(), err)
		}
	}
	if js, err := os.ReadFile(filepath.Join(Folder(data), "echarts.min.js")); err != nil || string(js) != "js" {
		t.Errorf("ECharts: %q, %v", js, err)
	}
	// A stale one of ours is replaced.
	s.Work = []string{"/moved"}
	if _, changed, err := s.Install(data); err != nil || !changed {
		t.Errorf("stale: %v, %v", changed, err)
	}
	k, err := Read(data)
	if err != nil || k.Work[0] != "/moved" || k.ECharts != nil || k.Vars["GOPROXY"] != "off" {
		t.Errorf("%+v, %v", k, err)
	}
	if left, err := filepath.Glob(filepath.Join(Folder(data), ".new-*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if dir, err := Remove(data); err != nil || dir != Folder(data) {
		t.Errorf("remove: %s, %v", dir, err)
	}
	if _, err := Remove(data); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("remove twice: %v", err)
	}
}

// A kernelspec that someone else wrote is neither replaced nor removed.
func TestForeign(t *testing.T) {
	data := t.TempDir()
	path := filepath.Join(Folder(data), "kernel.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, theirs := range []string{`{"argv": ["mine"], "metadata": {}}`, "not json"} {
		if err := os.WriteFile(path, []byte(theirs), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, _, err := specIn(t).Install(data); !errors.Is(err, ErrForeign) {
			t.Errorf("install: %v", err)
		}
		if _, err := Remove(data); !errors.Is(err, ErrForeign) {
			t.Errorf("remove: %v", err)
		}
		if now, err := os.ReadFile(path); err != nil || string(now) != theirs {
			t.Errorf("it is now %q, %v", now, err)
		}
	}
}

func TestUserData(t *testing.T) {
	t.Setenv("JUPYTER_DATA_DIR", "/there")
	if dir, err := UserData(); err != nil || dir != "/there" {
		t.Errorf("%s, %v", dir, err)
	}
}

// writeModule makes a module in a folder whose name has a space.
func writeModule(t *testing.T, path string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "my module")
	err := os.MkdirAll(dir, 0o777)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module "+path+"\n\ngo 1.26\n"), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWork(t *testing.T) {
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOWORK", "off")
	here, err := Work(t.Context(), "")
	if err != nil || len(here.Folders) != 1 || here.Folders[0] != here.Lab || here.Go == "" || here.GoRoot == "" {
		t.Fatalf("%+v, %v", here, err)
	}
	mine := writeModule(t, "example.com/mine")
	w, err := Work(t.Context(), mine, ".")
	if err != nil || len(w.Folders) != 2 || filepath.Base(w.Folders[0]) != "my module" || w.Folders[1] != here.Lab {
		t.Errorf("%+v, %v", w, err)
	}
	for want, dir := range map[string]string{"is not found": mine, "no such file": filepath.Join(mine, "nowhere")} {
		if _, err := Work(t.Context(), dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", dir, err)
		}
	}
	if _, err := Work(t.Context(), t.TempDir(), "."); err == nil || !strings.Contains(err.Error(), "not in a Go module") {
		t.Errorf("no module: %v", err)
	}
}

func ExampleSpec() {
	data, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(data)
	spec := Spec{Bin: "/cache/bin", Work: []string{"/home/me/lab"}}
	_, changed, err := spec.Install(data)
	fmt.Println(changed, err)
	installed, err := Read(data)
	fmt.Println(installed.Argv[5], err)
	// Output:
	// true <nil>
	// -work=/home/me/lab <nil>
}
