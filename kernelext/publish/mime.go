package publish

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"

	nethtml "golang.org/x/net/html"

	"github.com/vgrad/lab/vgrad/chart"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// shown are the kinds of content that a page shows, the richest first: the order of
// JupyterLab.
var shown = []renderer{
	{"text/html", (*document).markup},
	{"text/markdown", (*document).markdownOutput},
	{"text/latex", (*document).latex},
	{"image/svg+xml", (*document).svg},
	{"image/png", (*document).picture},
	{"image/jpeg", (*document).picture},
	{"image/gif", (*document).picture},
	{"image/webp", (*document).picture},
	{"image/avif", (*document).picture},
	{"image/bmp", (*document).picture},
	{"video/mp4", (*document).film},
	{"video/webm", (*document).film},
	{"video/ogg", (*document).film},
	{"audio/mpeg", (*document).film},
	{"audio/wav", (*document).film},
	{"audio/ogg", (*document).film},
	{"application/pdf", (*document).pdf},
	{"application/vnd.jupyter.error", (*document).words},
	{"application/vnd.jupyter.stderr", (*document).words},
	{"application/vnd.jupyter.stdout", (*document).words},
	{"text/plain", (*document).words},
	{"application/json", (*document).json},
	{"application/geo+json", (*document).json},
}

// renderer shows one kind of content; ok is false if it cannot be read.
type renderer struct {
	mime string
	show func(d *document, o Output, mime string) (text string, ok bool)
}

// outputs renders the outputs of a code cell, and returns the number of figures in them.
func (d *document) outputs(c Cell) (text string, figures int) {
	var b strings.Builder
	for i := 0; i < len(c.Outputs); i++ {
		o := c.Outputs[i]
		for o.Kind == "stream" && i+1 < len(c.Outputs) && c.Outputs[i+1].Kind == "stream" && c.Outputs[i+1].Name == o.Name {
			i++
			o.Text += c.Outputs[i].Text
		}
		out := d.output(o)
		figures += strings.Count(out, `<figure class="vgrad-figure"`)
		b.WriteString(out)
	}
	return b.String(), figures
}

// standsIn matches the text that IPython gives for an object it shows otherwise.
var standsIn = regexp.MustCompile(`^<IPython\.[\w.]+ object>$`)

// output renders an output in the richest form that a page can show.
func (d *document) output(o Output) string {
	switch {
	case o.Kind == "stream":
		return d.printed(cmp.Or(o.Name, "stdout"), string(o.Text))
	case o.Kind == "error":
		return d.printed("stderr", cmp.Or(strings.Join(o.Traceback, "\n"), o.Value))
	}
	for _, s := range shown {
		if o.Data[s.mime] == "" || s.mime == "text/plain" && o.Data["application/json"] != "" && standsIn.MatchString(string(o.Data[s.mime])) {
			continue
		}
		if text, ok := s.show(d, o, s.mime); ok {
			return d.unseen(o, s.mime) + text
		}
	}
	return d.unseen(o, "")
}

// unseen says which kinds of an output no page can show, where the form that is shown is a
// lesser one. Without any form there is a word in its place.
func (d *document) unseen(o Output, chosen string) string {
	for _, kind := range sortedKeys(o.Data) {
		known := slices.ContainsFunc(shown, func(s renderer) bool { return s.mime == kind })
		if o.Data[kind] == "" || known && chosen != "" || chosen != "" && chosen != "text/plain" {
			continue
		}
		word := "a page cannot show it"
		switch {
		case known:
			word = "it cannot be read"
		case strings.Contains(kind, "javascript"):
			word = "a page does not run it"
		case strings.Contains(kind, "widget"):
			word = "a widget needs a kernel"
		}
		d.tell("an output of the kind %s: %s", kind, word)
		return `<p class="unseen">[an output of the kind <code>` + html.EscapeString(kind) + "</code>: " + word + "]</p>\n"
	}
	return ""
}

// printed is text as a terminal shows it.
func (d *document) printed(class, text string) string {
	if class != "stderr" {
		class = "stdout"
	}
	shown := terminal(text)
	if shown == "" {
		return ""
	}
	d.index(text)
	return fmt.Sprintf("<pre class=%q%s>%s</pre>\n", class, d.reachable("Output", text), shown)
}

// reachable are the attributes of text that the keyboard can scroll, where it is wide.
func (d *document) reachable(what, text string) string {
	if !isWide(text) {
		return ""
	}
	return fmt.Sprintf(` tabindex="0" role="group" aria-label="%s of cell %d"`, what, d.number)
}

// words is plain text. It may have a terminal's codes.
func (d *document) words(o Output, mime string) (string, bool) {
	class := "stdout"
	if mime != "text/plain" && mime != "application/vnd.jupyter.stdout" {
		class = "stderr"
	}
	return d.printed(class, string(o.Data[mime])), true
}

// markup is HTML. The cells of a notebook are trusted, so its scripts stay; what is not
// closed is closed, pictures beside the notebook are put into the page, and what would be
// loaded from the network is told.
func (d *document) markup(o Output, mime string) (string, bool) {
	text := string(o.Data[mime])
	if d.pages.site == nil && strings.Contains(text, `class="vgrad-figure"`) { // is whole, and large
		text = once(text)
		d.open = d.open || executable.MatchString(text)
		return `<div class="output">` + text + "</div>\n", true
	}
	tree, err := fragment(text)
	if err != nil {
		return "", false
	}
	for n := range tree.Descendants() {
		if n.Type != nethtml.ElementNode {
			continue
		}
		if n.Data == "plaintext" || n.Data == "main" { // would swallow the rest of the page; the page has one
			rename(n, "div")
		}
		d.loads(n)
		d.open = d.open || active(n)
	}
	if d.pages.site != nil {
		return d.siteOutput(tree), true
	}
	reach := ""
	if len(find(tree, "table"))+len(find(tree, "pre")) > 0 {
		reach = fmt.Sprintf(` tabindex="0" role="group" aria-label="Output of cell %d"`, d.number)
	}
	return `<div class="output"` + reach + `>` + inside(tree) + "</div>\n", true
}

// siteOutput renders the HTML of an output for a page of a site.
func (d *document) siteOutput(tree *nethtml.Node) string {
	figures := d.liveOutput(tree)
	d.inertOutput(tree)
	d.keepPicture(tree)
	d.indexOutput(tree)
	reach := ""
	if figures == 0 && len(find(tree, "table"))+len(find(tree, "pre")) > 0 {
		reach = fmt.Sprintf(` tabindex="0" role="group" aria-label="Output of cell %d"`, d.number)
	}
	return `<div class="output"` + reach + `>` + inside(tree) + "</div>\n"
}

// loads looks at what an element of an output would load.
func (d *document) loads(n *nethtml.Node) {
	for i, a := range n.Attr {
		key := a.Key
		if key != "src" && !(key == "href" && n.Data == "link") && key != "poster" && !(key == "data" && n.Data == "object") {
			continue
		}
		switch s := scheme(a.Val); {
		case s == "http" || s == "https" || strings.HasPrefix(a.Val, "//"):
			d.tell("an output loads %s from the network; without one the page does not show it", short(a.Val))
		case s == "" && a.Val != "" && n.Data != "script" && n.Data != "link" && n.Data != "iframe":
			file, _ := d.beside(a.Val)
			data, err := d.read(file)
			if err != nil {
				d.tell("an output shows %s: %v", short(a.Val), err)
				continue
			}
			n.Attr[i].Val = data
		}
	}
	if n.Data == "img" && !has(n, "alt") {
		setAttr(n, "alt", d.alt())
	}
}

// alt is what is read aloud in the place of a picture that does not say what it shows.
func (d *document) alt() string { return fmt.Sprintf("A picture that cell %d shows", d.number) }

func (d *document) markdownOutput(o Output, mime string) (string, bool) {
	return `<div class="prose">` + inside(d.markdown(string(o.Data[mime]))) + "</div>\n", true
}

// latex is a formula with its delimiters, or an environment.
func (d *document) latex(o Output, mime string) (string, bool) {
	text, found := takeFormulas(string(o.Data[mime]))
	if len(found) == 0 {
		text, found = takeFormulas("$$" + strings.TrimSpace(string(o.Data[mime])) + "$$")
	}
	return `<div class="prose">` + inside(d.safe("<p>"+html.EscapeString(text)+"</p>", found)) + "</div>\n", true
}

func (d *document) svg(o Output, mime string) (string, bool) {
	return d.image(o, mime, base64.StdEncoding.EncodeToString([]byte(o.Data[mime]))), true
}

// picture is a picture in base64.
func (d *document) picture(o Output, mime string) (string, bool) {
	content, ok := decodable(string(o.Data[mime]))
	if !ok {
		d.tell("a picture of the kind %s cannot be decoded", mime)
		return "", false
	}
	return d.image(o, mime, content), true
}

// decodable returns base64 without spaces, and whether it is base64.
func decodable(text string) (string, bool) {
	text = strings.Join(strings.Fields(text), "")
	_, err := base64.StdEncoding.DecodeString(text)
	return text, err == nil && text != ""
}

func (d *document) image(o Output, mime, content string) string {
	text := fmt.Sprintf(`<div class="output"><img alt="%s" src="data:%s;base64,%s"%s></div>`+"\n", d.alt(), mime, content, o.size(mime))
	if tree, err := fragment(text); err == nil && d.pages.site != nil {
		d.keepPicture(tree)
	}
	return text
}

// size is the size that an output asks for, as attributes.
func (o Output) size(mime string) (attributes string) {
	var wanted map[string]struct{ Width, Height float64 }
	if json.Unmarshal(o.Metadata, &wanted) != nil {
		return ""
	}
	if w := wanted[mime].Width; w > 0 {
		attributes += fmt.Sprintf(` width="%.0f"`, w)
	}
	if h := wanted[mime].Height; h > 0 {
		attributes += fmt.Sprintf(` height="%.0f"`, h)
	}
	return attributes
}

func (d *document) film(o Output, mime string) (string, bool) {
	content, ok := decodable(string(o.Data[mime]))
	kind, _, _ := strings.Cut(mime, "/")
	return fmt.Sprintf(`<div class="output"><%s controls aria-label="%s" src="data:%s;base64,%s"></%[1]s></div>`+"\n", kind, d.alt(), mime, content), ok
}

func (d *document) pdf(o Output, mime string) (string, bool) {
	content, ok := decodable(string(o.Data[mime]))
	return `<p class="output"><a download="output.pdf" href="data:application/pdf;base64,` + content + `">The PDF that cell ` + fmt.Sprint(d.number) + " shows</a></p>\n", ok
}

func (d *document) json(o Output, mime string) (string, bool) {
	var b bytes.Buffer
	if json.Indent(&b, []byte(o.Data[mime]), "", "  ") != nil {
		b.Reset()
		b.WriteString(string(o.Data[mime]))
	}
	return d.printed("stdout", b.String()), true
}

// executable matches a script in a figure's output that runs: that of another version.
var executable = regexp.MustCompile(`<script(>|\s+[^>]*src=)`)

// active reports whether an element of an output runs something or loads it from the network.
func active(n *nethtml.Node) bool {
	switch n.Data {
	case "script":
		return !isData(attr(n, "type"))
	case "iframe", "object", "embed", "link":
		return true
	}
	return slices.ContainsFunc(n.Attr, func(a nethtml.Attribute) bool {
		s := scheme(a.Val)
		return strings.HasPrefix(a.Key, "on") || s == "javascript" || (a.Key == "src" || a.Key == "poster") && (s == "http" || s == "https" || strings.HasPrefix(a.Val, "//"))
	})
}

// once removes from an output the style and the runtime, which the page has once.
func once(output string) string {
	output = strings.ReplaceAll(output, string(chart.Head()), "")
	return strings.ReplaceAll(output, string(chart.PackedFoot()), "")
}
