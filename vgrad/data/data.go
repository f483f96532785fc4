// Package data loads the data sets that networks are trained on and draws their batches.
//
// It is the start of the flow: a [vgrad.Experiment] names a set, [Load] returns its
// content checked against pinned hashes, and a [Shuffle] says which examples each step
// sees. The package does not use graphs. Images stay uint8; they are scaled to [0, 1] when
// they are used. The loss is given by its name.
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

// known lists the data sets; the first is the default experiment's.
var known = []struct {
	name  string
	train int // number of training examples
	open  func(context.Context) (*Set, error)
	check func() error // finds errors without loading anything; nil: there can be none
}{
	{"mnist", mnistImages - mnistValidation, MNIST{}.open, MNIST{}.check},
	{"fashion", mnistImages - mnistValidation, Fashion, fashion.check},
	{"cifar10", 45000, CIFAR10, cifar10.check},
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

// Load returns the set of that name. For an unknown name its error lists the known ones.
// A file that is missing, truncated, altered or another set's is an error that names it.
func Load(ctx context.Context, name string) (*Set, error) {
	set, err := Open(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := set.Wait(); err != nil {
		return nil, err
	}
	set.wait = nil // without a function a cell's variable can be kept
	return set, nil
}

// Open is Load, but returns as soon as the files are found, while their content is still
// being decoded. The set's sizes, names and sum are there, so a program can be compiled
// for it meanwhile. Call [Set.Wait] before using the content.
func Open(ctx context.Context, name string) (*Set, error) {
	for _, k := range known {
		if k.name == name {
			return k.open(ctx)
		}
	}
	return nil, unknown(name)
}

// Check reports an error if the experiment's set does not exist, if its batch is larger
// than the set, or if VGRAD_DATA names a folder without the set's files. It loads nothing.
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
