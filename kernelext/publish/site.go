package publish

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"html/template"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	nethtml "golang.org/x/net/html"

	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/formula"
	"github.com/vgrad/lab/vgrad/page"
)

// Site is a site of notebooks: a front page, a page for each notebook, and what they share.
// It is made of the outputs in the notebooks, and nothing is executed.
type Site struct {
	Title string // of the front page; "" is "Lessons"
	Lead  string // a paragraph below it; "" for none
	// ECharts is the bytes of echarts.min.js, which the site has once. Nil: figures are
	// static pictures.
	ECharts []byte
	// Formulas draws formulas. Nil: they are shown as their source.
	Formulas *formula.Renderer
	Program  string    // what publishes the site, with its version; "" is "vgrad"
	When     time.Time // at the foot of each page; the zero time: no time is there
}

// LargestPage is the size of the largest page that a site may have, in bytes.
const LargestPage = 3_000_000

// policy is what a page of a site may do: run and show the site's own files, and ask for
// nothing else. Styles may stand in the page, because tables and prose have style
// attributes. Opened from disk, 'self' is nothing in some browsers; file: is the same for
// them, and nothing for a page that comes from a server.
const policy = "default-src 'none'; script-src 'self' file:; style-src 'self' file: 'unsafe-inline'; img-src 'self' file: data:; " +
	"media-src 'self' file: data:; base-uri 'none'; form-action 'none'"

//go:embed site
var parts embed.FS

var siteFrames = template.Must(template.ParseFS(parts, "site/*.html"))

// siteFiles are the files of a site while it is made, by their names with slashes.
type siteFiles struct {
	files   map[string][]byte
	echarts string // the name of the library's file; "" without it
}

// asset adds a file that pages share, and returns its name. A file of the same name and
// another content gets a name of its own.
func (s *siteFiles) asset(name string, content []byte) string {
	name = "assets/" + name
	if old, ok := s.files[name]; ok && !bytes.Equal(old, content) {
		name = strings.TrimSuffix(name, path.Ext(name)) + "-" + digest(content) + path.Ext(name)
	}
	s.files[name] = content
	return name
}

// unnamed matches what a file's name has that an address would have to escape.
var unnamed = regexp.MustCompile(`[^\w.-]+`)

// beside adds a file that lies beside a notebook, and returns its address.
func (s *siteFiles) beside(name string, content []byte) string {
	name = "files/" + digest(content) + "-" + unnamed.ReplaceAllString(name, "_")
	s.files[name] = content
	return name
}

// digest is the beginning of a content's hash, for its name.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:4])
}

// lessonPage is a notebook in the site. The templates read it.
type lessonPage struct {
	Page, Notebook  string // names of the files
	Title, Sentence string
	Headline, Body  template.HTML
	Style           template.CSS // that its outputs have
	Contents        []heading
	Picture         string // name of the file; "" for none
	Facts           []fact
	Previous, Next  *lessonPage

	sections []section
	doc      *document
}

// Base is the notebook's file name.
func (l *lessonPage) Base() string { return path.Base(l.Notebook) }

// Size is the size of the notebook in words.
func (l *lessonPage) Size() string { return fmt.Sprintf("%d KB", (len(l.doc.nb.text)+999)/1000) }

// siteIDs are the ids that the parts of a page around the lesson have.
var siteIDs = []string{"site-content", "site-query", "site-found", "site-status", "site-results", "site-theme", "site-jupyter"}

// heading is a line of a page's contents.
type heading struct {
	Text, ID string
	Below    []heading
}

// frame is what every page has. The templates read it.
type frame struct {
	Site                        Site
	Policy, Style, Theme        string
	Script, Search, Description string
	When                        string
	Lessons                     []*lessonPage
	Lesson                      *lessonPage // nil on the front page
}

// Build makes the files of a site of notebooks, in their order. Links between them become
// links between their pages. What a page does not show as its notebook does, and every link
// that leads nowhere, is a warning. Build fails if two notebooks have the same page, and if
// a page is larger than [LargestPage].
//
// The same notebooks, and the same When, give the same bytes.
func (s Site) Build(notebooks []*Notebook) (*SiteFiles, []Warning, error) {
	s.Title, s.Program = cmp.Or(s.Title, "Lessons"), cmp.Or(s.Program, "vgrad")
	made := &siteFiles{files: map[string][]byte{}}
	if s.ECharts != nil {
		made.echarts = made.asset("echarts-"+digest(s.ECharts)+".js", s.ECharts)
	}
	pages := Pages{Formulas: s.Formulas, At: map[string]string{}, site: made}
	var lessons []*lessonPage
	for _, n := range notebooks {
		l := &lessonPage{Page: PageName(n.Path), Notebook: "notebooks/" + filepath.Base(n.Path)}
		if other := slices.IndexFunc(lessons, func(o *lessonPage) bool { return strings.EqualFold(o.Page, l.Page) }); other >= 0 || strings.EqualFold(l.Page, "index.html") {
			return nil, nil, fmt.Errorf("publish: the site has another page that is called %s; %s needs another name", l.Page, n.Path)
		}
		lessons = append(lessons, l)
		pages.At[absolute(n.Path)] = filepath.Join(siteRoot, l.Page)
	}
	var warnings []Warning
	for i, n := range notebooks {
		lessons[i].read(pages, n)
		warnings = append(warnings, lessons[i].doc.warnings...)
	}
	f := frame{Site: s, Policy: policy, Lessons: lessons}
	if !s.When.IsZero() {
		f.When = s.When.UTC().Format("2 January 2006, 15:04 UTC")
	}
	if err := f.write(made); err != nil {
		return nil, warnings, err
	}
	return &SiteFiles{made.files}, warnings, nil
}

// siteRoot stands for the folder of the site, whose place nothing depends on.
var siteRoot = absolute("the site")

// write adds all pages and what they share.
func (f frame) write(s *siteFiles) error {
	f.Style = s.shared("site.css", page.Style()+style+chart.Style())
	f.Theme = s.shared("theme.js", "")
	f.Script = s.shared("site.js", "")
	f.Search = s.asset("search-"+digest(index(f.Lessons))+".js", index(f.Lessons))
	for i, l := range f.Lessons {
		if i > 0 {
			l.Previous = f.Lessons[i-1]
		}
		if i+1 < len(f.Lessons) {
			l.Next = f.Lessons[i+1]
		}
		s.files[l.Notebook] = l.doc.nb.text
		f.Lesson, f.Description = l, l.Sentence
		if err := f.page(s, l.Page, "lesson.html"); err != nil {
			return err
		}
	}
	f.Lesson, f.Description = nil, f.Site.Lead
	return f.page(s, "index.html", "front.html")
}

// shared adds one of the files that come with this package, below other text.
func (s *siteFiles) shared(name, above string) string {
	text, err := parts.ReadFile("site/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	text = append([]byte(above), text...)
	return s.asset(strings.TrimSuffix(name, path.Ext(name))+"-"+digest(text)+path.Ext(name), text)
}

func (f frame) page(s *siteFiles, name, template string) error {
	var b bytes.Buffer
	if err := siteFrames.ExecuteTemplate(&b, template, f); err != nil {
		return fmt.Errorf("publish: %s: %w", name, err)
	}
	if b.Len() > LargestPage {
		return fmt.Errorf("publish: the page %s has %.1f MB; a page of a site has at most %.0f MB: divide the notebook, or show less in it", name, float64(b.Len())/1e6, LargestPage/1e6)
	}
	s.files[name] = b.Bytes()
	return nil
}

// read makes the page of a notebook.
func (l *lessonPage) read(p Pages, n *Notebook) {
	d := p.read(n)
	l.doc = d
	l.Title, l.Headline = d.title()
	if l.Headline == "" {
		l.Headline = template.HTML(html.EscapeString(l.Title))
	}
	l.Sentence = firstSentence(d.lead())
	l.Contents = d.contents()
	d.section("", l.Title)
	var b strings.Builder
	for i, c := range n.Cells {
		d.cell, d.number = c, i+1
		d.indexProse(d.trees[i])
		if c.Kind == "code" {
			d.index(string(c.Source))
		}
		text, _ := d.html(i, c)
		b.WriteString(text)
	}
	l.Body = template.HTML(b.String())
	l.Style = template.CSS(strings.ReplaceAll(strings.Join(d.styles, "\n"), "<", ""))
	l.Facts = n.facts()
	l.sections = d.sections
	if d.cover.content != nil {
		l.Picture = "pictures/" + strings.TrimSuffix(l.Page, ".html") + d.cover.extension
		p.site.files[l.Picture] = d.cover.content
	}
	d.tellUnexecuted()
}

// tellUnexecuted warns of a notebook that has no outputs, or in which a cell failed.
func (d *document) tellUnexecuted() {
	first, outputs := 0, 0
	for i, c := range d.nb.Cells {
		if c.Kind != "code" || strings.TrimSpace(string(c.Source)) == "" {
			continue
		}
		if first == 0 {
			first = i + 1
		}
		outputs += len(c.Outputs)
		if slices.ContainsFunc(c.Outputs, func(o Output) bool { return o.Kind == "error" }) && !c.mayFail() {
			d.number = i + 1
			d.tell("the cell failed when it was executed, and the page shows its error")
		}
	}
	if first > 0 && outputs == 0 {
		d.number = first
		d.tell("no cell of the notebook has an output: a site shows the outputs that are in the notebooks; go tool vgrad publish %s executes it", d.nb.Path)
	}
}

// firstPicture is the picture of a lesson on the front page.
type firstPicture struct {
	extension string
	content   []byte
	figure    bool // of the laboratory
}

// keepPicture keeps the first picture of an output's tree: that of a figure, or else any.
func (d *document) keepPicture(tree *nethtml.Node) {
	for _, img := range find(tree, "img") {
		kind, data, ok := strings.Cut(strings.TrimPrefix(attr(img, "src"), "data:"), ";base64,")
		content, err := base64.StdEncoding.DecodeString(data)
		if !ok || err != nil || d.cover.content != nil && (d.cover.figure || !hasClass(img, "vgrad-static")) {
			continue
		}
		for _, extension := range sortedKeys(kinds) {
			if kinds[extension] == kind && strings.HasPrefix(kind, "image/") {
				d.cover = firstPicture{extension, content, hasClass(img, "vgrad-static")}
				break
			}
		}
	}
}

// contents lists the headings of the second and third level.
func (d *document) contents() (all []heading) {
	for _, tree := range d.trees {
		if tree == nil {
			continue
		}
		for n := range tree.Descendants() {
			if !isHeading(n) || attr(n, "id") == "" || n.Data > "h3" {
				continue
			}
			h := heading{Text: strings.Join(strings.Fields(textOf(n)), " "), ID: attr(n, "id")}
			if n.Data == "h3" && len(all) > 0 {
				last := &all[len(all)-1]
				last.Below = append(last.Below, h)
			} else {
				all = append(all, h)
			}
		}
	}
	return all
}

// sentenceEnd matches the end of a sentence: not a point in a number or after one letter.
var sentenceEnd = regexp.MustCompile(`[\pL\d)\]»”%]{2}[.!?](\s|$)`)

// firstSentence is the first sentence of a paragraph, as text.
func firstSentence(paragraph template.HTML) string {
	tree, err := fragment(string(paragraph))
	if err != nil {
		return ""
	}
	for _, n := range find(tree, "annotation") {
		n.Parent.RemoveChild(n)
	}
	text := strings.Join(strings.Fields(textOf(tree)), " ")
	if at := sentenceEnd.FindStringIndex(text); at != nil {
		text = strings.TrimSpace(text[:at[1]])
	}
	if all := []rune(text); len(all) > longestSentence {
		text = string(all[:longestSentence]) + "…"
	}
	return text
}

// longestSentence is how much of a sentence stands on the front page, in characters.
const longestSentence = 300

// SiteFiles are the files of a site.
type SiteFiles struct {
	files map[string][]byte
}

// Names lists the files in order, by their names with slashes.
func (s *SiteFiles) Names() []string { return slices.Sorted(maps.Keys(s.files)) }

// Content returns a file; nil if there is none of that name.
func (s *SiteFiles) Content(name string) []byte { return bytes.Clone(s.files[name]) }

// Size is the size of all files in bytes.
func (s *SiteFiles) Size() (size int64) {
	for _, content := range s.files {
		size += int64(len(content))
	}
	return size
}

// errForeign is the error of a folder that is not a site's.
var errForeign = errors.New("it holds files that are not of a site of vgrad; name an empty or a new folder")
