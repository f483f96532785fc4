package data

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// idxFile is one of MNIST's files. It may lie about plain or zipped, and under
// its own name or Kaggle's; the content is what counts.
type idxFile struct {
	name   string // LeCun's, without .gz
	zipped string // SHA-256 of LeCun's zipped file
	sum    string // SHA-256 of the content, unzipped
	shape  []int
}

// names lists what the file may be called, the usual name first.
func (f idxFile) names() []string {
	return []string{f.name + ".gz", f.name, f.kaggle() + ".gz", f.kaggle()}
}

// kaggle is the name in Kaggle's copy: train-images.idx3-ubyte.
func (f idxFile) kaggle() string { return strings.Replace(f.name, "-idx", ".idx", 1) }

// find returns the file's path in a folder. The error is fs.ErrNotExist where it
// is not there. A folder of one of the names, which Kaggle's archive has beside
// the file, is passed over.
func (f idxFile) find(dir string) (string, error) {
	for _, name := range f.names() {
		path := filepath.Join(dir, name)
		switch info, err := os.Stat(path); {
		case err == nil && info.Mode().IsRegular():
			return path, nil
		case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		default:
			return "", err
		}
	}
	return "", fs.ErrNotExist
}

// size is how many values the file holds.
func (f idxFile) size() int {
	n := 1
	for _, d := range f.shape {
		n *= d
	}
	return n
}

// read decodes the file of that folder into values and checks its content.
func (f idxFile) read(dir string, values []uint8) error {
	path, err := f.find(dir)
	if err != nil {
		return fmt.Errorf("%s in %s: %w", f.name, dir, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// Hashing LeCun's zipped file, a fifth of the content, while it is unzipped
	// costs no time; only a file that was zipped anew is hashed after that.
	got := make(chan string, 1)
	go func() { got <- hexSum(text) }()
	err = decode(text, f.shape, values)
	sum := <-got
	if err == nil && sum != f.zipped && sum != f.sum {
		if sum = hexSum(idxHeader(f.shape), values); sum != f.sum {
			err = fmt.Errorf("SHA-256 of its content, unzipped, is %s, expected %s", sum, f.sum)
		}
	}
	if err != nil {
		return fmt.Errorf("%s is truncated, altered or another set's: %w", path, err)
	}
	return nil
}

// decode reads an IDX file of bytes that holds exactly the given shape. Whether it
// is zipped its first bytes say: a browser may unzip a file and keep its name.
func decode(text []byte, shape []int, values []uint8) error {
	var r io.Reader = bytes.NewReader(text)
	if bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(r)
		if err != nil {
			return err
		}
		r = unzipped
	}
	return readIDX(r, shape, values)
}
