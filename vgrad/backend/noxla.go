//go:build !(cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64)))

package backend

import (
	"context"
	"errors"
)

// openXLA says why this program has no XLA.
func openXLA(context.Context, string, Fetch) (*Backend, error) {
	return nil, errors.New("this program was built without a C compiler, or for a system XLA has no plugin for")
}
