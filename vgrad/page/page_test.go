package page

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func TestInline(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                         "plain",
		"a `code` b":                    "a <code>code</code> b",
		"**strong** and *soft*":         "<strong>strong</strong> and <em>soft</em>",
		"`a *b* <c>`":                   "<code>a *b* &lt;c&gt;</code>",
		"2 * 3 * 4":                     "2 * 3 * 4",
		"<b>&\"'":                       "&lt;b&gt;&amp;&#34;&#39;",
		"*</em><script>*":               "<em>&lt;/em&gt;&lt;script&gt;</em>",
		"an open ` and an open ** here": "an open ` and an open ** here",
	} {
		if got := string(inline(text)); got != want {
			t.Errorf("inline(%q) = %s, want %s", text, got, want)
		}
	}
}

// example is a page without figures.
func example() *Page {
	p := &Page{Title: "Claims & <errata>", Lead: "What *holds*."}
	p.Heading("Claims")
	p.Text("Measured over `30` seeds.")
	p.Table(Table{
		Caption: "The claims", Columns: []string{"claim", "said", "measured"},
		Rows:     [][]string{{"sigmoid drops", "30", "38.2"}, {"weights < 0", "", "–"}, {"ReLU `=` leaky", "6", "7"}, {"later", "1", "2"}},
		Verdicts: []Verdict{Holds, Fails, Partly, NotJudged},
	})
	return p
}

func TestGoldenPage(t *testing.T) {
	var got bytes.Buffer
	if err := example().Write(&got, Options{}); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/page.html"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v; go test -update writes it", err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("the page has changed; look at the difference after go test -update")
	}
}

func TestBadPages(t *testing.T) {
	short := Page{Title: "t"}
	short.Table(Table{Caption: "c", Columns: []string{"a", "b"}, Rows: [][]string{{"1"}}})
	verdicts := Page{Title: "t"}
	verdicts.Table(Table{Columns: []string{"a"}, Rows: [][]string{{"1"}}, Verdicts: []Verdict{}})
	for want, p := range map[string]*Page{"no title": {}, "row 1 has 1 cells for 2 columns": &short, "0 verdicts for 1 rows": &verdicts} {
		if err := p.Write(&bytes.Buffer{}, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

// A page knows itself again, and nothing else.
func TestMade(t *testing.T) {
	var b bytes.Buffer
	p := example()
	p.Headline = "Claims <em>and</em> errata"
	if err := p.Write(&b, Options{}); err != nil {
		t.Fatal(err)
	}
	if !Made(b.Bytes()) || Made([]byte("<!DOCTYPE html><title>x</title>")) || Made(nil) {
		t.Error("a page is taken for another, or another for a page")
	}
	if !strings.Contains(b.String(), "<h1>Claims <em>and</em> errata</h1>") || !strings.Contains(b.String(), "<title>Claims &amp; &lt;errata&gt;</title>") {
		t.Error("title and headline are not both there")
	}
}

// The policy names the page's own scripts by their hashes, and a page whose fragments do
// more has none.
func TestPolicy(t *testing.T) {
	if got := policy("<script>alert(1)</script>\n<script>alert(2)</script>"); !strings.Contains(got, "script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=' 'sha256-") {
		t.Error(got)
	}
	var b bytes.Buffer
	p := example()
	p.Open = true
	if err := p.Write(&b, Options{}); err != nil || strings.Contains(b.String(), "Content-Security-Policy") {
		t.Errorf("an open page has a policy, or %v", err)
	}
}
