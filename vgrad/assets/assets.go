// Package assets brings the parts that are too large, or not ours, to be committed:
// the ECharts library that draws figures and the XLA plugin that runs graphs.
//
// A part is fetched at its first use, in the one version that is pinned here,
// checked against a pinned SHA-256 and kept in the user's cache. What is there and
// intact is used without a network. It stands beside the flow: figures ask for
// [ECharts], the choice of a backend asks for [XLAPlugin], and both can go on
// without, so each failure is one line that says what to do.
//
//	library, err := assets.ECharts(ctx)   // its JavaScript, 1.1 MB
//	plugin, err := assets.XLAPlugin(ctx)  // the path of a shared library, 200 MB
//
// The environment has a say: VGRAD_CACHE names the cache's folder, and with
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

// parts lists what there is.
var parts = []part{echarts, xlaPlugin}

var (
	// ErrOffline is the error of a part that is missing while VGRAD_OFFLINE=1.
	ErrOffline = errors.New("not fetched because VGRAD_OFFLINE=1; with a network run: VGRAD_OFFLINE=0 go tool vgrad assets")
	// ErrUnsupported is the error of a part that does not exist for this platform.
	ErrUnsupported = errors.New("there is none for this platform")
)

// ECharts returns the ECharts library, dist/echarts.min.js of version 6.1.0, fetching
// it if need be: with an npm client where there is one, else from a public CDN.
// Its SHA-256 is checked at every call. With no network an attempt takes at most
// about ten seconds; ctx bounds it further.
func ECharts(ctx context.Context) ([]byte, error) {
	c, err := open()
	if err != nil {
		return nil, err
	}
	path, err := c.ensure(ctx, echarts, told(ctx))
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// XLAPlugin returns the path of XLA's PJRT plugin for the CPU, fetching it if need
// be with Python's pip: 63 MB, 200 MB unpacked. It is for Linux on x86-64; elsewhere it
// is a plugin in [XLAElsewhere], or the error is [ErrUnsupported]. With no network an
// attempt takes at most about ten seconds; ctx bounds it further.
//
// Its SHA-256 is checked when it is installed, and again when its size or time no
// longer are what they were then.
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

// XLAElsewhere is the folder of the cache in which a plugin serves on platforms that have
// none of a pinned hash; vgrad setup -backend xla puts it there.
const XLAElsewhere = "xla-gomlx"

type tellKey struct{}

// Tell returns a context in which a fetch says, a line at a time, what it does:
// a first use may take a while.
func Tell(ctx context.Context, say func(line string)) context.Context {
	return context.WithValue(ctx, tellKey{}, say)
}

// told returns who is told, or one who does not listen.
func told(ctx context.Context) func(string) {
	if say, ok := ctx.Value(tellKey{}).(func(string)); ok && say != nil {
		return say
	}
	return func(string) {}
}

// State says how a part is.
type State string

// The states of a part.
const (
	OK          State = "ok"          // there and intact
	Missing     State = "missing"     // not fetched yet
	Corrupt     State = "corrupt"     // there, but not what was pinned; the next use fetches it again
	Unsupported State = "unsupported" // there is none for this platform
)

// Part describes a part to those who check the machine's health.
type Part struct {
	Name, Version string
	Licence       string // SPDX identifier; the licence's text lies beside the part
	State         State
	Path          string // where the part is, or will be
	Size          int64  // bytes of what is in the cache; 0 where there is nothing
	Problem       string // what is wrong, in one line; empty where State is OK
}

// List describes every part as it is now and fetches nothing. It fails only where
// no folder for the cache can be told.
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

// Ensure fetches every part that is missing or corrupt and tells progress, a line
// at a time, what it does and how long it took. A part that does not exist for this
// platform is told and is no error. The others are tried even when one fails.
func Ensure(ctx context.Context, progress func(string)) error {
	c, err := open()
	if err != nil {
		return err
	}
	return c.ensureAll(ctx, parts, progress)
}

// Cache returns the folder that holds the parts: $VGRAD_CACHE, else vgrad in the
// user's cache. It need not exist yet.
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

// open reads the environment.
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

// describe looks at a part.
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

// folderSize adds up the files of a folder; 0 where it cannot be read.
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
