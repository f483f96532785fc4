package assets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// part is a pinned third-party part: a folder of files.
type part struct {
	name, version, licence string
	file                   string // the file that users of the part need, below its folder
	download               string // the size of the download, in words
	// supported returns ErrUnsupported, wrapped with what to do, if the part does not
	// exist for this platform.
	supported func() error
	// fetch fills an empty folder.
	fetch func(ctx context.Context, c cache, dir string) error
	// check reports an error if a folder does not hold the pinned part: fs.ErrNotExist if
	// there is no folder. It is called before every use and after every fetch.
	check func(dir string) error
}

func (p part) String() string { return p.name + " " + p.version }

// cache is a folder of parts, with what is needed to fetch them.
type cache struct {
	dir     string
	cdn     string   // base URL that serves npm packages as <name>@<version>/<file>
	npm     string   // the npm client's name on PATH
	pythons []string // the names a Python with pip may have on PATH
	env     []string // for these programs, beside the process's own
	offline bool
}

// folder returns a part's folder. Each version has its own.
func (c cache) folder(p part) string { return filepath.Join(c.dir, p.name, p.version) }

// path returns the path of the file that users of the part need.
func (c cache) path(p part) string { return filepath.Join(c.folder(p), filepath.FromSlash(p.file)) }

// ensure returns the part's path. If the part is missing or corrupt, ensure fetches it and
// calls say with what it does; otherwise it does not call say.
func (c cache) ensure(ctx context.Context, p part, say func(string)) (string, error) {
	if err := p.supported(); err != nil {
		return "", fmt.Errorf("assets: %s: %w", p, err)
	}
	if p.check(c.folder(p)) == nil {
		return c.path(p), nil
	}
	if err := c.install(ctx, p, say); err != nil {
		return "", fmt.Errorf("assets: %s: %w", p, err)
	}
	return c.path(p), nil
}

// install fetches a part. If another process is fetching one, install waits for it, and
// then checks whether the part is there.
func (c cache) install(ctx context.Context, p part, say func(string)) error {
	if c.offline {
		return ErrOffline
	}
	shelf := filepath.Dir(c.folder(p))
	if err := os.MkdirAll(shelf, 0o777); err != nil {
		return fmt.Errorf("%w; name another cache in VGRAD_CACHE", err)
	}
	lock := flock.New(filepath.Join(shelf, ".lock"))
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return fmt.Errorf("wait for another process that fetches it: %w", err)
	}
	err := p.check(c.folder(p))
	if err != nil {
		say(fmt.Sprintf("%s: %s; fetching %s", p, why(err), p.download))
		err = c.replace(ctx, p, shelf)
	}
	return errors.Join(err, lock.Unlock())
}

// why says in words why a part is fetched.
func why(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "missing"
	}
	return "corrupt (" + oneLine(err.Error()) + ")"
}

// replace fetches a part into a temporary folder, checks it, and then renames the folder.
// So a process that is killed leaves no incomplete part; the temporary folder that it
// leaves is removed by the next call. The caller holds the lock.
func (c cache) replace(ctx context.Context, p part, shelf string) error {
	const unfinished = ".new-"
	left, err := filepath.Glob(filepath.Join(shelf, unfinished+"*"))
	if err != nil {
		return err
	}
	for _, dir := range append(left, c.folder(p)) {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp(shelf, unfinished)
	if err != nil {
		return err
	}
	if err = p.fetch(ctx, c, dir); err == nil {
		err = p.check(dir)
	}
	if err == nil {
		err = errors.Join(os.Chmod(dir, 0o755), os.Rename(dir, c.folder(p)))
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	return nil
}

// oneLine joins a text's lines to one and keeps the first 240 bytes, which have the reason.
func oneLine(text string) string {
	line := strings.Join(strings.Fields(text), " ")
	if len(line) > 240 {
		line = strings.ToValidUTF8(line[:240], "") + " …"
	}
	return line
}
