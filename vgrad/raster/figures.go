package raster

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/srwiley/rasterx"
	"golang.org/x/net/html"
)

// ErrNoFigure is the error of a fragment in which no figure has a picture.
var ErrNoFigure = errors.New("raster: there is no figure with a picture")

// Figures draws the figures of an output of the laboratory as one PNG: each with its title,
// picture and caption. The fragment is what [chart.Figure.HTML] and [chart.Row] write, in
// which pictures are SVG in data URIs. Figures of a row stand side by side. scale is the
// number of pixels for each CSS pixel. The error is [ErrNoFigure] if nothing is to be drawn.
//
// [chart.Figure.HTML]: https://pkg.go.dev/github.com/vgrad/lab/vgrad/chart#Figure.HTML
// [chart.Row]: https://pkg.go.dev/github.com/vgrad/lab/vgrad/chart#Row
func Figures(fragment []byte, scale float64) ([]byte, error) {
	p, err := drawFigures(fragment, scale)
	if err != nil {
		return nil, err
	}
	return p.encode()
}

func drawFigures(fragment []byte, scale float64) (picture, error) {
	root, err := html.Parse(bytes.NewReader(fragment))
	if err != nil {
		return picture{}, fmt.Errorf("raster: %w", err)
	}
	var rows [][]picture
	seen := map[*html.Node]int{}
	for n := range root.Descendants() {
		if n.Data != "figure" || !hasClass(n, "vgrad-figure") {
			continue
		}
		panel, err := drawFigure(n, scale)
		if errors.Is(err, ErrNoFigure) {
			continue
		} else if err != nil {
			return picture{}, err
		}
		if at, ok := seen[n.Parent]; ok && hasClass(n.Parent, "vgrad-row") {
			rows[at] = append(rows[at], panel)
			continue
		}
		seen[n.Parent] = len(rows)
		rows = append(rows, []picture{panel})
	}
	if len(rows) == 0 {
		return picture{}, ErrNoFigure
	}
	var lines []picture
	for _, row := range rows {
		lines = append(lines, joined(row, true))
	}
	return joined(lines, false), nil
}

// joined puts pictures side by side or one below the other, on white.
func joined(pictures []picture, beside bool) picture {
	if len(pictures) == 1 {
		return pictures[0]
	}
	w, h := 0, 0
	for _, p := range pictures {
		if beside {
			w, h = w+p.Rect.Dx(), max(h, p.Rect.Dy())
		} else {
			w, h = max(w, p.Rect.Dx()), h+p.Rect.Dy()
		}
	}
	all := blank(w, h)
	x, y := 0, 0
	for _, p := range pictures {
		all.place(p, x, y)
		if beside {
			x += p.Rect.Dx()
		} else {
			y += p.Rect.Dy()
		}
	}
	return all
}

// margin is the space around a figure, in CSS pixels.
const margin = 12.0

// drawFigure draws a figure with title, note and caption.
func drawFigure(n *html.Node, scale float64) (picture, error) {
	svg, err := pictureOf(n)
	if err != nil {
		return picture{}, err
	}
	p, err := drawn(svg, scale)
	if err != nil {
		return p, err
	}
	width, high := float64(p.Rect.Dx())/scale, float64(p.Rect.Dy())/scale
	above := slices.Concat(lines(textOf(n, "vgrad-title"), true, 15, width, "#1f2328"), lines(textOf(n, "vgrad-note"), false, 12, width, "#57606a"))
	below := lines(textOf(n, ""), false, 12, width, "#57606a")
	top := margin + height(above)
	c := canvas{scale: scale, picture: blank(p.Rect.Dx()+int(2*margin*scale), int((top+high+height(below)+margin)*scale))}
	c.place(p, int(margin*scale), int(top*scale))
	return c.picture, errors.Join(c.lines(above, margin), c.lines(below, top+high))
}

// pictureOf is the SVG of a figure.
func pictureOf(n *html.Node) ([]byte, error) {
	for d := range n.Descendants() {
		if d.Data != "img" || !hasClass(d, "vgrad-static") {
			continue
		}
		text, ok := strings.CutPrefix(attributeOf(d, "src"), "data:image/svg+xml;base64,")
		if !ok {
			break
		}
		svg, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("raster: the picture: %w", err)
		}
		return svg, nil
	}
	return nil, ErrNoFigure
}

// textOf is the text of the first element of a class in a figure; "": that of its caption.
func textOf(n *html.Node, class string) string {
	for d := range n.Descendants() {
		if class == "" && d.Data == "figcaption" || class != "" && hasClass(d, class) {
			var words strings.Builder
			for t := range d.Descendants() {
				if t.Type == html.TextNode {
					words.WriteString(t.Data)
				}
			}
			return strings.Join(strings.Fields(words.String()), " ")
		}
	}
	return ""
}

func hasClass(n *html.Node, class string) bool {
	return slices.Contains(strings.Fields(attributeOf(n, "class")), class)
}

func attributeOf(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// line is a line of text to be drawn.
type line struct {
	words, colour string
	bold          bool
	size          float64 // in CSS pixels
}

func height(all []line) float64 {
	h := 0.0
	for _, l := range all {
		h += 1.5 * l.size
	}
	return h
}

// lines breaks a text at spaces into lines of a width.
func lines(words string, bold bool, size, width float64, colour string) (all []line) {
	faces := face(bold)
	for _, word := range strings.Fields(words) {
		if n := len(all) - 1; n >= 0 {
			longer := all[n].words + " " + word
			if _, w, err := outline(faces, longer, size); err == nil && w <= width {
				all[n].words = longer
				continue
			}
		}
		all = append(all, line{word, colour, bold, size})
	}
	return all
}

// lines draws lines of text below a height.
func (c *canvas) lines(all []line, top float64) error {
	s := state{m: rasterx.Matrix2D{A: c.scale, D: c.scale}, opacity: 1, clip: c.Rect}
	for _, l := range all {
		a := attribute{"x": fmt.Sprint(margin), "y": fmt.Sprint(top + 0.75*l.size), "dominant-baseline": "central", "fill": l.colour, "font-size": fmt.Sprint(l.size)}
		if l.bold {
			a["font-weight"] = "bold"
		}
		if err := c.text(l.words, a, s); err != nil {
			return err
		}
		top += 1.5 * l.size
	}
	return nil
}
