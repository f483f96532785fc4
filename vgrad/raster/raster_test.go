package raster

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"golang.org/x/image/font/sfnt"
)

func Example() {
	svg := `<svg width="40" height="20" xmlns="http://www.w3.org/2000/svg"><rect width="20" height="20" fill="#0072b2"/></svg>`
	file, err := PNG([]byte(svg), 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	img, err := png.Decode(bytes.NewReader(file))
	fmt.Println(img.Bounds().Max, img.At(10, 10), img.At(60, 10), err)
	// Output: (80,40) {0 112 176 255} {255 255 255 255} <nil>
}

// in draws elements on 100 × 100 pixels.
func in(t *testing.T, elements string) picture {
	t.Helper()
	p, err := drawn([]byte(`<svg width="100" height="100" xmlns="http://www.w3.org/2000/svg">`+elements+`</svg>`), 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// box is the smallest rectangle around what is not white, and how dark it is: the sum of
// what is missing to white, in pixels.
func (p picture) box() (r image.Rectangle, ink float64) {
	for y := range p.Rect.Max.Y {
		for x := range p.Rect.Max.X {
			if c := p.RGBAAt(x, y); c != (color.RGBA{255, 255, 255, 255}) {
				r = r.Union(image.Rect(x, y, x+1, y+1))
				ink += float64(255-c.G) / 255
			}
		}
	}
	return r, ink
}

// The area that is covered is that of geometry.
func TestAreas(t *testing.T) {
	for _, c := range []struct {
		name, elements string
		box            image.Rectangle
		ink            float64
	}{
		{"a path", `<path d="M10 10h20v30h-20Z"/>`, image.Rect(10, 10, 30, 40), 600},
		{"half covered pixels", `<path d="M10.5 10h20v30h-20Z"/>`, image.Rect(10, 10, 31, 40), 600},
		{"a hole", `<path d="M10 10h20v20h-20ZM15 15v10h10v-10Z"/>`, image.Rect(10, 10, 30, 30), 300},
		{"a circle of arcs", `<path d="M60 50A10 10 0 1 1 40 50A10 10 0 1 1 60 50Z"/>`, image.Rect(40, 40, 60, 60), 100 * math.Pi},
		{"a stroke", `<path d="M10 20L50 20" fill="none" stroke="#000" stroke-width="4"/>`, image.Rect(10, 18, 50, 22), 160},
		{"a round stroke", `<path d="M20 20L50 20" fill="none" stroke="#000" stroke-width="8" stroke-linecap="round"/>`, image.Rect(16, 16, 54, 24), 240 + 16*math.Pi},
		{"dashes", `<path d="M10 20L50 20" fill="none" stroke="#000" stroke-width="2" stroke-dasharray="5,5"/>`, image.Rect(10, 19, 45, 21), 40},
		{"a transform", `<path d="M0 0h10v10h-10Z" transform="matrix(2,0,0,2,30,40)"/>`, image.Rect(30, 40, 50, 60), 400},
		{"transforms of groups", `<g transform="translate(30 40)"><rect width="10" height="10" transform="scale(2)"/></g>`, image.Rect(30, 40, 50, 60), 400},
		{"a turn", `<rect width="20" height="10" transform="translate(50 50) rotate(90)"/>`, image.Rect(40, 50, 50, 70), 200},
		{"a clip, defined later", `<g clip-path="url(#c)"><rect width="100" height="100"/></g><defs><clipPath id="c"><path d="M20 20h10v20h-10Z"/></clipPath></defs>`, image.Rect(20, 20, 30, 40), 200},
		{"opacity", `<rect width="10" height="10" opacity="0.6"/>`, image.Rect(0, 0, 10, 10), 60},
		{"opacities", `<g opacity="0.5"><rect width="10" height="10" fill-opacity="0.6"/></g>`, image.Rect(0, 0, 10, 10), 30},
		{"rgba", `<rect width="10" height="10" fill="rgba(0,0,0,0.4)"/>`, image.Rect(0, 0, 10, 10), 40},
		{"no colour", `<rect width="10" height="10" fill="none"/><rect width="10" height="10" fill="transparent"/>`, image.Rectangle{}, 0},
	} {
		box, ink := in(t, c.elements).box()
		if d := box.Union(c.box); d.Dx() > c.box.Dx()+1 || d.Dy() > c.box.Dy()+1 || math.Abs(ink-c.ink) > 0.01*c.ink+0.5 {
			t.Errorf("%s: %v with %.1f, not %v with %.1f", c.name, box, ink, c.box, c.ink)
		}
	}
}

// A text stands where its attributes say. A capital I of Liberation Sans is 0.69 of its
// size high.
func TestTexts(t *testing.T) {
	for _, c := range []struct {
		name, attributes string
		box              image.Rectangle
	}{
		{"at the start", `x="50" y="50"`, image.Rect(51, 36, 55, 50)},
		{"in the middle", `x="50" y="50" text-anchor="middle"`, image.Rect(49, 36, 51, 50)},
		{"at the end", `x="50" y="50" text-anchor="end"`, image.Rect(46, 36, 49, 50)},
		{"centred", `x="50" y="50" dominant-baseline="central"`, image.Rect(51, 43, 55, 57)},
		{"turned", `transform="translate(50 50) rotate(-90)"`, image.Rect(36, 46, 50, 49)},
		{"by style", `x="50" y="50" style="font-size:40px;"`, image.Rect(53, 22, 58, 50)},
	} {
		size := ` font-size="20"`
		if strings.Contains(c.attributes, "style") {
			size = ""
		}
		box, _ := in(t, `<text `+c.attributes+size+`>I</text>`).box()
		if d := box.Sub(c.box.Min); max(abs(box.Min.X-c.box.Min.X), abs(box.Min.Y-c.box.Min.Y), abs(d.Dx()-c.box.Dx()), abs(d.Dy()-c.box.Dy())) > 1 {
			t.Errorf("%s: %v, not %v", c.name, box, c.box)
		}
	}
	_, plain := in(t, `<text x="20" y="50" font-size="20">mean</text>`).box()
	_, heavy := in(t, `<text x="20" y="50" font-size="20" font-weight="bold">mean</text>`).box()
	if heavy < 1.2*plain {
		t.Errorf("bold has %.0f of ink, and regular %.0f", heavy, plain)
	}
}

func abs(x int) int { return max(x, -x) }

// What figures write has letters.
func TestLetters(t *testing.T) {
	for _, r := range "δ∂√‖Δσγχ²⁻¹⁰⁵₁ₜ×·÷±≤≥≈∞…–—▾▴▸→←↑↓✓✗·°µ‾|" {
		if _, i := regular().glyph(&sfnt.Buffer{}, r); i == 0 {
			t.Errorf("there is no %q", r)
		}
	}
}

// What cannot be drawn is an error, and no picture that lacks something.
func TestRefused(t *testing.T) {
	for svg, want := range map[string]string{
		"":                                "no SVG",
		"<p/>":                            "outside of an <svg>",
		`<svg width="100" height="100"`:   "unexpected EOF",
		`<svg width="1e6" height="1e6"/>`: "1e+06 × 1e+06 pixels",
		`<svg width="a" height="100"/>`:   `width is "a"`,
		`<svg width="9" height="9"><image/></svg>`:                                "<image>: it cannot be drawn",
		`<svg width="9" height="9"><path d="M0 0" filter="url(#f)"/></svg>`:       `filter="url(#f)"`,
		`<svg width="9" height="9"><path d="M0 0h9" fill="url(#g)"/></svg>`:       `"url(#g)"`,
		`<svg width="9" height="9"><path d="M0 0" transform="skewX(3)"/></svg>`:   "skewX(3)",
		`<svg width="9" height="9"><text>a<tspan>b</tspan></text></svg>`:          "<tspan>",
		`<svg width="9" height="9"><text dominant-baseline="math">b</text></svg>`: "math",
		`<svg width="9" height="9"><rect rx="3" width="9" height="9"/></svg>`:     "round corners",
	} {
		if _, err := PNG([]byte(svg), 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, not %q", svg, err, want)
		}
	}
}

// The colours that were drawn are in the palette, however many blends there are.
func TestPalette(t *testing.T) {
	var elements strings.Builder
	for i := range 100 {
		fmt.Fprintf(&elements, `<rect x="%d" width="1" height="90" fill="#0072b2" opacity="%.2f"/>`, i, float64(i)/150)
	}
	file, err := PNG([]byte(`<svg width="100" height="100">`+elements.String()+`<rect y="95" width="3" height="1" fill="#d55e00"/></svg>`), 1)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	few := img.(*image.Paletted)
	if len(few.Palette) != colours || few.At(1, 95) != (color.RGBA{0xd0, 0x58, 0, 255}) {
		t.Errorf("%d colours; that of the last rectangle is %v", len(few.Palette), few.At(1, 95))
	}
}

// figure is a figure as an output has it.
func figure(svg, caption string) string {
	return `<figure class="vgrad-figure"><p class="vgrad-title"><strong>A title</strong></p><img class="vgrad-static" src="data:image/svg+xml;base64,` +
		base64.StdEncoding.EncodeToString([]byte(svg)) + `"><figcaption>` + caption + `</figcaption></figure>`
}

func TestFigures(t *testing.T) {
	svg := `<svg width="200" height="100"><rect width="200" height="100" fill="#0072b2"/></svg>`
	size := func(fragment string) image.Point {
		file, err := Figures([]byte(fragment), 2)
		if err != nil {
			t.Fatal(err)
		}
		c, err := png.DecodeConfig(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		return image.Pt(c.Width, c.Height)
	}
	one := size(figure(svg, "short"))
	if one != image.Pt(448, 329) { // 200 + 2·12 wide; 12 + 22.5 + 100 + 18 + 12 high
		t.Errorf("one figure: %v", one)
	}
	if long := size(figure(svg, strings.Repeat("a long caption ", 10))); long.X != one.X || long.Y != one.Y+3*36 {
		t.Errorf("a long caption: %v", long)
	}
	if row := size(`<div class="vgrad-row">` + figure(svg, "short") + figure(svg, "short") + `</div>`); row != image.Pt(2*one.X, one.Y) {
		t.Errorf("a row: %v", row)
	}
	if column := size(figure(svg, "short") + "<p>between</p>" + figure(svg, "short")); column != image.Pt(one.X, 2*one.Y) {
		t.Errorf("one below the other: %v", column)
	}
	if _, err := Figures([]byte("<p>no figure</p>"), 2); !errors.Is(err, ErrNoFigure) {
		t.Errorf("no figure: %v", err)
	}
	if _, err := Figures([]byte(figure("<svg", "short")), 2); err == nil || errors.Is(err, ErrNoFigure) {
		t.Errorf("a damaged picture: %v", err)
	}
}

func FuzzPNG(f *testing.F) {
	f.Add(`<svg width="10" height="10"><path d="M0 0h9v9Z" transform="translate(1 2)" stroke="#000" stroke-dasharray="1,2"/><text x="1">a</text></svg>`)
	f.Fuzz(func(t *testing.T, svg string) {
		if len(svg) > 1000 || strings.Contains(svg, "e") && strings.ContainsAny(svg, "123456789") && len(svg) > 300 {
			return
		}
		PNG([]byte(svg), 1)
	})
}
