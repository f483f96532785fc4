//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64))

package backend

import (
	"context"
	"fmt"

	"github.com/gomlx/go-xla/installer"
)

// Install has GoMLX's installer bring its build of XLA's CPU plugin into a folder, in
// the version that GoMLX pins. It is for platforms that have no plugin whose hash is
// pinned here. This download is unverified, because its publisher gives no hash. What is there
// already is left as it is.
func Install(ctx context.Context, dir string) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	done, run := make(chan error, 1), install
	go func() { done <- run(dir) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		return ctx.Err() // it ends by itself, and puts nothing in its place in halves
	}
	if err != nil {
		return fmt.Errorf("GoMLX's installer: %s", oneLine(err))
	}
	return nil
}

// install is GoMLX's; tests replace it.
var install = func(dir string) error { return installer.CPUAutoInstall(dir, false, installer.Quiet) }
