package raster

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"

	"github.com/srwiley/rasterx"
	"golang.org/x/image/math/fixed"
)

// gradient returns the ink of a linear or radial gradient.
func (p *painter) gradient(reference string, opacity float64, box fixed.Rectangle26_6) (image.Image, error) {
	n := p.ids[target(reference)]
	if n == nil || n.name != "linearGradient" && n.name != "radialGradient" {
		return nil, fmt.Errorf("raster: %s is not drawn: only gradients are", reference)
	}
	g := &ramp{inverse: p.matrix.Invert()}
	if n.attr["gradientUnits"] != "userSpaceOnUse" {
		at := func(v fixed.Int26_6) float64 { return float64(v) / 64 }
		g.inverse = p.matrix.Mult(rasterx.Matrix2D{A: at(box.Max.X - box.Min.X), D: at(box.Max.Y - box.Min.Y), E: at(box.Min.X), F: at(box.Min.Y)}).Invert()
	}
	if n.name == "linearGradient" {
		g.x, g.y = n.part("x1", 0), n.part("y1", 0)
		dx, dy := n.part("x2", 1)-g.x, n.part("y2", 0)-g.y
		if square := dx*dx + dy*dy; square > 0 {
			g.dx, g.dy = dx/square, dy/square
		}
	} else {
		g.x, g.y, g.r = n.part("cx", 0.5), n.part("cy", 0.5), n.part("r", 0.5)
	}
	for _, c := range n.children {
		if c.name != "stop" {
			continue
		}
		at, err := colour(c.attr["stop-color"])
		if err != nil {
			return nil, err
		}
		g.stops = append(g.stops, stop{c.part("offset", 0), faded(at, opacity*c.number("stop-opacity", 1))})
	}
	if len(g.stops) == 0 {
		return nil, nil
	}
	return g, nil
}

// part reads a number or a percentage.
func (n *node) part(name string, otherwise float64) float64 {
	if text, ok := strings.CutSuffix(n.attr[name], "%"); ok {
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			return v / 100
		}
		return otherwise
	}
	return n.number(name, otherwise)
}

// ramp is a gradient as an endless image.
type ramp struct {
	inverse rasterx.Matrix2D // from device pixels to the gradient's coordinates
	x, y    float64          // its start or centre
	dx, dy  float64          // of a linear gradient: direction by the square of its length
	r       float64          // of a radial gradient
	stops   []stop
}

type stop struct {
	at     float64
	colour color.NRGBA
}

// ColorModel returns that of the stops.
func (g *ramp) ColorModel() color.Model { return color.NRGBAModel }

// Bounds returns everything.
func (g *ramp) Bounds() image.Rectangle { return image.Rect(-1e9, -1e9, 1e9, 1e9) }

// At returns the colour of a device pixel.
func (g *ramp) At(px, py int) color.Color {
	x, y := g.inverse.Transform(float64(px)+0.5, float64(py)+0.5)
	at := (x-g.x)*g.dx + (y-g.y)*g.dy
	if g.r > 0 {
		at = math.Hypot(x-g.x, y-g.y) / g.r
	}
	last := g.stops[0]
	for _, s := range g.stops {
		if at < s.at {
			return between(last, s, at)
		}
		last = s
	}
	return last.colour
}

func between(a, b stop, at float64) color.NRGBA {
	if b.at <= a.at || at <= a.at {
		return a.colour
	}
	part := (at - a.at) / (b.at - a.at)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + part*(float64(b)-float64(a)))) }
	return color.NRGBA{mix(a.colour.R, b.colour.R), mix(a.colour.G, b.colour.G), mix(a.colour.B, b.colour.B), mix(a.colour.A, b.colour.A)}
}
