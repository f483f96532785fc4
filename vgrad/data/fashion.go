package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// fashion is Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747): 60,000 grey images of
// 28×28 pixels in ten classes of clothes, 6,000 of each, in MNIST's format and under
// MNIST's file names. As with MNIST the first 5,000 are the validation set.
var fashion = fashionOf(mnistImages, mnistValidation)

// fashionOf is the set with another number of images, for tests.
func fashionOf(images, held int) given {
	return given{
		name: "fashion", folders: []string{"fashion-mnist", "fashion", "FashionMNIST/raw"},
		files: []string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
		where: "the Fashion-MNIST repository of Zalando Research",
		input: []int{mnistSide, mnistSide, 1}, classes: mnistClasses, train: images, held: held,
		read: func(contents [][]byte) (Split, error) { return readFashion(contents, images) },
	}
}

// readFashion decodes the two IDX files. MNIST's own files have the same names and
// shapes, so they are told apart by their hashes.
func readFashion(contents [][]byte, images int) (Split, error) {
	for i, of := range []idxFile{trainImages, trainLabels} {
		if hexSum(contents[i]) == of.sum {
			return Split{}, fmt.Errorf("%s is MNIST's, not Fashion-MNIST's, which has the same file names", of.name)
		}
	}
	s := Split{Images: make([]uint8, images*mnistSide*mnistSide), Labels: make([]uint8, images)}
	err := readIDX(bytes.NewReader(contents[0]), []int{images, mnistSide, mnistSide}, s.Images)
	if err != nil {
		err = fmt.Errorf("%s is truncated, altered or another set's: %w", trainImages.name, err)
	}
	err2 := readIDX(bytes.NewReader(contents[1]), []int{images}, s.Labels)
	if err2 != nil {
		err2 = fmt.Errorf("%s is truncated, altered or another set's: %w", trainLabels.name, err2)
	}
	return s, errors.Join(err, err2)
}

// Fashion loads Fashion-MNIST from $VGRAD_DATA or its folder fashion-mnist.
func Fashion(ctx context.Context) (*Set, error) { return fashion.open(ctx) }
