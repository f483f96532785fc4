package raster

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"slices"
)

// encode writes a picture as a PNG with a palette.
func (p picture) encode() ([]byte, error) {
	var out bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	err := e.Encode(&out, p.paletted())
	return out.Bytes(), err
}

// colours is how many colours a picture has at most: those it was drawn with, and their
// most frequent blends. With 256 a file is a fifth larger, and looks the same.
const colours = 32

// paletted maps a picture to its palette. Figures are flat, so that pixels of other colours
// lie on edges, where the nearest colour will do.
func (p picture) paletted() *image.Paletted {
	count := map[uint32]int{}
	for i := 0; i < len(p.Pix); i += 4 {
		count[key(p.Pix[i:])]++
	}
	for k := range p.opaque {
		if count[k] > 0 {
			count[k] += len(p.Pix) // first in the palette
		}
	}
	var keys []uint32
	for k := range count {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b uint32) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	palette := color.Palette{}
	for _, k := range keys[:min(len(keys), colours)] {
		palette = append(palette, color.RGBA{uint8(k >> 16), uint8(k >> 8), uint8(k), 255})
	}
	index := map[uint32]uint8{}
	for _, k := range keys {
		index[k] = uint8(palette.Index(color.RGBA{uint8(k >> 16), uint8(k >> 8), uint8(k), 255}))
	}
	few := image.NewPaletted(p.Rect, palette)
	for i := range few.Pix {
		few.Pix[i] = index[key(p.Pix[4*i:])]
	}
	return few
}

// key is a colour without its three lowest bits, which nobody sees, so that there are fewer.
func key(p []uint8) uint32 {
	round := func(x uint8) uint32 {
		if x >= 252 {
			return 255
		}
		return uint32(x) &^ 7
	}
	return round(p[0])<<16 | round(p[1])<<8 | round(p[2])
}
