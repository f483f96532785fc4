package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// A write creates or replaces, and leaves no other file.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	for _, content := range []string{"one", "", "three"} {
		if err := errors.Join(Check(path), Write(path, []byte(content))); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got != content {
			t.Errorf("%q, want %q", got, content)
		}
	}
	alone(t, dir, "page.html")
}

// An old file keeps its permissions; a new one gets those that os.Create gives.
func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	dir := t.TempDir()
	like, err := os.Create(filepath.Join(dir, "like"))
	if err != nil {
		t.Fatal(err)
	}
	like.Close()
	path := filepath.Join(dir, "file")
	want := permissions(t, like.Name())
	for _, mode := range []fs.FileMode{want, 0o600, 0o640, 0o755} {
		if mode != want {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		if err := Write(path, []byte("text")); err != nil {
			t.Fatal(err)
		}
		if got := permissions(t, path); got != mode {
			t.Errorf("%v, want %v", got, mode)
		}
	}
}

// Links stay links: relative ones, chains, and one whose file is not there yet.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"real/deep", "other"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(sub)), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		"folder":             "real/deep",
		"real/deep/relative": "../file", // by way of folder this is real/file, and not ./file
		"chain":              "folder/relative",
		"dangling":           "other/new",
	} {
		if err := os.Symlink(filepath.FromSlash(to), filepath.Join(dir, filepath.FromSlash(link))); err != nil {
			t.Skipf("this system lets nobody make links: %v", err)
		}
	}
	for link, file := range map[string]string{"chain": "real/file", "folder/relative": "real/file", "dangling": "other/new"} {
		at := filepath.Join(dir, filepath.FromSlash(link))
		if err := errors.Join(Check(at), Write(at, []byte(link))); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Lstat(at); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is no link any more: %v", link, err)
		}
		if got := read(t, filepath.Join(dir, filepath.FromSlash(file))); got != link {
			t.Errorf("%s: %q", file, got)
		}
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	if err := Write(loop, nil); err == nil || !strings.Contains(err.Error(), "symbolic links") {
		t.Errorf("a loop: %v", err)
	}
}

// What cannot be written is told alike before and after, in one line that names it.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := Write(file, []byte("kept")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:                                  "is a folder",
		filepath.Join(dir, "no", "page"):     "there is no folder " + filepath.Join(dir, "no"),
		filepath.Join(file, "page"):          file,
		filepath.Join(dir, "missing") + "/.": "missing",
	} {
		for name, err := range map[string]error{"Check": Check(path), "Write": Write(path, nil)} {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), ".new-") {
				t.Errorf("%s(%q): %v, want %q", name, path, err, want)
			}
		}
	}
	if read(t, file) != "kept" {
		t.Error("a file was changed")
	}
	alone(t, dir, "file")
}

// A device is written to and stays.
func TestDevice(t *testing.T) {
	if err := errors.Join(Check(os.DevNull), Write(os.DevNull, []byte("gone"))); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is %v, %v", os.DevNull, info, err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	name := fmt.Sprintf("/proc/self/fd/%d", to.Fd())
	if err := errors.Join(Check(name), Write(name, []byte("through")), to.Close()); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 7)
	if n, err := from.Read(got); err != nil || string(got[:n]) != "through" {
		t.Errorf("the pipe gives %q, %v", got, err)
	}
}

// A reader sees one of the contents whole, whatever writers do at once.
func TestAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	contents := []string{strings.Repeat("a", 1<<16), strings.Repeat("b", 1<<17)}
	if err := Write(path, []byte(contents[0])); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for _, content := range contents {
		writers.Go(func() {
			for range 20 {
				if err := Write(path, []byte(content)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 100 {
		if got := read(t, path); got != contents[0] && got != contents[1] {
			t.Fatalf("%d bytes that nobody wrote", len(got))
		}
	}
	writers.Wait()
	alone(t, filepath.Dir(path), "file")
}

func ExampleWrite() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "report.html")
	fmt.Println(Check(path), Write(path, []byte("<p>\n")))
	// Output: <nil> <nil>
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func permissions(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// alone checks that a folder has one entry.
func alone(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("%v, %v; want %s alone", entries, err, name)
	}
}
