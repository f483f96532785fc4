package cell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vgrad/lab/kernelext/keep"
)

// Must returns v. If err is not nil, it ends the cell instead:
//
//	fig := cell.Must(chart.Loss(runs))
func Must[T any](v T, err error) T {
	if err != nil {
		fail(err)
	}
	return v
}

// Context returns a context that is cancelled when the cell is interrupted. After the
// first call an interrupt no longer ends the cell by itself: code that uses the context
// has to return. In a notebook the cell ends 4.5 seconds after the interrupt in any case.
func Context() context.Context {
	interrupt.once.Do(func() {
		interrupt.ctx, interrupt.stop = signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		if inNotebook() {
			context.AfterFunc(interrupt.ctx, func() {
				time.AfterFunc(endLimit, func() { fail(context.Canceled) })
			})
		}
	})
	return interrupt.ctx
}

var interrupt struct {
	once sync.Once
	ctx  context.Context
	stop context.CancelFunc
}

// The kernel kills a cell five seconds after it interrupted it. In that time the vgrad
// program closes its run (stopLimit), and the cell shows what was recorded (endLimit).
const (
	stopLimit = 3 * time.Second
	endLimit  = 4500 * time.Millisecond
)

// interrupted is the message of an interrupted cell.
const interrupted = "interrupted; what was recorded is kept, and the same cell goes on from there"

// exit ends the program; tests replace it.
var exit = os.Exit

// fail prints the error as one line and ends the cell.
func fail(err error) {
	line := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	if errors.Is(err, context.Canceled) || interrupt.ctx != nil && interrupt.ctx.Err() != nil {
		line = interrupted
	}
	if os.Getenv("VGRAD_SESSION") != "" { // the kernel shows it, and keeps what the cell has defined
		name := "Error"
		if line == interrupted {
			name = "Interrupted"
		}
		keep.Fail(name, strings.TrimPrefix(line, "interrupted; "))
	}
	fmt.Fprintln(os.Stderr, "vgrad: "+line)
	exit(1)
}
