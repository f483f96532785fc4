package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad/assets"
)

// Cells find the plugin that set-up brought, behind the folders that the reader names.
func TestPlugins(t *testing.T) {
	plugin, err := assets.XLAPlugin(t.Context())
	if err != nil {
		if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
			t.Fatalf("no XLA plugin: %v; fetch it with go tool vgrad assets", err)
		}
		t.Skipf("there is no pinned plugin for %s/%s: %v", runtime.GOOS, runtime.GOARCH, err)
	}
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", "/a")
	want := "PJRT_PLUGIN_LIBRARY_PATH=/a" + string(filepath.ListSeparator) + filepath.Dir(plugin)
	if got := plugins(); len(got) != 1 || got[0] != want {
		t.Errorf("%q; want %q", got, want)
	}
	os.Unsetenv("PJRT_PLUGIN_LIBRARY_PATH")
	if got := plugins(); len(got) != 1 || !strings.HasSuffix(got[0], filepath.Dir(plugin)) {
		t.Errorf("%q; want it to end in %q", got, filepath.Dir(plugin))
	}
	t.Setenv("VGRAD_CACHE", t.TempDir())
	if got := plugins(); got != nil {
		t.Errorf("without a plugin: %q", got)
	}
}

// Cells see the module of the notebook's own folder.
func TestWithOwn(t *testing.T) {
	for _, c := range []struct {
		goMod string
		sees  bool
	}{
		{"module example.com/own\n\ngo 1.24\n", true},
		{"module example.com/own\n\ngo 1.99\n", false},
		{"module example.com/there\n", false},
		{"modul\n", false},
	} {
		there, own := t.TempDir(), t.TempDir()
		notebooks := filepath.Join(own, "notebooks")
		for dir, text := range map[string]string{there: "module example.com/there\n", own: c.goMod} {
			if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Mkdir(notebooks, 0o777); err != nil {
			t.Fatal(err)
		}
		t.Chdir(notebooks)
		if got := withOwn([]string{there}, "go1.26.1"); (len(got) == 2) != c.sees {
			t.Errorf("%q: %q", c.goMod, got)
		}
	}
}
