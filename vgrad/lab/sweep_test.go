package lab_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/runs"
)

// grid returns the experiments of a sweep of blinks.
func grid(t testing.TB, over ...string) []vgrad.Experiment {
	t.Helper()
	es, err := vgrad.Sweep{
		Base: vgrad.Experiment{Data: "synthetic", Steps: 20, Measure: vgrad.Measure{Quantities: []vgrad.Quantity{vgrad.MeanAbsGrad}, HistogramEvery: -1}},
		Over: over,
	}.Experiments()
	if err != nil {
		t.Fatal(err)
	}
	return es
}

// A sweep that is interrupted goes on where it was: nothing is lost, nothing is run twice.
func TestSweepResumes(t *testing.T) {
	l, _ := newLab(t)
	es := grid(t, "depth=2,3", "sigmoid,relu", "seed=0..39") // ten groups of lanes
	trained := map[string]int{}
	ctx, stop := context.WithCancel(t.Context())
	var told []vgrad.Progress
	err := l.Sweep(ctx, es, func(p vgrad.Progress) {
		told = append(told, p)
		if p.Done > 0 {
			trained[p.Last.Hash()]++
		}
		if p.Done >= 7 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), fmt.Sprintf("after %d of 160 runs", len(trained))) {
		t.Fatalf("error %v", err)
	}
	if first, last := told[0], told[len(told)-1]; first.Total != 160 || first.Done != 0 || first.Rate != 0 || first.Left != 0 ||
		last.Done != len(trained) || last.Found != 0 || last.Rate <= 0 || last.Left <= 0 || last.Took <= 0 {
		t.Errorf("told %+v", told)
	}
	before := len(trained)
	told = nil
	err = l.Sweep(t.Context(), es, func(p vgrad.Progress) {
		if told = append(told, p); p.Done > p.Found {
			trained[p.Last.Hash()]++
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if told[0].Found != before || len(told) != 161-before || told[len(told)-1].Done != 160 || told[len(told)-1].Left != 0 {
		t.Errorf("again, after %d: told %+v", before, told)
	}
	for _, e := range es {
		if run, err := l.Store.Load(e); err != nil || !run.Finished || trained[e.Hash()] != 1 {
			t.Errorf("%s seed %d: trained %d times; %v", e.Name(), e.Seed, trained[e.Hash()], err)
		}
	}
	if err := l.Sweep(t.Context(), es, nil); err != nil {
		t.Errorf("a third time: %v", err)
	}
}

// Two laboratories on one store share the work, and none of it is done twice.
func TestSweepShared(t *testing.T) {
	dir := t.TempDir()
	es := grid(t, "steps=200", "depth=2,3", "seed=0..39") // eight groups of lanes
	var mu sync.Mutex
	trained, by := map[string]int{}, [2]int{}
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			store, err := runs.Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			l := &lab.Lab{Store: store, Backend: "go", Watch: func(e vgrad.Experiment) vgrad.Sink {
				mu.Lock()
				defer mu.Unlock()
				trained[e.Hash()]++
				by[i]++
				return nil
			}}
			defer l.Close()
			var last vgrad.Progress
			if err := l.Sweep(t.Context(), es, func(p vgrad.Progress) { last = p }); err != nil || last.Done != len(es) {
				t.Errorf("laboratory %d: %v, %+v", i, err, last)
			}
		})
	}
	wg.Wait()
	t.Logf("trained %v of %d", by, len(es))
	if by[0] == 0 || by[1] == 0 || by[0]+by[1] != len(es) || len(trained) != len(es) {
		t.Errorf("trained %v, %d different ones; want %d, shared", by, len(trained), len(es))
	}
}

// What is wrong with any experiment is told before the first is trained, each thing once.
func TestSweepChecks(t *testing.T) {
	l, _ := newLab(t)
	l.Watch = func(vgrad.Experiment) vgrad.Sink { t.Error("training started"); return nil }
	err := l.Sweep(t.Context(), grid(t, "sigmoid,relo,tahn", "optimizer=adam,magic", "seed=0..99"), nil)
	if err == nil || strings.Count(err.Error(), `"relo"`) != 2 || !strings.Contains(err.Error(), `"tahn"`) || !strings.Contains(err.Error(), `"magic"`) {
		t.Errorf("error %v", err)
	}
	if list, err := l.Store.List(); err != nil || len(list) > 0 {
		t.Errorf("%d runs were begun; %v", len(list), err)
	}
}

func ExampleLab_Sweep() {
	dir, err := os.MkdirTemp("", "vgrad-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store, err := runs.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	l := &lab.Lab{Store: store, Backend: "go"}
	defer l.Close()
	s := vgrad.Sweep{Base: vgrad.Experiment{Data: "synthetic", Steps: 20}, Over: []string{"sigmoid,relu", "seed=0,1"}}
	es, err := s.Experiments()
	if err == nil {
		err = l.Sweep(context.Background(), es, func(p vgrad.Progress) { fmt.Println(p.Done, "of", p.Total) })
	}
	fmt.Println(err)
	// Output:
	// 0 of 4
	// 1 of 4
	// 2 of 4
	// 3 of 4
	// 4 of 4
	// <nil>
}
