package raster

import (
	"sync"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
	"github.com/srwiley/rasterx"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Of Liberation Sans, as parts of the font size.
const (
	ascent  = 0.905
	descent = 0.212
)

// faces are the fonts that a letter is looked up in, in this order.
type faces struct {
	mu     sync.Mutex
	fonts  []*sfnt.Font
	buffer sfnt.Buffer
	glyphs map[rune]glyph
}

// glyph is the outline of a letter at a size of 1,000 pixels.
type glyph struct {
	outline rasterx.Path
	advance float64 // in font sizes
}

// em is the size that outlines are read at, in pixels. fixed.Int26_6 then has 1/64,000 of it.
const em = 1000

var (
	regular = sync.OnceValue(func() *faces { return open(liberationsansregular.TTF, dejavusans.TTF) })
	bold    = sync.OnceValue(func() *faces { return open(liberationsansbold.TTF, dejavusans.TTF) })
)

func open(files ...[]byte) *faces {
	f := &faces{glyphs: map[rune]glyph{}}
	for _, file := range files {
		one, err := sfnt.Parse(file)
		if err != nil {
			panic(err) // the fonts are part of the program
		}
		f.fonts = append(f.fonts, one)
	}
	return f
}

func facesOf(isBold bool) *faces {
	if isBold {
		return bold()
	}
	return regular()
}

// glyph returns a letter's outline; that of the box for one that no font has.
func (f *faces) glyph(r rune) glyph {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g, ok := f.glyphs[r]; ok {
		return g
	}
	var g glyph
	for i, one := range f.fonts {
		index, err := one.GlyphIndex(&f.buffer, r)
		if err != nil || index == 0 && i < len(f.fonts)-1 {
			continue
		}
		segments, err := one.LoadGlyph(&f.buffer, index, fixed.I(em), nil)
		if err != nil {
			continue
		}
		g.outline = outline(segments)
		if a, err := one.GlyphAdvance(&f.buffer, index, fixed.I(em), font.HintingNone); err == nil {
			g.advance = float64(a) / 64 / em
		}
		break
	}
	f.glyphs[r] = g
	return g
}

func outline(segments sfnt.Segments) (p rasterx.Path) {
	open := false
	for _, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if open {
				p.Stop(true)
			}
			p.Start(s.Args[0])
			open = true
		case sfnt.SegmentOpLineTo:
			p.Line(s.Args[0])
		case sfnt.SegmentOpQuadTo:
			p.QuadBezier(s.Args[0], s.Args[1])
		case sfnt.SegmentOpCubeTo:
			p.CubeBezier(s.Args[0], s.Args[1], s.Args[2])
		}
	}
	if open {
		p.Stop(true)
	}
	return p
}

// Width returns the width of a line of text in CSS pixels.
func Width(text string, size float64, isBold bool) float64 {
	f, width := facesOf(isBold), 0.0
	for _, r := range text {
		width += f.glyph(r).advance
	}
	return width * size
}

// write draws a line of text from the origin of a matrix, on its baseline.
func write(pen *scanner, m rasterx.Matrix2D, text string, size float64, isBold bool) {
	f, x := facesOf(isBold), 0.0
	for _, r := range text {
		g := f.glyph(r)
		if len(g.outline) > 0 {
			fill(pen, m.Translate(x*size, 0).Scale(size/em, size/em), g.outline)
		}
		x += g.advance
	}
}

// fill fills a path.
func fill(pen *scanner, m rasterx.Matrix2D, p rasterx.Path) {
	trace(pen, m, p)
	pen.Draw()
	pen.Clear()
}

// trace puts the outline of a path into the scanner.
func trace(pen *scanner, m rasterx.Matrix2D, p rasterx.Path) {
	p.AddTo(&rasterx.MatrixAdder{M: m, Adder: &rasterx.Filler{Scanner: pen}})
}
