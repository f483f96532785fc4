package raster

import (
	"encoding/xml"
	"fmt"
	"strings"
	"sync"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
	"github.com/srwiley/rasterx"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// fonts are a face and the one for glyphs that it lacks.
type fonts []*sfnt.Font

var regular, bold = sync.OnceValue(func() fonts { return parsed(liberationsansregular.TTF, dejavusans.TTF) }),
	sync.OnceValue(func() fonts { return parsed(liberationsansbold.TTF, dejavusansbold.TTF) })

func parsed(files ...[]byte) (all fonts) {
	for _, file := range files {
		f, err := sfnt.Parse(file)
		if err != nil {
			panic(err) // the files are part of the program
		}
		all = append(all, f)
	}
	return all
}

func face(heavy bool) fonts {
	if heavy {
		return bold()
	}
	return regular()
}

// glyph returns the font that has a character, and its index there. Without one it is the
// box of the first font.
func (f fonts) glyph(b *sfnt.Buffer, r rune) (*sfnt.Font, sfnt.GlyphIndex) {
	for _, font := range f {
		if i, err := font.GlyphIndex(b, r); err == nil && i != 0 {
			return font, i
		}
	}
	return f[0], 0
}

// content reads the text of an element to the element's end.
func content(d *xml.Decoder, preserve bool) (string, error) {
	var words strings.Builder
	for {
		token, err := d.Token()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.CharData:
			words.Write(t)
		case xml.StartElement:
			return "", fmt.Errorf("<%s> in it cannot be drawn", t.Name.Local)
		case xml.EndElement:
			if preserve {
				return words.String(), nil
			}
			return strings.Join(strings.Fields(words.String()), " "), nil
		}
	}
}

// text draws a line of text.
func (c *canvas) text(words string, a attribute, s state) error {
	size, err := a.number("font-size", 12, 1)
	if err != nil {
		return err
	}
	x, err := a.number("x", 0, 1)
	if err != nil {
		return err
	}
	y, err := a.number("y", 0, 1)
	if err != nil {
		return err
	}
	w := a["font-weight"]
	faces := face(w == "bold" || w >= "600" && w <= "900")
	if y, err = baseline(faces[0], size, y, a["dominant-baseline"]); err != nil {
		return err
	}
	line, width, err := outline(faces, words, size)
	if err != nil {
		return err
	}
	switch a["text-anchor"] {
	case "middle":
		x -= width / 2
	case "end":
		x -= width
	}
	s.m = s.m.Translate(x, y).Scale(1/unit, 1/unit)
	if a["stroke"] != "" && a["stroke"] != "none" { // a halo, behind the letters
		halo := attribute{"fill": "none", "stroke": a["stroke"], "stroke-opacity": a["stroke-opacity"], "stroke-linejoin": "round"}
		w, err := a.number("stroke-width", 1, unit)
		if err != nil {
			return err
		}
		halo["stroke-width"] = fmt.Sprint(w)
		if halo["stroke-opacity"] == "" {
			delete(halo, "stroke-opacity")
		}
		if err := c.draw(line, halo, s, "none"); err != nil {
			return err
		}
	}
	return c.draw(line, attribute{"fill": a["fill"], "fill-opacity": opaque(a)}, s, "black")
}

func opaque(a attribute) string {
	if a["fill-opacity"] == "" {
		return "1"
	}
	return a["fill-opacity"]
}

// unit is by how much outlines of letters are larger than drawn: their points are 64ths.
const unit = 16.0

// baseline is where letters stand, for the position that an attribute names.
func baseline(f *sfnt.Font, size, y float64, name string) (float64, error) {
	m, err := f.Metrics(&sfnt.Buffer{}, toFixed(size*unit), font.HintingNone)
	if err != nil {
		return 0, err
	}
	ascent, descent := float64(m.Ascent)/64/unit, float64(m.Descent)/64/unit
	switch name {
	case "", "alphabetic", "auto":
		return y, nil
	case "central", "middle":
		return y + (ascent-descent)/2, nil
	case "hanging", "text-before-edge":
		return y + ascent, nil
	case "text-after-edge", "ideographic":
		return y - descent, nil
	}
	return 0, fmt.Errorf("dominant-baseline is %q", name)
}

// outline is the outline of a line of text, unit times as large, that starts at 0, and its
// width in CSS pixels.
func outline(faces fonts, words string, size float64) (p rasterx.Path, width float64, err error) {
	var b sfnt.Buffer
	em, pen := toFixed(size*unit), fixed.Int26_6(0)
	var before *sfnt.Font
	var previous sfnt.GlyphIndex
	for _, r := range words {
		f, i := faces.glyph(&b, r)
		if f == before {
			if k, err := f.Kern(&b, previous, i, em, font.HintingNone); err == nil {
				pen += k
			}
		}
		segments, err := f.LoadGlyph(&b, i, em, nil)
		if err != nil {
			return nil, 0, fmt.Errorf("the letter %q: %w", r, err)
		}
		letter(&p, segments, pen)
		advance, err := f.GlyphAdvance(&b, i, em, font.HintingNone)
		if err != nil {
			return nil, 0, fmt.Errorf("the letter %q: %w", r, err)
		}
		pen += advance
		before, previous = f, i
	}
	return p, float64(pen) / 64 / unit, nil
}

// letter adds a glyph's outline at a place.
func letter(p *rasterx.Path, segments sfnt.Segments, pen fixed.Int26_6) {
	moved := func(q fixed.Point26_6) fixed.Point26_6 { q.X += pen; return q }
	open := false
	for _, s := range segments {
		a := s.Args
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if open {
				p.Stop(true)
			}
			p.Start(moved(a[0]))
			open = true
		case sfnt.SegmentOpLineTo:
			p.Line(moved(a[0]))
		case sfnt.SegmentOpQuadTo:
			p.QuadBezier(moved(a[0]), moved(a[1]))
		case sfnt.SegmentOpCubeTo:
			p.CubeBezier(moved(a[0]), moved(a[1]), moved(a[2]))
		}
	}
	if open {
		p.Stop(true)
	}
}
