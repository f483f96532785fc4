package data

import (
	"fmt"
	"os"
	"path/filepath"
)

// In returns the name of the set whose files a folder has: mnist, fashion or cifar10.
// MNIST and Fashion-MNIST have the same file names; their labels tell them apart. It
// fails if the folder has the files of none. It does not check them; [Load] does.
func In(dir string) (name string, err error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("data: %s is not a folder", dir)
	}
	if cifar10.path(dir, cifar10.files[0]) != "" {
		return cifar10.name, nil
	}
	path, err := trainLabels.find(dir)
	if err != nil {
		return "", fmt.Errorf("data: %s has no files of mnist, fashion or cifar10, such as %s or %s", dir, trainLabels.name, cifar10.files[0])
	}
	labels, err := fashion.content(dir, filepath.Base(path))
	if err != nil {
		return "", fmt.Errorf("data: %w", err)
	}
	if hexSum(labels) == trainLabels.sum {
		return "mnist", nil
	}
	return fashion.name, nil
}
