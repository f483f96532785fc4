//go:build unix && !linux

package jupyter

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// ownGroup puts the program into a process group of its own, so that the terminal's Ctrl-C
// does not reach it: the job asks it to end once.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// marked returns the processes whose environment, as ps shows it, contains the mark.
func marked(mark string) (pids []int) {
	out, err := exec.Command("ps", "-axEww", "-o", "pid=,command=").Output()
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if pid, err := strconv.Atoi(words[0]); err == nil && strings.Contains(line, mark) {
			pids = append(pids, pid)
		}
	}
	return pids
}
