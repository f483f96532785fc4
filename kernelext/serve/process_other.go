//go:build !linux && unix

package serve

import (
	"os"
	"os/exec"
	"syscall"
)

// Elsewhere there is no process table to read: a cell's process group is all that is
// known of it, and its memory has no bound.

func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func lockThread() {}

func adopt() {}

func bury(int) {}

func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func terminate(p *os.Process) { p.Signal(syscall.SIGTERM) }

func endDescendants(group int) { killGroup(group) }
