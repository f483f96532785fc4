package raster

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"maps"
	"math"
	"strconv"
	"strings"

	"github.com/srwiley/oksvg"
	"github.com/srwiley/rasterx"
	"golang.org/x/image/math/fixed"
)

// maxPixels bounds the size of a picture: 16,000 × 4,000 at most.
const maxPixels = 64 << 20

// PNG draws an SVG as a PNG. scale is the number of pixels for each CSS pixel. The PNG has a
// palette of up to 256 colours.
func PNG(svg []byte, scale float64) ([]byte, error) {
	p, err := drawn(svg, scale)
	if err != nil {
		return nil, err
	}
	return p.encode()
}

// picture is what was drawn, and the opaque colours that it was drawn with.
type picture struct {
	*image.RGBA
	opaque map[uint32]bool
}

// blank is white.
func blank(width, height int) picture {
	p := picture{image.NewRGBA(image.Rect(0, 0, width, height)), map[uint32]bool{}}
	draw.Draw(p.RGBA, p.Rect, image.White, image.Point{}, draw.Src)
	return p
}

// place copies q into p.
func (p picture) place(q picture, x, y int) {
	draw.Draw(p.RGBA, q.Rect.Add(image.Pt(x, y)), q.RGBA, image.Point{}, draw.Src)
	maps.Copy(p.opaque, q.opaque)
}

// drawn draws an SVG on white. scale is the number of pixels for each CSS pixel.
func drawn(svg []byte, scale float64) (picture, error) {
	c := canvas{scale: scale}
	if err := c.svg(svg); err != nil {
		return picture{}, fmt.Errorf("raster: %w", err)
	}
	return c.picture, nil
}

// canvas is a picture in the making.
type canvas struct {
	picture
	scale float64
	clips map[string]image.Rectangle // by the id of a clipPath, in pixels
}

// svg draws an SVG.
func (c *canvas) svg(svg []byte) error {
	var err error
	if c.clips, err = clips(svg, c.scale); err != nil {
		return err
	}
	d := xml.NewDecoder(bytes.NewReader(svg))
	states := []state{{m: rasterx.Matrix2D{A: c.scale, D: c.scale}, opacity: 1}}
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && c.RGBA != nil:
			return nil
		case errors.Is(err, io.EOF):
			return errors.New("there is no SVG")
		case err != nil:
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			next, err := c.element(d, t, states[len(states)-1])
			if err != nil {
				return fmt.Errorf("<%s>: %w", t.Name.Local, err)
			}
			if next != nil {
				states = append(states, *next)
			}
		case xml.EndElement:
			states = states[:len(states)-1]
		}
	}
}

// state is what an element passes on to its children.
type state struct {
	m       rasterx.Matrix2D
	clip    image.Rectangle // in pixels
	opacity float64
}

// element draws an element. It returns the state of its children, or nil if it has read the
// element to its end.
func (c *canvas) element(d *xml.Decoder, e xml.StartElement, s state) (*state, error) {
	a := attributes(e)
	if e.Name.Local == "svg" {
		if err := c.open(a); err != nil {
			return nil, err
		}
		s.clip = c.Rect
		return &s, nil
	}
	if c.RGBA == nil {
		return nil, errors.New("it is outside of an <svg>")
	}
	if err := a.known(e.Name.Local); err != nil {
		return nil, err
	}
	m, err := matrix(a["transform"])
	if err != nil {
		return nil, err
	}
	s.m = s.m.Mult(m)
	if s.opacity, err = a.number("opacity", 1, s.opacity); err != nil {
		return nil, err
	}
	if name, ok := strings.CutPrefix(a["clip-path"], "url(#"); ok {
		s.clip = s.clip.Intersect(c.clips[strings.TrimSuffix(name, ")")])
	}
	switch e.Name.Local {
	case "g", "defs":
	case "clipPath": // is read already: ECharts defines them behind their uses
		return nil, d.Skip()
	case "rect":
		a["d"], err = rectangle(a)
		if err == nil {
			err = c.path(a, s)
		}
	case "path":
		err = c.path(a, s)
	case "text":
		var words string
		if words, err = content(d, a["space"] == "preserve"); err == nil {
			err = c.text(words, a, s)
		}
		return nil, err
	default:
		return nil, errors.New("it cannot be drawn")
	}
	return &s, err
}

// open makes the picture.
func (c *canvas) open(a attribute) error {
	w, err := a.number("width", 0, 1)
	h, err2 := a.number("height", 0, 1)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	w, h = math.Ceil(w*c.scale), math.Ceil(h*c.scale)
	if !(w >= 1 && h >= 1 && w*h <= maxPixels) {
		return fmt.Errorf("it has %v × %v pixels", w, h)
	}
	c.picture = blank(int(w), int(h))
	return nil
}

// path fills and strokes a path.
func (c *canvas) path(a attribute, s state) error {
	var cursor oksvg.PathCursor
	if err := cursor.CompilePath(a["d"]); err != nil {
		return err
	}
	return c.draw(cursor.Path, a, s, "black")
}

// clips returns the rectangles around the clipping paths. ECharts clips with rectangles
// only.
func clips(svg []byte, scale float64) (map[string]image.Rectangle, error) {
	all, id := map[string]image.Rectangle{}, ""
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			a := attributes(t)
			if t.Name.Local == "clipPath" {
				id = a["id"]
			} else if id != "" {
				if all[id], err = around(a, scale); err != nil {
					return nil, fmt.Errorf("<clipPath>: %w", err)
				}
			}
		case xml.EndElement:
			if t.Name.Local == "clipPath" {
				id = ""
			}
		}
	}
}

// around is the rectangle around a path.
func around(a attribute, scale float64) (image.Rectangle, error) {
	m, err := matrix(a["transform"])
	var cursor oksvg.PathCursor
	if err := errors.Join(err, cursor.CompilePath(a["d"])); err != nil {
		return image.Rectangle{}, err
	}
	ink := newInk(nil, image.Rectangle{})
	cursor.Path.AddTo(&rasterx.MatrixAdder{Adder: rasterx.NewFiller(0, 0, ink), M: rasterx.Matrix2D{A: scale, D: scale}.Mult(m)})
	return ink.extent(), nil
}

// draw fills and strokes a path with the colours of an element.
func (c *canvas) draw(p rasterx.Path, a attribute, s state, fill string) error {
	if a["fill"] != "" {
		fill = a["fill"]
	}
	paint, err := a.paint(fill, "fill-opacity", s)
	if err != nil {
		return err
	}
	ink := newInk(c.RGBA, s.clip)
	if paint != nil {
		f := rasterx.NewFiller(0, 0, ink)
		p.AddTo(&rasterx.MatrixAdder{Adder: f, M: s.m})
		f.Stop(true)
		c.fill(ink, *paint)
	}
	if a["stroke"] == "" {
		return nil
	}
	paint, err = a.paint(a["stroke"], "stroke-opacity", s)
	if err != nil || paint == nil {
		return err
	}
	stroke := rasterx.NewDasher(0, 0, ink)
	if err := a.setStroke(stroke, math.Sqrt(math.Abs(s.m.A*s.m.D-s.m.B*s.m.C))); err != nil {
		return err
	}
	p.AddTo(&rasterx.MatrixAdder{Adder: stroke, M: s.m})
	stroke.Stop(false)
	c.fill(ink, *paint)
	return nil
}

func (c *canvas) fill(k *ink, paint color.NRGBA) {
	if paint.A == 255 {
		c.opaque[key([]uint8{paint.R, paint.G, paint.B})] = true
	}
	k.fill(paint)
}

// attribute holds an element's attributes and the properties of its style.
type attribute map[string]string

// properties are the attributes that are drawn, or may be left out.
var properties = " d fill stroke fill-opacity stroke-opacity opacity stroke-width stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray " +
	"stroke-dashoffset transform clip-path id x y width height rx ry text-anchor dominant-baseline font-size font-weight font-family font-style space " +
	"style class paint-order pointer-events cursor visibility "

func attributes(e xml.StartElement) attribute {
	a := attribute{}
	for _, x := range e.Attr {
		a[x.Name.Local] = x.Value
	}
	for _, p := range strings.Split(a["style"], ";") {
		if name, value, ok := strings.Cut(p, ":"); ok {
			a[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return a
}

// known reports an attribute that would be left out.
func (a attribute) known(element string) error {
	for name := range a {
		if !strings.Contains(properties, " "+name+" ") && !strings.HasPrefix(name, "data-") {
			return fmt.Errorf("its attribute %s=%q cannot be drawn", name, a[name])
		}
	}
	return nil
}

// number is factor times the number in an attribute, or times otherwise.
func (a attribute) number(name string, otherwise, factor float64) (float64, error) {
	text, ok := a[name]
	if !ok {
		return otherwise * factor, nil
	}
	x, err := strconv.ParseFloat(strings.TrimSuffix(text, "px"), 64)
	if err != nil {
		return 0, fmt.Errorf("%s is %q", name, text)
	}
	return x * factor, nil
}

// paint is a colour with its opacity; nil: none.
func (a attribute) paint(text, opacity string, s state) (*color.NRGBA, error) {
	if text == "none" || text == "transparent" {
		return nil, nil
	}
	alpha, err := a.number(opacity, 1, s.opacity)
	if err != nil {
		return nil, err
	}
	if inner, ok := strings.CutPrefix(text, "rgba("); ok {
		parts := strings.Split(strings.TrimSuffix(inner, ")"), ",")
		own, err := strconv.ParseFloat(strings.TrimSpace(parts[len(parts)-1]), 64)
		if err != nil || len(parts) != 4 {
			return nil, fmt.Errorf("the colour is %q", text)
		}
		alpha *= own
		text = "rgb(" + strings.Join(parts[:3], ",") + ")"
	}
	parsed, err := oksvg.ParseSVGColor(text)
	if err != nil || parsed == nil || strings.HasPrefix(text, "url(") {
		return nil, fmt.Errorf("the colour %q cannot be drawn", text)
	}
	r, g, b, _ := parsed.RGBA()
	return &color.NRGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), uint8(math.Round(255 * max(0, min(1, alpha))))}, nil
}

var (
	caps  = map[string]rasterx.CapFunc{"": rasterx.ButtCap, "butt": rasterx.ButtCap, "round": rasterx.RoundCap, "square": rasterx.SquareCap}
	joins = map[string]rasterx.JoinMode{"": rasterx.Miter, "miter": rasterx.Miter, "round": rasterx.Round, "bevel": rasterx.Bevel}
)

// setStroke sets how lines are drawn.
func (a attribute) setStroke(d *rasterx.Dasher, scale float64) error {
	width, err := a.number("stroke-width", 1, scale)
	miter, err2 := a.number("stroke-miterlimit", 4, 1)
	offset, err3 := a.number("stroke-dashoffset", 0, scale)
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	cap, join := caps[a["stroke-linecap"]], joins[a["stroke-linejoin"]]
	var dashes []float64
	for _, text := range strings.FieldsFunc(a["stroke-dasharray"], func(r rune) bool { return r == ',' || r == ' ' }) {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil && text != "none" {
			return fmt.Errorf("stroke-dasharray is %q", a["stroke-dasharray"])
		}
		if err == nil {
			dashes = append(dashes, x*scale)
		}
	}
	d.SetStroke(toFixed(width), toFixed(miter), cap, cap, rasterx.RoundGap, join, dashes, offset)
	return nil
}

func toFixed(x float64) fixed.Int26_6 { return fixed.Int26_6(math.Round(x * 64)) }

// matrix parses a transform: a list of matrix, translate, scale and rotate.
func matrix(text string) (rasterx.Matrix2D, error) {
	m := rasterx.Identity
	for rest := strings.TrimSpace(text); rest != ""; {
		name, after, ok := strings.Cut(rest, "(")
		inner, next, closed := strings.Cut(after, ")")
		var xs []float64
		for _, word := range strings.FieldsFunc(inner, func(r rune) bool { return r == ',' || r == ' ' }) {
			x, err := strconv.ParseFloat(word, 64)
			ok = ok && err == nil
			xs = append(xs, x)
		}
		if len(xs) == 1 {
			xs = append(xs, map[string]float64{"translate": 0, "scale": xs[0]}[name])
		}
		switch {
		case !ok || !closed || len(xs) == 0:
			return m, fmt.Errorf("transform is %q", text)
		case name == "matrix" && len(xs) == 6:
			m = m.Mult(rasterx.Matrix2D{A: xs[0], B: xs[1], C: xs[2], D: xs[3], E: xs[4], F: xs[5]})
		case name == "translate" && len(xs) == 2:
			m = m.Translate(xs[0], xs[1])
		case name == "scale" && len(xs) == 2:
			m = m.Scale(xs[0], xs[1])
		case name == "rotate" && len(xs) == 2:
			m = m.Rotate(xs[0] * math.Pi / 180)
		default:
			return m, fmt.Errorf("transform is %q", text)
		}
		rest = strings.TrimLeft(next, " ,")
	}
	return m, nil
}

// rectangle is a rectangle as a path.
func rectangle(a attribute) (string, error) {
	x, err := a.number("x", 0, 1)
	y, err2 := a.number("y", 0, 1)
	w, err3 := a.number("width", 0, 1)
	h, err4 := a.number("height", 0, 1)
	if a["rx"] != "" || a["ry"] != "" {
		err = errors.New("round corners cannot be drawn")
	}
	return fmt.Sprintf("M%g %gh%gv%gh%gZ", x, y, w, h, -w), errors.Join(err, err2, err3, err4)
}
