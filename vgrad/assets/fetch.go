package assets

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// publicCDN serves the files of npm packages.
const publicCDN = "https://cdn.jsdelivr.net/npm/"

// patience is how long a download waits for the next data before it fails. Without a
// network an attempt then takes seconds, not minutes. The whole download has no limit.
const patience = 4 * time.Second

// httpClient uses the environment's proxies, as npm and pip do.
var httpClient = &http.Client{Transport: &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           (&net.Dialer{Timeout: patience}).DialContext,
	TLSHandshakeTimeout:   patience,
	ResponseHeaderTimeout: patience,
	ForceAttemptHTTP2:     true,
}}

// get downloads a URL to a file. It cuts the file off at limit bytes.
func get(ctx context.Context, url, path string, limit int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := httpClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	// The timer ends a read that gets no data, as when the network fails.
	stalled := time.AfterFunc(patience, func() { cancel(fmt.Errorf("%s: no data for %v", url, patience)) })
	defer stalled.Stop()
	body := readerFunc(func(p []byte) (int, error) {
		n, err := response.Body.Read(p)
		stalled.Reset(patience)
		return n, err
	})
	if err := save(io.LimitReader(body, limit), path); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	return nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// save writes everything that r has to a new file, and makes the file's folders.
func save(r io.Reader, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// run runs a program in dir. Its error has the program's output.
func (c cache) run(ctx context.Context, dir, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "PWD="+dir), c.env...)
	cmd.WaitDelay = time.Second // children of the program may keep its output open
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", program, ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, oneLine(out.String()))
	}
	return nil
}

// pinned is a file, relative to the part's folder, with its SHA-256.
type pinned struct{ file, sum string }

// check compares the file below dir with its pin.
func (p pinned) check(dir string) error {
	got, err := sumOf(filepath.Join(dir, filepath.FromSlash(p.file)))
	if err != nil {
		return err
	}
	if got != p.sum {
		return fmt.Errorf("%s has SHA-256 %s, expected %s", p.file, got, p.sum)
	}
	return nil
}

// sumOf returns a file's SHA-256 in hexadecimal.
func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// checkAll compares all files with their pins. The error is fs.ErrNotExist only if there is
// no folder; a folder without one of the files is corrupt.
func checkAll(dir string, files []pinned) error {
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	for _, f := range files {
		if err := f.check(dir); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s has no %s", dir, f.file)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// below joins a name from an archive to a folder. It fails if the path is outside the
// folder.
func below(dir, name string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) || strings.Contains(name, `\`) {
		return "", fmt.Errorf("the archive holds a file with the unsafe path %q", name)
	}
	return filepath.Join(dir, filepath.FromSlash(name)), nil
}
