//go:build linux

package serve

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/messaging"
)

// marked lists the processes that have a word in their environment, and folders that are
// left of sessions in a folder.
func marked(word string) (list []string) {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		env, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(env, []byte(word)) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if len(line) > 0 {
			list = append(list, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return list
}

// A kernel of its own process is killed while a cell runs that ignores interrupts and has
// started another process in a session of its own: nothing is left. So it is where its
// parent, which stands for Jupyter, or GoNB's watcher is killed.
func TestNothingIsLeft(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, victim := range []string{"kernel", "parent", "watcher"} {
		tmp := t.TempDir()
		file := filepath.Join(tmp, "kernel-0000-1111.json")
		s, err := messaging.Listen(messaging.Connection{}, messaging.Options{}) // for ports that are free
		if err != nil {
			t.Fatal(err)
		}
		conn := s.Connection()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		conn.Key = "secret"
		if err := conn.Write(file); err != nil {
			t.Fatal(err)
		}
		mark := "SERVE_TEST=" + messaging.NewID()
		parent := exec.Command("sh", "-c", `JPY_PARENT_PID=$$ "$0" "$@" & echo $!; wait`, self, "kernel", file, gonbProgram())
		parent.Env = append(os.Environ(), mark, "TMPDIR="+tmp, "GOPROXY=off")
		out, err := parent.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := parent.Start(); err != nil {
			t.Fatal(err)
		}
		var line [32]byte
		read, err := out.Read(line[:])
		if err != nil && err != io.EOF {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(line[:read])))
		if err != nil {
			t.Fatal(err)
		}
		n := connect(t, nil, conn)
		n.send("import (\"fmt\"; \"os/exec\"; \"os/signal\"; \"syscall\"; \"time\")\n%%\nsignal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)\nc := exec.Command(\"sleep\", \"1000\")\nc.SysProcAttr = &syscall.SysProcAttr{Setsid: true}\nc.Start()\nfmt.Println(\"started\")\ntime.Sleep(time.Hour)", nil)
		n.iopub("stream")
		if len(marked(mark)) < 5 {
			t.Errorf("%d processes run", len(marked(mark)))
		}
		switch victim {
		case "kernel":
			syscall.Kill(pid, syscall.SIGKILL)
		case "parent":
			parent.Process.Kill()
		case "watcher":
			for _, p := range children(pid) {
				syscall.Kill(p.pid, syscall.SIGKILL)
			}
			if m := n.iopub("error"); !strings.Contains(string(m.Content), KernelError) {
				t.Errorf("%s", m.Content)
			}
			n.client.Request(messaging.Control, "shutdown_request", map[string]bool{"restart": false})
		}
		var left []string
		for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			folders, _ := filepath.Glob(filepath.Join(tmp, "*onb*"))
			sessions, _ := filepath.Glob(filepath.Join(tmp, folderName+"*"))
			if left = append(append(marked(mark), folders...), sessions...); len(left) == 0 {
				break
			}
			if victim == "kernel" && len(left) == 1 && strings.Contains(left[0], "sh -c") {
				left = nil
				break
			}
		}
		if len(left) > 0 {
			t.Errorf("after the %s was killed: %s", victim, strings.Join(left, "\n"))
		}
		parent.Process.Kill()
		parent.Wait()
	}
}

// A folder whose kernel and watcher are gone is removed when the next kernel starts, and
// one that is in use is not.
func TestSweep(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	used, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	stale, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	stale.lock.Close() // as the system does for a process that is killed
	other, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]bool{used.dir: true, stale.dir: false, other.dir: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", dir, err == nil, want)
		}
	}
	for _, f := range []*folder{used, other} {
		if err := f.remove(); err != nil {
			t.Error(err)
		}
	}
}
