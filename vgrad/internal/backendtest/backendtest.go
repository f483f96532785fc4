// Package backendtest opens the backends for tests.
package backendtest

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/backend"
)

var opened struct {
	sync.Mutex
	backends map[string]*backend.Backend
	errs     map[string]error
}

// Go returns the Go backend, which works on every machine.
func Go(t testing.TB) *backend.Backend { return get(t, backend.Go) }

// XLA returns the XLA backend. It fetches the plugin if it is missing. If XLA cannot be
// opened, the test is skipped with the reason; with CI set in the environment it fails.
func XLA(t testing.TB) *backend.Backend { return get(t, backend.XLA) }

// Each runs f on every backend, in a subtest named for it.
func Each(t *testing.T, f func(t *testing.T, b *backend.Backend)) {
	for _, name := range []string{backend.Go, backend.XLA} {
		t.Run(name, func(t *testing.T) { f(t, get(t, name)) })
	}
}

func get(t testing.TB, name string) *backend.Backend {
	t.Helper()
	opened.Lock()
	defer opened.Unlock()
	if opened.backends == nil {
		opened.backends, opened.errs = map[string]*backend.Backend{}, map[string]error{}
	}
	if opened.backends[name] == nil && opened.errs[name] == nil {
		opened.backends[name], opened.errs[name] = backend.Open(t.Context(), name, assets.XLAPlugin)
		if err := opened.errs[name]; err != nil {
			fmt.Fprintf(os.Stderr, "tests continue without %s: %v\n", name, err)
		}
	}
	switch err := opened.errs[name]; {
	case err == nil:
	case name == backend.Go || os.Getenv("CI") != "":
		t.Fatalf("no %s backend: %v; it needs a C compiler, and the plugin that go tool vgrad assets downloads", name, err)
	default:
		// No other test skips. XLA needs a C compiler and a plugin, which a new machine
		// may lack; everything else is tested on the Go backend.
		t.Skipf("no %s backend: %v", name, err)
	}
	return opened.backends[name]
}
