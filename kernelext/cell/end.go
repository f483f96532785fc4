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
)

// Must returns v, or ends the cell where there is an error:
//
//	fig := cell.Must(chart.Loss(runs))
func Must[T any](v T, err error) T {
	if err != nil {
		fail(err)
	}
	return v
}

// Context returns a context that ends when the cell is interrupted. From the
// first call on an interrupt no longer ends the cell by itself.
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

// The kernel kills a cell five seconds after it interrupted it. Until then a program that
// trains may close its run, and the cell say what became of it.
const (
	stopLimit = 3 * time.Second
	endLimit  = 4500 * time.Millisecond
)

// kept is what an interrupted cell says.
const kept = "interrupted; what was recorded is kept, and the same cell starts the run again"

// exit ends the program; tests replace it.
var exit = os.Exit

// fail ends the cell with one line.
func fail(err error) {
	line := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	if errors.Is(err, context.Canceled) || interrupt.ctx != nil && interrupt.ctx.Err() != nil {
		line = kept
	}
	fmt.Fprintln(os.Stderr, "vgrad: "+line)
	exit(1)
}
