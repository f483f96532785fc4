package assets

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// npmPackage is a package of npm's, with the files of it that are kept.
type npmPackage struct {
	name, version string
	files         []pinned
}

func (n npmPackage) check(dir string) error { return checkAll(dir, n.files) }

// fetch fetches the package with the npm client, which knows the user's own
// registry. Without a client, or if it fails, it fetches the files from the CDN.
func (n npmPackage) fetch(ctx context.Context, c cache, dir string) error {
	npmErr := c.npmPack(ctx, n, dir)
	if npmErr == nil || ctx.Err() != nil {
		return npmErr
	}
	for _, f := range n.files {
		path := filepath.Join(dir, filepath.FromSlash(f.file))
		if err := get(ctx, c.cdn+n.name+"@"+n.version+"/"+f.file, path, 8<<20); err != nil {
			return fmt.Errorf("%w; %w; with a network run: go tool vgrad assets", npmErr, err)
		}
	}
	return nil
}

// npmPack fetches the package with the npm client and unpacks the files that are kept.
func (c cache) npmPack(ctx context.Context, n npmPackage, dir string) error {
	npm, err := exec.LookPath(c.npm)
	if err != nil {
		return errors.New("there is no npm client")
	}
	tmp, err := os.MkdirTemp("", "vgrad-npm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	err = c.run(ctx, tmp, npm, "pack", n.name+"@"+n.version, "--ignore-scripts", "--loglevel=error", "--no-update-notifier",
		"--fetch-retries=0", fmt.Sprintf("--fetch-timeout=%d", patience.Milliseconds()))
	if err != nil {
		return err
	}
	return n.untar(filepath.Join(tmp, n.name+"-"+n.version+".tgz"), dir)
}

// untar writes the kept files of an npm package. All files of the archive are below
// package/.
func (n npmPackage) untar(path, dir string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	for archive := tar.NewReader(unpacked); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		name := strings.TrimPrefix(header.Name, "package/")
		if !slices.ContainsFunc(n.files, func(k pinned) bool { return k.file == name }) {
			continue
		}
		if err := save(archive, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
}
