//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64))

package backend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/go-xla/compute/xla"
)

// openXLA opens the plugin that config names ("cuda", a path). Where config
// leaves it open ("", "cpu") it tries the plugins installed on this machine,
// then the one that fetch brings.
func openXLA(ctx context.Context, config string, fetch Fetch) (*Backend, error) {
	xla.EnableAutoInstall(false) // it would fetch an unverified download
	installed := xla.GetAvailablePlugins()
	var failed []error
	if config == "" {
		if err := idle(installed); err != nil {
			failed = append(failed, err)
		}
		for _, plugin := range installed {
			b, err := load(plugin, "installed on this machine")
			if err == nil {
				return b.instead(failed), nil
			}
			failed = append(failed, err)
		}
	}
	if config != "" && (config != "cpu" || len(installed) > 0) {
		return load(config, "installed on this machine")
	}
	path, err := fetched(ctx, fetch)
	if err != nil {
		return nil, errors.Join(append(failed, err)...)
	}
	b, err := load(path, "from the cache of fetched parts")
	if err != nil {
		return nil, errors.Join(append(failed, err)...)
	}
	return b.instead(failed), nil
}

// instead says which plugins would have gone first and why they do not serve.
func (b *Backend) instead(failed []error) *Backend {
	for _, err := range failed {
		b.Why += "; " + err.Error()
	}
	return b
}

// idle says that a plugin for CUDA is there and is not among the installed: go-xla leaves
// it out, without a word, on a machine without a processor of NVIDIA's.
func idle(installed []string) error {
	isCUDA := func(name string) bool { return strings.Contains(name, "cuda") }
	if slices.ContainsFunc(installed, isCUDA) {
		return nil
	}
	for _, dir := range filepath.SplitList(os.Getenv("PJRT_PLUGIN_LIBRARY_PATH")) {
		found, err := filepath.Glob(filepath.Join(dir, "pjrt*.so"))
		if err == nil && slices.ContainsFunc(found, func(path string) bool { return isCUDA(filepath.Base(path)) }) {
			return fmt.Errorf("no CUDA, though its plugin is in %s: this machine shows no NVIDIA processor with a driver", dir)
		}
	}
	return nil
}

// cheapest has XLA's CPU plugin optimize as little as leaves a step as fast: compiling
// takes a tenth less time at level 1 than at its own, while at level 0 steps take up to
// four times as long (go run ./vgrad/bench -only f). The plugin reads its options from
// the environment once, when it is loaded; what a user has set there stays.
const cheapest = "--xla_backend_optimization_level=1"

// hasten sets that option for a CPU plugin.
func hasten(plugin string) error {
	name, _, _ := strings.Cut(cheapest, "=")
	set := os.Getenv("XLA_FLAGS")
	if !strings.Contains(filepath.Base(plugin), "cpu") || strings.Contains(set, name) {
		return nil
	}
	return os.Setenv("XLA_FLAGS", strings.TrimSpace(set+" "+cheapest))
}

func load(plugin, whence string) (*Backend, error) {
	if err := hasten(plugin); err != nil {
		return nil, fmt.Errorf("the XLA plugin %q: %w", plugin, err)
	}
	b, err := open(XLA + ":" + plugin)
	if err != nil {
		return nil, fmt.Errorf("the XLA plugin %q does not load: %s", plugin, oneLine(err))
	}
	return &Backend{Backend: nesting{b}, Kind: XLA, Loops: true,
		Why: fmt.Sprintf("XLA, plugin %s (%s)", filepath.Base(plugin), whence)}, nil
}

func fetched(ctx context.Context, fetch Fetch) (string, error) {
	if fetch == nil {
		return "", errors.New("no XLA plugin is installed")
	}
	path, err := fetch(ctx)
	if err != nil {
		return "", fmt.Errorf("no XLA plugin is installed, and none can be fetched: %w", err)
	}
	return path, nil
}
