package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// -data takes a name, or a folder with the files of a set.
func TestDataFlag(t *testing.T) {
	t.Setenv("VGRAD_DATA", "")
	var w sweepFlags
	if err := w.set().Parse([]string{"-data", "synthetic"}); err != nil || w.sweep.Base.Data != "synthetic" || os.Getenv("VGRAD_DATA") != "" {
		t.Errorf("a name: %q, %v", w.sweep.Base.Data, err)
	}
	dir := t.TempDir()
	f := w.set()
	f.SetOutput(&strings.Builder{})
	if err := f.Parse([]string{"-data", dir}); err == nil || !strings.Contains(err.Error(), "has no files of mnist, fashion or cifar10") {
		t.Errorf("an empty folder: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data_batch_1.bin"), []byte{1}, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := w.set().Parse([]string{"-data", dir}); err != nil || w.sweep.Base.Data != "cifar10" || os.Getenv("VGRAD_DATA") != dir {
		t.Errorf("a folder: %q, VGRAD_DATA %q, %v", w.sweep.Base.Data, os.Getenv("VGRAD_DATA"), err)
	}
}
