package data

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// counts returns how often each label occurs.
func counts(labels []uint8) [10]int {
	var n [10]int
	for _, l := range labels {
		n[l]++
	}
	return n
}

func mean(pixels []uint8) float64 {
	sum := 0
	for _, p := range pixels {
		sum += int(p)
	}
	return float64(sum) / float64(len(pixels)) / 255
}

func TestMNIST(t *testing.T) {
	set, err := MNIST{}.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if set.Train.Len() != 55000 || set.Validation.Len() != 5000 {
		t.Fatalf("split %d/%d, want 55000/5000", set.Train.Len(), set.Validation.Len())
	}
	all := slices.Concat(set.Validation.Labels, set.Train.Labels)
	// The label counts and the mean pixel are as published for MNIST's training set.
	if got, want := counts(all), [10]int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}; got != want {
		t.Errorf("label counts %v, want %v", got, want)
	}
	if want := []uint8{5, 0, 4, 1, 9}; !slices.Equal(all[:5], want) {
		t.Errorf("first labels %v, want %v", all[:5], want)
	}
	if got := mean(slices.Concat(set.Validation.Images, set.Train.Images)); got < 0.13065 || got > 0.13067 {
		t.Errorf("mean pixel %.5f, want 0.13066", got)
	}
	if len(set.Train.Images) != 55000*set.Features || set.Features != 784 || set.Classes != 10 {
		t.Errorf("%d pixels, %d features, %d classes", len(set.Train.Images), set.Features, set.Classes)
	}
}

func TestMNISTTest(t *testing.T) {
	s, err := MNIST{}.Test(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := counts(s.Labels), [10]int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}; got != want {
		t.Errorf("label counts %v, want %v", got, want)
	}
}

// The sums that are pinned are those of the module's files and of what is in them.
func TestMNISTPins(t *testing.T) {
	dir, err := downloadModule(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range mnistFiles {
		zipped, err := os.ReadFile(filepath.Join(dir, f.name+".gz"))
		if err != nil {
			t.Fatal(err)
		}
		if got := hexSum(zipped); got != f.zipped {
			t.Errorf("%s.gz: %s, pinned %s", f.name, got, f.zipped)
		}
		if got := hexSum(unzip(t, zipped)); got != f.sum {
			t.Errorf("%s: %s, pinned %s", f.name, got, f.sum)
		}
	}
}

var mnistFiles = []idxFile{trainImages, trainLabels, testImages, testLabels}

// content returns a file's content, unzipped.
func content(t *testing.T, f idxFile) []byte {
	t.Helper()
	dir, err := MNIST{}.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path, err := f.find(dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return unzip(t, text)
}

func unzip(t *testing.T, text []byte) []byte {
	t.Helper()
	if text[0] == 0 {
		return text // it is plain
	}
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if text, err = io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	return text
}

// zip zips a file as nobody's copy of MNIST is.
func zip(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w.Comment = "zipped anew"
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// write writes a file and the folders above it.
func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
}

// alone hides all places but those that a test names.
func alone(t *testing.T) {
	t.Helper()
	for _, name := range []string{"VGRAD_CACHE", "GOMODCACHE", "PATH"} {
		t.Setenv(name, t.TempDir())
	}
	t.Setenv("VGRAD_DATA", "")
}

// Whatever form the files have, what is named is read, and is the same set.
func TestMNISTForms(t *testing.T) {
	want, err := MNIST{}.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	images, labels := content(t, trainImages), content(t, trainLabels)
	newImages, newLabels := zip(t, images), zip(t, labels)
	for name, files := range map[string]map[string][]byte{
		"plain":                    {"train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels},
		"plain in mnist":           {"mnist/train-images-idx3-ubyte": images, "mnist/train-labels-idx1-ubyte": labels},
		"zipped anew":              {"train-images-idx3-ubyte.gz": newImages, "train-labels-idx1-ubyte.gz": newLabels},
		"zipped anew in mnist":     {"mnist/train-images-idx3-ubyte.gz": newImages, "mnist/train-labels-idx1-ubyte.gz": newLabels},
		"mixed":                    {"train-images-idx3-ubyte": images, "train-labels.idx1-ubyte.gz": newLabels},
		"unzipped, the name kept":  {"train-images-idx3-ubyte.gz": images, "train-labels-idx1-ubyte.gz": labels},
		"test images in mnist too": {"train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels, "mnist/t10k-images-idx3-ubyte": nil},
		"Kaggle's": {
			"train-images.idx3-ubyte": images, "train-images-idx3-ubyte/train-images-idx3-ubyte": images,
			"train-labels.idx1-ubyte": labels, "train-labels-idx1-ubyte/train-labels-idx1-ubyte": labels,
		},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t)
			dir := t.TempDir()
			t.Setenv("VGRAD_DATA", dir)
			for path, text := range files {
				write(t, filepath.Join(dir, path), text)
			}
			if err := Check(vgrad.Experiment{Data: "mnist"}); err != nil {
				t.Error(err)
			}
			got, err := Load(t.Context(), "mnist")
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Train.Images, want.Train.Images) || !bytes.Equal(got.Validation.Labels, want.Validation.Labels) || got.Sum != want.Sum {
				t.Error("it is another set")
			}
		})
	}
}

// What is named is not replaced: the usual places have all files, and nevertheless
// an error says what is wrong with the folder that is named, before any work starts.
func TestMNISTNamed(t *testing.T) {
	something := []byte("something")
	for _, c := range []struct {
		name  string
		files []string // in the folder "data"
		named string
		want  []string
	}{
		{"nowhere", nil, "nowhere", []string{`"nowhere"`, "there is no folder /", "train-images-idx3-ubyte and train-labels-idx1-ubyte", "train-images.idx3-ubyte", ".gz", "in its folder mnist", "unset VGRAD_DATA"}},
		{"a file", []string{"x"}, "data/x", []string{"it is a file, not a folder"}},
		{"below a file", []string{"x"}, "data/x/mnist", []string{"not a directory"}},
		{"empty", []string{"x"}, "data", []string{"it lacks train-images-idx3-ubyte and train-labels-idx1-ubyte"}},
		{"no labels", []string{"train-images-idx3-ubyte.gz"}, "data", []string{"data lacks train-labels-idx1-ubyte;"}},
		{"no images", []string{"mnist/train-labels.idx1-ubyte"}, "data", []string{"data/mnist lacks train-images-idx3-ubyte;"}},
		{"two halves", []string{"mnist/train-images-idx3-ubyte", "train-labels-idx1-ubyte"}, "data", []string{"data/mnist lacks train-labels-idx1-ubyte;"}},
		{"test images only", []string{"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}, "data", []string{"it lacks train-images-idx3-ubyte and"}},
		{"a folder of that name", []string{"train-images-idx3-ubyte/x", "train-labels-idx1-ubyte"}, "data", []string{"data lacks train-images-idx3-ubyte;"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for _, path := range c.files {
				write(t, filepath.Join("data", path), something)
			}
			t.Setenv("VGRAD_DATA", c.named)
			err := Check(vgrad.Experiment{Data: "mnist"})
			says(t, err, append(c.want, "VGRAD_DATA is ")...)
			_, opened := Open(t.Context(), "mnist")
			if _, found := (MNIST{}).Find(t.Context()); fmt.Sprint(opened) != fmt.Sprint(err) || fmt.Sprint(found) != fmt.Sprint(err) {
				t.Errorf("Open: %v; Find: %v; Check: %v", opened, found, err)
			}
			if err := Check(vgrad.Experiment{Data: "synthetic"}); err != nil {
				t.Errorf("a set that needs no files: %v", err)
			}
		})
	}
}

// says checks that an error is one line that begins with the package and the set,
// once, and says all of that.
func says(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	text := err.Error()
	if strings.Contains(text, "\n") || strings.Count(text, "data: ") != 1 || !strings.HasPrefix(text, "data: mnist: ") {
		t.Errorf("error %q; want one line with one prefix", text)
	}
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("error %q does not say %q", text, w)
		}
	}
}

// A link in a circle cannot be looked through.
func TestMNISTUnreadable(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "train-images-idx3-ubyte.gz")
	if err := os.Symlink(path, path); err != nil {
		t.Fatal(err)
	}
	t.Setenv("VGRAD_DATA", dir)
	says(t, Check(vgrad.Experiment{}), path, "VGRAD_DATA")
}

// The folder of a MNIST is named as well, and is the only one.
func TestMNISTDir(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "mnist", "train-images-idx3-ubyte"), nil)
	_, err := MNIST{Dir: dir}.Load(t.Context())
	says(t, err, "MNIST.Dir is", dir, "it lacks train-images-idx3-ubyte and train-labels-idx1-ubyte", "leave MNIST.Dir empty")
	_, err = MNIST{Dir: filepath.Join(dir, "no")}.Test(t.Context())
	says(t, err, "there is no folder", "name one that has t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain")
	for _, f := range []idxFile{testImages, testLabels} {
		write(t, filepath.Join(dir, f.name), content(t, f))
	}
	t.Setenv("VGRAD_DATA", filepath.Join(dir, "no")) // Dir comes first
	test, err := MNIST{Dir: dir}.Test(t.Context())
	if err != nil || test.Len() != 10000 || test.Labels[0] != 7 {
		t.Errorf("%d images, %v", test.Len(), err)
	}
}

// An empty variable names nothing.
func TestMNISTEmptyVariable(t *testing.T) {
	t.Setenv("VGRAD_DATA", "")
	if _, err := (MNIST{}).Find(t.Context()); err != nil {
		t.Error(err)
	}
}

// Files whose content is not MNIST's are named, with the reason.
func TestMNISTDamaged(t *testing.T) {
	images, labels := content(t, trainImages), content(t, trainLabels)
	altered := func(text []byte) []byte {
		text = bytes.Clone(text)
		text[len(text)/2] ^= 1
		return text
	}
	zipped := zip(t, labels)
	for _, c := range []struct {
		name           string
		images, labels []byte
		want           []string
	}{
		{"truncated", images[:len(images)/2], labels, []string{"train-images-idx3-ubyte is", "IDX values: unexpected EOF"}},
		{"zip truncated", images, zipped[:len(zipped)/2], []string{"train-labels-idx1-ubyte is", "unexpected EOF"}},
		{"zip altered", images, altered(zipped), []string{"train-labels-idx1-ubyte is"}},
		{"altered", altered(images), labels, []string{"train-images-idx3-ubyte is", "expected " + trainImages.sum}},
		{"altered, then zipped", images, zip(t, altered(labels)), []string{"train-labels-idx1-ubyte is", "expected " + trainLabels.sum}},
		{"longer", images, append(bytes.Clone(labels), 0), []string{"train-labels-idx1-ubyte is", "more than the 60000 expected"}},
		{"empty", nil, labels, []string{"train-images-idx3-ubyte is", "IDX header: EOF"}},
		{"no IDX file", images, []byte("5041"), []string{"train-labels-idx1-ubyte is", "IDX header is 35 30 34 31, expected 00 00 08 01"}},
		{"the other file", labels, images, []string{"train-images-idx3-ubyte is", "IDX header is 00 00 08 01", "; ", "train-labels-idx1-ubyte is"}},
		{"the test labels", images, content(t, testLabels), []string{"train-labels-idx1-ubyte is", "IDX shape is [10000], expected [60000]"}},
		{"labels of another set of this size", images, append(bytes.Clone(labels[:8]), slices.Repeat([]byte{3}, 60000)...), []string{"train-labels-idx1-ubyte is", "another set's", "expected " + trainLabels.sum}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, trainImages.name), c.images)
			write(t, filepath.Join(dir, trainLabels.name), c.labels)
			t.Setenv("VGRAD_DATA", dir)
			set, err := Open(t.Context(), "mnist")
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				says(t, set.Wait(), append(c.want, dir, "truncated, altered or another set's: ")...)
			}
		})
	}
}

// A program alone in a container: no go command, no module cache.
func TestMNISTNowhere(t *testing.T) {
	alone(t)
	if err := Check(vgrad.Experiment{}); err != nil {
		t.Errorf("Check knows that nothing can be downloaded: %v", err)
	}
	_, err := Load(t.Context(), "mnist")
	says(t, err, "no train-images-idx3-ubyte and train-labels-idx1-ubyte in ", "VGRAD_DATA", os.Getenv("VGRAD_CACHE"), os.Getenv("GOMODCACHE"), mnistModule, "the go command cannot download them")
	// Half a set is not passed over.
	dir := filepath.Join(os.Getenv("VGRAD_CACHE"), "mnist")
	write(t, filepath.Join(dir, trainImages.name), nil)
	_, err = Load(t.Context(), "mnist")
	says(t, err, dir+" lacks train-labels-idx1-ubyte")
}

func TestMNISTInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Load(ctx, "mnist")
	says(t, err, "context canceled")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v is not context.Canceled", err)
	}
}

func TestMNISTPlaces(t *testing.T) {
	dir, err := MNIST{}.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	linked := filepath.Join(parent, "mnist")
	if err := os.Symlink(dir, linked); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][3]string{{"VGRAD_DATA", parent, linked}, {"VGRAD_DATA", dir, dir}, {"VGRAD_DATA", linked, linked}, {"VGRAD_CACHE", parent, linked}} {
		t.Run(strings.Join(c[:], " "), func(t *testing.T) {
			alone(t)
			t.Setenv(c[0], c[1])
			if got, err := (MNIST{}).Find(t.Context()); err != nil || got != c[2] {
				t.Errorf("Find: %s, %v; want %s", got, err, c[2])
			}
		})
	}
	t.Run("go command", func(t *testing.T) {
		got, err := downloadModule(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (MNIST{Dir: got}).Test(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Open knows the set before it is read.
func TestOpen(t *testing.T) {
	set, err := Open(t.Context(), "mnist")
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Check(); err != nil {
		t.Error(err)
	}
	if set.Train.Len() != 55000 || set.Validation.Len() != 5000 || set.Features != 784 || !slices.Equal(set.Input, []int{28, 28, 1}) {
		t.Errorf("opened %d, %d images of %d, %v", set.Train.Len(), set.Validation.Len(), set.Features, set.Input)
	}
	// Recorded with runs. It is the SHA-256 of the two zipped files' sums, one after
	// the other in hexadecimal.
	if want := "c9e6733ea7fbe991caffae51d1a5d7603e1e29a60d9c9f8f8fe3a36be9b3ec93"; set.Sum != want {
		t.Errorf("sum %s, want %s", set.Sum, want)
	}
	if err := set.Wait(); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(t.Context(), "mnist")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(set.Train.Images, loaded.Train.Images) || !bytes.Equal(set.Validation.Labels, loaded.Validation.Labels) {
		t.Error("what was opened is not what is loaded")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0, 0, 8, 1, 0, 0, 0, 2, 7, 9})
	f.Add([]byte{0, 0, 8, 1, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		values := make([]uint8, 2)
		err := readIDX(strings.NewReader(string(text)), []int{2}, values)
		if err == nil && (len(text) != 10 || string(values) != string(text[8:])) {
			t.Errorf("%x read as %v", text, values)
		}
		if unzipped := decode(text, []int{2}, values); len(text) == 0 || text[0] != 0x1f {
			if (unzipped == nil) != (err == nil) {
				t.Errorf("%x: %v, decoded: %v", text, err, unzipped)
			}
		} else if unzipped == nil && len(text) < 20 {
			t.Errorf("%x is no gzip file", text)
		}
	})
}

func BenchmarkMNIST(b *testing.B) {
	for b.Loop() {
		if _, err := (MNIST{}).Load(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
