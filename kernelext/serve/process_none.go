//go:build !unix

package serve

import (
	"os"
	"os/exec"
	"syscall"
)

// GoNB does not run on this system.

func ours(os.FileInfo) bool { return true }

func signalProcess(int, syscall.Signal) {}

func killGroup(int) {}

func ownGroup(*exec.Cmd) {}

func lockThread() {}

func adopt() {}

func bury(int) {}

func detach(*exec.Cmd) {}

func terminate(p *os.Process) { p.Kill() }

func endDescendants(int) {}

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
