//go:build unix && !linux

package jupyter

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// ownGroup keeps the terminal's Ctrl-C from the program: it is told to end once, by us.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// marked returns the processes whose environment, as ps shows it, has the mark.
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
