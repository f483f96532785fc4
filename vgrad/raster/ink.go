package raster

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// ink collects the outline of a path and fills it. It is a rasterx.Scanner that visits only
// the pixels of the path's extent; those of rasterx visit the whole picture for each path.
type ink struct {
	img    *image.RGBA
	clip   image.Rectangle
	points []point
}

type point struct {
	x, y  float32 // in pixels
	start bool    // of an outline
}

func newInk(img *image.RGBA, clip image.Rectangle) *ink { return &ink{img: img, clip: clip} }

func at(p fixed.Point26_6, start bool) point {
	return point{float32(p.X) / 64, float32(p.Y) / 64, start}
}

func (k *ink) Start(p fixed.Point26_6) { k.points = append(k.points, at(p, true)) }
func (k *ink) Line(p fixed.Point26_6)  { k.points = append(k.points, at(p, false)) }

// The rest of rasterx.Scanner is not needed.
func (k *ink) Draw()                                  {}
func (k *ink) GetPathExtent() (r fixed.Rectangle26_6) { return r }
func (k *ink) SetBounds(w, h int)                     {}
func (k *ink) SetColor(any)                           {}
func (k *ink) SetWinding(bool)                        {}
func (k *ink) Clear()                                 { k.points = k.points[:0] }
func (k *ink) SetClip(image.Rectangle)                {}

// extent is the smallest rectangle of whole pixels around the path.
func (k *ink) extent() image.Rectangle {
	if len(k.points) == 0 {
		return image.Rectangle{}
	}
	low, high := [2]float32{math.MaxFloat32, math.MaxFloat32}, [2]float32{-math.MaxFloat32, -math.MaxFloat32}
	for _, p := range k.points {
		low[0], low[1] = min(low[0], p.x), min(low[1], p.y)
		high[0], high[1] = max(high[0], p.x), max(high[1], p.y)
	}
	floor, ceil := func(x float32) int { return int(math.Floor(float64(x))) }, func(x float32) int { return int(math.Ceil(float64(x))) }
	return image.Rect(floor(low[0]), floor(low[1]), ceil(high[0]), ceil(high[1]))
}

// crisp is the opacity from which edges are smooth, of 255. Smooth edges of faint lines,
// which cross one another a thousand times, are half of a picture's size and hardly seen.
const crisp = 128

// fill fills the path, by the rule of non-zero winding, and forgets it. No outline is closed:
// those of fillings end where they begin, and those of strokes come in pieces, which close
// one another.
func (k *ink) fill(c color.NRGBA) {
	defer k.Clear()
	r := k.extent().Intersect(k.clip)
	if r.Empty() {
		return
	}
	v := vector.NewRasterizer(r.Dx(), r.Dy())
	for _, p := range k.points {
		x, y := p.x-float32(r.Min.X), p.y-float32(r.Min.Y)
		if p.start {
			v.MoveTo(x, y)
		} else {
			v.LineTo(x, y)
		}
	}
	if c.A >= crisp {
		v.Draw(k.img, r, image.NewUniform(c), image.Point{})
		return
	}
	mask := image.NewAlpha(image.Rect(0, 0, r.Dx(), r.Dy()))
	v.DrawOp = draw.Src
	v.Draw(mask, mask.Rect, image.Opaque, image.Point{})
	for i, a := range mask.Pix {
		mask.Pix[i] = a >> 7 * 255
	}
	draw.DrawMask(k.img, r, image.NewUniform(c), image.Point{}, mask, image.Point{}, draw.Over)
}
