package raster

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	"github.com/srwiley/rasterx"
)

// Canvas is a white picture that SVG pictures and text are drawn on. Its coordinates are
// CSS pixels.
type Canvas struct {
	img   *image.RGBA
	scale float64
	pen   *scanner
}

// largest bounds the device pixels of a canvas: 128 MB.
const largest = 32 << 20

// New returns a canvas of width × height CSS pixels, with scale device pixels a pixel.
// It fails if the canvas has no pixel or more than 32 million.
func New(width, height int, scale float64) (*Canvas, error) {
	w, h := math.Round(float64(width)*scale), math.Round(float64(height)*scale)
	if !(w >= 1 && h >= 1 && w*h <= largest) {
		return nil, fmt.Errorf("raster: a picture of %d × %d pixels at scale %g cannot be drawn", width, height, scale)
	}
	img := image.NewRGBA(image.Rect(0, 0, int(w), int(h)))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	return &Canvas{img: img, scale: scale, pen: newScanner(img)}, nil
}

// Image returns what has been drawn.
func (c *Canvas) Image() *image.RGBA { return c.img }

// PNG returns what has been drawn as an indexed PNG of at most colours colours, from 2 to
// 256. A chart of lines looks right with 64.
func (c *Canvas) PNG(colours int) ([]byte, error) { return encode(c.img, min(256, max(2, colours))) }

// SVG draws a picture with its upper left corner at x, y.
func (c *Canvas) SVG(svg []byte, x, y float64) error {
	root, err := parse(svg)
	if err != nil {
		return err
	}
	p := &painter{pen: c.pen, ids: map[string]*node{}}
	root.index(p.ids)
	p.matrix = rasterx.Identity.Scale(c.scale, c.scale).Translate(x, y)
	defer c.pen.unclip()
	return p.children(root, inherited())
}

// Text draws a line of text that starts at x. y is its baseline, size its font size in
// pixels.
func (c *Canvas) Text(x, y, size float64, bold bool, ink color.Color, text string) {
	m := rasterx.Identity.Scale(c.scale, c.scale).Translate(x, y)
	c.pen.ink = image.NewUniform(ink)
	write(c.pen, m, text, size, bold)
}

// Rect fills a rectangle.
func (c *Canvas) Rect(x, y, width, height float64, ink color.Color) {
	at := func(v float64) int { return int(math.Round(v * c.scale)) }
	draw.Draw(c.img, image.Rect(at(x), at(y), at(x+width), at(y+height)), image.NewUniform(ink), image.Point{}, draw.Over)
}

// Draw returns an SVG picture as an image on white, with scale device pixels a pixel. It
// fails if the SVG cannot be read, has no size, or has an element that is not drawn.
func Draw(svg []byte, scale float64) (*image.RGBA, error) {
	c, err := picture(svg, scale)
	if err != nil {
		return nil, err
	}
	return c.img, nil
}

// PNG returns an SVG picture as an indexed PNG of 256 colours, on white. It fails as [Draw] does.
func PNG(svg []byte, scale float64) ([]byte, error) {
	c, err := picture(svg, scale)
	if err != nil {
		return nil, err
	}
	return c.PNG(256)
}

func picture(svg []byte, scale float64) (*Canvas, error) {
	width, height, err := Size(svg)
	if err != nil {
		return nil, err
	}
	c, err := New(width, height, scale)
	if err != nil {
		return nil, err
	}
	return c, c.SVG(svg, 0, 0)
}

// Size returns the width and height of an SVG picture in CSS pixels.
func Size(svg []byte) (width, height int, err error) {
	root, err := parse(svg)
	if err != nil {
		return 0, 0, err
	}
	w, h := root.number("width", 0), root.number("height", 0)
	if !(w >= 1 && h >= 1 && w < 1e6 && h < 1e6) {
		return 0, 0, errors.New("raster: the SVG has no width and height in pixels")
	}
	return int(math.Ceil(w)), int(math.Ceil(h)), nil
}
