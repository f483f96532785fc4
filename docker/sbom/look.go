package main

import (
	"bufio"
	"debug/buildinfo"
	"fmt"
	"io"
	"io/fs"
	"net/textproto"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/vgrad/lab/vgrad/assets"
	"golang.org/x/mod/module"
)

// skipped are folders of a running system that are not part of an image.
var skipped = []string{"proc", "sys", "dev", "tmp", "run"}

// look adds the components that it finds in the files below root.
func (b bill) look(root string) error {
	parts, err := assets.List() // only for their names and versions
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			for _, name := range skipped {
				if below == name {
					return fs.SkipDir
				}
			}
			return b.folder(path, below, parts)
		}
		return b.file(path, below, entry)
	})
}

// folder adds the component that a folder's name identifies: a module of the module cache,
// or a part of the lab.
func (b bill) folder(path, below string, parts []assets.Part) error {
	if strings.HasSuffix(below, "mod/cache") { // archives and versions only
		return fs.SkipDir
	}
	if _, name, ok := strings.Cut(below, "mod/"); ok && strings.Contains(filepath.Base(name), "@") {
		escaped, version, _ := strings.Cut(name, "@")
		name, err := module.UnescapePath(escaped)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		b.add(cdx.ComponentTypeLibrary, "golang", name, version, "")
	}
	for _, p := range parts {
		if strings.HasSuffix(below, "/vgrad/"+p.Name+"/"+p.Version) {
			b.add(cdx.ComponentTypeLibrary, partKinds[p.Name], p.Name, p.Version, p.Licence)
		}
	}
	return nil
}

// partKinds maps a part of the lab to the type of its package URL.
var partKinds = map[string]string{"echarts": "npm", "katex": "npm", "xla-cpu": "generic"}

// file adds the components that a file identifies: a list of packages, the metadata of a
// package, or a Go program.
func (b bill) file(path, below string, entry fs.DirEntry) error {
	switch {
	case !entry.Type().IsRegular():
		return nil
	case below == "var/lib/dpkg/status":
		return b.debian(path)
	case strings.HasSuffix(below, ".dist-info/METADATA"):
		return b.python(path)
	case strings.HasSuffix(below, "go/VERSION"):
		return b.toolchain(path)
	case strings.HasSuffix(below, "train-images-idx3-ubyte.gz"):
		b.add(cdx.ComponentTypeData, "generic", "mnist", "1998", "")
		return nil
	}
	info, err := entry.Info()
	if err != nil || info.Mode()&0o111 == 0 {
		return err
	}
	if program, err := buildinfo.ReadFile(path); err == nil { // an error: it is not a Go program
		b.program(program)
	}
	return nil
}

// program adds the modules that a Go program was built from.
func (b bill) program(info *debug.BuildInfo) {
	b.add(cdx.ComponentTypeLibrary, "golang", "stdlib", strings.TrimPrefix(info.GoVersion, "go"), "BSD-3-Clause")
	for _, m := range append(info.Deps, &info.Main) {
		if m.Replace != nil {
			m = m.Replace
		}
		if m.Path != "" && m.Version != "" {
			b.add(cdx.ComponentTypeLibrary, "golang", m.Path, m.Version, "")
		}
	}
}

// toolchain adds a Go distribution.
func (b bill) toolchain(path string) error {
	text, err := os.ReadFile(path)
	line, _, _ := strings.Cut(string(text), "\n")
	if version, ok := strings.CutPrefix(line, "go"); ok && err == nil {
		b.add(cdx.ComponentTypeApplication, "generic", "go", version, "BSD-3-Clause")
	}
	return err
}

// python adds an installed Python package.
func (b bill) python(path string) error {
	fields, err := stanzas(path, 1)
	if err != nil || len(fields) == 0 {
		return err
	}
	licence := fields[0].Get("License-Expression")
	if licence == "" {
		licence, _, _ = strings.Cut(fields[0].Get("License"), "\n")
	}
	name := strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(fields[0].Get("Name")))
	b.add(cdx.ComponentTypeLibrary, "pypi", name, fields[0].Get("Version"), licence)
	return nil
}

// debian adds the installed packages of Debian.
func (b bill) debian(path string) error {
	list, err := stanzas(path, -1)
	for _, p := range list {
		if strings.HasSuffix(p.Get("Status"), " installed") {
			b.add(cdx.ComponentTypeLibrary, "deb/debian", p.Get("Package"), p.Get("Version"), "")
		}
	}
	return err
}

// stanzas reads n groups of header lines from a file in the format of mail headers, which
// Debian's and Python's package metadata have. A negative n reads all groups.
func stanzas(path string, n int) (list []textproto.MIMEHeader, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := textproto.NewReader(bufio.NewReader(f))
	for n != len(list) {
		fields, err := r.ReadMIMEHeader()
		if len(fields) > 0 {
			list = append(list, fields)
		}
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return list, nil
}
