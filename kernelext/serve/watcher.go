package serve

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Watch runs a program below this process, until it ends or standard input does, and
// then ends all that the program has started. At the end of standard input, which is that
// of the kernel, it removes the folder as well, unless a line "keep" came before.
//
// It prints the program's process as "pid N", and how it ended.
func Watch(dir string, argv []string, stdin io.Reader, stdout io.Writer) error {
	signals := make(chan os.Signal, 1) // taken and dropped: one that is ignored would be in cells as well
	signal.Notify(signals, os.Interrupt)
	ask := make(chan os.Signal, 1)
	signal.Notify(ask, syscall.SIGTERM)
	adopt()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	if dir != "" {
		cmd.Env = append(os.Environ(), folderVariable+"="+dir)
	}
	ownGroup(cmd)
	start := make(chan error)
	ended := make(chan error, 1)
	go func() { // its thread lives as long as the program: see ownGroup
		lockThread()
		err := cmd.Start()
		start <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-start; err != nil {
		return fmt.Errorf("serve: start %s: %w", argv[0], err)
	}
	fmt.Fprintf(stdout, "pid %d\n", cmd.Process.Pid)
	go bury(cmd.Process.Pid)
	words := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(stdin).ReadString('\n')
		words <- strings.TrimSpace(text)
		io.Copy(io.Discard, stdin)
		close(words)
	}()
	keep := false
	for {
		select {
		case err := <-ended:
			endDescendants(cmd.Process.Pid)
			if err == nil {
				_, err = fmt.Fprintln(stdout, "ended")
				return err
			}
			fmt.Fprintln(stdout, err)
			return nil
		case word, more := <-words:
			if more {
				keep = keep || word == "keep"
				continue
			}
		case <-ask:
		}
		terminate(cmd.Process)
		select {
		case <-ended:
		case <-time.After(patience):
		}
		endDescendants(cmd.Process.Pid)
		if !keep && dir != "" {
			return removeAll(dir)
		}
		return nil
	}
}

// folderVariable names the session's folder to cells, and marks their processes.
const folderVariable = "VGRAD_SESSION"

// patience is how long GoNB may take to clear away.
const patience = time.Second
