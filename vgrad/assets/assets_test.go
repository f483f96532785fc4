package assets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A part of the tests' own: one file whose pinned content is "good".
func testPart(fetch func(ctx context.Context, dir string) error) part {
	file := pinned{"a.txt", "770e607624d689265ca6c44884d0807d9b054d23c473c106c72be9de08b7376c"}
	return part{
		name: "test", version: "1", licence: "CC0-1.0", file: "a.txt", download: "4 bytes",
		supported: func() error { return nil },
		fetch:     func(ctx context.Context, c cache, dir string) error { return fetch(ctx, dir) },
		check:     func(dir string) error { return checkAll(dir, []pinned{file}) },
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := save(strings.NewReader(text), path); err != nil {
		t.Fatal(err)
	}
}

func writes(text string) func(context.Context, string) error {
	return func(_ context.Context, dir string) error {
		return save(strings.NewReader(text), filepath.Join(dir, "a.txt"))
	}
}

func quiet(string) {}

// names lists a folder, the lock left out.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != ".lock" {
			list = append(list, e.Name())
		}
	}
	return list
}

func TestInstall(t *testing.T) {
	c := cache{dir: t.TempDir()}
	p := testPart(writes("good"))
	if got := c.describe(p); got.State != Missing || got.Size != 0 {
		t.Errorf("before: %+v", got)
	}
	path, err := c.ensure(t.Context(), p, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.describe(p); got.State != OK || got.Path != path || got.Size != 4 || got.Problem != "" {
		t.Errorf("after: %+v", got)
	}
	p.fetch = func(context.Context, cache, string) error { return errors.New("fetched again") }
	if _, err := c.ensure(t.Context(), p, quiet); err != nil {
		t.Errorf("second use: %v", err)
	}
}

// What fails, or brings the wrong bytes, leaves nothing behind and takes nothing away.
func TestInstallRefuses(t *testing.T) {
	for name, fetch := range map[string]func(context.Context, string) error{
		"wrong bytes": writes("evil"),
		"nothing":     func(context.Context, string) error { return nil },
		"half": func(ctx context.Context, dir string) error {
			return errors.Join(writes("go")(ctx, dir), errors.New("connection lost"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := cache{dir: t.TempDir()}
			if path, err := c.ensure(t.Context(), testPart(fetch), quiet); err == nil {
				t.Errorf("no error; path %s", path)
			}
			if left := names(t, filepath.Join(c.dir, "test")); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestCorruptIsFetchedAgain(t *testing.T) {
	c := cache{dir: t.TempDir()}
	p := testPart(writes("good"))
	write(t, c.path(p), "evil")
	write(t, filepath.Join(c.dir, "test", ".new-killed", "a.txt"), "go") // of a process killed in mid-download
	if got := c.describe(p); got.State != Corrupt || !strings.Contains(got.Problem, "a.txt has SHA-256") {
		t.Errorf("before: %+v", got)
	}
	var said []string
	if _, err := c.ensure(t.Context(), p, func(line string) { said = append(said, line) }); err != nil {
		t.Fatal(err)
	}
	if len(said) != 1 || !strings.Contains(said[0], "corrupt") {
		t.Errorf("said %q", said)
	}
	if left := names(t, filepath.Join(c.dir, "test")); len(left) != 1 || left[0] != "1" {
		t.Errorf("left: %v", left)
	}
}

// However many ask at once, one fetches, and nobody sees a part that is not whole.
func TestManyAtOnce(t *testing.T) {
	c := cache{dir: t.TempDir()}
	var fetches atomic.Int32
	p := testPart(func(ctx context.Context, dir string) error {
		fetches.Add(1)
		time.Sleep(50 * time.Millisecond)
		return writes("good")(ctx, dir)
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			path, err := c.ensure(t.Context(), p, quiet)
			if text, readErr := os.ReadFile(path); err != nil || readErr != nil || string(text) != "good" {
				t.Errorf("%q, %v, %v", text, err, readErr)
			}
		})
	}
	all.Wait()
	if n := fetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

func TestWaitIsBounded(t *testing.T) {
	c := cache{dir: t.TempDir()}
	started := make(chan struct{})
	slow := testPart(func(ctx context.Context, dir string) error {
		close(started)
		<-ctx.Done()
		return ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go c.ensure(ctx, slow, quiet)
	<-started
	short, cancelShort := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancelShort()
	if _, err := c.ensure(short, slow, quiet); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestOffline(t *testing.T) {
	t.Setenv("VGRAD_CACHE", t.TempDir())
	t.Setenv("VGRAD_OFFLINE", "1")
	_, err := ECharts(t.Context())
	if !errors.Is(err, ErrOffline) || !strings.Contains(err.Error(), "go tool vgrad assets") {
		t.Errorf("ECharts: %v", err)
	}
	if thisPlatform == "linux/amd64" {
		if _, err := XLAPlugin(t.Context()); !errors.Is(err, ErrOffline) {
			t.Errorf("XLAPlugin: %v", err)
		}
	}
	list, err := List()
	if err != nil || len(list) != len(parts) || list[0].State != Missing {
		t.Errorf("List: %+v, %v", list, err)
	}
}

func TestUnsupported(t *testing.T) {
	c := cache{dir: t.TempDir()}
	p := testPart(writes("good"))
	p.supported = func() error { return fmt.Errorf("%w (plan9/mips)", ErrUnsupported) }
	var said []string
	if err := c.ensureAll(t.Context(), []part{p}, func(line string) { said = append(said, line) }); err != nil {
		t.Error(err)
	}
	if len(said) != 1 || !strings.Contains(said[0], "none for this platform") || c.describe(p).State != Unsupported {
		t.Errorf("said %q, described %+v", said, c.describe(p))
	}
}

// On a platform that has no pinned plugin, one that was brought otherwise serves.
func TestXLAElsewhere(t *testing.T) {
	pinned := wheels[thisPlatform]
	delete(wheels, thisPlatform)
	defer func() {
		if pinned.wheel != "" {
			wheels[thisPlatform] = pinned
		}
	}()
	dir := t.TempDir()
	t.Setenv("VGRAD_CACHE", dir)
	if _, err := XLAPlugin(t.Context()); !errors.Is(err, ErrUnsupported) {
		t.Errorf("without one the error is %v", err)
	}
	want := filepath.Join(dir, XLAElsewhere, "pjrt_c_api_cpu_v0.114.0_plugin.so")
	if err := errors.Join(os.Mkdir(filepath.Dir(want), 0o777), os.WriteFile(want, nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	if got, err := XLAPlugin(t.Context()); got != want || err != nil {
		t.Errorf("with one it is %q, %v", got, err)
	}
}

// One part's failure does not keep the others away.
func TestEnsureGoesOn(t *testing.T) {
	c := cache{dir: t.TempDir()}
	bad := testPart(func(context.Context, string) error { return errors.New("no network") })
	bad.name = "bad"
	var said []string
	err := c.ensureAll(t.Context(), []part{bad, testPart(writes("good"))}, func(line string) { said = append(said, line) })
	if err == nil || !strings.Contains(err.Error(), "bad 1: no network") {
		t.Errorf("error %v", err)
	}
	if len(said) != 3 || !strings.Contains(said[2], "test 1: fetched in") {
		t.Errorf("said %q", said)
	}
}

func TestUnwritableCache(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "in the way")
	c := cache{dir: file}
	if _, err := c.ensure(t.Context(), testPart(writes("good")), quiet); err == nil || !strings.Contains(err.Error(), "VGRAD_CACHE") {
		t.Errorf("error %v", err)
	}
}

// realECharts returns the library's files, fetched with the npm client.
var realECharts = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "vgrad-assets-test-")
	if err != nil {
		return "", err
	}
	c := cache{dir: dir, npm: "npm"}
	if err := c.npmPack(context.Background(), echartsPackage, dir); err != nil {
		return "", fmt.Errorf("this test needs npm and a network (apt-get install npm): %w", err)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := realECharts(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// A CDN that serves the real files, spoilt where the test says so.
func cdnServing(t *testing.T, spoil func(path string, text []byte) []byte) *httptest.Server {
	t.Helper()
	dir, err := realECharts()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, "/echarts@6.1.0/")
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if !ok || err != nil {
			http.NotFound(w, r)
			return
		}
		w.Write(spoil(name, text))
	}))
	t.Cleanup(server.Close)
	return server
}

func TestEChartsByNPM(t *testing.T) {
	c := cache{dir: t.TempDir(), npm: "npm", cdn: "http://127.0.0.1:1/"}
	path, err := c.ensure(t.Context(), echarts, quiet)
	if err != nil {
		t.Fatalf("this test needs npm and a network (apt-get install npm): %v", err)
	}
	if got := c.describe(echarts); got.State != OK || got.Size < 1121883 {
		t.Errorf("%+v", got)
	}
	t.Setenv("VGRAD_CACHE", c.dir)
	t.Setenv("VGRAD_OFFLINE", "1")
	if text, err := ECharts(t.Context()); err != nil || len(text) != 1121883 || filepath.Base(path) != "echarts.min.js" {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestKaTeXByNPM(t *testing.T) {
	c := cache{dir: t.TempDir(), npm: "npm", cdn: "http://127.0.0.1:1/"}
	if _, err := c.ensure(t.Context(), katex, quiet); err != nil {
		t.Fatalf("this test needs npm and a network (apt-get install npm): %v", err)
	}
	t.Setenv("VGRAD_CACHE", c.dir)
	t.Setenv("VGRAD_OFFLINE", "1")
	if text, err := KaTeX(t.Context()); err != nil || len(text) != 273081 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestEChartsByCDN(t *testing.T) {
	server := cdnServing(t, func(_ string, text []byte) []byte { return text })
	c := cache{dir: t.TempDir(), npm: "no-such-npm", cdn: server.URL + "/"}
	if _, err := c.ensure(t.Context(), echarts, quiet); err != nil {
		t.Fatal(err)
	}
	if c.describe(echarts).State != OK {
		t.Errorf("%+v", c.describe(echarts))
	}
}

func TestEChartsSpoiltOnTheWay(t *testing.T) {
	server := cdnServing(t, func(name string, text []byte) []byte {
		if name == "dist/echarts.min.js" {
			return append(text[:len(text)-1:len(text)-1], '!')
		}
		return text
	})
	c := cache{dir: t.TempDir(), npm: "no-such-npm", cdn: server.URL + "/"}
	_, err := c.ensure(t.Context(), echarts, quiet)
	if err == nil || !strings.Contains(err.Error(), "echarts.min.js has SHA-256") {
		t.Errorf("error %v", err)
	}
	if c.describe(echarts).State != Missing {
		t.Errorf("%+v", c.describe(echarts))
	}
}

// TestNoNetwork: nobody listens, so attempts fail at once.
func TestNoNetwork(t *testing.T) {
	c := cache{
		dir: t.TempDir(), npm: "npm", cdn: "http://127.0.0.1:1/", pythons: []string{"python3"},
		env: []string{"npm_config_registry=http://127.0.0.1:1/", "PIP_INDEX_URL=http://127.0.0.1:1/", "PIP_NO_INDEX=0"},
	}
	testNoNetwork(t, c, 10*time.Second)
}

// TestSilentNetwork: connections open and nothing is ever said. The bounds are twice
// what the waits add up to, for a busy machine; without them npm takes minutes.
func TestSilentNetwork(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	silent := "http://" + listener.Addr().String() + "/"
	c := cache{
		dir: t.TempDir(), npm: "npm", cdn: silent, pythons: []string{"python3"},
		env: []string{"npm_config_registry=" + silent, "PIP_INDEX_URL=" + silent, "PIP_NO_INDEX=0"},
	}
	testNoNetwork(t, c, 20*time.Second)
}

func testNoNetwork(t *testing.T, c cache, bound time.Duration) {
	var all sync.WaitGroup
	for _, p := range parts {
		if p.supported() != nil {
			continue
		}
		all.Go(func() {
			start := time.Now()
			_, err := c.ensure(t.Context(), p, quiet)
			t.Logf("%s: after %.1f s: %v", p, time.Since(start).Seconds(), err)
			if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "go tool vgrad assets") {
				t.Errorf("%s: error %v is not one line that says what to do", p, err)
			}
			if time.Since(start) > bound {
				t.Errorf("%s: took %v", p, time.Since(start))
			}
		})
	}
	all.Wait()
}

// A download that stalls half-way is given up.
func TestStalledDownload(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("half"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	err := get(t.Context(), server.URL, filepath.Join(t.TempDir(), "f"), 100)
	if err == nil || !strings.Contains(err.Error(), "no data for") {
		t.Errorf("error %v", err)
	}
}

func TestXLAPlugin(t *testing.T) {
	if thisPlatform != "linux/amd64" {
		if _, err := XLAPlugin(t.Context()); !errors.Is(err, ErrUnsupported) {
			t.Errorf("error %v, want ErrUnsupported", err)
		}
		return
	}
	c := cache{dir: t.TempDir(), pythons: []string{"python3"}}
	path, err := c.ensure(t.Context(), xlaPlugin, quiet)
	if err != nil {
		t.Fatalf("this test needs pip and a network (apt-get install python3-pip): %v", err)
	}
	dir := filepath.Dir(path)
	for _, licence := range []string{"LICENSE", "THIRD_PARTY_NOTICES"} {
		if _, err := os.Stat(filepath.Join(dir, "licenses", licence)); err != nil {
			t.Error(err)
		}
	}
	start := time.Now()
	if err := checkXLA(dir); err != nil {
		t.Error(err)
	}
	stamped := time.Since(start)

	// Another time, as after a copy: hashed again, and found right.
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	start = time.Now()
	if err := checkXLA(dir); err != nil || readStamp(dir).Modified.Sub(later).Abs() > time.Second {
		t.Errorf("after a copy: %v, stamp %+v", err, readStamp(dir))
	}
	t.Logf("check with a stamp %v, with hashing %v", stamped, time.Since(start))

	if err := os.Truncate(path, 1000); err != nil {
		t.Fatal(err)
	}
	if got := c.describe(xlaPlugin); got.State != Corrupt {
		t.Errorf("truncated: %+v", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := c.describe(xlaPlugin); got.State != Corrupt {
		t.Errorf("removed: %+v", got)
	}
}

// Whatever is wrong with Python, the error says what to do.
func TestPipAdvice(t *testing.T) {
	if thisPlatform != "linux/amd64" {
		return // there is no wheel to ask pip for
	}
	for name, c := range map[string]struct{ script, want string }{
		"no pip":  {"echo /usr/bin/python3: No module named pip >&2; exit 1", "no pip: install it"},
		"old pip": {"echo 'no such option: --no-input' >&2; exit 2", "too old"},
		"nothing": {"echo 'ERROR: No matching distribution found' >&2; exit 1", "glibc 2.27"},
		"no file": {"exit 0", "0 wheels"},
		"wrong":   {`for last; do :; done; while [ "$1" != --dest ]; do shift; done; echo evil > "$2/a.whl"`, "a.whl has SHA-256"},
	} {
		t.Run(name, func(t *testing.T) {
			python := filepath.Join(t.TempDir(), "python")
			if err := os.WriteFile(python, []byte("#!/bin/sh\n"+c.script+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			_, err := cache{dir: t.TempDir(), pythons: []string{python}}.ensure(t.Context(), xlaPlugin, quiet)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	_, err := cache{dir: t.TempDir(), pythons: []string{"no-such-python"}}.ensure(t.Context(), xlaPlugin, quiet)
	if err == nil || !strings.Contains(err.Error(), "there is no python3") {
		t.Errorf("error %v", err)
	}
}

func TestRunIsBounded(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := (cache{}).run(ctx, t.TempDir(), sleep, "10"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestBelow(t *testing.T) {
	for _, name := range []string{"../x", "/etc/x", "a/../../x", `..\x`, ""} {
		if path, err := below("dir", name); err == nil {
			t.Errorf("%q became %s", name, path)
		}
	}
	if _, err := below("dir", "licenses/LICENSE"); err != nil {
		t.Error(err)
	}
}

// Who is told by a context hears of a fetch, and of nothing where the part is there.
func TestTell(t *testing.T) {
	c := cache{dir: t.TempDir()}
	var said []string
	ctx := Tell(t.Context(), func(line string) { said = append(said, line) })
	for range 2 {
		if _, err := c.ensure(ctx, testPart(writes("good")), told(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	if len(said) != 1 || said[0] != "test 1: missing; fetching 4 bytes" {
		t.Errorf("said %q", said)
	}
	told(t.Context())("nobody listens")
	told(Tell(t.Context(), nil))("nor here")
}

func TestCacheFolder(t *testing.T) {
	t.Setenv("VGRAD_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	t.Setenv("LocalAppData", "")
	if dir, err := Cache(); err == nil || !strings.Contains(err.Error(), "VGRAD_CACHE") {
		t.Errorf("%q, %v", dir, err)
	}
	if _, err := os.Stat("dist"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the tests left something in the source: %v", err)
	}
}

func BenchmarkECharts(b *testing.B) {
	dir, err := realECharts()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := echarts.check(dir); err != nil {
			b.Fatal(err)
		}
	}
}
