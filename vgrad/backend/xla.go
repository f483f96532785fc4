//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64))

package backend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/go-xla/compute/xla"
)

// flagsEnv holds XLA's own flags; they are read once, when a plugin is loaded.
const flagsEnv = "XLA_FLAGS"

// flags are set where the user sets none: on nets of the article's size the
// step runs as fast without XLA's CPU optimisations, and compiles in half the time.
const flags = "--xla_backend_optimization_level=0"

// openXLA opens the plugin that config names, or where it names none the first
// one installed, or else the one that fetch brings.
func openXLA(ctx context.Context, config, reason string, fetch func(context.Context) (string, error)) (*Backend, error) {
	xla.EnableAutoInstall(false) // it would fetch what no hash vouches for
	if config == "" || config == "cpu" {
		if installed := xla.GetAvailablePlugins(); len(installed) > 0 && config == "" {
			config, reason = installed[0], join(reason, "installed on this machine")
		} else if len(installed) == 0 {
			path, err := fetched(ctx, fetch)
			if err != nil {
				return nil, err
			}
			config, reason = path, join(reason, "from the cache of fetched parts")
		}
	}
	if _, set := os.LookupEnv(flagsEnv); !set {
		os.Setenv(flagsEnv, flags)
	}
	b, err := open(XLA + ":" + config)
	if err != nil {
		return nil, fmt.Errorf("backend: load the XLA plugin %q: %s", config, oneLine(err))
	}
	return &Backend{Backend: b, Loops: true,
		Why: fmt.Sprintf("XLA, plugin %s (%s)", filepath.Base(config), reason)}, nil
}

func fetched(ctx context.Context, fetch func(context.Context) (string, error)) (string, error) {
	if fetch == nil {
		return "", errors.New("no XLA plugin is installed")
	}
	path, err := fetch(ctx)
	if err != nil {
		return "", fmt.Errorf("no XLA plugin is installed, and none can be fetched: %w", err)
	}
	return path, nil
}

func join(reason, more string) string {
	if reason == "" {
		return more
	}
	return reason + ", " + more
}
