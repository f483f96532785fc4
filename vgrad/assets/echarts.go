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

// echarts is Apache ECharts as npm packs it: the full library, minified. It draws in a
// browser and, without one, to SVG.
var echarts = part{
	name:      "echarts",
	version:   echartsVersion,
	licence:   "Apache-2.0",
	file:      "dist/echarts.min.js",
	download:  "1.1 MB (12 MB with npm)",
	supported: func() error { return nil },
	fetch:     fetchECharts,
	check:     func(dir string) error { return checkAll(dir, echartsFiles) },
}

const echartsVersion = "6.1.0"

// echartsFiles are the files of the npm package that are kept.
var echartsFiles = []pinned{
	{"dist/echarts.min.js", "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0"},
	{"LICENSE", "634293835b43a6dd2094fa39182a3d9a6b9ca43b7fdb9ac354e8037af2a3093a"},
	{"NOTICE", "d491d358344f842685c1b1585970999db65fe30ecf7ef3867af8814f4016c016"},
}

// fetchECharts fetches the package with the npm client, which knows the user's own
// registry. Without a client, or if it fails, it fetches the files from the CDN.
func fetchECharts(ctx context.Context, c cache, dir string) error {
	npmErr := c.npmPack(ctx, dir)
	if npmErr == nil || ctx.Err() != nil {
		return npmErr
	}
	for _, f := range echartsFiles {
		path := filepath.Join(dir, filepath.FromSlash(f.file))
		if err := get(ctx, c.cdn+"echarts@"+echartsVersion+"/"+f.file, path, 8<<20); err != nil {
			return fmt.Errorf("%w; %w; with a network run: go tool vgrad assets", npmErr, err)
		}
	}
	return nil
}

// npmPack fetches the package with the npm client and unpacks the files that are kept.
func (c cache) npmPack(ctx context.Context, dir string) error {
	npm, err := exec.LookPath(c.npm)
	if err != nil {
		return errors.New("there is no npm client")
	}
	tmp, err := os.MkdirTemp("", "vgrad-npm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	err = c.run(ctx, tmp, npm, "pack", "echarts@"+echartsVersion, "--ignore-scripts", "--loglevel=error", "--no-update-notifier",
		"--fetch-retries=0", fmt.Sprintf("--fetch-timeout=%d", patience.Milliseconds()))
	if err != nil {
		return err
	}
	return untar(filepath.Join(tmp, "echarts-"+echartsVersion+".tgz"), dir)
}

// untar writes the kept files of an npm package. All files of the archive are below
// package/.
func untar(path, dir string) error {
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
		if !slices.ContainsFunc(echartsFiles, func(k pinned) bool { return k.file == name }) {
			continue
		}
		if err := save(archive, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
}
