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
	// Kind is "xla" or "go".
	Kind string
	// Why says in one line which backend this is and why it was chosen.
	Why string
	// Loops says whether loops of training steps can run on the device.
	Loops bool
	// Small runs graphs of small operations, one operation after another. A
	// goroutine for each would cost more than it saves. Nil: use the backend
	// itself.
	Small compute.Backend
}

// Devices is the number of devices that compute in parallel. XLA's CPU plugin
// lists several devices that share the processors; they count as one.
func (b *Backend) Devices() int {
	if b.Kind == Go || strings.HasPrefix(b.DeviceDescription(0), "cpu") {
		return 1
	}
	return int(b.NumDevices())
}

// Names of the backends in $GOMLX_BACKEND and [Open]. The backend's own
// configuration follows after a colon ("xla:cuda").
const (
	Go  = "go"
	XLA = "xla"
)

// Fetch brings an XLA plugin to this machine and returns its path.
type Fetch func(context.Context) (path string, err error)

// Open returns the backend named want. If want is empty, it returns the one that
// $GOMLX_BACKEND names. If that is empty too, it returns XLA if a plugin is
// installed or can be fetched, else the Go backend. A named backend that cannot
// be opened is an error. Without a name Open does not fail for lack of XLA. If
// fetch is nil, nothing is fetched.
func Open(ctx context.Context, want string, fetch Fetch) (*Backend, error) {
	asker := "was asked for"
	if want == "" {
		want, asker = os.Getenv(compute.ConfigEnvVar), "is what $"+compute.ConfigEnvVar+" asks for"
	}
	name, config, _ := strings.Cut(want, ":")
	var b *Backend
	var err error
	switch name {
	case "":
		return choose(ctx, fetch)
	case Go:
		b, err = openGo(config)
	case XLA, "stablehlo", "shlo", "hlo", "pjrt":
		b, err = openXLA(ctx, config, fetch)
	default:
		err = fmt.Errorf("there is no such backend; the known ones are %q and %q", XLA, Go)
	}
	if err != nil {
		return nil, fmt.Errorf("backend: %q %s: %w", want, asker, err)
	}
	b.Why += "; it " + asker
	return b, nil
}

// choose opens XLA, or the Go backend with the reason why not XLA.
func choose(ctx context.Context, fetch Fetch) (*Backend, error) {
	b, err := openXLA(ctx, "", fetch)
	if err == nil {
		return b, nil
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("backend: choose: %w", ctx.Err())
	}
	because := strings.ReplaceAll(err.Error(), "\n", "; ")
	if b, err = openGo(""); err != nil {
		return nil, fmt.Errorf("backend: %w", err)
	}
	b.Why += "; " + because
	return b, nil
}

func openGo(config string) (*Backend, error) {
	b, err := open(Go + ":" + config)
	if err != nil {
		return nil, fmt.Errorf("open the Go backend: %s", oneLine(err))
	}
	goes := &Backend{Backend: b, Kind: Go, Why: "GoMLX's pure-Go backend"}
	if config == "" {
		if goes.Small, err = open(Go + ":ops_sequential"); err != nil {
			return nil, fmt.Errorf("open the Go backend for small networks: %s", oneLine(err))
		}
	}
	return goes, nil
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
