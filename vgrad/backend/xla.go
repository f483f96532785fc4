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

// openXLA opens the plugin that config names ("cuda", a path). If config is "",
// it tries the plugins that are installed on this machine, then the fetched one.
// "cpu" means the installed plugin, or the fetched one if none is installed.
func openXLA(ctx context.Context, config string, fetch Fetch) (*Backend, error) {
	xla.EnableAutoInstall(false) // it would fetch an unverified download
	installed := xla.GetAvailablePlugins()
	var failed []error
	if config == "" {
		if err := unlistedCUDA(installed); err != nil {
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

// instead adds to Why the plugins that come before this one and why each failed.
func (b *Backend) instead(failed []error) *Backend {
	for _, err := range failed {
		b.Why += "; " + err.Error()
	}
	return b
}

// unlistedCUDA reports a CUDA plugin that is on the machine but not in go-xla's list of
// installed plugins. go-xla leaves it out without a message if the machine has no
// NVIDIA GPU.
func unlistedCUDA(installed []string) error {
	isCUDA := func(name string) bool { return strings.Contains(name, "cuda") }
	if slices.ContainsFunc(installed, isCUDA) {
		return nil
	}
	for _, dir := range filepath.SplitList(os.Getenv("PJRT_PLUGIN_LIBRARY_PATH")) {
		found, err := filepath.Glob(filepath.Join(dir, "pjrt*.so"))
		if err == nil && slices.ContainsFunc(found, func(path string) bool { return isCUDA(filepath.Base(path)) }) {
			return fmt.Errorf("no CUDA, though its plugin is in %s: this machine has no NVIDIA GPU with a driver", dir)
		}
	}
	return nil
}

// optimizationFlag is the lowest optimization level of XLA's CPU plugin at which steps are as
// fast as at the default level. Compiling takes a tenth less time at level 1 than at
// the default. At level 0 steps take up to four times as long
// (go run ./vgrad/bench -only f). The plugin reads its options from the environment
// once, when it is loaded. An option that the user has set is kept.
const optimizationFlag = "--xla_backend_optimization_level=1"

// setOptimization sets that option for a CPU plugin.
func setOptimization(plugin string) error {
	name, _, _ := strings.Cut(optimizationFlag, "=")
	set := os.Getenv("XLA_FLAGS")
	if !strings.Contains(filepath.Base(plugin), "cpu") || strings.Contains(set, name) {
		return nil
	}
	return os.Setenv("XLA_FLAGS", strings.TrimSpace(set+" "+optimizationFlag))
}

func load(plugin, origin string) (*Backend, error) {
	if err := setOptimization(plugin); err != nil {
		return nil, fmt.Errorf("the XLA plugin %q: %w", plugin, err)
	}
	b, err := open(XLA + ":" + plugin)
	if err != nil {
		return nil, fmt.Errorf("the XLA plugin %q does not load: %s", plugin, oneLine(err))
	}
	return &Backend{Backend: nesting{b}, Kind: XLA, Loops: true,
		Why: fmt.Sprintf("XLA, plugin %s (%s)", filepath.Base(plugin), origin)}, nil
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
