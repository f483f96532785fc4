package data

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// given is a set of images whose files the user has. They are in $VGRAD_DATA, or in a
// folder there that has one of the names in folders.
type given struct {
	name    string
	folders []string
	files   []string // names; each may end with .gz as well
	where   string   // where they come from, in prose
	input   []int    // [height, width, channels]
	classes int
	train   int // images of which the first are for validation
	held    int // number of those
	// read turns the contents of the files, unzipped, into images and labels.
	read func(contents [][]byte) (Split, error)
	// hint explains a folder without the files; nil: nothing to explain.
	hint func(dir string) string
}

// open finds and reads the files.
func (s given) open(ctx context.Context) (*Set, error) {
	set, err := s.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", s.name, err)
	}
	return set, nil
}

// check is open without reading.
func (s given) check() error {
	if _, err := s.find(); err != nil {
		return fmt.Errorf("data: %s: %w", s.name, err)
	}
	return nil
}

func (s given) load(ctx context.Context) (*Set, error) {
	dir, err := s.find()
	if err != nil {
		return nil, err
	}
	var contents [][]byte
	for _, name := range s.files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		text, err := s.content(dir, name)
		if err != nil {
			return nil, err
		}
		contents = append(contents, text)
	}
	all, err := s.read(contents)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := s.balanced(all.Labels); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	features := s.input[0] * s.input[1] * s.input[2]
	return &Set{
		Name: s.name, Train: all.Slice(s.held, s.train), Validation: all.Slice(0, s.held),
		Input: slices.Clone(s.input), Features: features, Classes: s.classes, Outputs: s.classes,
		Loss: CrossEntropy, GuessLoss: math.Log(float64(s.classes)), Sum: hexSum(contents...),
	}, nil
}

// balanced reports labels that are out of range or not equally many of each class, which
// they are in both sets.
func (s given) balanced(labels []uint8) error {
	counts := make([]int, s.classes)
	for i, l := range labels {
		if int(l) >= s.classes {
			return fmt.Errorf("label %d of image %d; there are %d classes", l, i, s.classes)
		}
		counts[l]++
	}
	for class, n := range counts {
		if n != len(labels)/s.classes {
			return fmt.Errorf("%d images of class %d; %s has %d of each, so these files are altered or another set's", n, class, s.name, len(labels)/s.classes)
		}
	}
	return nil
}

// find returns the folder with all of the files.
func (s given) find() (string, error) {
	need := fmt.Sprintf("it needs %s, plain or zipped (.gz), from %s", strings.Join(s.files, ", "), s.where)
	root := os.Getenv("VGRAD_DATA")
	if root == "" {
		return "", fmt.Errorf("no folder is named; %s; name their folder in VGRAD_DATA or with -data", need)
	}
	for _, folder := range append([]string{""}, s.folders...) {
		dir := filepath.Join(root, folder)
		missing := slices.DeleteFunc(slices.Clone(s.files), func(name string) bool { return s.path(dir, name) != "" })
		switch {
		case len(missing) == 0:
			return dir, nil
		case len(missing) < len(s.files):
			return "", fmt.Errorf("%s lacks %s; %s", dir, strings.Join(missing, ", "), need)
		}
		if s.hint != nil {
			if text := s.hint(dir); text != "" {
				return "", fmt.Errorf("%s %s; %s", dir, text, need)
			}
		}
	}
	return "", fmt.Errorf("neither %s nor its folders %s have its files; %s", root, strings.Join(s.folders, ", "), need)
}

// path is the path of a file in a folder, "" if it is not there.
func (s given) path(dir, name string) string {
	for _, end := range []string{"", ".gz"} {
		path := filepath.Join(dir, name+end)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// content reads a file and unzips it if its first bytes say that it is zipped.
func (s given) content(dir, name string) ([]byte, error) {
	path := s.path(dir, name)
	text, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		return text, err
	}
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err == nil {
		text, err = io.ReadAll(r)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is truncated or damaged: %w", path, err)
	}
	return text, nil
}
