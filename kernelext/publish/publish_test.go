package publish

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad/page"
)

// notebook is a notebook as Jupyter writes it.
const notebook = `{"cells": [
 {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# A lesson\n", "Prose with <script>alert(1)</script> and [the next](02_next.ipynb).\n", "\n", "| a | b |\n| --- | --- |\n| 1 | 2 |"]},
 {"cell_type": "code", "execution_count": 1, "id": "b", "metadata": {}, "source": "%%\nfmt.Println(\"<b>\", 0.5) // a comment",
  "outputs": [{"output_type": "stream", "name": "stdout", "text": ["<b> 0.5\n"]},
   {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<p>rich</p>", "text/plain": ["plain"]}},
   {"output_type": "display_data", "metadata": {}, "data": {"application/json": {"x": 1}, "text/plain": "<i>only plain</i>"}}]}],
 "metadata": {"kernelspec": {"name": "vgrad"}}, "nbformat": 4, "nbformat_minor": 5}`

func example(t testing.TB, text string) *Notebook {
	t.Helper()
	n, err := parse("lesson.ipynb", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPage(t *testing.T) {
	n := example(t, notebook)
	var html bytes.Buffer
	if err := n.Page(&html, page.Options{}); err != nil {
		t.Fatal(err)
	}
	text := html.String()
	for _, want := range []string{`<h1><span id="A-lesson">A lesson</span></h1>`, `href="02_next.html"`, "<td>1</td>", `<span class="s">&#34;&lt;b&gt;&#34;</span>`, `<span class="n">0.5</span>`,
		`<span class="c">// a comment</span>`, "&lt;b&gt; 0.5", "<p>rich</p>", "&lt;i&gt;only plain&lt;/i&gt;"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, never := range []string{"<script>alert", "<b>", ">plain<", "http:", "https:"} {
		if strings.Contains(text, never) {
			t.Errorf("the page has %s", never)
		}
	}
	if n := strings.Count(text, ">A lesson<"); n != 2 {
		t.Errorf("the title is there %d times", n)
	}
}

// A page runs its figures' scripts and asks for nothing, unless an output does more.
func TestPagePolicy(t *testing.T) {
	for markup, strict := range map[string]bool{
		"<p>text</p>": true,
		`<script type="application/json">{}</script>`:    true,
		`<img src="data:image/png;base64,AAAA">`:         true,
		`<a href="https://example.org">a link</a>`:       true,
		`<script>draw()</script>`:                        false,
		`<p onclick="draw()">text</p>`:                   false,
		`<img src="https://example.org/x.png">`:          false,
		`<iframe srcdoc="x"></iframe>`:                   false,
		`<figure class="vgrad-figure"></figure>`:         true,
		`<figure class="vgrad-figure"></figure><script>`: false,
	} {
		n := &Notebook{Path: "lesson.ipynb", Cells: []Cell{{Kind: "code", Outputs: []Output{{Kind: "display_data", Data: map[string]Text{"text/html": Text(markup)}}}}}}
		if got := strings.Contains(pageOf(t, n), "Content-Security-Policy"); got != strict {
			t.Errorf("%s: a policy: %t", markup, got)
		}
	}
}

// Title and first paragraph are what a reader of the Markdown sees: neither a comment in a
// piece of code nor a heading of lower rank, if there is one of the first.
func TestTitle(t *testing.T) {
	for _, c := range []struct{ source, title, lead string }{
		{"# A `lesson`\n\nOne\ntwo.\n\nThree.", "A lesson", "<p>One\ntwo.</p>"},
		{"A lesson\n===\nOne.", "A lesson", "<p>One.</p>"},
		{"```\n# no title\n```\n\n## Part\n\n- a list\n\nOne.\n\n# Late", "Late", "<p>One.</p>"},
		{"```\n# no title\n```", "lesson", ""},
		{"# \n\n## The *first* &amp; [only](x.html) heading ##\n", "The first & only heading", ""},
		{"<h1 align=\"center\">In <i>HTML</i></h1>\n\nOne.", "In HTML", "<p>One.</p>"},
		{"![logo](data:image/png;base64,AAAA)\n\n# Below a picture", "Below a picture", ""},
		{"# a \\* b <!-- no --> \\\\", `a * b \`, ""},
	} {
		n := &Notebook{Path: "lesson.ipynb", Cells: []Cell{{Kind: "markdown", Source: Text(c.source)}}}
		d := Pages{}.read(n)
		title, _ := d.title()
		if lead := string(d.lead()); title != c.title || n.Title() != c.title || lead != c.lead && c.lead != "" {
			t.Errorf("%q: title %q, lead %q", c.source, title, lead)
		}
	}
}

// The heading at the beginning is the page's; one further down stays where it is.
func TestTitleIsThereOnce(t *testing.T) {
	for _, c := range []struct {
		cells []Cell
		times int
	}{
		{[]Cell{{Kind: "markdown", Source: "```sh\n# install once\n```"}, {Kind: "markdown", Source: "# Real *title*\n\nText."}}, 1},
		{[]Cell{{Kind: "markdown", Source: "## Part\n\n# Real *title*"}}, 2},
		{[]Cell{{Kind: "code", Source: "x"}, {Kind: "markdown", Source: "# Real *title*"}}, 2},
	} {
		html := pageOf(t, &Notebook{Path: "lesson.ipynb", Cells: c.cells})
		if n := strings.Count(html, "<h1"); n != c.times || !strings.Contains(html, "<title>Real title</title>") || strings.Contains(html, "<title>#") {
			t.Errorf("%d headings: %s", n, html[strings.Index(html, "<main>"):])
		}
	}
}

func TestHighlight(t *testing.T) {
	for source, want := range map[string]string{
		"x := 1":           `x := <span class="n">1</span>`,
		"%%\nfor {\n}\n":   "%%\n<span class=\"k\">for</span> {\n}\n",
		"s := `a\r\n<b>`":  "s := `a\r\n&lt;b&gt;`",
		"!*go version":     "!*<span class=\"k\">go</span> version",
		`"unterminated`:    `<span class="s">&#34;unterminated</span>`,
		"// only comment":  `<span class="c">// only comment</span>`,
		"":                 "",
		"é := \"δ\" // ok": `é := <span class="s">&#34;δ&#34;</span> <span class="c">// ok</span>`,
	} {
		if got := highlight(source); got != want {
			t.Errorf("%q: %q, not %q", source, got, want)
		}
	}
}

// Whatever the code is, its text stays.
func FuzzHighlight(f *testing.F) {
	f.Add("%%\nx := `a\r`")
	f.Fuzz(func(t *testing.T, source string) {
		got := highlight(source)
		for _, tag := range []string{`<span class="k">`, `<span class="s">`, `<span class="n">`, `<span class="c">`, "</span>"} {
			got = strings.ReplaceAll(got, tag, "")
		}
		if strings.ContainsAny(got, "<>") {
			t.Errorf("unescaped: %q", got)
		}
	})
}

func TestAlike(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"same", "same", true},
		{"a factor of 28", "a factor of 29", true},
		{"a factor of 28", "a factor of 35", false},
		{"0.0208 in layer 6", "0.0211 in layer 6", true},
		{"0.0208 in layer 6", "0.0208 in layer 7", false},
		{"accuracy 0.33", "accuracy 0.34", true},
		{"trained in 1.2 s", "trained in 17 s", true},
		{"seven", "eight", false},
		{"1e-5", "1.02e-5", true},
		{"1e-5", "1e-4", false},
		{"55,000 images", "55,001 images", true},
		{"one  two", "one two", true},
		{"one", "", false},
	} {
		if got := alike(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %t", c.a, c.b, got)
		}
	}
}

func TestCompare(t *testing.T) {
	was := example(t, notebook)
	is := example(t, strings.ReplaceAll(notebook, `["plain"]`, `["another"]`))
	ds := Compare(was, is)
	if len(ds) != 1 || ds[0] != (Difference{Cell: 1, Was: "plain", Says: "another"}) {
		t.Errorf("%+v", ds)
	}
	none := example(t, strings.ReplaceAll(notebook, `"text": ["<b> 0.5\n"]`, `"text": []`))
	if ds := Compare(was, none); len(ds) != 1 || ds[0].Says != "(nothing)" {
		t.Errorf("%+v", ds)
	}
	for _, nb := range []*Notebook{was, is, none} {
		for i := range nb.Cells {
			nb.Cells[i].Metadata.Tags = tags{"varies"}
		}
	}
	if ds := Compare(was, is); len(ds) != 0 {
		t.Errorf("cells that vary: %+v", ds)
	}
	if ds := Compare(was, none); len(ds) != 1 || ds[0].Says != "(nothing)" {
		t.Errorf("a cell that varies and says nothing: %+v", ds)
	}
}

func TestBadNotebooks(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "is not a notebook",
		"[]":                            "is not a notebook",
		`{"cells": []}`:                 "format 4",
		`{"cells": [], "nbformat": 3}`:  "format 4",
		`{"cells": [7], "nbformat": 4}`: "is not a notebook",
	} {
		if _, err := parse("x.ipynb", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Open("nowhere.ipynb"); err == nil {
		t.Error("a notebook that is not there is opened")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(notebook)
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parse("x.ipynb", []byte(text))
		if err != nil {
			return
		}
		n.Title()
		n.failure()
		Compare(n, n)
		if err := n.Page(&bytes.Buffer{}, page.Options{}); err != nil && n.Title() != "" {
			t.Error(err)
		}
	})
}

func TestWriteIsWhole(t *testing.T) {
	n, path := example(t, notebook), filepath.Join(t.TempDir(), "x.ipynb")
	if err := n.Write(path); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != notebook {
		t.Errorf("written: %.100s, %v", text, err)
	}
	if err := n.Write(filepath.Join(t.TempDir(), "no folder", "x.ipynb")); err == nil {
		t.Error("no error where it cannot be written")
	}
}

func TestIndex(t *testing.T) {
	var html bytes.Buffer
	if err := (Pages{}).Index(&html, "Lessons", ".", []*Notebook{example(t, strings.ReplaceAll(notebook, "# A lesson", "# &lt;A&gt;"))}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<li><a href="lesson.html">&lt;A&gt;</a>`, `<a href="02_next.html">the next</a>`} {
		if !strings.Contains(html.String(), want) {
			t.Errorf("no %s in %s", want, html.String())
		}
	}
	if text := html.String(); strings.Contains(text, "<script>alert") || strings.Contains(text, "<td>") {
		t.Errorf("more than the first paragraph, or a script: %s", text)
	}
}

func ExampleNotebook() {
	n, err := parse("lesson.ipynb", []byte(notebook))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(n.Title(), len(n.Cells), PageName(n.Path))
	// Output: A lesson 2 lesson.html
}

func ExampleDifference() {
	fmt.Println(Difference{Cell: 3, Was: "a factor of 28", Says: "a factor of 280"})
	// Output:
	// code cell 3:
	//     - a factor of 28
	//     + a factor of 280
}

func ExampleCellError() {
	fmt.Println(&CellError{Path: "lesson.ipynb", Number: 2, Source: "cell.Train(e)", Said: "vgrad: depth is -1"})
	// Output:
	// lesson.ipynb: code cell 2 fails:
	//     | cell.Train(e)
	//     vgrad: depth is -1
}
