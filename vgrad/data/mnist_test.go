package data

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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

// copyOf returns a folder with links to the real files.
func copyOf(t *testing.T) string {
	t.Helper()
	from, err := MNIST{}.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range []idxFile{trainImages, trainLabels, testImages, testLabels} {
		text, err := os.ReadFile(filepath.Join(from, f.name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f.name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestMNISTDamaged(t *testing.T) {
	for name, damage := range map[string]func(path string, text []byte) error{
		"truncated": func(path string, text []byte) error { return os.Truncate(path, int64(len(text)/2)) },
		"altered":   func(path string, text []byte) error { text[len(text)/2] ^= 1; return os.WriteFile(path, text, 0o666) },
		"empty":     func(path string, _ []byte) error { return os.Truncate(path, 0) },
		"missing":   func(path string, _ []byte) error { return os.Remove(path) },
	} {
		for _, f := range []idxFile{trainImages, trainLabels} {
			t.Run(name+" "+f.name, func(t *testing.T) {
				dir := copyOf(t)
				path := filepath.Join(dir, f.name)
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := damage(path, text); err != nil {
					t.Fatal(err)
				}
				_, err = MNIST{Dir: dir}.Load(t.Context())
				if err == nil || !strings.Contains(err.Error(), f.name) {
					t.Fatalf("error %v does not name %s", err, f.name)
				}
				if name != "missing" && !(strings.Contains(err.Error(), f.sum) && strings.Contains(err.Error(), "truncated or altered")) {
					t.Errorf("error %v does not name the expected sum", err)
				}
			})
		}
	}
}

// A program alone in a container: no go command, no module cache.
func TestMNISTNowhere(t *testing.T) {
	empty := t.TempDir()
	for _, name := range []string{"VGRAD_DATA", "VGRAD_CACHE", "GOMODCACHE", "PATH"} {
		t.Setenv(name, empty)
	}
	_, err := Load(t.Context(), "mnist")
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"VGRAD_DATA", empty, mnistModule, "go"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error of more than one line: %q", err)
	}
}

func TestMNISTPlaces(t *testing.T) {
	dir := copyOf(t)
	parent := t.TempDir()
	if err := os.Symlink(dir, filepath.Join(parent, "mnist")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"VGRAD_DATA", "VGRAD_CACHE"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOMODCACHE", t.TempDir())
			t.Setenv("PATH", "")
			t.Setenv(name, parent)
			if got, err := (MNIST{}).Find(t.Context()); err != nil || got != filepath.Join(parent, "mnist") {
				t.Errorf("Find: %s, %v", got, err)
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

// Open knows the set before it is read, and Wait says what is wrong with its files.
func TestOpen(t *testing.T) {
	set, err := Open(t.Context(), "mnist")
	if err != nil {
		t.Fatal(err)
	}
	if set.Train.Len() != 55000 || set.Validation.Len() != 5000 || set.Features != 784 || len(set.Sum) != 64 {
		t.Errorf("opened %d, %d images of %d, sum %q", set.Train.Len(), set.Validation.Len(), set.Features, set.Sum)
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
	bad := t.TempDir()
	for _, f := range []idxFile{trainImages, trainLabels} {
		if err := os.WriteFile(filepath.Join(bad, f.name), []byte("nothing"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if set, err = (MNIST{Dir: bad}).open(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := set.Wait(); err == nil || !strings.Contains(err.Error(), "truncated or altered") {
			t.Errorf("waited for damaged files: %v", err)
		}
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
		if err := decode(text, []int{2}, values); err == nil && len(text) < 20 {
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
