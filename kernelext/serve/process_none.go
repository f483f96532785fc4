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
