//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64))

package backend

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gomlx/go-xla/compute/xla"
)

// openXLA opens the plugin that config names ("cuda", a path). Where config
// leaves it open ("", "cpu") it tries the plugins installed on this machine,
// then the one that fetch brings.
func openXLA(ctx context.Context, config string, fetch Fetch) (*Backend, error) {
	xla.EnableAutoInstall(false) // it would fetch what no hash vouches for
	installed := xla.GetAvailablePlugins()
	var failed []error
	if config == "" {
		for _, plugin := range installed {
			b, err := load(plugin, "installed on this machine")
			if err == nil {
				return b, nil
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
	return load(path, "from the cache of fetched parts")
}

func load(plugin, whence string) (*Backend, error) {
	b, err := open(XLA + ":" + plugin)
	if err != nil {
		return nil, fmt.Errorf("the XLA plugin %q does not load: %s", plugin, oneLine(err))
	}
	return &Backend{Backend: b, Kind: XLA, Loops: true,
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
