package chart

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// unpack is what a browser does with a packed spec.
func unpack(t *testing.T, text string) string {
	t.Helper()
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestPacked(t *testing.T) {
	f := must(t)(MeanGradient(article(1000), 1))
	html, err := f.HTML(HTMLOptions{Packed: true})
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`<script type="application/gzip" class="vgrad-says">([^<]*)</script>`).FindSubmatch(html)
	if m == nil {
		t.Fatal("no packed spec")
	}
	spec, err := f.spec()
	if err != nil {
		t.Fatal(err)
	}
	if unpack(t, string(m[1])) != string(spec) {
		t.Error("the packed spec is another")
	}
	m = regexp.MustCompile(`\}\)\("([^"]*)"\)`).FindSubmatch(html)
	if m == nil || unpack(t, string(m[1])) != lean(runtime()+liveRuntime()) {
		t.Error("the packed runtime is another")
	}
	plain, err := f.HTML(HTMLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if 2*len(html) > len(plain) {
		t.Errorf("packed %d bytes, plain %d", len(html), len(plain))
	}
}

func TestRow(t *testing.T) {
	runs := article(300)
	figures := []*Figure{must(t)(MeanGradient(runs[1:], 1)), must(t)(Accuracy(runs))}
	html, err := Row(`"><script>alert(1)</script>`, figures, HTMLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(html, []byte("<style>")); n != 1 {
		t.Errorf("%d styles", n)
	}
	if n := bytes.Count(html, []byte("<figure class=\"vgrad-figure\" id=")); n != 2 {
		t.Errorf("%d figures", n)
	}
	if bytes.Contains(html, []byte("<script>alert")) {
		t.Error("the name is not escaped")
	}
	if _, err := Row("", figures, HTMLOptions{Renderer: &Renderer{load: func() ([]byte, error) { return nil, nil }}}); err == nil {
		t.Error("no error for a figure that cannot be drawn")
	}
}

func TestUpdate(t *testing.T) {
	name := `</script>"`
	script, err := Update(name, []*Figure{must(t)(Accuracy(article(300)))})
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(script, []byte("</script>")); n != 1 {
		t.Errorf("%d ends of a script: %.200s", n, script)
	}
	m := regexp.MustCompile(`update\(\.\.\.(.*)\); }</script>`).FindSubmatch(script)
	var sent []any
	if m == nil || json.Unmarshal(m[1], &sent) != nil || sent[0] != name || len(sent[1].([]any)) != 1 {
		t.Errorf("sent %.300s", script)
	}
}

func TestLazyRenderer(t *testing.T) {
	f, dir := must(t)(Accuracy([]vgrad.Source{article(50)[0]})), t.TempDir()
	first, err := LazyRenderer(func() ([]byte, error) { return echarts(t), nil }, dir).SVG(f, Light, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	none := func() ([]byte, error) { return nil, errors.New("not at hand") }
	again, err := LazyRenderer(none, dir).SVG(f, Light, 0, 0)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("the kept picture differs: %v", err)
	}
	if _, err := LazyRenderer(none, dir).SVG(f, Dark, 0, 0); err == nil || !strings.Contains(err.Error(), "not at hand") {
		t.Errorf("without the library: %v", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	if err := os.WriteFile(dir+"/"+files[0].Name(), first[:len(first)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LazyRenderer(none, dir).SVG(f, Light, 0, 0); err == nil {
		t.Error("half a picture is taken for a whole one")
	}
}
