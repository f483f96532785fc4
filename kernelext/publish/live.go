package publish

import (
	"encoding/json"
	"fmt"
	"strings"

	nethtml "golang.org/x/net/html"

	"github.com/vgrad/lab/vgrad/chart"
)

// live is a kind of output that a script of the laboratory makes live. In a notebook the
// script is in the output. A site has it once, as a file, because its pages allow no script
// in themselves. See "Live outputs" in the package's documentation.
type live struct {
	class string // of the elements that the script makes live
	// script recognises the script in an output, and returns the name of its file without
	// the extension, and its text.
	script func(text string) (name, js string, ok bool)
	// own returns the script of this version, for elements whose output has none.
	own func() (name, js string)
	// style reports whether a style sheet in an output is that of these elements. A site
	// has it in its own.
	style   func(text string) bool
	echarts bool // the script needs ECharts before it
}

// lives lists the kinds of live outputs.
var lives = []live{{
	class: "vgrad-figure",
	script: func(text string) (name, js string, ok bool) {
		version, js, ok := chart.UnpackScript(text)
		return "figures-" + version, js, ok
	},
	own: func() (name, js string) {
		version, js := chart.Script()
		return "figures-" + version, js
	},
	style:   func(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), ".vgrad-figure {") },
	echarts: true,
}}

// liveOutput makes the HTML of an output into that of a page that allows no script: the
// laboratory's scripts become files of the site, their data stay, and all that would run or
// load something is left out and told. It returns the number of live elements.
func (d *document) liveOutput(tree *nethtml.Node) (count int) {
	scripts := map[string][]string{} // by the class of the elements
	for _, n := range find(tree, "script") {
		if text := textOf(n); isData(attr(n, "type")) {
			unpackData(n, text)
		} else {
			if l, file, ok := d.pages.site.liveScript(text); ok {
				scripts[l.class] = append(scripts[l.class], file)
			} else {
				d.tell("a script in an output is left out: the pages of a site run only the laboratory's own")
			}
			n.Parent.RemoveChild(n)
		}
	}
	for _, n := range find(tree, "style") {
		if !isLiveStyle(textOf(n)) {
			d.styles = append(d.styles, textOf(n))
		}
		n.Parent.RemoveChild(n)
	}
	mendOutput(tree)
	for n := range tree.Descendants() {
		for _, l := range lives {
			if n.Type == nethtml.ElementNode && hasClass(n, l.class) {
				d.pages.site.wake(n, l, scripts[l.class])
				count++
			}
		}
	}
	return count
}

// mendOutput makes valid HTML of what outputs have otherwise: what follows a figure's caption
// goes into it, because a caption is the first or the last in its figure, a section
// without a heading is a div, and so on.
func mendOutput(tree *nethtml.Node) {
	unheaded(tree)
	for _, caption := range find(tree, "figcaption") {
		for next := caption.NextSibling; next != nil; next = caption.NextSibling {
			next.Parent.RemoveChild(next)
			caption.AppendChild(next)
		}
	}
	for _, section := range find(tree, "section") {
		headed := false
		for n := range section.Descendants() {
			headed = headed || isHeading(n)
		}
		if !headed {
			rename(section, "div")
		}
	}
}

// wake says in an element which scripts make it live. The site's own script loads them when
// the element comes into view.
func (s *siteFiles) wake(n *nethtml.Node, l live, files []string) {
	if len(files) == 0 {
		name, js := l.own()
		files = []string{s.asset(name+".js", []byte(js))}
	}
	if l.echarts {
		if s.echarts == "" {
			return // the static picture stays
		}
		files = append([]string{s.echarts}, files...)
	}
	setAttr(n, "data-loading", "")
	setAttr(n, "data-scripts", strings.Join(files, " "))
}

// liveScript returns the kind that a script is of, and its file in the site.
func (s *siteFiles) liveScript(text string) (l live, file string, ok bool) {
	for _, l := range lives {
		if name, js, ok := l.script(text); ok {
			return l, s.asset(name+".js", []byte(js)), true
		}
	}
	return live{}, "", false
}

func isLiveStyle(text string) bool {
	for _, l := range lives {
		if l.style(text) {
			return true
		}
	}
	return false
}

// isData reports whether a script element of a type holds data, which no browser runs.
func isData(kind string) bool {
	kind, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(kind)), ";")
	return kind == "application/json" || kind == "application/gzip" || strings.HasSuffix(kind, "+json")
}

// unpackData makes the packed data of a figure JSON. Other data stay packed, such as those
// of figures with states, which are a tenth of their JSON.
func unpackData(n *nethtml.Node, text string) {
	if attr(n, "type") != "application/gzip" || !hasClass(n, "vgrad-says") {
		return
	}
	plain, err := chart.Unpack(text)
	if err != nil || strings.Contains(plain, "<") || !json.Valid([]byte(plain)) {
		return
	}
	setAttr(n, "type", "application/json")
	n.FirstChild.Data = plain
}

func hasClass(n *nethtml.Node, class string) bool {
	for _, c := range strings.Fields(attr(n, "class")) {
		if c == class {
			return true
		}
	}
	return false
}

// inert leaves out of an element of an output what a site's page does not allow, and gives
// it an id that the page has once.
func (d *document) inert(n *nethtml.Node) {
	var kept []nethtml.Attribute
	for _, a := range n.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"):
			d.tell("the attribute %s of <%s> in an output is left out: the pages of a site run only the laboratory's own scripts", a.Key, n.Data)
			continue
		case a.Key == "srcdoc", strings.HasSuffix(a.Key, "href") && scheme(a.Val) == "javascript":
			d.tell("the attribute %s of <%s> in an output is left out", a.Key, n.Data)
			continue
		case a.Key == "id":
			a.Val = d.newID(strings.Join(strings.Fields(a.Val), "-"))
		}
		kept = append(kept, a)
	}
	n.Attr = kept
}

// inertOutput makes the elements of an output inert, and leaves out those that would load
// something.
func (d *document) inertOutput(tree *nethtml.Node) {
	for _, name := range []string{"iframe", "object", "embed", "link", "meta", "base", "applet", "frame", "frameset", "template"} {
		for _, n := range find(tree, name) {
			switch {
			case n.Parent == nil:
			case name == "iframe" && (scheme(attr(n, "src")) == "http" || scheme(attr(n, "src")) == "https"):
				d.frame(n)
			default:
				if !silent[name] || name == "link" {
					d.tell("<%s> in an output is left out: the pages of a site load nothing", name)
				}
				n.Parent.RemoveChild(n)
			}
		}
	}
	for _, n := range find(tree, "noscript") { // its content is text to a parser, and markup where scripts do not run
		inner, err := fragment(textOf(n))
		if err != nil {
			n.Parent.RemoveChild(n)
			continue
		}
		d.clean(inner)
		n.FirstChild, n.LastChild = nil, nil
		n.AppendChild(&nethtml.Node{Type: nethtml.TextNode, Data: inside(inner)})
	}
	for _, name := range []string{"img", "video", "audio", "source", "track"} {
		for _, n := range find(tree, name) {
			if s := scheme(attr(n, "src")); s == "http" || s == "https" || strings.HasPrefix(attr(n, "src"), "//") {
				d.medium(n)
			}
		}
	}
	for n := range tree.Descendants() {
		if n.Type == nethtml.ElementNode {
			d.inert(n)
		}
	}
	for i, n := range find(tree, "table") {
		if hasClass(n, "vgrad-data") || !hasClass(n.Parent, "table") {
			continue
		}
		if box := n.Parent; attr(box, "role") == "region" && attr(box, "aria-label") == "" {
			setAttr(box, "role", "group")
			setAttr(box, "aria-label", fmt.Sprintf("Table %d of cell %d", i+1, d.number))
		}
	}
}
