//go:build unix

package serve

import (
	"os"
	"syscall"
)

// ours reports whether a file is this user's.
func ours(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}

func signalProcess(pid int, s syscall.Signal) { syscall.Kill(pid, s) }

func killGroup(group int) { syscall.Kill(-group, syscall.SIGKILL) }
