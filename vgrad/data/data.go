// Package data loads the sets a network is trained on and draws its batches.
//
// It stands at the start of the flow: an [vgrad.Experiment] names a set, [Load]
// returns its content checked against pinned sums, and a [Shuffle] says which
// examples each step sees. Nothing here knows of graphs: images stay uint8 and
// are scaled to [0, 1] where they are used, and of the loss there is the name.
//
//	set, err := data.Load(ctx, "mnist")              // 55,000 for training, 5,000 for validation
//	order, err := data.Batches(set.Train.Len(), 30, 1) // epochs shuffled from seed 1
//	batch := order.Next()                            // the 30 examples of step 0
//
// To add a set, write one file with a function that loads it and add its line to
// the list in this one.
package data

import (
	"context"
	"fmt"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// known lists the sets there are; the first is the default experiment's.
var known = []struct {
	name  string
	train int // examples for training, known before anything is loaded
	open  func(context.Context) (*Set, error)
	check func() error // what is known to be wrong before; nil: nothing can be
}{
	{"mnist", mnistImages - mnistValidation, MNIST{}.open, MNIST{}.check},
	{"synthetic", syntheticTrain, Synthetic, nil},
	{"regression", regressionTrain, Regression, nil},
}

// Names returns the names that Load knows.
func Names() []string {
	var names []string
	for _, k := range known {
		names = append(names, k.name)
	}
	return names
}

// Load returns the set of that name. An unknown name is an error that says which
// are known; a file that is missing, truncated, altered or another set's is an error
// that names it.
func Load(ctx context.Context, name string) (*Set, error) {
	set, err := Open(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := set.Wait(); err != nil {
		return nil, err
	}
	return set, nil
}

// Open is Load that returns as soon as the files are found, with the set's sizes, names
// and sum: a program can be compiled for it while its content is decoded. Before that
// is used, [Set.Wait] has to be called.
func Open(ctx context.Context, name string) (*Set, error) {
	for _, k := range known {
		if k.name == name {
			return k.open(ctx)
		}
	}
	return nil, unknown(name)
}

// Check reports, without loading anything, whether the experiment names a set
// that exists and a batch that fits into it, and whether the files are in the
// folder that VGRAD_DATA names, if it is set.
func Check(e vgrad.Experiment) error {
	e = e.WithDefaults()
	for _, k := range known {
		if k.name == e.Data {
			if err := checkBatch(k.train, e.Batch); err != nil {
				return fmt.Errorf("data: %s: %w", k.name, err)
			}
			if k.check != nil {
				return k.check()
			}
			return nil
		}
	}
	return unknown(e.Data)
}

func unknown(name string) error {
	return fmt.Errorf("unknown data set %q; the known ones are %s", name, strings.Join(Names(), ", "))
}

func checkBatch(n, batch int) error {
	switch {
	case batch < 1:
		return fmt.Errorf("a batch of %d examples; it must have at least 1", batch)
	case batch > n:
		return fmt.Errorf("a batch of %d examples is larger than the %d there are for training", batch, n)
	}
	return nil
}
