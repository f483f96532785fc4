//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64))

package backend

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// What GoMLX's installer complains of is one line; who waits for it may stop waiting.
func TestInstall(t *testing.T) {
	defer func(f func(string) error) { install = f }(install)
	install = func(dir string) error { return errors.New("no network for " + dir + "\ngoroutine 1") }
	if err := Install(t.Context(), "a folder"); err == nil || !strings.Contains(err.Error(), "no network for a folder") || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error is %q", err)
	}
	forever := make(chan bool)
	defer close(forever)
	ctx, stop := context.WithCancel(t.Context())
	install = func(string) error { stop(); <-forever; return nil }
	for _, when := range []string{"while it waits", "before"} {
		if err := Install(ctx, ""); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: the error is %v", when, err)
		}
	}
}
