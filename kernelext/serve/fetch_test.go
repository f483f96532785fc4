package serve

import (
	"archive/zip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMissing(t *testing.T) {
	const said = "failed to run \"go get\": exit status 1\n\ngo: gonb_1 imports\n\texample.com/nowhere/a: module lookup disabled by GOPROXY=off\ngo: rsc.io/quote@v1.5.2: module lookup disabled by GOPROXY=off\n\texample.com/b: cannot find module providing package example.com/b\n"
	if got := missing(said); !slices.Equal(got, []string{"example.com/nowhere/a", "rsc.io/quote", "example.com/b"}) {
		t.Errorf("%q", got)
	}
	if got := missing("go: a imports\n\tgithub.com/pkg/errors: github.com/stretchr/testify@v1.8.1: module lookup disabled by GOPROXY=off"); !slices.Equal(got, []string{"github.com/pkg/errors"}) {
		t.Errorf("%q", got)
	}
	if got := missing("main.go:3:4: undefined: x"); got != nil {
		t.Errorf("%q", got)
	}
}

// A package that is not at hand is fetched where there is a network, for which a folder
// stands in here, and that is said. Offline it is not.
func TestFetch(t *testing.T) {
	proxy := t.TempDir()
	dir := filepath.Join(proxy, "example.com", "far", "@v")
	const goMod, version = "module example.com/far\n", "v1.0.0"
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"list": version + "\n", version + ".info": `{"Version":"` + version + `"}`, version + ".mod": goMod} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(filepath.Join(dir, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, text := range map[string]string{"go.mod": goMod, "far.go": "package far\n\n// Word is a word.\nconst Word = \"from afar\"\n"} {
		w, err := z.Create("example.com/far@" + version + "/" + name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	o := testOptions(t)
	modules := t.TempDir()
	t.Cleanup(func() { removeAll(modules) }) // the go command makes folders that only this removes
	o.Env = append(o.Env, "GOMODCACHE="+modules, "GONOSUMDB=example.com", "GOFLAGS=")
	t.Setenv("VGRAD_GOPROXY", "file://"+proxy)
	n := open(t, o)
	const cell = "import (\"example.com/far\"; \"fmt\")\n%%\nfmt.Println(far.Word)"
	d := n.run(cell)
	if n.want(d, map[string]any{"status": "error", "ename": CompileError}); strings.Contains(d.stderr, "fetching") {
		t.Errorf("offline: %q", d.stderr)
	}
	t.Setenv("VGRAD_OFFLINE", "")
	d = n.run(cell)
	if d.stdout != "from afar\n" || !strings.Contains(d.stderr, "fetching example.com/far\n") {
		t.Errorf("%q, %q, %v", d.stdout, d.stderr, d.reply)
	}
}
