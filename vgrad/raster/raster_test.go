package raster

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
)

// drawn draws elements on 100 × 60 pixels, at two device pixels a pixel.
func drawn(t *testing.T, elements string) *image.RGBA {
	t.Helper()
	img, err := Draw([]byte(`<svg xmlns="http://www.w3.org/2000/svg" width="100" height="60">`+elements+`</svg>`), 2)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// inked is the box of what is not white, in CSS pixels.
func inked(img *image.RGBA) (x0, y0, x1, y1 float64) {
	box := image.Rectangle{}
	for y := range img.Rect.Max.Y {
		for x := range img.Rect.Max.X {
			if img.RGBAAt(x, y) != (color.RGBA{255, 255, 255, 255}) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return float64(box.Min.X) / 2, float64(box.Min.Y) / 2, float64(box.Max.X) / 2, float64(box.Max.Y) / 2
}

// What is drawn has ink at these places, in CSS pixels, and none elsewhere.
func TestWhereInkIs(t *testing.T) {
	wide := Width("HHHH", 10, false) // an H is as high as 0.69 of its size, and fills most of its width
	for _, c := range []struct {
		name, svg      string
		x0, y0, x1, y1 float64
		within         float64 // pixels
	}{
		{"path", `<path d="M10 10h20v10h-20Z" fill="#00f"/>`, 10, 10, 30, 20, 0},
		{"relative lines, exponent", `<path d="M1e1,10l2e1-0 0 10-20 0Z" fill="#00f"/>`, 10, 10, 30, 20, 0},
		{"stroke", `<path d="M10 20h30" fill="none" stroke="#000" stroke-width="4"/>`, 10, 18, 40, 22, 0},
		{"round cap", `<path d="M10 20h30" fill="none" stroke="#000" stroke-width="4" stroke-linecap="round"/>`, 8, 18, 42, 22, 0.6},
		{"scaled stroke", `<path d="M5 10h15" transform="scale(2)" fill="none" stroke="#000" stroke-width="2"/>`, 10, 18, 40, 22, 0},
		{"circle by arcs", `<path d="M40 30A10 10 0 1 1 40 29.99" fill="red"/>`, 20, 20, 40, 40, 0.6},
		{"circle", `<circle cx="30" cy="30" r="10" fill="red"/>`, 20, 20, 40, 40, 0.6},
		{"clip", `<defs><clipPath id="z0"><path d="M20 0h10v60h-10Z"/></clipPath></defs><g clip-path="url(#z0)"><path d="M0 20h100v5H0Z"/></g>`, 20, 20, 30, 25, 0},
		{"round clip", `<defs><clipPath id="z0"><circle cx="50" cy="30" r="10"/></clipPath></defs><rect width="100" height="60" clip-path="url(#z0)"/>`, 40, 20, 60, 40, 0.6},
		{"moved", `<g transform="translate(10 5)"><rect width="5" height="5" transform="matrix(2,0,0,2,10,10)"/></g>`, 20, 15, 30, 25, 0},
		{"text", `<text x="20" y="40" style="font-size:10px">HHHH</text>`, 20, 40 - 6.9, 20 + wide, 40, 1.2},
		{"middle", `<text x="50" y="40" font-size="10" text-anchor="middle">HHHH</text>`, 50 - wide/2, 40 - 6.9, 50 + wide/2, 40, 1.2},
		{"end, central", `<text x="90" y="30" font-size="10" text-anchor="end" dominant-baseline="central">HHHH</text>`, 90 - wide, 30 - 3.5, 90, 30 + 3.5, 1.2},
		{"rotated", `<text transform="matrix(0,-1,1,0,50,50)" font-size="10">HHHH</text>`, 50 - 6.9, 50 - wide, 50, 50, 1.2},
		{"hidden", `<rect width="5" height="5" visibility="hidden"/><rect x="9" y="9" width="2" height="2"/>`, 9, 9, 11, 11, 0},
	} {
		x0, y0, x1, y1 := inked(drawn(t, c.svg))
		for i, d := range []float64{x0 - c.x0, y0 - c.y0, x1 - c.x1, y1 - c.y1} {
			if d < -c.within || d > c.within {
				t.Errorf("%s: side %d: the ink is in %g %g %g %g; want %g %g %g %g", c.name, i, x0, y0, x1, y1, c.x0, c.y0, c.x1, c.y1)
				break
			}
		}
	}
}

// Colours at places in CSS pixels.
func TestColours(t *testing.T) {
	const gradient = `<defs><linearGradient id="g" gradientUnits="objectBoundingBox" x1="0" y1="0" x2="1" y2="0"><stop offset="0" stop-color="#000"/><stop offset="100%" stop-color="rgb(200,100,0)"/></linearGradient></defs>`
	for _, c := range []struct {
		name, svg string
		at        [2]int
		want      color.RGBA
	}{
		{"hex", `<rect width="10" height="10" fill="#12ab34"/>`, [2]int{5, 5}, color.RGBA{0x12, 0xab, 0x34, 255}},
		{"short", `<rect width="10" height="10" fill="#f80"/>`, [2]int{5, 5}, color.RGBA{255, 0x88, 0, 255}},
		{"rgb", `<rect width="10" height="10" fill="rgb(1, 2,3)"/>`, [2]int{5, 5}, color.RGBA{1, 2, 3, 255}},
		{"rgba", `<rect width="10" height="10" fill="rgba(0,0,0,0.4)"/>`, [2]int{5, 5}, color.RGBA{153, 153, 153, 255}},
		{"fill-opacity", `<rect width="10" height="10" fill="#000" fill-opacity="0.4"/>`, [2]int{5, 5}, color.RGBA{153, 153, 153, 255}},
		{"opacity of a group", `<g opacity="0.4"><rect width="10" height="10" fill="#000"/></g>`, [2]int{5, 5}, color.RGBA{153, 153, 153, 255}},
		{"none", `<rect width="10" height="10" fill="none"/>`, [2]int{5, 5}, color.RGBA{255, 255, 255, 255}},
		{"a dash", `<path d="M0 5h40" stroke="#000" stroke-width="4" stroke-dasharray="10,6"/>`, [2]int{5, 5}, color.RGBA{0, 0, 0, 255}},
		{"between dashes", `<path d="M0 5h40" stroke="#000" stroke-width="4" stroke-dasharray="10,6"/>`, [2]int{13, 5}, color.RGBA{255, 255, 255, 255}},
		{"start of a gradient", gradient + `<rect x="20" width="60" height="10" fill="url(#g)"/>`, [2]int{20, 5}, color.RGBA{1, 0, 0, 255}},
		{"a mirrored gradient", gradient + `<rect x="-80" width="60" height="10" fill="url(#g)" transform="scale(-1,1)"/>`, [2]int{79, 5}, color.RGBA{2, 1, 0, 255}},
		{"middle of a gradient", gradient + `<rect x="20" width="60" height="10" fill="url(#g)"/>`, [2]int{50, 5}, color.RGBA{100, 50, 0, 255}},
	} {
		got := drawn(t, c.svg).RGBAAt(2*c.at[0], 2*c.at[1])
		for i, d := range []int{int(got.R) - int(c.want.R), int(got.G) - int(c.want.G), int(got.B) - int(c.want.B)} {
			if d < -2 || d > 2 {
				t.Errorf("%s: channel %d: %v, want %v", c.name, i, got, c.want)
			}
		}
	}
}

// Every letter in the labels of figures has a shape of its own.
func TestLetters(t *testing.T) {
	box := regular().glyph('\U0010FFFD').outline.ToSVGPath()
	for _, r := range "ABCXYZabcxyz0123456789 .,:;|/()[]_-–—·…=+±×≈≤≥<>%∂δφσ∇‖√∞′²³¹⁰⁴⁵⁶⁷⁸⁹⁻₀₁₂₉→←é" {
		for _, f := range []*faces{regular(), bold()} {
			if g := f.glyph(r); g.advance <= 0 || g.outline.ToSVGPath() == box || r != ' ' && len(g.outline) == 0 {
				t.Errorf("%c has no letter", r)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ svg, says string }{
		{``, "no SVG"},
		{`<svg`, "cannot be read"},
		{`<html/>`, "no SVG"},
		{`<svg/>`, "no width"},
		{`<svg width="100%" height="5"/>`, "no width"},
		{`<svg width="90000" height="90000"/>`, "cannot be drawn"},
		{`<svg width="9" height="9"><image/></svg>`, "image is not drawn"},
		{`<svg width="9" height="9"><text>a<tspan>b</tspan></text></svg>`, "tspan"},
		{`<svg width="9" height="9"><path d="M0 0L1"/></svg>`, "path"},
		{`<svg width="9" height="9"><rect fill="sauerkraut" width="1" height="1"/></svg>`, "sauerkraut"},
		{`<svg width="9" height="9"><g transform="wobble(3)"/></svg>`, "wobble"},
		{`<svg width="9" height="9"><g clip-path="url(#z)"/></svg>`, "clip path"},
		{`<svg width="9" height="9"><rect fill="url(#p)" width="1" height="1"/></svg>`, "gradients"},
	} {
		if _, err := PNG([]byte(c.svg), 2); err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "raster: ") {
			t.Errorf("%s: %v; want %q", c.svg, err, c.says)
		}
	}
}

// A palette has the colours that fill areas, and few colours stay as they are.
func TestPalette(t *testing.T) {
	c, err := New(300, 100, 1)
	if err != nil {
		t.Fatal(err)
	}
	for x := range 300 { // more colours than a palette has
		c.Rect(float64(x), 50, 1, 50, color.NRGBA{uint8(x), uint8(x * 7), uint8(x / 2), 255})
	}
	areas := []color.NRGBA{{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}}
	for i, a := range areas {
		c.Rect(float64(20*i), 0, 20, 40, a)
	}
	for _, most := range []int{256, 24} {
		data, err := c.PNG(most)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if p := img.(*image.Paletted).Palette; len(p) > most {
			t.Errorf("%d colours, at most %d", len(p), most)
		}
		for i, a := range areas {
			if got := color.NRGBAModel.Convert(img.At(20*i+5, 5)); got != a {
				t.Errorf("of %d colours, %v became %v", most, a, got)
			}
		}
	}
}

func FuzzDraw(f *testing.F) {
	f.Add(`<path d="M0 0L1 1Z" stroke="#000" stroke-dasharray="1,2"/>`)
	f.Add(`<text x="3">δ</text>`)
	f.Add(`<g transform="rotate(3)" clip-path="url(#a)"><circle r="1"/></g>`)
	f.Fuzz(func(t *testing.T, elements string) {
		_, _ = Draw([]byte(`<svg width="20" height="20">`+elements+`</svg>`), 1) // does not panic
	})
}

func ExamplePNG() {
	data, err := PNG([]byte(`<svg width="40" height="20"><path d="M0 10h40" stroke="#0072b2"/></svg>`), 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	config, err := png.DecodeConfig(bytes.NewReader(data))
	fmt.Println(config.Width, config.Height, err)
	// Output: 80 40 <nil>
}

func ExampleCanvas() {
	c, err := New(200, 60, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	c.Text(10, 20, 15, true, color.Black, "Two figures")
	err = c.SVG([]byte(`<svg width="80" height="30"><circle cx="10" cy="10" r="4"/></svg>`), 10, 25)
	fmt.Println(c.Image().Bounds().Max, err)
	// Output: (400,120) <nil>
}
