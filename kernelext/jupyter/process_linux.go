package jupyter

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// ownGroup puts the program into a process group of its own, so that the terminal's Ctrl-C
// does not reach it: the job asks it to end once. The program gets SIGTERM if this process
// is killed.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// marked returns the processes whose environment contains the mark.
func marked(mark string) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/environ") // the only error is a wrong pattern
	for _, file := range files {
		env, err := os.ReadFile(file)
		if err != nil { // the process ended, or belongs to another user
			continue
		}
		if bytes.Contains(append([]byte{0}, env...), []byte("\x00"+mark+"\x00")) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
