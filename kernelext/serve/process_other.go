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

func killMarked(string) {}

type process struct {
	pid, parent, group int
	name               string
	state              byte
}

func children(int) []process { return nil }

func descendants(int) []process { return nil }

func memory([]process) int64 { return 0 }

func freeMemory() int64 { return 0 }

func preferAsVictim(int) {}

func waitsForInput(int) bool { return false }

func writeInput(int, string) {}

func gone(int) <-chan struct{} { return nil }
