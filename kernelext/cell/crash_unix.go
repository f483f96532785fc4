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

// startCrashFilter starts the process that copies and filters this one's standard error.
// If it cannot start, standard error stays unfiltered.
func startCrashFilter() {
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
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(pair string) bool { // only the cell uses the kernel's pipes
		return strings.HasPrefix(pair, protocol.GONB_PIPE_ENV+"=") || strings.HasPrefix(pair, protocol.GONB_PIPE_BACK_ENV+"=")
	}), crashFilterEnv+"=1")
	cmd.Stdin, cmd.Stderr = from, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt goes to the cell only
	if cmd.Start() != nil {
		return
	}
	if unix.Dup2(int(to.Fd()), int(os.Stderr.Fd())) != nil {
		cmd.Process.Kill()
	}
}
