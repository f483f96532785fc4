package publish

import (
	"bytes"
	"encoding/json"
	"image/png"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"encoding/base64"
)

// host is a place that shows notebooks: which content of an output it prefers, and what it
// removes from HTML.
type host struct {
	name    string
	order   []string
	removes *regexp.Regexp // nil: nothing
}

// The orders: nbconvert 7's HTML and LaTeX exporters (nbviewer and GitHub convert with the
// former), GitLab's notebook/cells/output/index.vue, VS Code's notebook output order, and
// JupyterLab's render mime ranks. GitHub removes scripts, styles and inline SVG. Reports
// differ on whether it shows a picture with a base64 SVG as its source.
var hosts = []host{
	{"JupyterLab", []string{"text/html", "text/markdown", "text/latex", "image/svg+xml", "image/png", "text/plain"}, nil},
	{"VS Code", []string{"text/html", "image/svg+xml", "text/latex", "text/markdown", "image/png", "text/plain"}, nil},
	{"nbviewer", []string{"text/html", "text/markdown", "image/svg+xml", "text/latex", "image/png", "text/plain"}, nil},
	{"GitHub", []string{"text/html", "text/markdown", "image/svg+xml", "text/latex", "image/png", "text/plain"}, regexp.MustCompile(`(?s)<script.*?</script>|<style.*?</style>|<svg.*?</svg>`)},
	{"GitLab", []string{"image/png", "image/jpeg", "text/html", "text/latex", "image/svg+xml", "text/plain"}, nil},
	{"LaTeX", []string{"text/latex", "application/pdf", "image/png", "image/jpeg", "image/svg+xml", "text/plain"}, nil},
}

// shows is what a host shows of an output: the kind, and the content as far as it is kept.
func (h host) shows(o Output) (kind, content string) {
	for _, kind := range h.order {
		if content := string(o.Data[kind]); content != "" {
			if h.removes != nil && kind == "text/html" {
				content = h.removes.ReplaceAllString(content, "")
			}
			return kind, content
		}
	}
	return "", ""
}

var staticPicture = regexp.MustCompile(`<img class="vgrad-static" src="data:image/(svg&#43;xml|png);base64,[A-Za-z0-9&#;/=]{500,}"`)

// Each figure of a lesson is a picture wherever the notebook is shown.
func TestFiguresOnHosts(t *testing.T) {
	for _, path := range lessons(t) {
		was, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		nb, _, err := was.AddPictures()
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range nb.Cells {
			for _, o := range c.Outputs {
				figures := strings.Count(string(o.Data["text/html"]), `<figure class="vgrad-figure"`)
				if figures == 0 {
					continue
				}
				for _, h := range hosts {
					switch kind, content := h.shows(o); kind {
					case "image/png":
						if data, err := base64.StdEncoding.DecodeString(content); err != nil {
							t.Errorf("%s: cell %d: %v", path, i+1, err)
						} else if config, err := png.DecodeConfig(bytes.NewReader(data)); err != nil || config.Width < 500 {
							t.Errorf("%s: cell %d: %s shows a PNG of %d pixels: %v", path, i+1, h.name, config.Width, err)
						}
					case "text/html":
						if n := len(staticPicture.FindAllString(content, -1)); n < figures { // one with controls has a picture of each of some states
							t.Errorf("%s: cell %d: %s shows %d pictures of %d figures", path, i+1, h.name, n, figures)
						}
					default:
						t.Errorf("%s: cell %d: %s shows %s", path, i+1, h.name, kind)
					}
				}
			}
		}
	}
}

// Adding pictures changes nothing else, and a second time nothing at all. The page shows
// the HTML, as before.
func TestAddPictures(t *testing.T) {
	path := lessons(t)[0]
	was, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	bare := without(t, was, "image/png")
	nb, added, err := bare.AddPictures()
	if err != nil || added == 0 {
		t.Fatal(added, err)
	}
	if again := without(t, nb, "image/png"); !sameJSON(again.text, bare.text) {
		t.Error("something else changed")
	}
	if lines := slices.Collect(strings.Lines(string(nb.text))); len(lines) < 100 {
		t.Errorf("the notebook has %d lines", len(lines))
	}
	if same, more, err := nb.AddPictures(); err != nil || more != 0 || !bytes.Equal(same.text, nb.text) {
		t.Errorf("a second time adds %d: %v", more, err)
	}
	var pages [2]bytes.Buffer
	for i, n := range []*Notebook{bare, nb} {
		if _, err := (Pages{}).Write(&pages[i], n); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(pages[0].Bytes(), pages[1].Bytes()) || !strings.Contains(pages[1].String(), `<figure class="vgrad-figure"`) {
		t.Error("the page is another one with the pictures")
	}
}

// without is a notebook whose outputs lack a kind of content.
func without(t *testing.T, n *Notebook, kind string) *Notebook {
	t.Helper()
	var file map[string]any
	if err := json.Unmarshal(n.text, &file); err != nil {
		t.Fatal(err)
	}
	for _, c := range file["cells"].([]any) {
		outputs, _ := c.(map[string]any)["outputs"].([]any)
		for _, o := range outputs {
			for _, part := range []string{"data", "metadata"} {
				if m, ok := o.(map[string]any)[part].(map[string]any); ok {
					delete(m, kind)
				}
			}
		}
	}
	text, err := json.MarshalIndent(file, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	bare, err := parse(filepath.Clean(n.Path), text)
	if err != nil {
		t.Fatal(err)
	}
	return bare
}
