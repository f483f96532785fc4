//go:build unix

package lab_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/runs"
)

// Where these are set the tests' own binary sweeps the thousand runs and says how many it found.
const (
	childStore   = "VGRAD_TEST_SWEEP_STORE"
	childBackend = "VGRAD_TEST_SWEEP_BACKEND"
	childRuns    = "VGRAD_TEST_RUNS" // "one" or "lanes": they train killedRuns instead
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childStore); dir != "" {
		work := sweepAThousand
		if which := os.Getenv(childRuns); which != "" {
			work = func(dir, kind string) error { return trainToBeKilled(dir, kind, which) }
		}
		if err := work(dir, os.Getenv(childBackend)); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func thousand() ([]vgrad.Experiment, error) {
	return vgrad.Sweep{
		Base: vgrad.Experiment{Data: "synthetic", Steps: 20, Measure: vgrad.SweepMeasure()},
		Over: []string{"depth=2,3", "sigmoid,relu", "seed=0..249"},
	}.Experiments()
}

func sweepAThousand(dir, kind string) error {
	es, err := thousand()
	if err != nil {
		return err
	}
	store, err := runs.Open(dir)
	if err != nil {
		return err
	}
	l := &lab.Lab{Store: store, Backend: kind}
	defer l.Close()
	return l.Sweep(context.Background(), es, nil)
}

// A sweep of a thousand runs, killed on the way and started again: nothing is lost, nothing is
// run twice, and neither process takes 2 GB.
func TestAThousandRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out the thousand runs")
	}
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		store, err := runs.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		first := startSweep(t, store, b.Kind)
		ended := make(chan error, 1)
		go func() { ended <- first.Wait() }()
		for n := 0; n < 300; n = len(finished(t, store)) {
			select {
			case err := <-ended:
				t.Fatalf("the first process ended before it was killed: %v", err)
			case <-time.After(50 * time.Millisecond):
			}
		}
		if err := first.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil {
			t.Fatal("the first process ended before it was killed")
		}
		kept := finished(t, store)
		resumed := time.Now()
		second := startSweep(t, store, b.Kind)
		if err := second.Wait(); err != nil {
			t.Fatal(err)
		}
		all := finished(t, store)
		if len(all) != 1000 {
			t.Fatalf("%d runs are recorded", len(all))
		}
		for hash, p := range all {
			was, found := kept[hash]
			if found && !p.Started.Equal(was.Started) || !found && p.Started.Before(resumed) {
				t.Errorf("%.12s: started %v, before the kill %v (%t)", hash, p.Started, was.Started, found)
			}
		}
		t.Logf("%s: killed after %d of 1000 runs, then resumed: %d + %d trained in %.0f s; at most %.0f and %.0f MB",
			b.Kind, len(kept), len(kept), 1000-len(kept), time.Since(begun).Seconds(), peak(first), peak(second))
		if m := max(peak(first), peak(second)); m > 2000 {
			t.Errorf("%.0f MB; it must stay under 2 GB", m)
		}
	})
}

func startSweep(t *testing.T, store *runs.Store, kind string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childStore+"="+store.Dir(), childBackend+"="+kind)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd
}

// finished lists the provenance of the finished runs by hash, and wants no broken one.
func finished(t *testing.T, store *runs.Store) map[string]runs.Provenance {
	t.Helper()
	list, err := store.List()
	if err != nil {
		t.Fatal(err)
	}
	done := map[string]runs.Provenance{}
	for _, e := range list {
		if e.Problem != nil && !errors.Is(e.Problem, os.ErrNotExist) { // it may just be moved
			t.Errorf("%s: %v", e.Name, e.Problem)
		}
		if e.Finished {
			done[e.Hash] = e.Provenance
		}
	}
	return done
}

// peak is the most memory that a process that has ended took, in MB.
func peak(cmd *exec.Cmd) float64 {
	most := float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	if runtime.GOOS == "darwin" { // bytes there, kilobytes elsewhere
		return most / 1e6
	}
	return most / 1e3
}
