package publish

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	nethtml "golang.org/x/net/html"

	"github.com/vgrad/lab/vgrad/chart"
)

// lessonsSite builds the site of the committed lessons, without formulas.
func lessonsSite(t *testing.T, s Site) (*SiteFiles, []Warning) {
	t.Helper()
	var all []*Notebook
	for _, path := range lessons(t) {
		nb, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, nb)
	}
	files, warnings, err := s.Build(all)
	if err != nil {
		t.Fatal(err)
	}
	return files, warnings
}

// siteOf builds a site of notebooks, each a file name and its cells as JSON.
func siteOf(t *testing.T, notebooks ...string) (*SiteFiles, []string, error) {
	t.Helper()
	dir := t.TempDir()
	var all []*Notebook
	for i := 0; i < len(notebooks); i += 2 {
		path := filepath.Join(dir, notebooks[i])
		text := `{"cells": [` + notebooks[i+1] + `], "metadata": {"kernelspec": {"name": "vgrad"}}, "nbformat": 4, "nbformat_minor": 5}`
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		nb, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, nb)
	}
	files, warnings, err := Site{ECharts: []byte("var echarts")}.Build(all)
	var said []string
	for _, w := range warnings {
		said = append(said, strings.TrimPrefix(w.String(), dir+string(filepath.Separator)))
	}
	return files, said, err
}

func prose(source string) string {
	text, _ := json.Marshal(source)
	return fmt.Sprintf(`{"cell_type": "markdown", "metadata": {}, "source": %s}`, text)
}

func showing(source, markup string) string {
	code, _ := json.Marshal(source)
	text, _ := json.Marshal(markup)
	return fmt.Sprintf(`{"cell_type": "code", "metadata": {}, "source": %s, "outputs": [{"output_type": "display_data", "metadata": {}, "data": {"text/html": %s}}]}`, code, text)
}

// The site of the committed lessons is valid HTML, runs only its own files, and leads
// nowhere where there is nothing.
func TestLessonsSite(t *testing.T) {
	files, warnings := lessonsSite(t, Site{Title: "Lessons <of> vgrad", Lead: "All & more.", ECharts: []byte("var echarts")})
	for _, w := range warnings {
		if !strings.Contains(w.Text, "KaTeX") {
			t.Error(w)
		}
	}
	pages := 0
	for _, name := range files.Names() {
		if strings.HasSuffix(name, ".html") {
			pages++
			t.Run(name, func(t *testing.T) { checkPage(t, files, name) })
		}
	}
	if n := len(lessons(t)); pages != n+1 {
		t.Errorf("%d pages of %d lessons", pages, n)
	}
	front := string(files.Content("index.html"))
	for _, want := range []string{"<h1>Lessons &lt;of&gt; vgrad</h1>", "All &amp; more.", `<img src="pictures/00_start_here.svg" alt=""`, "In five minutes you train a network in which the gradient vanishes, see where it goes, and compare it with one in which it does not.</p>"} {
		if !strings.Contains(front, want) {
			t.Errorf("the front page has no %s", want)
		}
	}
	version, js := chart.Script()
	one := string(files.Content("00_start_here.html"))
	if strings.Count(one, `data-scripts="assets/echarts-`) != strings.Count(one, `<figure class="vgrad-figure"`) {
		t.Error("a figure is not made live")
	}
	if have := files.Content("assets/figures-" + version + ".js"); have != nil && len(have) > len(js) {
		t.Error("the runtime has grown")
	}
	for _, want := range []string{`rel="next" href="01_the_article.html"`, `<a href="notebooks/00_start_here.ipynb" download>`, `<a href="#A-first-comparison">`, `href="01_the_article.html"`, "Go 1.26", "development version", "PJRT"} {
		if !strings.Contains(one, want) {
			t.Errorf("the first lesson has no %s", want)
		}
	}
}

// checkPage checks a page by itself and against the files of its site.
func checkPage(t *testing.T, files *SiteFiles, name string) {
	text := files.Content(name)
	checkNesting(t, text)
	tree, err := nethtml.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for n := range tree.Descendants() {
		if id := attr(n, "id"); id != "" {
			if ids[id] || strings.ContainsAny(id, " \t\n") {
				t.Errorf("the id %q is there twice, or has spaces", id)
			}
			ids[id] = true
		}
	}
	count := map[string]int{}
	for n := range tree.Descendants() {
		if n.Type != nethtml.ElementNode {
			continue
		}
		count[n.Data]++
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"):
				t.Errorf("<%s> has %s", n.Data, a.Key)
			case a.Key == "href" || a.Key == "src":
				checkAddress(t, files, ids, n, a.Val)
			case a.Key == "data-scripts":
				for _, file := range strings.Fields(a.Val) {
					checkAddress(t, files, ids, n, file)
				}
			}
		}
		switch n.Data {
		case "script":
			_, err := chart.Unpack(textOf(n))
			packed := attr(n, "type") == "application/gzip" && err == nil
			if attr(n, "src") == "" && !packed && (attr(n, "type") != "application/json" || !json.Valid([]byte(textOf(n)))) {
				t.Errorf("a script that is not data: %.80s", textOf(n))
			}
		case "img":
			if !has(n, "alt") {
				t.Errorf("a picture without alt: %.80s", attr(n, "src"))
			}
		case "figcaption":
			if n.PrevSibling != nil && nextElement(n) != nil {
				t.Error("a caption that is neither the first nor the last in its figure")
			}
		case "style":
			if n.Parent.Data != "head" {
				t.Error("a style that is not in the head")
			}
		case "input", "select":
			if attr(n, "aria-label") == "" && !within(n, "label") {
				t.Errorf("<%s> has no label", n.Data)
			}
		}
		if attr(n, "tabindex") == "0" && attr(n, "aria-label") == "" && n.Data != "a" {
			t.Errorf("<%s class=%q> is reached by the keyboard and has no label", n.Data, attr(n, "class"))
		}
	}
	for _, one := range []string{"title", "main", "h1", "html"} {
		if count[one] != 1 {
			t.Errorf("<%s> is there %d times", one, count[one])
		}
	}
	if p := regexp.MustCompile(`content="(default-src[^"]*)"`).FindSubmatch(text); p == nil || strings.Contains(strings.Split(nethtml.UnescapeString(string(p[1])), "; style-src")[0], "unsafe") {
		t.Errorf("the policy is %s", p)
	}
}

func nextElement(n *nethtml.Node) *nethtml.Node {
	for n = n.NextSibling; n != nil && n.Type != nethtml.ElementNode; n = n.NextSibling {
	}
	return n
}

// checkAddress checks that a link or a file leads somewhere.
func checkAddress(t *testing.T, files *SiteFiles, ids map[string]bool, n *nethtml.Node, address string) {
	u, err := url.Parse(address)
	switch {
	case strings.HasPrefix(address, "data:"):
	case err != nil:
		t.Error(err)
	case u.Host != "":
		if n.Data != "a" {
			t.Errorf("<%s> asks for %s", n.Data, address)
		}
	case u.Path == "":
		if u.Fragment != "" && !ids[u.Fragment] {
			t.Errorf("the link to %s leads nowhere", address)
		}
	case files.Content(u.Path) == nil:
		t.Errorf("<%s> leads to %s, which the site does not have", n.Data, address)
	case u.Fragment != "":
		if other := string(files.Content(u.Path)); !strings.Contains(other, `id="`+nethtml.EscapeString(u.Fragment)+`"`) {
			t.Errorf("the link to %s leads nowhere", address)
		}
	}
}

var voids = set("area base br col embed hr img input link meta source track wbr")

// checkNesting checks that the elements nest as they are written: a parser that mends HTML
// finds nothing to mend.
func checkNesting(t *testing.T, text []byte) {
	t.Helper()
	var written, read []string
	z := nethtml.NewTokenizer(bytes.NewReader(text))
	var open []string
	for {
		kind := z.Next()
		if kind == nethtml.ErrorToken {
			if !errors.Is(z.Err(), io.EOF) {
				t.Fatal(z.Err())
			}
			break
		}
		token := z.Token()
		switch {
		case kind == nethtml.SelfClosingTagToken || kind == nethtml.StartTagToken && voids[token.Data]:
			written = append(written, fmt.Sprint(len(open), token.Data))
		case kind == nethtml.StartTagToken:
			written = append(written, fmt.Sprint(len(open), token.Data))
			open = append(open, token.Data)
		case kind == nethtml.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("</%s> ends %v", token.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%v are not closed", open)
	}
	tree, err := nethtml.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var walk func(n *nethtml.Node, depth int)
	walk = func(n *nethtml.Node, depth int) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type == nethtml.ElementNode {
				read = append(read, fmt.Sprint(depth, c.Data))
				walk(c, depth+1)
			}
		}
	}
	walk(tree, 0)
	for i := range max(len(written), len(read)) {
		if i >= len(written) || i >= len(read) || !strings.EqualFold(written[i], read[i]) {
			t.Errorf("element %d is written as %v and read as %v", i, written[max(0, i-3):min(len(written), i+2)], read[max(0, i-3):min(len(read), i+2)])
			return
		}
	}
}

// What an output brings along does not run in a site, and is told with its cell.
func TestSiteRunsNothingOfOthers(t *testing.T) {
	files, said, err := siteOf(t, "a.ipynb", prose("# A\n\nText.")+","+
		showing("x", `<script>alert(1)</script><p onclick="alert(2)">kept</p><iframe src="https://example.org/"></iframe><iframe srcdoc="x"></iframe><a href="java`+"\t"+`script:alert(3)">text stays</a>
<script src="https://example.org/x.js"></script><img src="https://example.org/x.png"><svg onload="alert(4)"><script>alert(5)</script><a xlink:href="javascript:alert(6)"><circle r="1"></circle></a></svg>
<script type="application/json">{"data": "</p>"}</script><object data="x"></object><style>.mine { color: red }</style><main>x</main><script type="module">alert(7)</script><noscript><p onclick="alert(8)">without</p><img src=x onerror="alert(9)"></noscript>`))
	if err != nil {
		t.Fatal(err)
	}
	page := string(files.Content("a.html"))
	for _, never := range []string{"alert", "onclick", "onload", "<iframe", "<object", "x.js", `src="https:`, "<main>x"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s", never)
		}
	}
	for _, want := range []string{"kept", "text stays", "<noscript><p>without</p>", `{"data": "</p>"}`, ".mine { color: red }", `<a href="https://example.org/x.png">`, `<a href="https://example.org/">`, "<circle"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	for _, want := range []string{"a script in an output is left out", "onclick", "<object>", "x.png"} {
		if !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, "a.ipynb: cell 2: ") && strings.Contains(s, want) }) {
			t.Errorf("%s is not told: %q", want, said)
		}
	}
	checkNesting(t, files.Content("a.html"))
}

// Links between the notebooks lead to their pages, and each that leads nowhere is told.
func TestSiteLinks(t *testing.T) {
	files, said, err := siteOf(t, "a.ipynb", prose("# A\n\n[b](b.ipynb#the-second) [page](b.html) [gone](c.ipynb) [no heading](b.ipynb#third) [nowhere](#nothing) [up](#a) [file](none.csv)"),
		"b.ipynb", prose("# B\n\n## The second\n\n[back](a.ipynb)"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(files.Content("a.html"))
	for _, want := range []string{`<a href="b.html#The-second">b</a>`, `<a href="b.html">page</a>`, `<a>gone</a>`, `<a href="#A">up</a>`, `<a>file</a>`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	if !strings.Contains(string(files.Content("b.html")), `<a href="a.html">back</a>`) {
		t.Error("no way back")
	}
	for _, want := range []string{"c.ipynb leads nowhere", "b.ipynb#third leads to the beginning", "#nothing leads nowhere", "none.csv: there is no such file"} {
		if !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, "a.ipynb: cell 1: ") && strings.Contains(s, want) }) {
			t.Errorf("%q is not told: %q", want, said)
		}
	}
	if len(said) != 4 {
		t.Errorf("%q", said)
	}
}

// Files beside a notebook are in the site.
func TestSiteHasFilesBeside(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("the table.csv", "a,b")
	png, _ := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
	write("dot.png", string(png))
	path := write("a.ipynb", `{"cells": [`+prose("# A\n\n![a dot](dot.png) [table](the%20table.csv)")+`], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}`)
	nb, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	files, warnings, err := Site{}.Build([]*Notebook{nb})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	checkPage(t, files, "a.html")
	if n := len(slices.DeleteFunc(files.Names(), func(name string) bool { return !strings.HasPrefix(name, "files/") })); n != 2 {
		t.Errorf("%v", files.Names())
	}
	if !strings.Contains(string(files.Content("a.html")), `download="the table.csv"`) {
		t.Error("the table cannot be downloaded")
	}
}

// A notebook that was not executed, and one in which a cell failed, are told.
func TestSiteTellsWhatWasNotExecuted(t *testing.T) {
	failed := `{"cell_type": "code", "metadata": {}, "source": "y", "outputs": [{"output_type": "error", "ename": "E", "evalue": "no", "traceback": ["no gradient"]}]}`
	_, said, err := siteOf(t, "a.ipynb", prose("# A")+`,{"cell_type": "code", "metadata": {}, "source": "x", "outputs": []}`, "b.ipynb", failed)
	if err != nil || len(said) != 2 || !strings.HasPrefix(said[0], "a.ipynb: cell 2: no cell of the notebook has an output") || !strings.HasPrefix(said[1], "b.ipynb: cell 1: the cell failed") {
		t.Errorf("%v, %q", err, said)
	}
}

func TestSiteRefuses(t *testing.T) {
	if _, _, err := siteOf(t, "index.ipynb", prose("# A")); err == nil || !strings.Contains(err.Error(), "index.html") {
		t.Error(err)
	}
	big := prose("# A\n\n" + strings.Repeat("word ", LargestPage/5))
	if _, _, err := siteOf(t, "a.ipynb", big); err == nil || !strings.Contains(err.Error(), "a.html has 3.0 MB") {
		t.Error(err)
	}
}

// The same notebooks make the same bytes, and only the time is another.
func TestSiteIsDeterministic(t *testing.T) {
	build := func(hour int) *SiteFiles {
		files, _ := lessonsSite(t, Site{When: time.Date(2026, 1, 2, hour, 0, 0, 0, time.UTC)})
		return files
	}
	one, same, later := build(3), build(3), build(4)
	for _, name := range one.Names() {
		if !bytes.Equal(one.Content(name), same.Content(name)) {
			t.Errorf("%s is another the second time", name)
		}
		if was, is := string(one.Content(name)), string(later.Content(name)); strings.ReplaceAll(was, "03:00 UTC", "") != strings.ReplaceAll(is, "04:00 UTC", "") {
			t.Errorf("%s differs in more than its time", name)
		}
	}
	if !slices.Equal(one.Names(), later.Names()) {
		t.Errorf("%v, %v", one.Names(), later.Names())
	}
}

// Writing replaces a site, and nothing else.
func TestSiteWritesOnlyItsOwn(t *testing.T) {
	one, _, err := siteOf(t, "a.ipynb", prose("# A"), "b.ipynb", prose("# B"))
	if err != nil {
		t.Fatal(err)
	}
	two, _, err := siteOf(t, "b.ipynb", prose("# B, again"), "c.ipynb", prose("# C"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new", "site")
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		text, _ := os.ReadFile(filepath.Join(dir, name))
		return string(text)
	}
	if err := one.Write(dir); err != nil {
		t.Fatal(err)
	}
	write("CNAME", "example.org")
	write("notebooks/mine.ipynb", "mine")
	if err := two.Write(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"CNAME": "example.org", "notebooks/mine.ipynb": "mine", "a.html": "", "notebooks/a.ipynb": ""} {
		if got := read(name); got != want {
			t.Errorf("%s: %.40q, not %q", name, got, want)
		}
	}
	for _, name := range two.Names() {
		if read(name) != string(two.Content(name)) {
			t.Errorf("%s is not written", name)
		}
	}
	write("a.html", "a page of someone else's")
	if err := one.Write(dir); err == nil || !strings.Contains(err.Error(), "a.html is there and is not of the site") || !strings.Contains(read("b.html"), "B, again") {
		t.Errorf("%v", err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := one.Write(other); !errors.Is(err, errForeign) || CheckSite(other) == nil {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"{", `{"made": "someone"}`, `{"made": "vgrad publish -site", "files": ["../x"]}`} {
		write(manifestName, bad)
		if err := two.Write(dir); err == nil || !strings.Contains(err.Error(), manifestName) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// A site whose writing was stopped is written again.
func TestSiteWrittenAgainAfterAStop(t *testing.T) {
	one, _, err := siteOf(t, "a.ipynb", prose("# A"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "a.html"), 0o755); err != nil { // it cannot be written
		t.Fatal(err)
	}
	if err := writeManifest(dir, []string{"a.html"}); err != nil {
		t.Fatal(err)
	}
	if err := one.Write(dir); err == nil {
		t.Error("a folder is replaced")
	}
	if _, err := os.Stat(filepath.Join(dir, "index.html")); err == nil {
		t.Error("the front page is there before its lessons")
	}
	if err := os.Remove(filepath.Join(dir, "a.html")); err != nil {
		t.Fatal(err)
	}
	if err := one.Write(dir); err != nil {
		t.Error(err)
	}
}

// The index has prose, code and outputs below their headings, and no values of figures.
func TestSearchIndex(t *testing.T) {
	files, _, err := siteOf(t, "a.ipynb", prose("# A <b>lesson</b>\n\nFirst *words*.\n\n## The $\\delta$ signal\n\n| one | two |\n| --- | --- |\n| 3 | 4 |")+","+
		showing("cell.Train(e)", `<p>trained</p><p>twice</p><script type="application/json">{"hidden": 1}</script><details><summary>s</summary><table><tr><td>17.5</td></tr></table></details>`))
	if err != nil {
		t.Fatal(err)
	}
	var index []any
	for _, name := range files.Names() {
		if strings.HasPrefix(name, "assets/search-") {
			text := strings.TrimPrefix(string(files.Content(name)), "window.vgradIndex = ")
			if err := json.Unmarshal([]byte(text), &index); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := fmt.Sprintf("%q", index)
	if want := `[["a.html" "A lesson" [["" "A lesson" "First words."] ["The-$%5Cdelta$-signal" "The $\\delta$ signal" "one two 3 4\ncell.Train(e)\ntrained\ntwice"]]]]`; got != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
}

func TestFirstSentence(t *testing.T) {
	for paragraph, want := range map[string]string{
		"":                                      "",
		"<p>One. Two.</p>":                      "One.",
		"<p>At 0.5 of <em>it</em>? Yes.</p>":    "At 0.5 of it?",
		"<p>By Y. LeCun, 1998 (see x). No.</p>": "By Y. LeCun, 1998 (see x).",
		"<p>No end</p>":                         "No end",
	} {
		if got := firstSentence(template.HTML(paragraph)); got != want {
			t.Errorf("%q: %q", paragraph, got)
		}
	}
}

func TestFacts(t *testing.T) {
	nb := example(t, `{"cells": [{"cell_type": "code", "source": "seed=0..9", "metadata": {"execution": {"iopub.execute_input": "2026-01-02T03:04:05.5Z", "x": "y"}}, "outputs": [{"output_type": "stream", "text": "relu, seed 12: 1"}]},
		{"cell_type": "code", "source": "Seed: 3", "metadata": {"execution": {"shell.execute_reply": "2026-01-02T03:05:00Z"}}, "outputs": []}],
		"metadata": {"language_info": {"name": "go", "version": "1.26.8"}, "vgrad": {"backend": "xla"}}, "nbformat": 4}`)
	got := fmt.Sprint(nb.facts())
	if want := "[{vgrad not recorded} {Language Go 1.26.8} {Backend xla} {Seeds 3, 12, 0..9} {Executed 2 January 2026, 03:05 UTC}]"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
	if got := fmt.Sprint(example(t, `{"cells": [], "nbformat": 4, "metadata": {"vgrad": 7}}`).facts()); strings.Count(got, notRecorded) != 5 {
		t.Error(got)
	}
}

func FuzzSite(f *testing.F) {
	f.Add("# A\n\n[x](b.ipynb)", `<script>1</script><table><tr><td>x`)
	f.Add("## B <h3 id=site-query>x</h3>", `<figure class="vgrad-figure"><figcaption>x</figcaption><script type="application/gzip">x</script>`)
	f.Fuzz(func(t *testing.T, source, output string) {
		n := &Notebook{Path: "a.ipynb", kernel: "vgrad", Cells: []Cell{{Kind: "markdown", Source: Text(source)}, {Kind: "code", Source: "x", Outputs: []Output{{Kind: "display_data", Data: map[string]Text{"text/html": Text(output)}}}}}}
		files, _, err := Site{ECharts: []byte("x")}.Build([]*Notebook{n})
		if err != nil {
			return
		}
		tree, err := nethtml.Parse(bytes.NewReader(files.Content("a.html")))
		if err != nil {
			t.Fatal(err)
		}
		for n := range tree.Descendants() {
			if n.Type == nethtml.ElementNode && n.Data == "script" && attr(n, "src") == "" && !isData(attr(n, "type")) {
				t.Errorf("a script of the output: %q", textOf(n))
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s=%q", a.Key, a.Val)
				}
			}
		}
	})
}
