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

// idxFile is one of MNIST's files. It may be plain or zipped, and have LeCun's or
// Kaggle's name. Its content is checked.
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

// kaggle returns the name in Kaggle's copy: train-images.idx3-ubyte.
func (f idxFile) kaggle() string { return strings.Replace(f.name, "-idx", ".idx", 1) }

// find returns the file's path in a folder, or fs.ErrNotExist. It ignores folders of the
// file's name, because Kaggle's archive has one beside the file.
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

// size returns how many values the file holds.
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
	// LeCun's zipped file has a fifth of the content's size. Hashing it while it is
	// unzipped costs no time. Only a file that was zipped by somebody else has its content
	// hashed after that.
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

// decode reads an IDX file that has exactly the given shape. The first bytes say whether
// it is zipped; its name does not, since a browser may unzip a file and keep the name.
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
