package kernel

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

// The logo is a vanishing gradient: bars that fall to nothing. bars holds their heights
// in a square of 32 × 32; each is 4 wide, with 2 between them and 2 around.
var bars = [...]int{26, 17, 10, 5, 2}

var (
	paper = color.NRGBA{0x10, 0x2a, 0x43, 0xff}
	ink   = color.NRGBA{0x4f, 0xd1, 0xc5, 0xff}
)

const side = 32

// bar returns the rectangle of bar i.
func bar(i int) image.Rectangle {
	x := 2 + 6*i
	return image.Rect(x, side-3-bars[i], x+4, side-3)
}

func logoSVG() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d"><rect width="%[1]d" height="%[2]d" rx="4" fill="%s"/>`, side, side, hex(paper))
	for i := range bars {
		r := bar(i)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`, r.Min.X, r.Min.Y, r.Dx(), r.Dy(), hex(ink))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// logoPNG draws the same logo with a side of size pixels, a multiple of 32.
func logoPNG(size int) []byte {
	scale := size / side
	picture := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			picture.SetNRGBA(x, y, at(image.Pt(x/scale, y/scale)))
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		panic(err) // a picture in memory always encodes
	}
	return b.Bytes()
}

// at returns the colour of a point of the square of 32 × 32.
func at(p image.Point) color.NRGBA {
	for i := range bars {
		if p.In(bar(i)) {
			return ink
		}
	}
	corner := image.Pt(min(p.X, side-1-p.X), min(p.Y, side-1-p.Y))
	if corner.X+corner.Y < 2 {
		return color.NRGBA{}
	}
	return paper
}
