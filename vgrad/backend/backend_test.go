package backend_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
)

func nothing(context.Context) (string, error) { return "", errors.New("no network") }

func TestOpen(t *testing.T) {
	notAPlugin := filepath.Join(t.TempDir(), "plugin.so")
	if err := os.WriteFile(notAPlugin, []byte("truncated"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", t.TempDir())
	for _, c := range []struct {
		name, want, env string
		fetch           backend.Fetch
		why, fails      string
	}{
		{name: "by name", want: "go", why: "pure-Go backend; it was asked for"},
		{name: "by environment", env: "go", why: "it is what $GOMLX_BACKEND asks for"},
		{name: "the name goes first", want: "go", env: "nope", why: "it was asked for"},
		{name: "unknown", env: "nope", fails: `there is no such backend; the known ones are "xla" and "go"`},
		{name: "a plugin that is none", want: "xla:" + notAPlugin, fails: "plugin"},
		{name: "a plugin that is not there", want: "xla:" + notAPlugin + "x", fails: "plugin"},
		{name: "cuda where there is none", want: "xla:cuda", fails: "plugin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GOMLX_BACKEND", c.env)
			b, err := backend.Open(t.Context(), c.want, c.fetch)
			switch {
			case c.fails != "":
				if err == nil || !strings.Contains(err.Error(), c.fails) || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %v; want one line with %q", err, c.fails)
				}
			case err != nil:
				t.Error(err)
			case !strings.Contains(b.Why, c.why) || strings.Contains(b.Why, "\n"):
				t.Errorf("Why = %q; want one line with %q", b.Why, c.why)
			}
		})
	}
}

// A choice left open falls back to the Go backend and says why; it never fails for lack of XLA.
func TestFallback(t *testing.T) {
	t.Setenv("GOMLX_BACKEND", "")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", t.TempDir())
	b, err := backend.Open(t.Context(), "", nothing)
	if err != nil {
		t.Fatal(err)
	}
	if b.Loops {
		t.Logf("a plugin is installed on this machine: %s", b.Why)
		return
	}
	for _, want := range []string{"pure-Go backend", "no network"} {
		if !strings.Contains(b.Why, want) {
			t.Errorf("Why = %q; want it to say %q", b.Why, want)
		}
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := backend.Open(canceled, "", nothing); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: error %v", err)
	}
}

// Where CUDA's plugin is there and cannot serve, as on a machine without such a processor,
// that is told, and the plugin for the CPU serves. The folders of plugins are read
// when a process starts, so this test runs itself in one that has such a folder.
func TestInstead(t *testing.T) {
	if os.Getenv("VGRAD_TEST_INSTEAD") == "" {
		backendtest.XLA(t) // brings the plugin
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "pjrt_c_api_cuda_plugin.so"), []byte("truncated"), 0o600); err != nil {
			t.Fatal(err)
		}
		self := exec.Command(os.Args[0], "-test.run=^TestInstead$", "-test.v")
		self.Env = append(os.Environ(), "VGRAD_TEST_INSTEAD=1", "PJRT_PLUGIN_LIBRARY_PATH="+dir, "GOMLX_BACKEND=")
		if out, err := self.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	b, err := backend.Open(t.Context(), "", assets.XLAPlugin)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"XLA, plugin pjrt_c_api_cpu_plugin.so", "; no CUDA, though its plugin is in "} {
		if !strings.Contains(b.Why, want) || strings.Contains(b.Why, "\n") {
			t.Errorf("Why = %q; want one line with %q", b.Why, want)
		}
	}
}

// The CPU plugin compiles at the lowest optimization level; an option that the user has set is kept.
func TestCompilesCheaply(t *testing.T) {
	backendtest.XLA(t) // or there is none
	for set, want := range map[string]string{
		"":                                   "--xla_backend_optimization_level=1",
		"--xla_cpu_multi_thread_eigen=true":  "--xla_cpu_multi_thread_eigen=true --xla_backend_optimization_level=1",
		"--xla_backend_optimization_level=3": "--xla_backend_optimization_level=3",
	} {
		t.Setenv("XLA_FLAGS", set)
		b, err := backend.Open(t.Context(), "xla", assets.XLAPlugin)
		if err != nil {
			t.Fatal(err)
		}
		b.Finalize()
		if got := os.Getenv("XLA_FLAGS"); got != want {
			t.Errorf("XLA_FLAGS=%q became %q; want %q", set, got, want)
		}
	}
}
