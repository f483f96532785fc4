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

// Job is a running program together with all processes that it starts. A Jupyter server
// puts each kernel into a session of its own, and a kernel starts GoNB and the programs of
// cells. All of them inherit an environment variable, by which the job finds and ends them.
// The zero value is not usable; [Start] makes a Job.
type Job struct {
	cmd  *exec.Cmd
	mark string
	tmp  string // their folder of temporary files; GoNB does not always remove its own
	done chan struct{}
	err  error // of the program; set when done is closed
}

// markVariable is the environment variable that marks the processes of a job.
const markVariable = "VGRAD_JOB"

// Start starts a program as a job. On Linux the program also gets SIGTERM when this process
// is killed. It fails if the program cannot start.
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
	if cmd.Cancel != nil { // when its context ends, ask the program to end, so that it can end what it started
		cmd.Cancel = func() error { return terminate(cmd.Process) }
	}
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = grace / 2
	}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // Linux sends the signal when the parent thread ends, not the process
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		j.err = cmd.Wait()
		j.sweep()
		_ = os.RemoveAll(tmp) // an error leaves only temporary files
		close(j.done)
	}()
	if err := <-started; err != nil {
		_ = os.RemoveAll(tmp)
		return nil, fmt.Errorf("jupyter: start %s: %w", cmd.Path, err)
	}
	return j, nil
}

// grace is the time in which a program may end by itself, with its kernels.
const grace = 10 * time.Second

// Done is closed when the program and everything it started has ended.
func (j *Job) Done() <-chan struct{} { return j.done }

// Wait waits until the program and everything it started has ended, and returns the
// program's error.
func (j *Job) Wait() error {
	<-j.done
	return j.err
}

// Stop asks the program to end, and kills it if it has not ended after ten seconds. It
// returns when everything that the program started has ended.
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

// sweep ends the processes that the program left running. It first asks them to end, so
// that a kernel can end GoNB and remove its folder, and then kills them.
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

// Run runs a program as a job, waits for its end and returns its error. The job ends when
// the context of its command does.
func Run(cmd *exec.Cmd) error {
	j, err := Start(cmd)
	if err != nil {
		return err
	}
	return j.Wait()
}
