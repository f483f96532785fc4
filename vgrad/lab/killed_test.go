//go:build unix

package lab_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/runs"
)

// killedRuns are the runs of the processes that are killed: one, or three lanes.
func killedRuns(which string) []vgrad.Experiment {
	e := vgrad.Experiment{Data: "synthetic", Depth: 3, Steps: 6_000, Measure: vgrad.Measure{HistogramEvery: 100}}
	es := []vgrad.Experiment{e}
	for seed := uint64(1); which == "lanes" && seed < 3; seed++ {
		e.Seed = seed
		es = append(es, e)
	}
	return es
}

// kills is how often a training is killed at most, before it may go on to the end.
const kills = 12

// trainToBeKilled trains them with many checkpoints, and prints what the laboratory says.
func trainToBeKilled(dir, kind, which string) error {
	store, err := runs.Open(dir)
	if err != nil {
		return err
	}
	l := &lab.Lab{Store: store, Backend: kind, CheckpointEvery: 20 * time.Millisecond, Say: func(line string) { fmt.Println(line) }}
	defer l.Close()
	_, err = l.All(context.Background(), killedRuns(which)...)
	return err
}

// A training that is killed at any moment, again and again, gives the run that an
// undisturbed one gives.
func TestKilledAndContinued(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		for _, which := range []string{"one", "lanes"} {
			if testing.Short() && (which == "lanes") != (b.Kind == "xla") {
				continue
			}
			t.Run(which, func(t *testing.T) {
				undisturbed, _ := newLab(t)
				undisturbed.Backend = b.Kind
				es := killedRuns(which)
				train(t, undisturbed, es...)
				l, _ := newLab(t)
				killed, continued := 0, 0
				for attempt := range kills + 1 {
					cmd := exec.Command(os.Args[0])
					cmd.Env = append(os.Environ(), childStore+"="+l.Store.Dir(), childBackend+"="+b.Kind, childRuns+"="+which)
					var out bytes.Buffer
					cmd.Stdout, cmd.Stderr = &out, &out
					if err := cmd.Start(); err != nil {
						t.Fatal(err)
					}
					ended := make(chan error, 1)
					go func() { ended <- cmd.Wait() }()
					if attempt < kills {
						killAfterACheckpoint(t, l, es[0], cmd, ended)
					} else if err := <-ended; err != nil {
						t.Fatalf("the last process: %v: %s", err, &out)
					}
					text := out.String()
					continued += min(1, strings.Count(text, "continued at step"))
					if strings.Contains(text, "cannot be used") {
						t.Fatalf("a checkpoint was refused after a kill: %s", text)
					}
					if missing, err := l.Store.Missing(es...); err != nil {
						t.Fatal(err)
					} else if len(missing) == 0 {
						break
					}
					killed++
				}
				t.Logf("killed %d times, continued %d times", killed, continued)
				if continued == 0 {
					t.Error("it was never continued")
				}
				same(t, l, undisturbed, es...)
			})
		}
	})
}

// killAfterACheckpoint kills a process soon after it has replaced the checkpoint.
func killAfterACheckpoint(t *testing.T, l *lab.Lab, e vgrad.Experiment, cmd *exec.Cmd, ended <-chan error) {
	t.Helper()
	path := filepath.Join(l.Store.Dir(), runs.Name(e), "checkpoint.bin")
	before, _ := os.Stat(path) // nil: there is none
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("the process ended: %v", err)
			}
			return
		case <-time.After(5 * time.Millisecond):
		}
		if now, err := os.Stat(path); err == nil && (before == nil || !os.SameFile(before, now)) {
			break
		}
	}
	time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
	if err := cmd.Process.Kill(); err != nil {
		t.Logf("it had ended: %v", err)
	}
	<-ended
}
