package publish

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad/atomicfile"
)

// manifestName is the file that lists what a site's folder has of the site.
const manifestName = "vgrad-site.json"

// manifest lists the files of a site in its folder. Others are someone else's.
type manifest struct {
	Made  string   `json:"made"` // by what: always madeBy
	Files []string `json:"files"`
}

const madeBy = "vgrad publish -site"

// Write writes the files into a folder, which is made if it is missing. A folder with a site
// gets the new one in its place: each file is replaced in one step, pages after what they
// need, and what the new site does not have is removed last. Files in it that are not the
// site's stay.
//
// Write changes nothing and fails if the folder holds files but no site, or if a file of
// the site would replace one that is not the site's.
func (s *SiteFiles) Write(dir string) error {
	old, err := s.check(dir)
	if err != nil {
		return fmt.Errorf("publish: the site cannot be written to %s: %w", dir, err)
	}
	if err := s.replace(dir, old); err != nil {
		return fmt.Errorf("publish: write the site: %w", err)
	}
	return nil
}

// CheckSite reports why a site could not be written to a folder, as far as that can be known
// before it is made.
func CheckSite(dir string) error {
	if _, err := (&SiteFiles{}).check(dir); err != nil {
		return fmt.Errorf("publish: the site cannot be written to %s: %w", dir, err)
	}
	return nil
}

// check returns the files of the site that is in a folder.
func (s *SiteFiles) check(dir string) (old []string, err error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if old, err = readManifest(dir); err != nil {
		return nil, err
	}
	if old == nil && len(entries) > 0 {
		return nil, errForeign
	}
	var foreign []string
	for name := range s.files {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name))); err == nil && !slices.Contains(old, name) {
			foreign = append(foreign, name)
		}
	}
	if len(foreign) > 0 {
		slices.Sort(foreign)
		return nil, fmt.Errorf("%s is there and is not of the site; move it away", strings.Join(foreign, ", "))
	}
	return old, nil
}

// readManifest lists the files of the site in a folder; nil if the folder has none.
func readManifest(dir string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var m manifest
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err == nil && m.Made != madeBy {
		err = errors.New("it was not made by vgrad")
	}
	for _, name := range m.Files {
		if err == nil && !filepath.IsLocal(filepath.FromSlash(name)) {
			err = fmt.Errorf("it lists %q, which is outside the folder", name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("its %s cannot be used: %w", manifestName, err)
	}
	return append([]string{}, m.Files...), nil
}

// replace writes the files. Until all are written the manifest lists the old ones and the
// new, so that a site whose writing was stopped can be written again.
func (s *SiteFiles) replace(dir string, old []string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	all := maps.Clone(s.files)
	for _, name := range old {
		all[name] = nil
	}
	if err := writeManifest(dir, slices.Sorted(maps.Keys(all))); err != nil {
		return err
	}
	names := s.Names()
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(late(a), late(b)) })
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := atomicfile.Write(path, s.files[name]); err != nil {
			return err
		}
	}
	for _, name := range old {
		if _, ok := s.files[name]; ok {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		_ = os.Remove(filepath.Dir(path)) // fails while it holds others, which stay
	}
	return writeManifest(dir, s.Names())
}

// late orders the files: what pages need, pages, and the front page.
func late(name string) int {
	switch {
	case name == "index.html":
		return 2
	case strings.HasSuffix(name, ".html"):
		return 1
	}
	return 0
}

func writeManifest(dir string, files []string) error {
	text, err := json.MarshalIndent(manifest{madeBy, files}, "", " ")
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, manifestName), append(text, '\n'))
}
