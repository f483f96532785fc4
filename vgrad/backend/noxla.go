//go:build !(cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64)))

package backend

import (
	"context"
	"errors"
)

// errNoXLA says why this program has no XLA.
var errNoXLA = errors.New("this program has no XLA: it was built without a C compiler, or for a system for which XLA has no plugin")

func openXLA(context.Context, string, Fetch) (*Backend, error) { return nil, errNoXLA }

// Install fails: this program has no XLA.
func Install(context.Context, string) error { return errNoXLA }
