package runs_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
)

// tempStore returns a store to play with and what removes it.
func tempStore() (*runs.Store, func()) {
	dir, err := os.MkdirTemp("", "vgrad-runs-example-")
	if err != nil {
		log.Fatal(err)
	}
	store, err := runs.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	return store, func() { os.RemoveAll(dir) }
}

// record trains a network that does not learn.
func record(store *runs.Store, exp vgrad.Experiment) {
	w, err := store.Create(exp, runs.Provenance{Backend: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	feeder := &vgrad.Feeder{To: w} // training hands rows to the writer; this has single samples
	for step := range 3 {
		loss := vgrad.Sample{Step: step, Site: vgrad.NetworkSite, Quantity: vgrad.Loss, Value: 2.25}
		if err := feeder.Put(step, []vgrad.Sample{loss}); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Finish(runs.Provenance{}); err != nil {
		log.Fatal(err)
	}
}

func ExampleStore() {
	store, remove := tempStore()
	defer remove()
	relu := vgrad.Experiment{Activation: "relu", Seed: 7}

	_, err := store.Load(relu)
	fmt.Println(errors.Is(err, runs.ErrNotRecorded))
	record(store, relu)
	run, err := store.Load(relu)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(run.Name, run.Finished)
	_, err = store.Create(relu, runs.Provenance{})
	fmt.Println(errors.Is(err, runs.ErrRecorded))
	// Output:
	// true
	// relu-seed7-41eaed32e3f8 true
	// true
}

func ExampleRun() {
	store, remove := tempStore()
	defer remove()
	record(store, vgrad.Experiment{})

	run, err := store.Get("sigmoid")
	if err != nil {
		log.Fatal(err)
	}
	steps, losses := vgrad.Series(run, vgrad.Loss, 0)
	fmt.Println(run.Label(), steps, losses)
	last, ok := run.Value(vgrad.Loss, 0)
	fmt.Println(last, ok)
	// Output:
	// sigmoid [0 1 2] [2.25 2.25 2.25]
	// 2.25 true
}

func ExampleRun_WriteCSV() {
	store, remove := tempStore()
	defer remove()
	record(store, vgrad.Experiment{})
	run, err := store.Load(vgrad.Experiment{})
	if err != nil {
		log.Fatal(err)
	}
	if err := run.WriteCSV(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// quantity,step,layer,site,value,low,high,count
	// loss,0,0,/,2.25,,,
	// loss,1,0,/,2.25,,,
	// loss,2,0,/,2.25,,,
}

// A training that was killed keeps what it recorded.
func ExampleWriter() {
	store, remove := tempStore()
	defer remove()
	w, err := store.Create(vgrad.Experiment{Label: "my first try"}, runs.Provenance{})
	if err != nil {
		log.Fatal(err)
	}
	loss := vgrad.Sample{Site: vgrad.NetworkSite, Quantity: vgrad.Loss, Value: 2.5}
	if err := (&vgrad.Feeder{To: w}).Put(0, []vgrad.Sample{loss}); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil { // as a kill does
		log.Fatal(err)
	}
	run, err := store.Get("my-first-try")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(run.Label(), run.Finished, run.LastStep)
	// Output: my first try false 0
}

func ExampleStore_Merge() {
	here, remove := tempStore()
	defer remove()
	there, removeToo := tempStore()
	defer removeToo()
	record(there, vgrad.Experiment{Activation: "relu"})
	m, err := here.Merge(context.Background(), there.Dir())
	fmt.Println(m.Added, m.Known, len(m.Left), err)
	// Output:
	// [relu-seed0-2ebfe5d0bb59] 0 0 <nil>
}

func ExampleEntry() {
	store, remove := tempStore()
	defer remove()
	record(store, vgrad.Experiment{Activation: "tanh"})
	list, err := store.List()
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range list {
		fmt.Println(e.Label, e.Experiment.Depth, "layers, finished", e.Finished, "at step", e.LastStep, e.Problem)
	}
	// Output: tanh 6 layers, finished true at step 2 <nil>
}

func ExampleProvenance() {
	store, remove := tempStore()
	defer remove()
	record(store, vgrad.Experiment{Seed: 3})
	run, err := store.Get("sigmoid-seed3")
	if err != nil {
		log.Fatal(err)
	}
	p := run.Provenance
	fmt.Println(p.Backend, p.Seed, strings.HasPrefix(p.GoVersion, "go1."), p.Finished.After(p.Started))
	// Output: go 3 true true
}

func ExampleLockedError() {
	store, remove := tempStore()
	defer remove()
	w, err := store.Create(vgrad.Experiment{}, runs.Provenance{Host: "here"})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	_, err = store.Create(vgrad.Experiment{}, runs.Provenance{})
	var held *runs.LockedError
	fmt.Println(errors.As(err, &held), held.PID == os.Getpid(), held.Host, errors.Is(err, runs.ErrLocked))
	// Output: true true here true
}

func ExampleName() {
	fmt.Println(runs.Name(vgrad.Experiment{Label: "../Größe?\n", Seed: 1}))
	// Output: gr-e-seed1-fbe47f6d82b4
}
