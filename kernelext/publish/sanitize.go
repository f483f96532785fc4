package publish

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// keptElements are the elements of HTML that prose may have. They show and arrange text; none
// runs, loads or restyles anything by itself.
var keptElements = set(`a abbr b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption
	figure h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre q rp rt ruby s samp section small span strong sub summary sup
	table tbody td tfoot th thead time tr u ul var video audio source track wbr`)

// mathElements are those of formulas that are written in MathML.
var mathElements = set(`math mi mn mo ms mtext mspace mrow mfrac msqrt mroot mstyle merror mpadded mphantom msub msup msubsup munder
	mover munderover mmultiscripts mprescripts mtable mtr mtd semantics annotation`)

// droppedElements are left out with all that is in them. Any other element that is not kept
// is left out, and its content stays.
var droppedElements = set(`script style template object embed applet link meta base title frame frameset noframes noscript noembed`)

// silent are elements that are left out without a word: they show nothing.
var silent = set(`meta title link base html head body`)

// keptAttributes are the attributes that any kept element may have. class, style, id and
// addresses are judged by their values.
var keptAttributes = set(`title lang dir alt width height colspan rowspan scope headers open start reversed type value datetime cite
	controls loop muted role kind label srclang default display mathvariant mathsize displaystyle scriptlevel stretchy fence separator
	linethickness columnalign rowalign encoding xmlns span abbr`)

// keptStyles are the properties that a style attribute may set. None moves an element over
// others.
var keptStyles = set(`background background-color border border-bottom border-collapse border-color border-left border-radius border-right
	border-spacing border-style border-top border-width color clear display float font font-family font-size font-style font-variant font-weight
	gap height letter-spacing line-height list-style-type margin margin-bottom margin-left margin-right margin-top max-height max-width
	min-height min-width opacity padding padding-bottom padding-left padding-right padding-top text-align text-decoration text-indent
	vertical-align white-space width word-spacing columns column-count`)

// keptClasses are the classes that the page's style knows: a code's language, and Jupyter's
// coloured boxes. Others could be those of the page's own parts.
var keptClasses = regexp.MustCompile(`^(?:language-[\w+#-]+|alert(?:-\w+)?)$`)

// harmful matches a style's value that loads something or runs in an old browser.
var harmful = regexp.MustCompile(`(?i)url\s*\(|expression\s*\(|image\s*\(|image-set|@import|javascript:|[\\<]|/\*`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// fragment parses HTML as a browser would inside a page, so that what is not closed is.
func fragment(text string) (*html.Node, error) {
	root := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := html.ParseFragment(strings.NewReader(text), root)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	return root, nil
}

// inside renders what is inside an element.
func inside(n *html.Node) string {
	var b bytes.Buffer
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		_ = html.Render(&b, c) // a buffer does not fail, and elements that cannot be rendered are not kept
	}
	return b.String()
}

// clean makes the tree of a prose cell safe and whole. What is left out is told.
func (d *document) clean(parent *html.Node) {
	for c := parent.FirstChild; c != nil; {
		next := c.NextSibling
		switch c.Type {
		case html.ElementNode:
			d.element(c)
		case html.TextNode:
			d.drawFormulas(c)
		default:
			parent.RemoveChild(c) // a comment
		}
		c = next
	}
}

// element cleans an element and what is in it.
func (d *document) element(n *html.Node) {
	switch {
	case n.Data == "iframe":
		d.frame(n)
		return
	case n.Data == "svg":
		d.drawing(n)
		return
	case droppedElements[n.Data]:
		if !silent[n.Data] {
			d.tell("<%s> in the prose is left out: a page runs and loads nothing from there", n.Data)
		}
		n.Parent.RemoveChild(n)
		return
	}
	modernize(n)
	d.attributes(n)
	d.clean(n)
	if !keptElements[n.Data] && !(mathElements[n.Data] && (n.Namespace == "math" || n.Data == "math")) || n.Data == "input" && attr(n, "type") != "checkbox" {
		if !silent[n.Data] {
			d.tell("<%s> in the prose is left out; its text stays", n.Data)
		}
		unwrap(n)
		return
	}
	switch n.Data {
	case "a":
		d.anchor(n)
	case "img", "video", "audio", "source", "track":
		d.medium(n)
	case "input":
		d.checkbox(n)
	}
}

// modernize turns elements and attributes that HTML no longer has into those it has.
func modernize(n *html.Node) {
	style := ""
	switch n.Data {
	case "center":
		rename(n, "div")
		style = "text-align:center"
	case "font":
		rename(n, "span")
		if c := attr(n, "color"); c != "" {
			style = "color:" + c
		}
	case "strike":
		rename(n, "s")
	case "tt":
		rename(n, "code")
	case "big":
		rename(n, "span")
		style = "font-size:larger"
	}
	if a := strings.ToLower(attr(n, "align")); a != "" && n.Data != "img" && slices.Contains([]string{"left", "right", "center", "justify"}, a) {
		style = strings.TrimPrefix(style+";text-align:"+a, ";")
	} else if n.Data == "img" && (a == "left" || a == "right") {
		style = "float:" + a
	}
	if n.Data == "a" && attr(n, "id") == "" && attr(n, "name") != "" {
		setAttr(n, "id", attr(n, "name"))
	}
	if style != "" {
		setAttr(n, "style", strings.TrimPrefix(attr(n, "style")+";"+style, ";"))
	}
}

func rename(n *html.Node, name string) { n.Data, n.DataAtom = name, atom.Lookup([]byte(name)) }

// attributes keeps what is safe of an element's attributes.
func (d *document) attributes(n *html.Node) {
	var kept []html.Attribute
	for _, a := range n.Attr {
		a.Val = withSources(a.Val, d.found)
		switch {
		case strings.HasPrefix(a.Key, "on"):
			d.tell("the attribute %s of <%s> is left out: a page runs nothing from the prose", a.Key, n.Data)
			continue
		case a.Key == "style":
			a.Val = d.style(a.Val)
		case a.Key == "class":
			a.Val = classes(a.Val)
		case a.Key == "id":
			a.Val = d.newID(strings.Join(strings.Fields(a.Val), "-"))
		case a.Key == "href" && n.Data == "a", a.Key == "src" && (n.Data == "img" || n.Data == "video" || n.Data == "audio" || n.Data == "source" || n.Data == "track"):
		case strings.HasPrefix(a.Key, "aria-"), keptAttributes[a.Key]:
		case n.Data == "input" && (a.Key == "checked" || a.Key == "disabled"):
		default:
			continue
		}
		if a.Val != "" || a.Key != "style" && a.Key != "class" && a.Key != "id" {
			kept = append(kept, a)
		}
	}
	n.Attr = kept
}

// style keeps the declarations of a style attribute that are safe.
func (d *document) style(text string) string {
	var kept []string
	for _, declaration := range strings.Split(text, ";") {
		property, value, ok := strings.Cut(declaration, ":")
		property = strings.ToLower(strings.TrimSpace(property))
		switch {
		case !ok:
		case !keptStyles[property] || harmful.MatchString(value):
			d.tell("the style %q is left out", strings.TrimSpace(declaration))
		default:
			kept = append(kept, property+":"+strings.TrimSpace(value))
		}
	}
	return strings.Join(kept, ";")
}

func classes(text string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(text), func(c string) bool { return !keptClasses.MatchString(c) }), " ")
}

// checkbox makes a task of a list one that is read only, and says aloud what it shows.
func (d *document) checkbox(n *html.Node) {
	label := "to do"
	if has(n, "checked") {
		label = "done"
	}
	setAttr(n, "disabled", "")
	setAttr(n, "aria-label", label)
}

// frame replaces an iframe by a link to what it would load.
func (d *document) frame(n *html.Node) {
	src := attr(n, "src")
	if scheme(src) != "http" && scheme(src) != "https" {
		d.tell("<iframe> in the prose is left out: a page loads nothing")
		n.Parent.RemoveChild(n)
		return
	}
	d.tell("<iframe> is a link in the page, to %s: a page loads nothing", src)
	name := attr(n, "title")
	if name == "" {
		name = src
	}
	replace(n, linkTo(src, name))
}

// drawing replaces SVG in the prose by a picture of it, in which no script runs.
func (d *document) drawing(n *html.Node) {
	setAttr(n, "xmlns", "http://www.w3.org/2000/svg")
	var b bytes.Buffer
	_ = html.Render(&b, n) // a buffer does not fail
	alt := attr(n, "aria-label")
	if alt == "" {
		alt = "a drawing"
	}
	img := &html.Node{Type: html.ElementNode, Data: "img", DataAtom: atom.Img, Attr: []html.Attribute{
		{Key: "src", Val: "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(b.Bytes())}, {Key: "alt", Val: alt}}}
	replace(n, img)
}

// linkTo is a link.
func linkTo(href, text string) *html.Node {
	a := &html.Node{Type: html.ElementNode, Data: "a", DataAtom: atom.A, Attr: []html.Attribute{{Key: "href", Val: href}}}
	a.AppendChild(&html.Node{Type: html.TextNode, Data: text})
	return a
}

// replace puts another node in the place of one.
func replace(n, by *html.Node) {
	n.Parent.InsertBefore(by, n)
	n.Parent.RemoveChild(n)
}

// unwrap puts the content of an element in its place.
func unwrap(n *html.Node) {
	for c := n.FirstChild; c != nil; c = n.FirstChild {
		n.RemoveChild(c)
		n.Parent.InsertBefore(c, n)
	}
	n.Parent.RemoveChild(n)
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

func setAttr(n *html.Node, key, value string) {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			n.Attr[i].Val = value
			return
		}
	}
	n.Attr = append(n.Attr, html.Attribute{Key: key, Val: value})
}

func removeAttr(n *html.Node, key string) {
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

// within reports whether a node is inside an element of one of the names.
func within(n *html.Node, names ...string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Type == html.ElementNode && slices.Contains(names, p.Data) {
			return true
		}
	}
	return false
}

// textOf is the text of a node as a reader sees it.
func textOf(n *html.Node) string {
	switch {
	case n.Type == html.TextNode:
		return n.Data
	case n.Type == html.RawNode: // a formula has its text as an attribute
		return attr(n, "text")
	case n.Type == html.ElementNode && n.Data == "img":
		return attr(n, "alt")
	case n.Type == html.ElementNode && n.Data == "br":
		return " "
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(textOf(c))
	}
	return b.String()
}
