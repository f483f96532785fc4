//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64))

package backend

import (
	"context"
	"fmt"

	"github.com/gomlx/go-xla/installer"
)

// Install runs GoMLX's installer, which downloads its build of XLA's CPU plugin to
// the folder dir, in the version that GoMLX pins. This is an unverified download,
// because the publisher gives no hash. It is for platforms without a plugin whose
// hash is pinned here. A plugin that is already in the folder is kept. Install fails
// if the context ends or the installer fails.
func Install(ctx context.Context, dir string) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	done, run := make(chan error, 1), install
	go func() { done <- run(dir) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		return ctx.Err() // the installer ends by itself and leaves no partial plugin
	}
	if err != nil {
		return fmt.Errorf("GoMLX's installer: %s", oneLine(err))
	}
	return nil
}

// install is GoMLX's; tests replace it.
var install = func(dir string) error { return installer.CPUAutoInstall(dir, false, installer.Quiet) }
