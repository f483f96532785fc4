package raster

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
)

// encode returns an opaque image as an indexed PNG of at most most colours, 256 at most.
func encode(img *image.RGBA, most int) ([]byte, error) {
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.DefaultCompression}
	if err := e.Encode(&b, indexed(img, most)); err != nil {
		return nil, fmt.Errorf("raster: %w", err)
	}
	return b.Bytes(), nil
}

// shade is a colour of an image.
type shade struct {
	rgb   [3]uint8
	count int // pixels that have it
	at    uint8
	far   int // the square of its distance to the palette's colour at
}

func (s *shade) key() uint32 { return uint32(s.rgb[0])<<16 | uint32(s.rgb[1])<<8 | uint32(s.rgb[2]) }

func indexed(img *image.RGBA, most int) *image.Paletted {
	all := shades(img)
	palette := choose(all, most)
	index := make(map[uint32]uint8, len(all))
	for i := range all {
		index[all[i].key()] = all[i].at
	}
	out := image.NewPaletted(img.Rect, palette)
	eachPixel(img, func(i int, key uint32) { out.Pix[i] = index[key] })
	return out
}

func eachPixel(img *image.RGBA, f func(i int, key uint32)) {
	for i := 0; i < len(img.Pix); i += 4 {
		f(i/4, uint32(img.Pix[i])<<16|uint32(img.Pix[i+1])<<8|uint32(img.Pix[i+2]))
	}
}

// shades lists the colours of an image, the most frequent first.
func shades(img *image.RGBA) []shade {
	counts := map[uint32]int{}
	last, run := uint32(0), 0
	eachPixel(img, func(_ int, key uint32) { // a chart is mostly runs of one colour
		if key != last {
			counts[last] += run
			last, run = key, 0
		}
		run++
	})
	counts[last] += run
	all := make([]shade, 0, len(counts))
	for key, n := range counts {
		if n > 0 {
			all = append(all, shade{rgb: [3]uint8{uint8(key >> 16), uint8(key >> 8), uint8(key)}, count: n, far: math.MaxInt32})
		}
	}
	slices.SortFunc(all, func(a, b shade) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.key(), b.key()))
	})
	return all
}

// choose returns a palette, and sets which of its colours is nearest to each shade. It
// starts with the most frequent colour. Then it takes again and again the shade that is
// most wrong: far from the palette, in many pixels. The root of their number keeps the
// small markers of a chart from losing against the edges of its letters.
func choose(all []shade, most int) (palette color.Palette) {
	next := 0
	for len(palette) < min(most, len(all)) {
		c := all[next].rgb
		at := uint8(len(palette))
		palette = append(palette, color.RGBA{c[0], c[1], c[2], 255})
		worst := -1.0
		for i := range all {
			s := &all[i]
			if d := distance(s.rgb, c); d < s.far {
				s.far, s.at = d, at
			}
			if wrong := float64(s.far) * math.Sqrt(float64(s.count)); wrong > worst {
				worst, next = wrong, i
			}
		}
	}
	return palette
}

// distance is the square of the distance of two colours.
func distance(a, b [3]uint8) int {
	sum := 0
	for i := range a {
		d := int(a[i]) - int(b[i])
		sum += d * d
	}
	return sum
}
