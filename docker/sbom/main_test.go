package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// write makes a file below root.
func write(t *testing.T, root, name string, mode os.FileMode, text []byte) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, mode); err != nil {
		t.Fatal(err)
	}
}

// billOf returns the package URLs and licences of a folder's bill.
func billOf(t *testing.T, args ...string) map[string]string {
	t.Helper()
	var out bytes.Buffer
	if err := run(args, &out); err != nil {
		t.Fatal(err)
	}
	var bom cdx.BOM
	if err := json.Unmarshal(out.Bytes(), &bom); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	var order []string
	for _, c := range *bom.Components {
		found[c.PackageURL] = ""
		if c.Licenses != nil {
			found[c.PackageURL] = (*c.Licenses)[0].License.Name
		}
		order = append(order, c.PackageURL)
	}
	if !slices.IsSorted(order) {
		t.Errorf("the bill is not in order: %q", order)
	}
	return found
}

func TestRun(t *testing.T) {
	root := t.TempDir()
	write(t, root, "var/lib/dpkg/status", 0o666, []byte(
		"Package: tini\nStatus: install ok installed\nVersion: 0.19.0-1+b3\nDescription: a tiny init\n with two lines\n\n"+
			"Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n"))
	write(t, root, "venv/lib/zope_x-2.dist-info/METADATA", 0o666, []byte("Metadata-Version: 2.4\nName: Zope_X\nVersion: 2.0\nLicense-Expression: MIT\n\nA text: of a package\n"))
	write(t, root, "usr/local/go/VERSION", 0o666, []byte("go1.26.8\ntime 2026\n"))
	write(t, root, "opt/mod/github.com/!burnt!sushi/toml@v1.4.0/go.mod", 0o666, nil)
	write(t, root, "opt/mod/cache/download/example.org/m/@v/v1.0.0.mod", 0o666, nil)
	write(t, root, "opt/cache/vgrad/echarts/6.1.0/dist/echarts.min.js", 0o666, nil)
	write(t, root, "proc/venv/lib/no-1.dist-info/METADATA", 0o666, []byte("Name: no\nVersion: 1\n"))
	write(t, root, "usr/share/vgrad/mnist/train-images-idx3-ubyte.gz", 0o666, nil)
	write(t, root, "usr/bin/script", 0o777, []byte("#!/bin/sh\n"))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	write(t, root, "usr/bin/program", 0o777, program)

	got := billOf(t, "-root", root, "-name", "an image", "-part", "busybox=1.37")
	for purl, licence := range map[string]string{
		"pkg:deb/debian/tini@0.19.0-1%2Bb3":                                "",
		"pkg:pypi/zope-x@2.0":                                              "MIT",
		"pkg:generic/go@1.26.8":                                            "BSD-3-Clause",
		"pkg:golang/github.com/BurntSushi/toml@v1.4.0":                     "",
		"pkg:npm/echarts@6.1.0":                                            "Apache-2.0",
		"pkg:generic/mnist@1998":                                           "",
		"pkg:generic/busybox@1.37":                                         "",
		"pkg:golang/github.com/CycloneDX/cyclonedx-go@v0.10.0":             "",
		"pkg:golang/stdlib@" + strings.TrimPrefix(runtime.Version(), "go"): "BSD-3-Clause",
	} {
		if have, ok := got[purl]; !ok || have != licence {
			t.Errorf("%s: there %t, licence %q; want %q", purl, ok, have, licence)
		}
	}
	for purl := range got {
		if strings.Contains(purl, "gone") || strings.Contains(purl, "/no@") || strings.Contains(purl, "example.org") {
			t.Errorf("%s is in the bill", purl)
		}
	}
}

// What cannot be read is an error: a bill that leaves something out is none.
func TestRunFails(t *testing.T) {
	root := t.TempDir()
	write(t, root, "var/lib/dpkg/status", 0o666, []byte("Package tini\n"))
	for want, args := range map[string][]string{
		"malformed":    {"-root", root},
		"no such file": {"-root", filepath.Join(root, "nowhere")},
		"name=version": {"-part", "tini"},
	} {
		if err := run(args, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v; want one with %q", args, err, want)
		}
	}
}
