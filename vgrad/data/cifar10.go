package data

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

const (
	cifarSide   = 32
	cifarPixels = cifarSide * cifarSide
	cifarRecord = 1 + 3*cifarPixels // a label, then the red, the green and the blue pixels
)

// cifar10 is CIFAR-10 (Krizhevsky 2009) in its binary version: five files of 10,000
// colour images of 32×32 pixels, with 5,000 of each of ten classes in all. The first
// 5,000 images are the validation set, so 45,000 are for training, as in He et al. 2015.
var cifar10 = cifar10Of(10000, 5000)

// cifar10Of is the set with another number of images in each file, for tests.
func cifar10Of(images, held int) given {
	s := given{
		name: "cifar10", folders: []string{"cifar-10-batches-bin", "cifar10"},
		where: `the "CIFAR-10 binary version" of the University of Toronto`,
		input: []int{cifarSide, cifarSide, 3}, classes: 10, train: 5 * images, held: held,
		hint: pythonVersion,
		read: func(contents [][]byte) (Split, error) { return readCIFAR10(contents, images) },
	}
	for i := range 5 {
		s.files = append(s.files, fmt.Sprintf("data_batch_%d.bin", i+1))
	}
	return s
}

// pythonVersion explains a folder with the pickled version of CIFAR-10.
func pythonVersion(dir string) string {
	if _, err := os.Stat(filepath.Join(dir, "data_batch_1")); err != nil {
		return ""
	}
	return "has the Python version of CIFAR-10, which is not read here"
}

// readCIFAR10 decodes the files. An image's channels, which are one after another in the
// file, are interleaved: [height, width, channels].
func readCIFAR10(contents [][]byte, images int) (Split, error) {
	var s Split
	for i, text := range contents {
		if len(text) != images*cifarRecord {
			return Split{}, fmt.Errorf("data_batch_%d.bin is truncated, altered or another set's: it has %d bytes, expected %d", i+1, len(text), images*cifarRecord)
		}
		for ; len(text) > 0; text = text[cifarRecord:] {
			s.Labels = append(s.Labels, text[0])
			for p := range cifarPixels {
				s.Images = append(s.Images, text[1+p], text[1+cifarPixels+p], text[1+2*cifarPixels+p])
			}
		}
	}
	return s, nil
}

// CIFAR10 loads CIFAR-10 from $VGRAD_DATA or its folder cifar-10-batches-bin.
func CIFAR10(ctx context.Context) (*Set, error) { return cifar10.open(ctx) }
