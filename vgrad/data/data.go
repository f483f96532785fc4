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
// Sequences are drawn at the length that an experiment asks for. The name of such a set
// carries the length: "adding/200" ([Of]).
//
// To add a set, write one file with a function that loads it and add its line to
// the list in this one.
package data

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// known lists the data sets; the first is the default experiment's.
var known = []struct {
	name  string
	train int // number of training examples
	open  func(context.Context) (*Set, error)
	check func() error // finds errors without loading anything; nil: there can be none

	draw     func(length int) (*Set, error) // draws sequences; nil: the set has its own size
	shortest int                            // length of its sequences
}{
	{name: "mnist", train: mnistImages - mnistValidation, open: MNIST{}.open, check: MNIST{}.check},
	{name: "fashion", train: mnistImages - mnistValidation, open: Fashion, check: fashion.check},
	{name: "cifar10", train: 45000, open: CIFAR10, check: cifar10.check},
	{name: "synthetic", train: syntheticTrain, open: Synthetic},
	{name: "regression", train: regressionTrain, open: Regression},
	{name: "mnist_pixels", train: mnistImages - mnistValidation, open: pixels, check: MNIST{}.check},
	{name: "adding", train: sequencesTrain, draw: Adding, shortest: 2},
	{name: "copy", train: sequencesTrain, draw: CopyMemory, shortest: 1},
	{name: "order", train: sequencesTrain, draw: TemporalOrder, shortest: 10},
}

// defaultLength is the length of sequences where the experiment does not say.
const defaultLength = 100

// Of is the name of the data of an experiment, for [Load] and [Open]: that of the set,
// and with a length also the length, as in "adding/200".
func Of(e vgrad.Experiment) string {
	e = e.WithDefaults()
	if e.Length == 0 {
		return e.Data
	}
	return fmt.Sprint(e.Data, "/", e.Length)
}

// length splits a name into that of a set and the length of its sequences, 0 if the name
// has none.
func length(name string) (set string, n int, err error) {
	set, text, has := strings.Cut(name, "/")
	if !has {
		return set, 0, nil
	}
	if n, err = strconv.Atoi(text); err != nil || n < 1 {
		return set, 0, fmt.Errorf("data: %q: the length of sequences must be a whole number above 0", name)
	}
	return set, n, nil
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
	set, n, err := length(name)
	if err != nil {
		return nil, err
	}
	for _, k := range known {
		switch {
		case k.name != set:
		case k.draw != nil:
			if n == 0 {
				n = defaultLength
			}
			if err := checkLength(k.name, n, k.shortest); err != nil {
				return nil, err
			}
			return k.draw(n)
		case n > 0:
			return nil, noLength(set, n)
		default:
			return k.open(ctx)
		}
	}
	return nil, unknown(set)
}

// noLength is the error for a length of a set without sequences that are drawn.
func noLength(set string, n int) error {
	var drawn []string
	for _, k := range known {
		if k.draw != nil {
			drawn = append(drawn, k.name)
		}
	}
	return fmt.Errorf("length is %d; the data %s have a size of their own; %s are drawn at any length", n, set, strings.Join(drawn, ", "))
}

func checkLength(set string, n, shortest int) error {
	if n < shortest || n > longest {
		return fmt.Errorf("length is %d; sequences of the data %s have a length from %d to %d", n, set, shortest, longest)
	}
	return nil
}

// Check reports an error if the experiment's set does not exist, if its batch is larger
// than the set, or if VGRAD_DATA names a folder without the set's files. It loads nothing.
func Check(e vgrad.Experiment) error {
	e = e.WithDefaults()
	for _, k := range known {
		if k.name == e.Data {
			switch {
			case k.draw == nil && e.Length > 0:
				return noLength(e.Data, e.Length)
			case k.draw != nil && e.Length > 0:
				if err := checkLength(k.name, e.Length, k.shortest); err != nil {
					return err
				}
			}
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
