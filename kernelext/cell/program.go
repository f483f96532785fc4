package cell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/vgrad/lab/kernelext/wire"
)

// programPath is the package of the vgrad program.
const programPath = "github.com/vgrad/lab/kernelext/cmd/vgrad"

// program returns the command that starts the vgrad program: $VGRAD_PROGRAM if it is set,
// else go run, which builds the program only when something changed. It runs in GoNB's
// folder of the cell, whose workspace includes this module.
func program() *exec.Cmd {
	if path := os.Getenv("VGRAD_PROGRAM"); path != "" {
		return exec.Command(path, "cell")
	}
	cmd := exec.Command("go", "run", programPath, "cell")
	cmd.Dir = os.Getenv("GONB_TMP_DIR")
	return cmd
}

// ask starts the program, sends the request, and calls hear for each message.
func ask(ctx context.Context, r wire.Request, hear func(wire.Message) error) error {
	cmd := program()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	to, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("cell: %w", err)
	}
	from, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("cell: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cell: start the vgrad program: %w", err)
	}
	// When its input ends, the program stops, closes its run and sends a last message.
	stop := context.AfterFunc(ctx, func() {
		to.Close()
		time.AfterFunc(stopLimit, func() { cmd.Process.Kill() })
	})
	defer stop()
	err = wire.Ask(to, from, r, hear)
	to.Close()
	from.Close()
	ended := cmd.Wait()
	if errors.Is(err, wire.ErrCut) {
		return fmt.Errorf("cell: %s: %w%s", strings.Join(cmd.Args, " "), errors.Join(err, ended), lastLines(stderr.String()))
	}
	return err
}

// lastLines joins the last five lines of standard error, with a colon before them; "" if
// there are none.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if lines[0] == "" {
		return ""
	}
	return ": " + strings.Join(lines[max(0, len(lines)-5):], "; ")
}
