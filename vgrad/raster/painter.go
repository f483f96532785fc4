package raster

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"

	"github.com/srwiley/oksvg"
	"github.com/srwiley/rasterx"
	"golang.org/x/image/math/fixed"
)

// painter draws the elements of one SVG.
type painter struct {
	pen    *scanner
	ids    map[string]*node
	matrix rasterx.Matrix2D
}

// style is what an element passes on to those in it, by the names of attributes, and its
// opacity.
type style struct {
	of      map[string]string
	opacity float64
}

func inherited() style {
	return style{of: map[string]string{"fill": "#000", "stroke": "none"}, opacity: 1}
}

// passed are the attributes that an element passes on.
var passed = []string{"fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit",
	"fill-opacity", "stroke-opacity", "font-size", "font-weight", "text-anchor", "dominant-baseline", "visibility"}

func (s style) with(n *node) style {
	next := style{of: map[string]string{}, opacity: s.opacity * n.number("opacity", 1)}
	for _, name := range passed {
		if next.of[name] = s.of[name]; n.attr[name] != "" {
			next.of[name] = n.attr[name]
		}
	}
	return next
}

func (s style) number(name string, otherwise float64) float64 {
	return (&node{attr: s.of}).number(name, otherwise)
}

// children draws what is in an element.
func (p *painter) children(n *node, s style) error {
	s = s.with(n)
	for _, c := range n.children {
		if err := p.element(c, s); err != nil {
			return err
		}
	}
	return nil
}

// ignored are the elements that draw nothing where they stand.
var ignored = map[string]bool{"defs": true, "style": true, "title": true, "desc": true, "metadata": true, "clipPath": true, "linearGradient": true, "radialGradient": true}

func (p *painter) element(n *node, s style) error {
	if ignored[n.name] || n.attr["display"] == "none" {
		return nil
	}
	matrix, clip, mask := p.matrix, p.pen.clip, p.pen.mask
	defer func() { p.matrix, p.pen.clip, p.pen.mask = matrix, clip, mask }()
	m, err := transform(n.attr["transform"])
	if err != nil {
		return err
	}
	p.matrix = p.matrix.Mult(m)
	if err := p.clip(n.attr["clip-path"]); err != nil {
		return err
	}
	switch n.name {
	case "g", "a":
		return p.children(n, s)
	case "svg":
		p.matrix = p.matrix.Translate(n.number("x", 0), n.number("y", 0))
		return p.children(n, s)
	}
	if s = s.with(n); s.of["visibility"] == "hidden" {
		return nil
	}
	if n.name == "text" {
		return p.text(n, s)
	}
	path, err := shape(n)
	if err != nil {
		return err
	}
	return p.path(path, s)
}

// clip narrows the clip to a reference such as url(#z0).
func (p *painter) clip(reference string) error {
	if reference == "" || reference == "none" {
		return nil
	}
	n := p.ids[target(reference)]
	if n == nil {
		return fmt.Errorf("raster: the clip path %s is not in the SVG", reference)
	}
	for _, c := range n.children {
		m, err := transform(c.attr["transform"])
		if err != nil {
			return err
		}
		path, err := shape(c)
		if err != nil {
			return err
		}
		trace(p.pen, p.matrix.Mult(m), path)
	}
	p.pen.narrow()
	p.pen.Clear()
	return nil
}

// target returns the id that a reference such as url(#z0) names.
func target(reference string) string {
	id, _ := strings.CutPrefix(reference, "url(")
	return strings.Trim(strings.TrimSuffix(id, ")"), `#"' `)
}

// transform reads the attribute transform.
func transform(list string) (rasterx.Matrix2D, error) {
	m := rasterx.Identity
	for list = strings.Trim(list, " ,\n"); list != ""; list = strings.Trim(list, " ,\n") {
		name, rest, _ := strings.Cut(list, "(")
		args, rest, ok := strings.Cut(rest, ")")
		v := numbers(args)
		list = rest
		switch name = strings.TrimSpace(name); {
		case name == "matrix" && len(v) == 6:
			m = m.Mult(rasterx.Matrix2D{A: v[0], B: v[1], C: v[2], D: v[3], E: v[4], F: v[5]})
		case name == "translate" && len(v) == 2:
			m = m.Translate(v[0], v[1])
		case name == "translate" && len(v) == 1:
			m = m.Translate(v[0], 0)
		case name == "scale" && len(v) == 2:
			m = m.Scale(v[0], v[1])
		case name == "scale" && len(v) == 1:
			m = m.Scale(v[0], v[0])
		case name == "rotate" && len(v) == 1:
			m = m.Rotate(v[0] * math.Pi / 180)
		case name == "rotate" && len(v) == 3:
			m = m.Translate(v[1], v[2]).Rotate(v[0]*math.Pi/180).Translate(-v[1], -v[2])
		default:
			ok = false
		}
		if !ok {
			return m, fmt.Errorf("raster: the transform %s(%s) is not known", name, args)
		}
	}
	return m, nil
}

// shape returns the path of a path, a rectangle or another shape.
func shape(n *node) (rasterx.Path, error) {
	c := &oksvg.PathCursor{}
	switch n.name {
	case "path":
		if err := c.CompilePath(n.attr["d"]); err != nil {
			return nil, fmt.Errorf("raster: the path %.60q: %w", n.attr["d"], err)
		}
	case "rect":
		x, y, w, h := n.number("x", 0), n.number("y", 0), n.number("width", 0), n.number("height", 0)
		rx := n.number("rx", n.number("ry", 0))
		ry := n.number("ry", rx)
		rasterx.AddRoundRect(x, y, x+w, y+h, min(rx, w/2), min(ry, h/2), 0, rasterx.RoundGap, &c.Path)
	case "circle":
		c.EllipseAt(n.number("cx", 0), n.number("cy", 0), n.number("r", 0), n.number("r", 0))
	case "ellipse":
		c.EllipseAt(n.number("cx", 0), n.number("cy", 0), n.number("rx", 0), n.number("ry", 0))
	case "line":
		c.Path.Start(point(n.number("x1", 0), n.number("y1", 0)))
		c.Path.Line(point(n.number("x2", 0), n.number("y2", 0)))
	case "polyline", "polygon":
		v := numbers(n.attr["points"])
		for i := 0; i+1 < len(v); i += 2 {
			if i == 0 {
				c.Path.Start(point(v[0], v[1]))
				continue
			}
			c.Path.Line(point(v[i], v[i+1]))
		}
		if n.name == "polygon" && len(v) > 1 {
			c.Path.Stop(true)
		}
	default:
		return nil, fmt.Errorf("raster: the element %s is not drawn", n.name)
	}
	return c.Path, nil
}

func point(x, y float64) fixed.Point26_6 {
	return fixed.Point26_6{X: fixed.Int26_6(math.Round(x * 64)), Y: fixed.Int26_6(math.Round(y * 64))}
}

// path fills and strokes a path.
func (p *painter) path(path rasterx.Path, s style) error {
	if len(path) == 0 {
		return nil
	}
	trace(p.pen, rasterx.Identity, path)
	box := p.pen.extent
	p.pen.Clear()
	trace(p.pen, p.matrix, path)
	ink, err := p.ink(s.of["fill"], s.opacity*s.number("fill-opacity", 1), box)
	if err != nil {
		return err
	}
	if ink != nil {
		p.pen.ink = ink
		p.pen.Draw()
	}
	p.pen.Clear()
	ink, err = p.ink(s.of["stroke"], s.opacity*s.number("stroke-opacity", 1), box)
	if err != nil || ink == nil {
		return err
	}
	p.pen.ink = ink
	p.stroke(path, s)
	return nil
}

var (
	caps  = map[string]rasterx.CapFunc{"round": rasterx.RoundCap, "square": rasterx.SquareCap}
	joins = map[string]rasterx.JoinMode{"round": rasterx.Round, "bevel": rasterx.Bevel}
)

// stroke draws along a path. The width is scaled as the area is: ECharts scales both
// directions alike.
func (p *painter) stroke(path rasterx.Path, s style) {
	scale := math.Sqrt(math.Abs(p.matrix.A*p.matrix.D - p.matrix.B*p.matrix.C))
	width := s.number("stroke-width", 1) * scale
	if width <= 0 {
		return
	}
	end, ok := caps[s.of["stroke-linecap"]]
	if !ok {
		end = rasterx.ButtCap
	}
	join, ok := joins[s.of["stroke-linejoin"]]
	if !ok {
		join = rasterx.Miter
	}
	dashes := numbers(s.of["stroke-dasharray"])
	total := 0.0
	for i := range dashes {
		dashes[i] *= scale
		total += dashes[i]
	}
	if len(dashes)%2 == 1 {
		dashes = append(dashes, dashes...)
	}
	if total <= 0 {
		dashes = nil
	}
	d := rasterx.NewDasher(1, 1, p.pen)
	d.SetStroke(fixed.Int26_6(math.Round(width*64)), fixed.Int26_6(math.Round(s.number("stroke-miterlimit", 4)*64)), end, end, nil, join, dashes, scale*s.number("stroke-dashoffset", 0))
	path.AddTo(&rasterx.MatrixAdder{M: p.matrix, Adder: d})
	p.pen.Draw()
	p.pen.Clear()
}

// ink returns what a fill or stroke paints with; nil for nothing. box is the path's, in
// its own coordinates.
func (p *painter) ink(of string, opacity float64, box fixed.Rectangle26_6) (image.Image, error) {
	if of == "" || of == "none" || of == "transparent" || opacity <= 0 {
		return nil, nil
	}
	if strings.HasPrefix(of, "url(") {
		return p.gradient(of, opacity, box)
	}
	c, err := colour(of)
	if err != nil {
		return nil, err
	}
	return image.NewUniform(faded(c, opacity)), nil
}

func faded(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(math.Round(float64(c.A) * min(1, max(0, opacity))))
	return c
}

// colour reads a colour, such as #5470c6, rgb(84,112,198), rgba(0,0,0,0.5) or red.
func colour(text string) (color.NRGBA, error) {
	alpha := 1.0
	if args, ok := strings.CutPrefix(text, "rgba("); ok {
		v := numbers(strings.TrimSuffix(args, ")"))
		if len(v) != 4 {
			return color.NRGBA{}, fmt.Errorf("raster: the colour %s is not known", text)
		}
		alpha = v[3]
		text = fmt.Sprintf("rgb(%.0f,%.0f,%.0f)", v[0], v[1], v[2])
	}
	if strings.HasPrefix(text, "rgb(") {
		text = strings.ReplaceAll(text, " ", "")
	}
	c, err := oksvg.ParseSVGColor(text)
	if err != nil || c == nil {
		return color.NRGBA{}, fmt.Errorf("raster: the colour %s is not known: %v", text, err)
	}
	return faded(color.NRGBAModel.Convert(c).(color.NRGBA), alpha), nil
}

// text draws a text in one line.
func (p *painter) text(n *node, s style) error {
	if len(n.children) > 0 {
		return fmt.Errorf("raster: the element %s in a text is not drawn", n.children[0].name)
	}
	ink, err := p.ink(s.of["fill"], s.opacity*s.number("fill-opacity", 1), fixed.Rectangle26_6{})
	if err != nil {
		return err
	}
	size, isBold := s.number("font-size", 16), isBold(s.of["font-weight"])
	text := n.text
	if n.attr["space"] != "preserve" {
		text = strings.Join(strings.Fields(text), " ")
	}
	x, y := n.number("x", 0), n.number("y", 0)
	switch s.of["text-anchor"] {
	case "middle":
		x -= Width(text, size, isBold) / 2
	case "end":
		x -= Width(text, size, isBold)
	}
	switch s.of["dominant-baseline"] {
	case "central", "middle":
		y += size * (ascent - descent) / 2
	case "hanging", "text-before-edge":
		y += size * ascent
	case "ideographic", "text-after-edge":
		y -= size * descent
	}
	m := p.matrix.Translate(x, y)
	halo, err := p.ink(s.of["stroke"], s.opacity*s.number("stroke-opacity", 1), fixed.Rectangle26_6{})
	if err != nil {
		return err
	}
	if halo != nil { // ECharts paints the stroke of a text behind its fill
		p.pen.ink = halo
		p.outline(m, text, size, isBold, s)
	}
	if ink != nil {
		p.pen.ink = ink
		write(p.pen, m, text, size, isBold)
	}
	return nil
}

// outline strokes the letters of a text.
func (p *painter) outline(m rasterx.Matrix2D, text string, size float64, isBold bool, s style) {
	old := p.matrix
	defer func() { p.matrix = old }()
	at, x := style{of: map[string]string{}, opacity: s.opacity}, 0.0
	for k, v := range s.of {
		at.of[k] = v
	}
	at.of["stroke-width"] = fmt.Sprint(s.number("stroke-width", 1) * em / size)
	for _, r := range text {
		g := facesOf(isBold).glyph(r)
		p.matrix = m.Translate(x*size, 0).Scale(size/em, size/em)
		if len(g.outline) > 0 {
			p.stroke(g.outline, at)
		}
		x += g.advance
	}
}

func isBold(weight string) bool {
	return weight == "bold" || weight == "bolder" || weight == "600" || weight == "700" || weight == "800" || weight == "900"
}
