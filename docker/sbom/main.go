// Command sbom writes a bill of materials of an image, in CycloneDX's JSON: the programs,
// packages and parts in its files, with their versions.
//
//	sbom -root / -name vgrad-lab -part tini=0.19.0 > sbom.cdx.json
//
// It reads what is installed, not what was requested: the modules that Go's linker wrote
// into programs, the metadata of installed Python packages, Debian's list of packages, and
// the folders of the module cache and of the lab's parts. It fails on a file that it cannot
// read. A kind of package may be missing.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	f := flag.NewFlagSet("sbom", flag.ContinueOnError)
	root := f.String("root", "/", "folder to read")
	name := f.String("name", "vgrad", "name of the image")
	version := f.String("version", "", "version of the image")
	b := bill{}
	f.Func("part", "`name=version` of a program that was copied in without metadata; may be repeated", func(text string) error {
		name, version, ok := strings.Cut(text, "=")
		if !ok || name == "" || version == "" {
			return fmt.Errorf("%q is not name=version", text)
		}
		b.add(cdx.ComponentTypeApplication, "generic", name, version, "")
		return nil
	})
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("the command takes only flags; got %q", f.Args())
	}
	if err := b.look(filepath.Clean(*root)); err != nil {
		return err
	}
	return b.write(out, *name, *version)
}

// bill holds the components that were found, by package URL.
type bill map[string]cdx.Component

// add adds a component. The kind is the type of its package URL: golang, pypi, deb/debian,
// npm or generic. The licence is an SPDX identifier or the package's own words; "" if the
// package names none.
func (b bill) add(of cdx.ComponentType, kind, name, version, licence string) {
	id := "pkg:" + kind + "/" + name + "@" + strings.ReplaceAll(version, "+", "%2B")
	c := cdx.Component{BOMRef: id, Type: of, Name: name, Version: version, PackageURL: id}
	if licence != "" {
		c.Licenses = &cdx.Licenses{{License: &cdx.License{Name: licence}}}
	}
	b[id] = c
}

// write writes the bill in the order of its package URLs, so that the same files give the
// same text.
func (b bill) write(out io.Writer, name, version string) error {
	components := make([]cdx.Component, 0, len(b))
	for _, c := range b {
		components = append(components, c)
	}
	slices.SortFunc(components, func(x, y cdx.Component) int { return strings.Compare(x.BOMRef, y.BOMRef) })
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Component: &cdx.Component{Type: cdx.ComponentTypeContainer, Name: name, Version: version}}
	bom.Components = &components
	return cdx.NewBOMEncoder(out, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
}
