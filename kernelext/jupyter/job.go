package jupyter

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// Job is a running program with everything it starts. A Jupyter server puts each kernel
// into a session of its own, and a kernel starts gopls and the programs of cells: they
// are found again by a mark that all of them inherit, and none outlives the job.
type Job struct {
	cmd  *exec.Cmd
	mark string
	tmp  string // where all of them keep temporary files; GoNB does not always remove its own
	done chan struct{}
	err  error // of the program; set when done is closed
}

// markVariable is the environment variable that marks the processes of a job.
const markVariable = "VGRAD_JOB"

// Start starts a program as a job. Where the operating system can, the program is told
// to end when this process is killed.
func Start(cmd *exec.Cmd) (*Job, error) {
	tmp, err := os.MkdirTemp("", "vgrad-")
	if err != nil {
		return nil, fmt.Errorf("jupyter: start %s: %w", cmd.Path, err)
	}
	j := &Job{cmd: cmd, mark: markVariable + "=" + rand.Text(), tmp: tmp, done: make(chan struct{})}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, j.mark, "TMPDIR="+tmp)
	ownGroup(cmd)
	if cmd.Cancel != nil { // when its context ends, the program has time to end what it started
		cmd.Cancel = func() error { return terminate(cmd.Process) }
	}
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = grace / 2
	}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the parent whose death the program is told of is this thread
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		j.err = cmd.Wait()
		j.sweep()
		_ = os.RemoveAll(tmp) // what cannot be removed is temporary all the same
		close(j.done)
	}()
	if err := <-started; err != nil {
		_ = os.RemoveAll(tmp)
		return nil, fmt.Errorf("jupyter: start %s: %w", cmd.Path, err)
	}
	return j, nil
}

// grace is how long a program has to end by itself, with its kernels.
const grace = 10 * time.Second

// Done is closed when the program and everything it started has ended.
func (j *Job) Done() <-chan struct{} { return j.done }

// Wait waits until the program and everything it started has ended.
func (j *Job) Wait() error {
	<-j.done
	return j.err
}

// Stop tells the program to end, and ends what is left of it after a time of grace.
func (j *Job) Stop() error {
	if err := terminate(j.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("jupyter: stop process %d: %w", j.cmd.Process.Pid, err)
	}
	select {
	case <-j.done:
	case <-time.After(grace):
		_ = j.cmd.Process.Kill() // it may have ended just now
		<-j.done
	}
	return nil
}

// Processes returns the processes that belong to the job and still run.
func (j *Job) Processes() []int { return marked(j.mark) }

// sweep ends what the program has left running: first by asking, which lets a kernel stop
// its gopls and remove its folder, then by killing.
func (j *Job) sweep() {
	signals := []func(*os.Process) error{terminate, (*os.Process).Kill}
	for _, signal := range signals {
		for range 20 {
			left := j.Processes()
			if len(left) == 0 {
				return
			}
			for _, pid := range left {
				if p, err := os.FindProcess(pid); err == nil {
					_ = signal(p) // it may have ended just now
				}
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// Run runs a program as a job and waits for its end. When the context of its command
// ends, so does the job.
func Run(cmd *exec.Cmd) error {
	j, err := Start(cmd)
	if err != nil {
		return err
	}
	return j.Wait()
}
