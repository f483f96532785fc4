package serve

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ownGroup gives a program a process group of its own. It is killed when the thread that
// starts it ends, and so when this process does.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// lockThread keeps the thread for the goroutine that starts a program with ownGroup.
func lockThread() { runtime.LockOSThread() }

// adopt makes this process the parent of what its descendants leave behind.
func adopt() { unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// bury waits for the dead among what was adopted, for ever.
func bury(program int) {
	died := make(chan os.Signal, 1)
	signal.Notify(died, syscall.SIGCHLD)
	for range died {
		for _, p := range children(os.Getpid()) {
			if p.state == 'Z' && p.pid != program {
				unix.Wait4(p.pid, nil, unix.WNOHANG, nil)
			}
		}
	}
}

// detach gives a program a process group of its own, in which it outlives this process.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func terminate(p *os.Process) { p.Signal(syscall.SIGTERM) }

// process is a line of the process table.
type process struct {
	pid, parent, group int
	name               string
	state              byte
}

// status reads /proc/PID/stat. The name is in parentheses, and may have some itself.
func status(pid int) (p process, ok bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	from, to := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if err != nil || from < 0 || to < from {
		return p, false
	}
	fields := strings.Fields(string(text[to+1:]))
	if len(fields) < 3 {
		return p, false
	}
	p = process{pid: pid, name: string(text[from+1 : to]), state: fields[0][0]}
	p.parent, _ = strconv.Atoi(fields[1])
	p.group, _ = strconv.Atoi(fields[2])
	return p, true
}

// children returns the children of a process.
func children(pid int) (list []process) {
	files, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				if p, ok := status(child); ok {
					list = append(list, p)
				}
			}
		}
	}
	return list
}

// descendants returns all that a process has started, parents first.
func descendants(pid int) (list []process) {
	list = children(pid)
	for i := 0; i < len(list) && len(list) < 100_000; i++ {
		list = append(list, children(list[i].pid)...)
	}
	return list
}

// endDescendants kills what this process has below it.
func endDescendants(int) {
	for range 100 { // a process that forks may be faster than one look
		list := slices.DeleteFunc(descendants(os.Getpid()), func(p process) bool { return p.state == 'Z' && p.parent != os.Getpid() })
		if len(list) == 0 {
			return
		}
		for _, p := range list {
			if p.state != 'Z' {
				unix.Kill(p.pid, unix.SIGKILL)
			}
		}
		for { // the dead
			if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// killMarked kills the processes whose environment names the session's folder.
func killMarked(dir string) {
	mark := []byte("\x00" + folderVariable + "=" + dir + "\x00")
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		env, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(append([]byte{0}, env...), mark) { // it ended, or is another user's
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil && pid != os.Getpid() {
			unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// memory is what processes hold, in bytes, without what they share with files.
func memory(list []process) (bytes int64) {
	page := int64(os.Getpagesize())
	for _, p := range list {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/statm")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(text))
		if len(fields) < 3 {
			continue
		}
		resident, _ := strconv.ParseInt(fields[1], 10, 64)
		shared, _ := strconv.ParseInt(fields[2], 10, 64)
		bytes += (resident - shared) * page
	}
	return bytes
}

// waitsForInput reports whether a process, or one below it with the same standard input,
// waits in a read of it, where that is a pipe.
func waitsForInput(pid int) bool {
	input, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/fd/0")
	if err != nil || !strings.HasPrefix(input, "pipe:") {
		return false
	}
	reads := strconv.Itoa(unix.SYS_READ) + " 0x0 "
	for _, p := range append(descendants(pid), process{pid: pid}) {
		own := "/proc/" + strconv.Itoa(p.pid)
		if link, err := os.Readlink(own + "/fd/0"); err != nil || link != input {
			continue
		}
		threads, _ := filepath.Glob(own + "/task/*/syscall")
		for _, thread := range threads {
			if call, err := os.ReadFile(thread); err == nil && strings.HasPrefix(string(call), reads) {
				return true
			}
		}
	}
	return false
}

// writeInput writes to the pipe that is a process's standard input.
func writeInput(pid int, text string) {
	f, err := os.OpenFile("/proc/"+strconv.Itoa(pid)+"/fd/0", os.O_WRONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return // it has ended
	}
	defer f.Close()
	f.WriteString(text)
}

// freeMemory is what new processes can have, 0 where that cannot be told.
func freeMemory() int64 {
	free := int64(0)
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			free = kb << 10
		}
	}
	if limit, used := number("/sys/fs/cgroup/memory.max"), number("/sys/fs/cgroup/memory.current"); limit > 0 && used > 0 {
		free = min(free, max(limit-used, 1))
	}
	return free
}

func number(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n
}

// preferAsVictim asks the system to end this process first where memory runs out.
func preferAsVictim(pid int) {
	os.WriteFile("/proc/"+strconv.Itoa(pid)+"/oom_score_adj", []byte("500"), 0)
}

// gone returns a channel that is closed when a process has ended, nil where that cannot
// be told.
func gone(pid int) <-chan struct{} {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil
	}
	ended := make(chan struct{})
	go func() {
		defer unix.Close(fd)
		for {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
			if err == unix.EINTR {
				continue
			}
			if n > 0 {
				close(ended)
			}
			return
		}
	}()
	return ended
}
