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

// An attempt gives up when nothing comes for so long, so that being without a network
// costs seconds, not minutes. A download that goes on takes as long as it takes.
const patience = 4 * time.Second

// httpClient uses the environment's proxies, as the programs do.
var httpClient = &http.Client{Transport: &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           (&net.Dialer{Timeout: patience}).DialContext,
	TLSHandshakeTimeout:   patience,
	ResponseHeaderTimeout: patience,
	ForceAttemptHTTP2:     true,
}}

// get writes what a URL serves to a file, limit bytes at most.
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
	// Reading stalls where the network goes away: each read has patience of its own.
	stalled := time.AfterFunc(patience, func() { cancel(fmt.Errorf("%s: nothing came for %v", url, patience)) })
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

// save writes everything r has to a new file, into folders it makes.
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

// run starts a program and returns its error with what it said.
func (c cache) run(ctx context.Context, dir, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "PWD="+dir), c.env...)
	cmd.WaitDelay = time.Second // its own children may keep the output open
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

// pinned is a file whose bytes are known.
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

// checkAll compares all files. It is fs.ErrNotExist only where the folder is not there:
// a folder that lacks a file is corrupt.
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

// below joins a name from an archive to a folder; it fails where the name leads out of it.
func below(dir, name string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) || strings.Contains(name, `\`) {
		return "", fmt.Errorf("the archive holds a file of the name %q", name)
	}
	return filepath.Join(dir, filepath.FromSlash(name)), nil
}
