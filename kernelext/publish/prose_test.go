package publish

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/formula"
)

var katex = formula.New(func() ([]byte, error) { return assets.KaTeX(context.Background()) })

// written is the body of the page of a notebook in a folder, and what is told.
func written(t *testing.T, p Pages, n *Notebook) (body string, told string) {
	t.Helper()
	if p.Formulas == nil {
		p.Formulas = katex
	}
	var b bytes.Buffer
	warnings, err := p.Write(&b, n)
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if _, err := p.Write(&again, n); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("written twice the page differs: %v", err)
	}
	for _, w := range warnings {
		told += w.String() + "\n"
	}
	text := b.String()
	head, body, _ := strings.Cut(text[strings.Index(text, "<main>"):], "<style>")
	_, body, _ = strings.Cut(body, "</style>\n")
	return head + body, told
}

// proseOf is the page of one Markdown cell, and what is told.
func proseOf(t *testing.T, source string) (body, told string) {
	t.Helper()
	return written(t, Pages{}, &Notebook{Path: filepath.Join(t.TempDir(), "lesson.ipynb"), Cells: []Cell{{Kind: "markdown", Source: Text(source)}}})
}

// What is safe in HTML is kept; what is not is left out and told.
func TestHTMLInProse(t *testing.T) {
	for _, c := range []struct{ source, want, told string }{
		{"A break<br>here, <b>bold</b>", "A break<br/>here, <b>bold</b>", ""},
		{"<details><summary>More</summary>\n\nhidden *soft*\n\n</details>", "<details><summary>More</summary>\n<p>hidden <em>soft</em></p>\n</details>", ""},
		{"<div align=\"center\" style=\"color: red; position: fixed\">x</div>", `style="color:red;text-align:center"`, `"position: fixed" is left out`},
		{"<font color=\"#a00\">x</font>", `<span style="color:#a00">x</span>`, ""},
		{"<div class=\"alert alert-info vgrad-figure\">x</div>", `<div class="alert alert-info">x</div>`, ""},
		{"<a id=\"here\"></a> and [there](#here)", `<a id="here"></a> and <a href="#here">there</a>`, ""},
		{"<kbd>Tab</kbd> H<sub>2</sub>O <mark>x</mark>", "<kbd>Tab</kbd> H<sub>2</sub>O <mark>x</mark>", ""},
		{"a <b>never closed", "<b>never closed</b>", ""},
		{"</div></main><p>after", "<p>after", ""},
		{"<style>body { display: none }</style>\n\nshown", "shown", "<style> in the prose"},
		{"<form action=\"https://x.org\"><input name=\"a\"><button>Go</button></form>", "Go", "<form> in the prose"},
		{"<iframe src=\"https://example.org/film\" title=\"A film\"></iframe>", `<a href="https://example.org/film">A film</a>`, "<iframe> is a link"},
		{"<svg width=\"9\"><circle r=\"4\"/><script>alert(1)</script></svg>", `<img src="data:image/svg+xml;base64,`, ""},
		{"![x](https://example.org/x.png)", `<a href="https://example.org/x.png">x</a>`, "loads nothing from the network"},
		{"- [ ] later\n- [x] now", `type="checkbox"`, ""},
		{"| a |\n| --- |\n| $|x|$ |", "<math", ""},
		{"# `List<T>` & co\n\n> quoted\n\n~~gone~~", "<blockquote>", ""},
	} {
		body, told := proseOf(t, c.source)
		if !strings.Contains(body, c.want) {
			t.Errorf("%q: no %s in %s", c.source, c.want, body)
		}
		if c.told == "" && told != "" || !strings.Contains(told, c.told) {
			t.Errorf("%q: told %q, want %q", c.source, told, c.told)
		}
		if strings.Count(body, "</main>") != 1 || strings.Contains(body, "vgrad-figure") {
			t.Errorf("%q breaks the page: %s", c.source, body)
		}
	}
}

// hostile are ways to run something in a page, or to load something into it.
var hostile = []string{
	"<script>alert(1)</script>", "<SCRIPT SRC=//x.org/a.js></SCRIPT>", "<img src=x onerror=alert(1)>", "<a href=\"javascript:alert(1)\">x</a>",
	"[x](javascript:alert(1))", "[x](JaVa\tScript:alert(1))", "<a href=\"&#106;avascript:alert(1)\">x</a>", "<a href=\" \x01javascript:alert(1)\">x</a>",
	"[x](data:text/html;base64,PHNjcmlwdD4=)", "[x](vbscript:x)", "<img src=\"javascript:alert(1)\">", "![x](javascript:alert(1))", "<svg onload=alert(1)></svg>",
	"<math><mi xlink:href=\"javascript:alert(1)\">x</mi></math>", "<math><annotation-xml encoding=\"text/html\"><img src=x onerror=alert(1)></annotation-xml></math>",
	"<div style=\"background: url(https://x.org/a.png)\">x</div>", "<div style=\"width: expression(alert(1))\">x</div>", "<div style=\"color: r\\65 d; background:u\\72l(x)\">x</div>",
	"<link rel=stylesheet href=https://x.org/a.css>", "<meta http-equiv=refresh content=\"0;url=https://x.org\">", "<base href=https://x.org/>", "<object data=https://x.org></object>",
	"<embed src=https://x.org/x.swf>", "<video src=https://x.org/x.mp4 autoplay></video>", "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>", "<iframe src=\"javascript:alert(1)\"></iframe>",
	"<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>", "<template><script>alert(1)</script></template>", "<!--><img src=x onerror=alert(1)>-->",
	"<img srcset=\"https://x.org/a.png 2x\">", "$\\href{javascript:alert(1)}{x}$", "<details ontoggle=alert(1) open>x</details>", "<p id=x onclick=\"alert(1)\">x</p>",
	"<textarea></textarea><img src=x onerror=alert(1)>", "<plaintext>", "<xmp><script>alert(1)</script></xmp>", "$\\text{</math><img src=x onerror=alert(1)>}$", "`</code><script>alert(1)</script>`",
}

// safeTree checks that a page runs and loads nothing but its own.
func safeTree(t *testing.T, source, body string) {
	t.Helper()
	tree, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range tree.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if regexp.MustCompile(`^(script|iframe|object|embed|link|base|meta|form|plaintext|xmp|template|noscript)$`).MatchString(n.Data) {
			t.Errorf("%q: the page has <%s>: %s", source, n.Data, body)
		}
		for _, a := range n.Attr {
			if s := scheme(a.Val); strings.HasPrefix(a.Key, "on") || a.Key == "srcset" || strings.HasSuffix(a.Key, "href") && s != "" && s != "https" && s != "http" && s != "mailto" ||
				a.Key == "src" && s != "data" || a.Key == "style" && strings.Contains(strings.ToLower(a.Val), "url") {
				t.Errorf("%q: the page has %s=%q in <%s>", source, a.Key, a.Val, n.Data)
			}
		}
	}
}

func TestHostileProse(t *testing.T) {
	for _, source := range hostile {
		body, _ := proseOf(t, "Before.\n\n"+source+"\n\nAfter.")
		safeTree(t, source, body)
		if !strings.Contains(body, "Before.") {
			t.Errorf("%q: what stands before is lost", source)
		}
	}
}

func FuzzProse(f *testing.F) {
	for _, source := range hostile {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		body, _ := proseOf(t, source)
		if strings.Contains(body, "data:text/html;base64") { // a link to a file beside
			return
		}
		safeTree(t, source, body)
	})
}

// A picture that was pasted into a cell is in the page.
func TestAttachments(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pasted.ipynb")
	save(t, path, `{"cells": [{"cell_type": "markdown", "metadata": {}, "attachments": {"my sketch.png": {"image/png": "iVBORw0KGgo="}, "d.svg": {"image/svg+xml": ["<svg xmlns='http://www.w3.org/2000/svg'>", "</svg>"]}},
 "source": ["![the sketch](attachment:my%20sketch.png) <img src=\"attachment:d.svg\" width=\"50\">\n", "![lost](attachment:lost.png) [file](attachment:d.svg)"]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 1}`)
	n, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	body, told := written(t, Pages{}, n)
	for _, want := range []string{`<img src="data:image/png;base64,iVBORw0KGgo=" alt="the sketch"/>`, `src="data:image/svg+xml;base64,PHN2ZyB4`, `width="50"`, "[not in this page: lost.png]", `download="d.svg"`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if !strings.Contains(told, `cell 1: the attachment "lost.png" is not in the cell`) || strings.Count(told, "\n") != 1 {
		t.Errorf("told %q", told)
	}
}

// Pictures and files beside the notebook come along, wherever the page is written; links
// between lessons are links between their pages.
func TestBeside(t *testing.T) {
	dir := t.TempDir()
	png := []byte("\x89PNG\r\n\x1a\n…")
	save(t, filepath.Join(dir, "figures", "the net.png"), string(png))
	save(t, filepath.Join(dir, "data.csv"), "a,b\n1,2\n")
	save(t, filepath.Join(dir, "sub", "other.ipynb"), `{"cells": [{"cell_type": "markdown", "metadata": {}, "source": "# Other\n\n## The second Part"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}`)
	large := filepath.Join(dir, "large.bin")
	save(t, large, "")
	if err := os.Truncate(large, largestFile+1); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "beside.ipynb")
	source := "# Beside\n\n![net](figures/the%20net.png) <img src=\"figures/the net.png\" alt=\"again\">\n[numbers](data.csv) [other](sub/other.ipynb#the-second-part) [later](later.ipynb) [lost](lost.csv) ![gone](gone.png) [folder](figures/) [large](large.bin) [itself](beside.ipynb#Beside) [nowhere](#nowhere)"
	n := &Notebook{Path: path, Cells: []Cell{{Kind: "markdown", Source: Text(source)}}}
	out := filepath.Join(dir, "out", "beside.html")
	p := Pages{At: map[string]string{path: out, filepath.Join(dir, "sub", "other.ipynb"): filepath.Join(dir, "out", "other.html")}}
	body, told := written(t, p, n)
	data := base64.StdEncoding.EncodeToString(png)
	for _, want := range []string{`<img src="data:image/png;base64,` + data + `" alt="net"/>`, `alt="again"`, `href="data:text/csv;base64,YSxiCjEsMgo=" download="data.csv"`,
		`href="other.html#The-second-Part"`, `href="later.html"`, "<a>lost</a>", "[not in this page: gone.png]", `href="../figures"`, `href="../large.bin"`, `href="#Beside"`, `href="#nowhere"`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	for _, want := range []string{"later.ipynb leads nowhere until", "lost.csv: there is no such file", "gone.png: there is no such file", "figures/: it is a folder", "large.bin: it is larger", "#nowhere leads nowhere"} {
		if !strings.Contains(told, want) {
			t.Errorf("not told: %s; told is\n%s", want, told)
		}
	}
	if n := strings.Count(told, "\n"); n != 6 {
		t.Errorf("%d things are told:\n%s", n, told)
	}
}

// Where formulas are, as JupyterLab finds them; prices and code are none.
func TestTakeFormulas(t *testing.T) {
	for source, want := range map[string][]string{
		`a $x_1*x_2*x_3$ and $a<b$`:                                  {`$x_1*x_2*x_3$`, `$a<b$`},
		"$$\n\\begin{aligned}\na &= b \\\\\n- c\n\\end{aligned}\n$$": {"$$\n\\begin{aligned}\na &= b \\\\\n- c\n\\end{aligned}\n$$"},
		`costs $5 and $6, or US$5 and US$6`:                          nil,
		`$5 for $x$`:                                                 {`$x$`},
		`\$5 and \$6`:                                                nil,
		"`$a$` and $b$":                                              {"$b$"},
		"```sh\necho $HOME $PATH\n```\n$c$":                          {"$c$"},
		"    echo $HOME $PATH\n\n$c$":                                {"$c$"},
		"$a\n\nb$":                                                   nil,
		`\\(x\\) \\[y\\]`:                                            {`\\(x\\)`, `\\[y\\]`},
		"\\begin{align}\na\n\\end{align}":                            {"\\begin{align}\na\n\\end{align}"},
		`$\text{a $b$ c}$`:                                           {`$\text{a $b$ c}$`},
		`$\{x\}$ and $ y $`:                                          {`$\{x\}$`, `$ y $`},
		"> $$\n> x\n> $$":                                            {"$$\nx\n$$"},
		`$`:                                                          nil,
		`$$`:                                                         nil,
		`one $ and two`:                                              nil,
		"| $|x|$ | $y$ |":                                            {"$|x|$", "$y$"},
	} {
		_, found := takeFormulas(source)
		var got []string
		for _, e := range found {
			got = append(got, e.source)
		}
		if strings.Join(got, "\x00") != strings.Join(want, "\x00") {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
}

// A formula reaches KaTeX as it was written, and is drawn; a wrong one is shown and told.
func TestFormulas(t *testing.T) {
	source := "# Its $\\delta$\n\nThe signal $\\delta^{(l)}_{i} = \\phi'(z^{(l)}_{i}) \\sum_{j} w_{ij}$ **and $a<b$**, [x](https://x.org/$a_1$ \"$y_1$\").\n\n$$\n\\begin{aligned}\n\\delta_{1} &= W_{2}^{T} \\delta_{2} * z \\\\\n- x &= W\n\\end{aligned}\n$$\n\nWrong: $\\frac{1$ then. `$code$`\n"
	body, told := proseOf(t, source)
	for _, want := range []string{`<annotation encoding="application/x-tex">\delta^{(l)}_{i} = \phi&#x27;(z^{(l)}_{i}) \sum_{j} w_{ij}</annotation>`,
		`<strong>and <math`, `\delta_{1} &amp;= W_{2}^{T} \delta_{2} * z \\`, `<code class="formula">$\frac{1$</code>`, `<code>$code$</code>`, `href="https://x.org/$a_1$" title="$y_1$"`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if strings.Contains(body, "<em>") || strings.ContainsAny(body, formulaFrom+formulaTo) {
		t.Errorf("a formula was harmed: %s", body)
	}
	if !strings.Contains(told, `cell 1: formula "\\frac{1": not a formula`) || strings.Count(told, "\n") != 1 {
		t.Errorf("told %q", told)
	}
	n := &Notebook{Path: "x.ipynb", Cells: []Cell{{Kind: "markdown", Source: "# Its $\\delta$ in `Go` #"}}}
	var b bytes.Buffer
	if _, err := (Pages{Formulas: katex}).Write(&b, n); err != nil || !strings.Contains(b.String(), "<title>Its δ in Go</title>") {
		t.Errorf("the title is not text: %v %s", err, b.String())
	}
	if n.Title() != `Its $\delta$ in Go` {
		t.Errorf("without KaTeX the title is %q", n.Title())
	}
}

// Raw cells are there for the reader.
func TestRawCells(t *testing.T) {
	n := example(t, `{"cells": [{"cell_type": "raw", "metadata": {}, "source": "raw <b> text"}, {"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": "<b>bold</b><script>x</script>"},
 {"cell_type": "raw", "metadata": {"format": "text/markdown"}, "source": "*soft*"}, {"cell_type": "raw", "metadata": {"format": "text/latex"}, "source": "\\newpage"}, {"cell_type": "raw", "metadata": {"format": 7}, "source": []}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}`)
	body, told := written(t, Pages{}, n)
	for _, want := range []string{"<pre>raw &lt;b&gt; text</pre>", "<b>bold</b>", "<em>soft</em>", `<pre>\newpage</pre>`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if !strings.Contains(told, "cell 2: <script>") || !strings.Contains(told, "cell 4: a raw cell of the format text/latex") {
		t.Errorf("told %q", told)
	}
}

// What may be wider than the page can be reached and scrolled with the keyboard, and says
// what it is; ids are there once.
func TestReachable(t *testing.T) {
	long := strings.Repeat("x", 90)
	n := example(t, fmt.Sprintf(`{"cells": [{"cell_type": "markdown", "source": "# A\n\n# A\n\n<p id=\"A\">b</p>\n\n`+"```\\n%s\\n```"+`\n\n| a |\n| - |\n| b |"},
 {"cell_type": "code", "source": "%[1]s", "outputs": [{"output_type": "stream", "name": "stdout", "text": "%[1]s"}, {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<table><tr><td>1</td></tr></table>"}}]},
 {"cell_type": "code", "source": "short", "outputs": []}], "metadata": {}, "nbformat": 4}`, long))
	body, _ := written(t, Pages{}, n)
	tree, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for e := range tree.Descendants() {
		if e.Type != html.ElementNode {
			continue
		}
		if id := attr(e, "id"); id != "" && ids[id] {
			t.Errorf("the id %s is there twice", id)
		} else {
			ids[id] = true
		}
		if e.Data == "pre" && isWide(textOf(e)) != (attr(e, "tabindex") == "0") || e.Data == "pre" && has(e, "tabindex") && attr(e, "aria-label") == "" {
			t.Errorf("the keyboard reaches what it need not, or not what it must: %+v", e.Attr)
		}
		if e.Data == "table" && !within(e, "figure") && attr(e.Parent, "tabindex") != "0" {
			t.Errorf("the keyboard does not reach a table")
		}
	}
	if !ids["A"] || !ids["A-1"] {
		t.Errorf("the ids are %v", ids)
	}
}

func ExampleWarning() {
	fmt.Println(Warning{"lesson.ipynb", 3, "the link to later.ipynb leads nowhere until that notebook is published too"})
	// Output: lesson.ipynb: cell 3: the link to later.ipynb leads nowhere until that notebook is published too
}

func ExamplePages() {
	n := &Notebook{Path: "lesson.ipynb", Cells: []Cell{{Kind: "markdown", Source: "# A lesson\n\n<script>x()</script>"}}}
	var b bytes.Buffer
	warnings, err := Pages{}.Write(&b, n)
	fmt.Println(warnings, err)
	// Output: [lesson.ipynb: cell 1: <script> in the prose is left out: a page runs and loads nothing from there] <nil>
}
