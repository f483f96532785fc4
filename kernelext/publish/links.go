package publish

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/net/html"
)

// largestFile is the size up to which a file beside the notebook is put into the page.
const largestFile = 4 << 20

// kinds are the MIME types of files that pages have, by extension. The machine's own table
// would make the page depend on the machine.
var kinds = map[string]string{".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".svg": "image/svg+xml",
	".webp": "image/webp", ".avif": "image/avif", ".bmp": "image/bmp", ".ico": "image/x-icon", ".mp4": "video/mp4", ".webm": "video/webm",
	".ogv": "video/ogg", ".mp3": "audio/mpeg", ".wav": "audio/wav", ".ogg": "audio/ogg", ".vtt": "text/vtt", ".csv": "text/csv",
	".txt": "text/plain", ".md": "text/markdown", ".json": "application/json", ".pdf": "application/pdf", ".html": "text/html"}

// scheme returns the scheme of an address as a browser reads it: without the spaces and
// control characters that may hide it; "" for a relative one.
func scheme(address string) string {
	address = strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, address)
	at := strings.IndexAny(address, ":/?#")
	if at < 0 || address[at] != ':' {
		return ""
	}
	return strings.ToLower(address[:at])
}

// anchor mends the address of a link.
func (d *document) anchor(n *html.Node) {
	if !has(n, "href") {
		return
	}
	href := strings.TrimSpace(attr(n, "href"))
	switch s := scheme(href); {
	case s == "http" || s == "https" || s == "mailto" || s == "tel" || s == "ftp":
	case s == "attachment":
		if data, ok := d.attachment(href); ok {
			d.download(n, data, nameOf(href))
		} else {
			removeAttr(n, "href")
		}
	case s != "":
		d.tell("the link to %q is left out; its text stays", short(href))
		removeAttr(n, "href")
	case strings.HasPrefix(href, "#"):
		d.inner = append(d.inner, n)
	case strings.HasPrefix(href, "//"):
		setAttr(n, "href", "https:"+href)
	case href != "":
		d.relative(n, href)
	}
}

// relative mends a link to something beside the notebook: another lesson, or a file.
func (d *document) relative(n *html.Node, href string) {
	file, fragment := d.beside(href)
	switch {
	case strings.EqualFold(path.Ext(strings.TrimSuffix(cutAddress(href), "/")), ".ipynb"):
		d.lesson(n, file, href, fragment)
	case d.pages.site != nil && d.pages.At[absolute(notebookOf(file))] != "":
		d.lesson(n, notebookOf(file), href, fragment)
	case d.isPage(file):
		setAttr(n, "href", d.from(file)+fragment)
	default:
		data, err := d.read(file)
		if err != nil {
			d.tell("the link to %s: %v", cutAddress(href), err)
			d.outside(n, "href", file, href)
			return
		}
		d.download(n, data, filepath.Base(file))
	}
}

// lesson makes a link to a notebook a link to its page.
func (d *document) lesson(n *html.Node, file, href, fragment string) {
	if sameFile(file, d.nb.Path) {
		if fragment == "" {
			fragment = "#"
		} else {
			d.inner = append(d.inner, n)
		}
		setAttr(n, "href", fragment)
		return
	}
	if page, ok := d.pages.At[absolute(file)]; ok {
		setAttr(n, "href", d.from(page)+d.fragment(file, fragment))
		return
	}
	if d.pages.site != nil {
		d.tell("the link to %s leads nowhere: that notebook is not in the site; its text stays", cutAddress(href))
		removeAttr(n, "href")
		return
	}
	page := filepath.Join(filepath.Dir(d.to), PageName(file)) // as it is written into -out
	if sameFile(filepath.Dir(d.to), filepath.Dir(d.nb.Path)) {
		page = filepath.Join(filepath.Dir(file), PageName(file))
	}
	if _, err := os.Stat(page); err != nil { // not published before either
		d.tell("the link to %s leads nowhere until that notebook is published too", cutAddress(href))
	}
	setAttr(n, "href", d.from(page)+d.fragment(file, fragment))
}

// notebookOf is the notebook of a page beside it; "" if the file cannot be one.
func notebookOf(file string) string {
	if bare, ok := strings.CutSuffix(file, ".html"); ok {
		return bare + ".ipynb"
	}
	return ""
}

// isPage reports whether a file is the page of a notebook that is published too.
func (d *document) isPage(file string) bool {
	for _, page := range d.pages.At {
		if page == absolute(file) {
			return true
		}
	}
	return false
}

// download makes a link to a file that is in the page.
func (d *document) download(n *html.Node, data, name string) {
	setAttr(n, "href", data)
	setAttr(n, "download", name)
}

// medium mends the address of a picture, a film or a sound.
func (d *document) medium(n *html.Node) {
	src := strings.TrimSpace(attr(n, "src"))
	if n.Data == "img" && !has(n, "alt") {
		setAttr(n, "alt", strings.TrimSuffix(nameOf(src), path.Ext(nameOf(src))))
	}
	if src == "" {
		if n.Data == "img" {
			d.missing(n, "a picture without an address")
		}
		return
	}
	switch s := scheme(src); {
	case s == "data" && (n.Data != "img" || strings.HasPrefix(strings.ToLower(src), "data:image/")):
	case s == "attachment":
		data, ok := d.attachment(src)
		if !ok {
			d.missing(n, nameOf(src))
			return
		}
		setAttr(n, "src", data)
	case s == "http" || s == "https" || strings.HasPrefix(src, "//"):
		d.tell("%s is not in the page, which loads nothing from the network; the page has a link to it", src)
		name := attr(n, "alt")
		if name == "" {
			name = src
		}
		replaceMedium(n, linkTo(src, name))
	case s != "":
		d.tell("the %s %q is left out", n.Data, short(src))
		d.missing(n, attr(n, "alt"))
	default:
		file, _ := d.beside(src)
		data, err := d.read(file)
		if err != nil {
			d.tell("%s: %v", cutAddress(src), err)
			d.outside(n, "src", file, src)
			return
		}
		setAttr(n, "src", data)
	}
}

// replaceMedium puts a link in the place of a picture, or after a film whose source it is.
func replaceMedium(n, link *html.Node) {
	if n.Data == "source" || n.Data == "track" {
		removeAttr(n, "src")
		return
	}
	if within(n, "a") { // a link in a link is none
		link = &html.Node{Type: html.TextNode, Data: textOf(link)}
	}
	replace(n, link)
}

// missing puts a word in the place of a picture that is not there.
func (d *document) missing(n *html.Node, name string) {
	if n.Data == "source" || n.Data == "track" {
		n.Parent.RemoveChild(n)
		return
	}
	word := &html.Node{Type: html.ElementNode, Data: "em", Attr: []html.Attribute{{Key: "class", Val: "missing"}}}
	word.AppendChild(&html.Node{Type: html.TextNode, Data: "[not in this page: " + name + "]"})
	replace(n, word)
}

// attachment returns the data URI of a file that is attached to the cell.
func (d *document) attachment(address string) (data string, ok bool) {
	name := strings.TrimPrefix(address[strings.Index(address, ":")+1:], "//")
	bundle, attached := d.cell.Attachments[name]
	if plain, err := url.PathUnescape(name); !attached && err == nil {
		bundle = d.cell.Attachments[plain]
	}
	if kinds := sortedKeys(bundle); len(kinds) > 0 {
		kind := kinds[0]
		content := strings.Join(strings.Fields(string(bundle[kind])), "")
		if _, err := base64.StdEncoding.DecodeString(content); err != nil { // text, such as SVG
			content = base64.StdEncoding.EncodeToString([]byte(bundle[kind]))
		}
		return "data:" + kind + ";base64," + content, true
	}
	d.tell("the attachment %q is not in the cell", nameOf(address))
	return "", false
}

var (
	errFolder   = errors.New("it is a folder, which cannot be in a page")
	errTooLarge = errors.New("it is larger than 4 MB, so it is not in the page; keep it at the address that the page has")
	errAbsent   = errors.New("there is no such file beside the notebook")
)

// read returns the address of a file that the page has: a data URI, and in a site that of a
// copy.
func (d *document) read(file string) (data string, err error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", errAbsent
	case err != nil:
		return "", err
	case info.IsDir():
		return "", errFolder
	case info.Size() > largestFile:
		return "", errTooLarge
	case !info.Mode().IsRegular():
		return "", errAbsent
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if d.pages.site != nil {
		return d.pages.site.beside(filepath.Base(file), text), nil
	}
	kind := kinds[strings.ToLower(filepath.Ext(file))]
	if kind == "" {
		kind = "application/octet-stream"
	}
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(text), nil
}

// outside sets the address of a file that is not in the page: relative to the page, where
// the file exists.
func (d *document) outside(n *html.Node, key, file, address string) {
	if _, err := os.Stat(file); err == nil && d.pages.site == nil { // a site is moved
		setAttr(n, key, d.from(file))
		return
	}
	if key == "src" {
		d.missing(n, cutAddress(address))
		return
	}
	removeAttr(n, key)
}

// beside returns the path of a file that an address beside the notebook means, and the
// fragment of the address with its #.
func (d *document) beside(address string) (file, fragment string) {
	if at := strings.Index(address, "#"); at >= 0 {
		fragment = address[at:]
	}
	name := cutAddress(address)
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	return filepath.Join(filepath.Dir(d.nb.Path), filepath.FromSlash(name)), fragment
}

// cutAddress leaves out what follows the path of an address.
func cutAddress(address string) string {
	if at := strings.IndexAny(address, "?#"); at >= 0 {
		return address[:at]
	}
	return address
}

// from returns the address of a file as seen from the page.
func (d *document) from(file string) string {
	relative, err := filepath.Rel(absolute(filepath.Dir(d.to)), absolute(file))
	if err != nil { // on another drive
		relative = absolute(file)
	}
	return (&url.URL{Path: filepath.ToSlash(relative)}).String()
}

func absolute(file string) string {
	if full, err := filepath.Abs(file); err == nil {
		return full
	}
	return file
}

func sameFile(a, b string) bool { return absolute(a) == absolute(b) }

// nameOf is the file name in an address.
func nameOf(address string) string {
	if scheme(address) == "data" {
		return "a picture"
	}
	name := cutAddress(address[strings.Index(address, ":")+1:])
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	return path.Base(name)
}

// short cuts an address that is too long to be told.
func short(address string) string {
	if len(address) > 80 {
		return strings.ToValidUTF8(address[:80], "") + "…"
	}
	return address
}
