package runs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/vgradtest"
)

// The tests' own binary plays the other process when this variable names a store.
const childStore = "VGRAD_TEST_CHILD_STORE"

// It merges where this one names another store.
const childMerge = "VGRAD_TEST_CHILD_MERGE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childStore); dir != "" {
		if err := child(dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child records as fast as it can and says after each Put that it has returned. It stops
// when it is told to finish, or killed.
func child(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	if from := os.Getenv(childMerge); from != "" {
		fmt.Println("merging")
		m, err := s.Merge(context.Background(), from)
		fmt.Println("merged", len(m.Added))
		return err
	}
	w, err := s.Create(vgrad.Experiment{}, Provenance{Backend: "child"})
	if errors.Is(err, ErrLocked) {
		fmt.Println("locked")
		return nil
	} else if errors.Is(err, ErrRecorded) {
		fmt.Println("recorded")
		return nil
	} else if err != nil {
		return err
	}
	feeder := &vgrad.Feeder{To: w}
	defer w.Close()
	stop := make(chan bool)
	go func() { bufio.NewReader(os.Stdin).ReadString('\n'); close(stop) }()
	for step := 0; ; step++ {
		if err := feeder.Put(step, vgradtest.Steps()[step%3]); err != nil {
			return err
		}
		fmt.Println("put", step)
		select {
		case <-stop:
			err := w.Finish(Provenance{})
			fmt.Println("finished", step)
			return err
		default:
		}
	}
}

type process struct {
	*exec.Cmd
	said *bufio.Scanner
	stop func()
}

func start(t *testing.T, s *Store) *process { return startWith(t, childStore+"="+s.Dir()) }

func startWith(t *testing.T, env ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return &process{cmd, bufio.NewScanner(out), func() { in.Close() }}
}

// until reads lines up to one that begins so, and returns it; the last line without it.
func (p *process) until(prefix string) (line string) {
	for p.said.Scan() {
		if line = p.said.Text(); strings.HasPrefix(line, prefix) {
			break
		}
	}
	return line
}

// Everything a killed process had put is there; its lock is not.
func TestKill(t *testing.T) {
	s := openTemp(t)
	for attempt, target := range []int{0, 1, 57, 301} {
		p := start(t, s)
		last := p.until(fmt.Sprintf("put %d", target))
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for p.said.Scan() { // what it said between being seen and being killed
			last = p.said.Text()
		}
		var step int
		if _, err := fmt.Sscanf(last, "put %d", &step); err != nil {
			t.Fatalf("the child said %q: %v", last, err)
		}
		r := load(t, s, vgrad.Experiment{})
		if r.Finished || r.LastStep < step || r.LastStep > step+1 {
			t.Errorf("attempt %d: killed after step %d, last step read is %d, finished %v", attempt, step, r.LastStep, r.Finished)
		}
		n := 0
		for sample := range r.Samples(vgrad.Loss) {
			if want := vgradtest.Steps()[n%3][0].Value; sample.Step != n || sample.Value != want {
				t.Fatalf("step %d: %+v, want %v", n, sample, want)
			}
			n++
		}
		if n != r.LastStep+1 {
			t.Errorf("attempt %d: %d losses up to step %d", attempt, n, r.LastStep)
		}
	}
	w := create(t, s, vgrad.Experiment{}) // the lock went with the process
	if r, err := s.Get(w.Name() + asideSuffix); err != nil || r.LastStep < 301 {
		t.Errorf("aside: %v, %v", r, err)
	}
}

// Of processes that train the same experiment one does; the others are told and can wait.
func TestTwoProcesses(t *testing.T) {
	s := openTemp(t)
	first := start(t, s)
	first.until("put")
	if line := start(t, s).until(""); line != "locked" {
		t.Errorf("the second process said %q", line)
	}
	var held *LockedError
	if _, err := s.Create(vgrad.Experiment{}, Provenance{}); !errors.As(err, &held) || held.PID != first.Process.Pid || held.Host == "" {
		t.Errorf("Create: %v; the holder is process %d", err, first.Process.Pid)
	}
	if r := load(t, s, vgrad.Experiment{}); r.Finished || r.LastStep < 0 {
		t.Errorf("while it goes: %+v", r)
	}
	time.AfterFunc(50*time.Millisecond, first.stop)
	if err := s.Wait(t.Context(), vgrad.Experiment{}); err != nil {
		t.Fatal(err)
	}
	r := load(t, s, vgrad.Experiment{})
	if !r.Finished || r.Truncated != "" || r.Provenance.Backend != "child" {
		t.Errorf("after Wait: %+v", r)
	}
	if line := first.until("finished"); line != fmt.Sprintf("finished %d", r.LastStep) {
		t.Errorf("the first process said %q, the last step is %d", line, r.LastStep)
	}
	if line := start(t, s).until(""); line != "recorded" {
		t.Errorf("a third process said %q", line)
	}
}

// However many start at once, each step is recorded once, by one of them.
func TestManyProcessesAtOnce(t *testing.T) {
	s := openTemp(t)
	var all []*process
	for range 4 {
		all = append(all, start(t, s))
	}
	writers := 0
	for _, p := range all {
		p.stop() // whoever writes finishes after its first steps
		switch line := p.until(""); {
		case strings.HasPrefix(line, "put"):
			writers++
		case line != "locked" && line != "recorded":
			t.Errorf("said %q", line)
		}
		for p.said.Scan() {
		}
	}
	r := load(t, s, vgrad.Experiment{})
	if steps, _ := vgrad.Series(r, vgrad.Loss, 0); writers != 1 || !r.Finished || len(steps) != r.LastStep+1 {
		t.Errorf("%d writers, finished %v, %d steps up to %d", writers, r.Finished, len(steps), r.LastStep)
	}
}
