package raster

import (
	"image"
	"image/draw"
	"math"

	"github.com/srwiley/rasterx"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// scanner fills outlines: the Scanner of rasterx over golang.org/x/image/vector. It works
// on an outline's bounding box alone; rasterx's own scanners work on the whole picture,
// and a chart has hundreds of small outlines.
type scanner struct {
	img  *image.RGBA
	ink  image.Image
	clip image.Rectangle // device pixels
	mask *image.Alpha    // of clip paths that are not rectangles; nil for none

	lines  []segment
	extent fixed.Rectangle26_6
	fill   vector.Rasterizer
	cover  *image.Alpha // reused
}

// segment starts an outline, or is a line to a point.
type segment struct {
	starts bool
	to     fixed.Point26_6
}

var _ rasterx.Scanner = (*scanner)(nil)

func newScanner(img *image.RGBA) *scanner {
	return &scanner{img: img, ink: image.Black, clip: img.Rect, cover: &image.Alpha{}}
}

func (s *scanner) unclip() { s.clip, s.mask = s.img.Rect, nil }

func (s *scanner) add(p segment) {
	if len(s.lines) == 0 {
		s.extent = fixed.Rectangle26_6{Min: p.to, Max: p.to}
	}
	s.lines = append(s.lines, p)
	s.extent.Min.X, s.extent.Min.Y = min(s.extent.Min.X, p.to.X), min(s.extent.Min.Y, p.to.Y)
	s.extent.Max.X, s.extent.Max.Y = max(s.extent.Max.X, p.to.X), max(s.extent.Max.Y, p.to.Y)
}

// Start starts an outline.
func (s *scanner) Start(a fixed.Point26_6) { s.add(segment{true, a}) }

// Line adds a line.
func (s *scanner) Line(b fixed.Point26_6) { s.add(segment{false, b}) }

// Draw fills the outlines with the ink, where the clip lets it.
func (s *scanner) Draw() {
	box, cover := s.coverage(s.clip)
	if cover == nil {
		return
	}
	if s.mask != nil {
		multiply(cover, s.mask)
	}
	draw.DrawMask(s.img, box, s.ink, box.Min, cover, box.Min, draw.Over)
}

// coverage returns how much of each pixel the outlines cover, within a rectangle; nil if
// they cover none. The next call reuses the image.
func (s *scanner) coverage(within image.Rectangle) (image.Rectangle, *image.Alpha) {
	if len(s.lines) == 0 {
		return image.Rectangle{}, nil
	}
	box := image.Rect(s.extent.Min.X.Floor(), s.extent.Min.Y.Floor(), s.extent.Max.X.Ceil(), s.extent.Max.Y.Ceil()).Intersect(within)
	if box.Empty() {
		return box, nil
	}
	s.fill.Reset(box.Dx(), box.Dy())
	s.fill.DrawOp = draw.Src
	x0, y0 := float32(box.Min.X), float32(box.Min.Y)
	at := func(p fixed.Point26_6) (x, y float32) { return float32(p.X)/64 - x0, float32(p.Y)/64 - y0 }
	for _, l := range s.lines { // not closed here: a stroke's two sides are pieces of one outline
		if l.starts {
			s.fill.MoveTo(at(l.to))
		} else {
			s.fill.LineTo(at(l.to))
		}
	}
	if n := box.Dx() * box.Dy(); cap(s.cover.Pix) < n {
		s.cover.Pix = make([]byte, n)
	} else {
		s.cover.Pix = s.cover.Pix[:n]
	}
	s.cover.Stride, s.cover.Rect = box.Dx(), box
	s.fill.Draw(s.cover, box, image.Opaque, image.Point{})
	return box, s.cover
}

// multiply covers a only as far as b does.
func multiply(a, b *image.Alpha) {
	for y := a.Rect.Min.Y; y < a.Rect.Max.Y; y++ {
		for x := a.Rect.Min.X; x < a.Rect.Max.X; x++ {
			i := a.PixOffset(x, y)
			a.Pix[i] = uint8(int(a.Pix[i]) * int(b.AlphaAt(x, y).A) / 255)
		}
	}
}

// narrow makes what the outlines cover the clip, within the clip so far.
func (s *scanner) narrow() {
	if box, ok := s.rectangle(); ok {
		s.clip = s.clip.Intersect(box)
		return
	}
	box, cover := s.coverage(s.clip)
	if s.clip = box; cover == nil {
		s.clip = image.Rectangle{}
		return
	}
	mask := &image.Alpha{Pix: append([]byte{}, cover.Pix...), Stride: cover.Stride, Rect: cover.Rect}
	if s.mask != nil {
		multiply(mask, s.mask)
	}
	s.mask = mask
}

// rectangle returns the pixels of a rectangle if that is what the outlines are.
func (s *scanner) rectangle() (image.Rectangle, bool) {
	corners, starts := 0, 0
	for _, l := range s.lines {
		if l.starts {
			starts++
		}
		onX, onY := l.to.X == s.extent.Min.X || l.to.X == s.extent.Max.X, l.to.Y == s.extent.Min.Y || l.to.Y == s.extent.Max.Y
		if !onX || !onY {
			return image.Rectangle{}, false
		}
		corners++
	}
	round := func(v fixed.Int26_6) int { return int(math.Round(float64(v) / 64)) }
	return image.Rect(round(s.extent.Min.X), round(s.extent.Min.Y), round(s.extent.Max.X), round(s.extent.Max.Y)), starts == 1 && corners >= 4
}

// GetPathExtent returns the box around the outlines.
func (s *scanner) GetPathExtent() fixed.Rectangle26_6 { return s.extent }

// SetBounds does nothing: the picture has a size.
func (s *scanner) SetBounds(int, int) {}

// SetColor does nothing: see ink.
func (s *scanner) SetColor(any) {}

// SetWinding does nothing: the rule is non-zero.
func (s *scanner) SetWinding(bool) {}

// SetClip does nothing: see clip.
func (s *scanner) SetClip(image.Rectangle) {}

// Clear forgets the outlines.
func (s *scanner) Clear() { s.lines = s.lines[:0]; s.extent = fixed.Rectangle26_6{} }
