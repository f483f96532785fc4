package backend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Backend is a chosen GoMLX backend.
type Backend struct {
	compute.Backend
	// Why says in one line which backend this is and why it was chosen.
	Why string
	// Loops reports whether whole loops of training steps run on the device.
	Loops bool
}

// Names of the backends, as $GOMLX_BACKEND and [Open] take them; what follows
// a colon is the backend's own configuration ("xla:cuda").
const (
	Go  = "go"
	XLA = "xla"
)

// Open returns the backend named want; where want is empty, the one that
// $GOMLX_BACKEND names; where that is empty too, XLA if a plugin is installed
// or can be fetched, else the Go backend. A backend that was asked for by name
// and cannot be had is an error; a choice left open never fails for lack of XLA.
//
// Fetch brings an XLA plugin to this machine and returns its path; nil where
// nothing may be fetched.
func Open(ctx context.Context, want string, fetch func(context.Context) (string, error)) (*Backend, error) {
	reason := "asked for"
	if want == "" {
		want, reason = os.Getenv(compute.ConfigEnvVar), "$"+compute.ConfigEnvVar+" asks for it"
	}
	switch name, config, _ := strings.Cut(want, ":"); name {
	case "":
		return choose(ctx, fetch)
	case Go:
		return openGo(config, reason)
	case XLA, "stablehlo", "shlo", "hlo", "pjrt":
		return openXLA(ctx, config, reason, fetch)
	default:
		return nil, fmt.Errorf("backend: %s names the backend %q; the known ones are %q and %q", reason, name, XLA, Go)
	}
}

// choose opens XLA, or the Go backend with the reason why not XLA.
func choose(ctx context.Context, fetch func(context.Context) (string, error)) (*Backend, error) {
	b, err := openXLA(ctx, "", "", fetch)
	if err == nil {
		return b, nil
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("backend: choose: %w", ctx.Err())
	}
	return openGo("", "XLA is not at hand: "+oneLine(err))
}

func openGo(config, reason string) (*Backend, error) {
	b, err := open(Go + ":" + config)
	if err != nil {
		return nil, fmt.Errorf("backend: open the Go backend: %w", err)
	}
	return &Backend{Backend: b, Why: "Go backend, in this process (" + reason + ")"}, nil
}

// open is compute.NewWithConfig with its panics turned into errors.
func open(config string) (b compute.Backend, err error) {
	caught := exceptions.TryCatch[error](func() { b, err = compute.NewWithConfig(config) })
	return b, errors.Join(err, caught)
}

// oneLine is the first line of an error's text.
func oneLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
