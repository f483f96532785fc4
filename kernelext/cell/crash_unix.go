//go:build unix

package cell

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/janpfeifer/gonb/gonbui/protocol"
	"golang.org/x/sys/unix"
)

// tellCrash starts the process that passes this one's standard error on. Where that
// fails standard error stays what it was.
func tellCrash() {
	self, err := os.Executable()
	if err != nil {
		return
	}
	from, to, err := os.Pipe()
	if err != nil {
		return
	}
	defer from.Close()
	defer to.Close()
	cmd := exec.Command(self)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(pair string) bool { // the kernel's pipes are the cell's
		return strings.HasPrefix(pair, protocol.GONB_PIPE_ENV+"=") || strings.HasPrefix(pair, protocol.GONB_PIPE_BACK_ENV+"=")
	}), tellsCrash+"=1")
	cmd.Stdin, cmd.Stderr = from, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is the cell's
	if cmd.Start() != nil {
		return
	}
	if unix.Dup2(int(to.Fd()), int(os.Stderr.Fd())) != nil {
		cmd.Process.Kill()
	}
}
