package data

import (
	"path/filepath"
	"strings"
	"testing"
)

// fashionFiles are files in Fashion-MNIST's format: pixel j of image i is 7i+j, its
// class i modulo 10.
func fashionFiles(images int) (pixels, labels []byte) {
	pixels, labels = idxHeader([]int{images, 28, 28}), idxHeader([]int{images})
	for i := range images {
		for j := range 784 {
			pixels = append(pixels, byte(7*i+j))
		}
		labels = append(labels, byte(i%10))
	}
	return pixels, labels
}

// cifarFile is a file in CIFAR-10's format: channel c of pixel j of image i is i+j+85c.
func cifarFile(images int) (text []byte) {
	for i := range images {
		text = append(text, byte(i%10))
		for c := range 3 {
			for j := range cifarPixels {
				text = append(text, byte(i+j+85*c))
			}
		}
	}
	return text
}

// named writes files into a folder and names it.
func named(t *testing.T, folder string, files map[string][]byte) string {
	t.Helper()
	root := t.TempDir()
	t.Setenv("VGRAD_DATA", root)
	for name, text := range files {
		write(t, filepath.Join(root, folder, name), text)
	}
	return root
}

func TestFashion(t *testing.T) {
	pixels, labels := fashionFiles(60)
	for _, form := range []string{"plain", "zipped", "in its folder"} {
		files := map[string][]byte{"train-images-idx3-ubyte": pixels, "train-labels-idx1-ubyte": labels}
		folder := ""
		switch form {
		case "zipped":
			files = map[string][]byte{"train-images-idx3-ubyte.gz": zip(t, pixels), "train-labels-idx1-ubyte.gz": zip(t, labels)}
		case "in its folder":
			folder = "fashion-mnist"
		}
		named(t, folder, files)
		s := fashionOf(60, 20)
		set, err := s.open(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		if err := set.Check(); err != nil || s.check() != nil {
			t.Errorf("%s: %v, %v", form, err, s.check())
		}
		if set.Train.Len() != 40 || set.Validation.Len() != 20 || set.Train.Images[3] != 7*20+3 || set.Train.Labels[1] != 1 {
			t.Errorf("%s: %d and %d images, pixel %d, label %d", form, set.Train.Len(), set.Validation.Len(), set.Train.Images[3], set.Train.Labels[1])
		}
	}
}

func TestCIFAR10(t *testing.T) {
	files := map[string][]byte{}
	for _, name := range cifar10.files {
		files[name] = cifarFile(20)
	}
	named(t, "cifar-10-batches-bin", files)
	set, err := cifar10Of(20, 10).open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Check(); err != nil || set.Train.Len() != 90 || set.Features != 3072 || set.Outputs != 10 {
		t.Errorf("%v; %d images of %d values", err, set.Train.Len(), set.Features)
	}
	// Image 10 is the first for training; its second pixel has the channels 11, 96 and 181.
	if got := [3]byte(set.Train.Images[3:6]); got != [3]byte{11, 96, 181} {
		t.Errorf("the channels of a pixel are %v", got)
	}
}

// Files that are wrong are told as what they are.
func TestGivenErrors(t *testing.T) {
	pixels, labels := fashionFiles(60)
	uneven := append([]byte{}, labels...)
	uneven[len(uneven)-1] = 0
	outside := append([]byte{}, labels...)
	outside[len(outside)-1] = 10
	images, digits := "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
	cifar := cifarFile(20)
	bins := func(last []byte) map[string][]byte {
		files := map[string][]byte{}
		for _, name := range cifar10.files {
			files[name] = cifar
		}
		files["data_batch_5.bin"] = last
		return files
	}
	fashion, cifar10 := fashionOf(60, 20), cifar10Of(20, 10)
	for what, c := range map[string]struct {
		set   given
		files map[string][]byte
		want  string
	}{
		"nothing":            {fashion, nil, "have its files; it needs train-images-idx3-ubyte"},
		"one of two":         {fashion, map[string][]byte{images: pixels}, "lacks train-labels-idx1-ubyte"},
		"truncated":          {fashion, map[string][]byte{images: pixels[:999], digits: labels}, "train-images-idx3-ubyte is truncated"},
		"zip cut short":      {fashion, map[string][]byte{images + ".gz": zip(t, pixels)[:300], digits: labels}, "is truncated or damaged"},
		"swapped":            {fashion, map[string][]byte{images: labels, digits: pixels}, "is truncated, altered or another set's"},
		"labels of another":  {fashion, map[string][]byte{images: pixels, digits: uneven}, "7 images of class 0; fashion has 6 of each"},
		"label out of range": {fashion, map[string][]byte{images: pixels, digits: outside}, "label 10 of image 59"},
		"MNIST's":            {fashionOf(60000, 5000), map[string][]byte{images: content(t, trainImages), digits: content(t, trainLabels)}, "is MNIST's, not Fashion-MNIST's"},
		"Python version":     {cifar10, map[string][]byte{"data_batch_1": {1}}, "has the Python version of CIFAR-10"},
		"short batch":        {cifar10, bins(cifar[:len(cifar)-1]), "data_batch_5.bin is truncated, altered or another set's: it has 61459 bytes, expected 61460"},
		"other labels":       {cifar10, bins(append([]byte{3}, cifar[1:]...)), "images of class 0; cifar10 has 10 of each"},
	} {
		named(t, "", c.files)
		_, err := c.set.open(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "data: "+c.set.name+": ") {
			t.Errorf("%s: %v; want %q", what, err, c.want)
		}
	}
	t.Setenv("VGRAD_DATA", "")
	if err := fashion.check(); err == nil || !strings.Contains(err.Error(), "name their folder in VGRAD_DATA") {
		t.Errorf("no folder: %v", err)
	}
}

// A folder is recognized by its files.
func TestIn(t *testing.T) {
	pixels, labels := fashionFiles(60)
	for want, files := range map[string]map[string][]byte{
		"fashion": {"train-images-idx3-ubyte": pixels, "train-labels-idx1-ubyte": labels},
		"mnist":   {"train-images-idx3-ubyte": pixels, "train-labels-idx1-ubyte": content(t, trainLabels)},
		"cifar10": {"data_batch_1.bin": {1}},
		"":        {},
	} {
		got, err := In(named(t, "", files))
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
}
