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

// program is how the vgrad program is started: $VGRAD_PROGRAM where it is set,
// else by go run, which builds it only when something changed. GoNB's folder of
// the cell knows where this module is.
func program() *exec.Cmd {
	if path := os.Getenv("VGRAD_PROGRAM"); path != "" {
		return exec.Command(path, "cell")
	}
	cmd := exec.Command("go", "run", programPath, "cell")
	cmd.Dir = os.Getenv("GONB_TMP_DIR")
	return cmd
}

// ask starts the program, sends the request and hears its answer.
func ask(ctx context.Context, r wire.Request, hear func(wire.Message) error) error {
	cmd := program()
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
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
	// The end of its input stops the program; it answers with what it kept.
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
		return fmt.Errorf("cell: %s: %w%s", strings.Join(cmd.Args, " "), errors.Join(err, ended), said(complaints.String()))
	}
	return err
}

// said is the end of what a program wrote to standard error.
func said(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if lines[0] == "" {
		return ""
	}
	return ": " + strings.Join(lines[max(0, len(lines)-5):], "; ")
}
