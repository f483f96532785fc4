// Package assets downloads the third-party parts that are too large to be committed: the
// ECharts library that draws figures, the KaTeX library that draws formulas, and the XLA
// plugin that runs graphs.
//
// A part is fetched at its first use, in the one version that is pinned here. It is
// checked against a pinned SHA-256 and kept in the user's cache. A part that is intact in
// the cache needs no network. Figures ask for [ECharts], formulas for [KaTeX], and the choice
// of a backend asks for [XLAPlugin]. All work without the part, so each failure is one line that says what
// to do.
//
//	library, err := assets.ECharts(ctx)   // its JavaScript, 1.1 MB
//	formulas, err := assets.KaTeX(ctx)    // its JavaScript, 0.3 MB
//	plugin, err := assets.XLAPlugin(ctx)  // the path of a shared library, 200 MB
//
// Two environment variables matter: VGRAD_CACHE names the cache's folder, and with
// VGRAD_OFFLINE=1 nothing is fetched.
//
// To add a part, write one file that describes it and add its line to the list in
// this one.
package assets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// parts lists all parts.
var parts = []part{echarts, xlaPlugin, katex}

var (
	// ErrOffline is the error of a part that is missing while VGRAD_OFFLINE=1.
	ErrOffline = errors.New("not fetched because VGRAD_OFFLINE=1; with a network run: VGRAD_OFFLINE=0 go tool vgrad assets")
	// ErrUnsupported is the error of a part that does not exist for this platform.
	ErrUnsupported = errors.New("there is none for this platform")
)

// ECharts returns the ECharts library, dist/echarts.min.js of version 6.1.0. If it is not
// in the cache, it is fetched with an npm client or, without one, from a public CDN. Its
// SHA-256 is checked at every call. With no network a call fails after about ten seconds
// at most; ctx can end it earlier.
func ECharts(ctx context.Context) ([]byte, error) { return read(ctx, echarts) }

// KaTeX returns the KaTeX library, dist/katex.min.js of version 0.19.1. It is fetched and
// checked as [ECharts] is.
func KaTeX(ctx context.Context) ([]byte, error) { return read(ctx, katex) }

// read returns the file of a part.
func read(ctx context.Context, p part) ([]byte, error) {
	c, err := open()
	if err != nil {
		return nil, err
	}
	path, err := c.ensure(ctx, p, told(ctx))
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// XLAPlugin returns the path of XLA's PJRT plugin for the CPU. If it is not in the cache,
// it is fetched with Python's pip: 63 MB, 200 MB unpacked. The pinned plugin is for Linux
// on x86-64. On other platforms the path is that of a plugin in [XLAElsewhere]; without
// one the error is [ErrUnsupported]. With no network a call fails after about ten seconds
// at most; ctx can end it earlier.
//
// Its SHA-256 is checked when it is installed, and again if its size or modification time
// has changed.
func XLAPlugin(ctx context.Context) (path string, err error) {
	c, err := open()
	if err != nil {
		return "", err
	}
	path, err = c.ensure(ctx, xlaPlugin, told(ctx))
	if errors.Is(err, ErrUnsupported) {
		if found, _ := filepath.Glob(filepath.Join(c.dir, XLAElsewhere, "pjrt_c_api_cpu_*plugin.*")); len(found) > 0 {
			return found[0], nil
		}
	}
	return path, err
}

// XLAElsewhere is the folder of the cache for an unverified plugin, on platforms for which
// no hash is pinned. The command vgrad setup -backend xla puts the plugin there.
const XLAElsewhere = "xla-gomlx"

type tellKey struct{}

// Tell returns a context in which a fetch calls say with each line of its progress. A
// first use may take a while.
func Tell(ctx context.Context, say func(line string)) context.Context {
	return context.WithValue(ctx, tellKey{}, say)
}

// told returns the function given to [Tell], or one that does nothing.
func told(ctx context.Context) func(string) {
	if say, ok := ctx.Value(tellKey{}).(func(string)); ok && say != nil {
		return say
	}
	return func(string) {}
}

// State is the state of a part in the cache.
type State string

// The states of a part.
const (
	OK          State = "ok"          // there and intact
	Missing     State = "missing"     // not fetched yet
	Corrupt     State = "corrupt"     // there, but not the pinned files; the next use fetches it again
	Unsupported State = "unsupported" // there is none for this platform
)

// Part describes a part and its state on this machine.
type Part struct {
	Name, Version string
	Licence       string // SPDX identifier; the licence's text is in the part's folder
	State         State
	Path          string // where the part is, or will be
	Size          int64  // bytes of the part in the cache; 0: it is not there
	Problem       string // what is wrong, in one line; empty: State is OK
}

// List describes the current state of every part and fetches nothing. It fails only if
// there is no folder for the cache.
func List() ([]Part, error) {
	c, err := open()
	if err != nil {
		return nil, err
	}
	var list []Part
	for _, p := range parts {
		list = append(list, c.describe(p))
	}
	return list, nil
}

// Ensure fetches every part that is missing or corrupt. It calls progress with lines that
// say what it does and how long it took. A part that does not exist for this platform is
// one of these lines and no error. If one part fails, the others are tried as well.
func Ensure(ctx context.Context, progress func(string)) error {
	c, err := open()
	if err != nil {
		return err
	}
	return c.ensureAll(ctx, parts, progress)
}

// Cache returns the folder that holds the parts: $VGRAD_CACHE, or else vgrad in the user's
// cache. The folder need not exist yet.
func Cache() (string, error) {
	if dir := os.Getenv("VGRAD_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("assets: no folder for the cache: %w; name one in VGRAD_CACHE", err)
	}
	return filepath.Join(dir, "vgrad"), nil
}

// open returns the cache that the environment describes.
func open() (cache, error) {
	dir, err := Cache()
	return cache{
		dir:     dir,
		cdn:     publicCDN,
		npm:     "npm",
		pythons: []string{"python3", "python"},
		offline: os.Getenv("VGRAD_OFFLINE") == "1",
	}, err
}

// describe returns the current state of a part.
func (c cache) describe(p part) Part {
	d := Part{Name: p.name, Version: p.version, Licence: p.licence, Path: c.path(p), State: OK}
	err := p.supported()
	if err == nil {
		d.Size = folderSize(c.folder(p))
		err = p.check(c.folder(p))
	}
	switch {
	case err == nil:
		return d
	case errors.Is(err, ErrUnsupported):
		d.State = Unsupported
	case errors.Is(err, fs.ErrNotExist):
		d.State = Missing
	default:
		d.State = Corrupt
	}
	d.Problem = oneLine(err.Error())
	if d.State == Missing {
		d.Problem = "not fetched yet; run: go tool vgrad assets"
	}
	return d
}

// ensureAll fetches the given parts.
func (c cache) ensureAll(ctx context.Context, parts []part, progress func(string)) error {
	var wrong []error
	for _, p := range parts {
		start := time.Now()
		fetched := false
		path, err := c.ensure(ctx, p, func(line string) { fetched = true; progress(line) })
		switch {
		case errors.Is(err, ErrUnsupported):
			progress(err.Error())
		case err != nil:
			wrong = append(wrong, err)
		case fetched:
			progress(fmt.Sprintf("%s: fetched in %.1f s: %s", p, time.Since(start).Seconds(), path))
		default:
			progress(fmt.Sprintf("%s: is there: %s", p, path))
		}
	}
	return errors.Join(wrong...)
}

// folderSize adds up the sizes of a folder's files, or returns 0 if it cannot be read.
func folderSize(dir string) int64 {
	var size int64
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		return 0
	}
	return size
}
