package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/data"
)

// place is the path of the benchmark's folder in the cache. The folder holds the rivals'
// environments and scripts, MNIST in the format that they read, and the vgrad command.
type place string

// openPlace returns the place. It does not create the folder.
func openPlace() (place, error) {
	cache, err := assets.Cache()
	return place(filepath.Join(cache, "bench")), err
}

// file returns the path of a file in the folder.
func (p place) file(path ...string) string {
	return filepath.Join(append([]string{string(p)}, path...)...)
}

// python returns the path of the Python of a rival's environment.
func (p place) python(r rival) string { return p.file(r.name, "bin", "python") }

// stamp returns the path of the file that marks an environment as complete. It holds the
// hash of the lock that the environment was made from.
func (p place) stamp(r rival) string { return p.file(r.name, "vgrad-lock.sha256") }

// prepare installs what the chosen rivals need. A file lock admits one process at a time.
func (b *bench) prepare(ctx context.Context) error {
	if len(b.rivals) == 0 {
		return nil
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return fmt.Errorf("the rivals are pinned for Linux on x86-64, and this is %s/%s; -rivals none measures vgrad alone", runtime.GOOS, runtime.GOARCH)
	}
	if err := os.MkdirAll(b.place.file("scripts"), 0o777); err != nil {
		return fmt.Errorf("%w; set VGRAD_CACHE to a folder that can be written", err)
	}
	lock := flock.New(b.place.file(".lock"))
	if _, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return fmt.Errorf("wait for another process that sets up the environments: %w", err)
	}
	errs := []error{b.place.writeScripts(), b.place.writeData(b.set)}
	for _, r := range b.rivals {
		if err := b.environment(ctx, r); err != nil {
			errs = append(errs, fmt.Errorf("set up %s: %w", r.title, err))
		}
	}
	return errors.Join(append(errs, lock.Unlock())...)
}

// writeScripts writes the embedded scripts and locks to the folder.
func (p place) writeScripts() error {
	entries, err := files.ReadDir("rivals")
	if err != nil {
		return err
	}
	for _, e := range entries {
		text, err := files.ReadFile("rivals/" + e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(p.file("scripts", e.Name()), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// environment makes a rival's Python environment, unless it is there and complete.
func (b *bench) environment(ctx context.Context, r rival) error {
	lock, err := r.lock()
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(lock))
	want := hex.EncodeToString(sum[:])
	if got, err := os.ReadFile(b.place.stamp(r)); err == nil && string(got) == want {
		return nil
	}
	if os.Getenv("VGRAD_OFFLINE") == "1" {
		return errOffline
	}
	python, err := findPython(ctx)
	if err != nil {
		return err
	}
	b.say("installing %s %s (%s) into %s", r.title, r.version(), r.download, b.place.file(r.name))
	start := time.Now()
	if err := os.RemoveAll(b.place.file(r.name)); err != nil {
		return err
	}
	if err := quietly(exec.CommandContext(ctx, python, "-m", "venv", "--without-pip", b.place.file(r.name))); err != nil {
		return err
	}
	err = quietly(exec.CommandContext(ctx, python, "-m", "pip", "--python", b.place.python(r), "install", "--quiet", "--require-hashes", "--no-deps",
		"--only-binary=:all:", "--no-input", "--disable-pip-version-check", "-r", b.place.file("scripts", r.name+".txt")))
	if err != nil {
		return err
	}
	b.say("%s installed in %.0f s", r.title, time.Since(start).Seconds())
	return os.WriteFile(b.place.stamp(r), []byte(want), 0o666)
}

// findPython returns the path of the first Python that has pip and venv and a version for
// which the locks hold wheels.
func findPython(ctx context.Context) (string, error) {
	const ask = "import sys, pip, venv; sys.exit(not (sys.implementation.name == 'cpython' and (3, 11) <= sys.version_info[:2] <= (3, 13)))"
	for _, name := range []string{"python3", "python3.13", "python3.12", "python3.11", "python"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.CommandContext(ctx, path, "-c", ask).Run() == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Python 3.11 to 3.13 with pip and venv (Debian: apt install python3-pip python3-venv)")
}

// quietly runs a command. If it fails, the error ends with the command's output.
func quietly(cmd *exec.Cmd) error {
	output := &tail{}
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, output)
	}
	return nil
}

// writeData writes the set in NumPy's format, unpacked, for the rivals. It has the same
// split into training and validation as vgrad's.
func (p place) writeData(set *data.Set) error {
	stamp := p.file("data", "set.sha256")
	if got, err := os.ReadFile(stamp); err == nil && string(got) == set.Sum {
		return nil
	}
	if err := os.MkdirAll(p.file("data"), 0o777); err != nil {
		return err
	}
	for name, split := range map[string]data.Split{"train": set.Train, "validation": set.Validation} {
		images, labels := npy(split.Images, split.Len(), set.Features), npy(split.Labels, split.Len())
		err := errors.Join(os.WriteFile(p.file("data", name+"-images.npy"), images, 0o666), os.WriteFile(p.file("data", name+"-labels.npy"), labels, 0o666))
		if err != nil {
			return err
		}
	}
	return os.WriteFile(stamp, []byte(set.Sum), 0o666)
}

// npy returns a file in NumPy's format, version 1.0, with bytes in the given shape.
// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
func npy(values []uint8, shape ...int) []byte {
	dims := ""
	for _, n := range shape {
		dims += fmt.Sprintf("%d, ", n)
	}
	header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }", dims)
	const before = len("\x93NUMPY\x01\x00") + 2
	header += string(bytes.Repeat([]byte{' '}, 63-(before+len(header))%64)) + "\n" // up to a multiple of 64
	file := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header)))
	return append(append(file, header...), values...)
}
