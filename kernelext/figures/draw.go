package figures

import (
	"errors"
	"fmt"
	"image/color"
	"strings"

	"github.com/vgrad/lab/vgrad/raster"
)

// Picture is a PNG. Its pixels are smaller than those of a page.
type Picture struct {
	PNG           []byte
	Width, Height int // in CSS pixels
}

// The layout of a picture, in CSS pixels.
const (
	edge      = 8  // around it
	gap       = 24 // between figures
	widest    = 1100
	titleSize = 15.0
	textSize  = 12.5
	leading   = 1.4
)

var (
	ink   = color.NRGBA{0x1f, 0x23, 0x28, 255}
	quiet = color.NRGBA{0x57, 0x60, 0x6a, 255}
)

// enough is the size of a PNG, in bytes, above which it is drawn coarser. Lines of thousands
// of noisy values need several times as much as other figures. It is for each figure of an
// output, and of more than six for six.
const enough = 20_000

// Draw returns one picture of the figures of an output, on white: two device pixels a
// pixel, and at most 64 colours. A large one has 1.5 and 32, or 1.25 and 24. Figures are side by side
// as far as there is room, each with its title, note and caption. Draw fails if a figure
// has no static picture or the picture cannot be drawn.
func Draw(all []*Figure) (*Picture, error) {
	var p *Picture
	var err error
	for _, try := range []struct {
		scale   float64
		colours int
	}{{2, 64}, {1.5, 32}, {1.25, 24}} {
		if p, err = DrawAt(all, try.scale, try.colours); err != nil || len(p.PNG) <= enough*min(6, len(all)) {
			break
		}
	}
	return p, err
}

// DrawAt is [Draw] with scale device pixels a pixel and a number of colours, 256 at most.
// It fails and does not panic whatever the SVG: it runs in the kernel, beside the cells.
func DrawAt(all []*Figure, scale float64, colours int) (p *Picture, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("figures: the SVG cannot be drawn: %v", r)
		}
	}()
	rows, width, height, err := layout(all)
	if err != nil {
		return nil, err
	}
	c, err := raster.New(width, height, scale)
	if err != nil {
		return nil, err
	}
	y := float64(edge)
	for _, row := range rows {
		x := float64(edge)
		for _, b := range row.blocks {
			if err := b.draw(c, x, y); err != nil {
				return nil, err
			}
			x += b.width + gap
		}
		y += row.height + gap
	}
	png, err := c.PNG(colours)
	return &Picture{PNG: png, Width: width, Height: height}, err
}

// block is a figure with its texts in lines.
type block struct {
	*Figure
	title, note, caption []string
	width, high, height  float64 // of the drawing, and of all
}

type row struct {
	blocks []*block
	height float64
}

// layout puts figures in rows.
func layout(all []*Figure) (rows []row, width, height int, err error) {
	if len(all) == 0 {
		return nil, 0, 0, errors.New("figures: there is no figure to draw")
	}
	x, right, bottom := 0.0, 0.0, 0.0
	for _, f := range all {
		b, err := newBlock(f)
		if err != nil {
			return nil, 0, 0, err
		}
		if len(rows) == 0 || x+b.width > widest {
			rows, x = append(rows, row{}), 0
		}
		r := &rows[len(rows)-1]
		r.blocks, r.height = append(r.blocks, b), max(r.height, b.height)
		right = max(right, x+b.width)
		x += b.width + gap
	}
	for i, r := range rows {
		bottom += r.height
		if i > 0 {
			bottom += gap
		}
	}
	return rows, int(right) + 2*edge, int(bottom) + 2*edge, nil
}

func newBlock(f *Figure) (*block, error) {
	if f.SVG == nil {
		return nil, fmt.Errorf("figures: the figure %q has no static picture", f.Title)
	}
	w, h, err := raster.Size(f.SVG)
	if err != nil {
		return nil, fmt.Errorf("figures: %q: %w", f.Title, err)
	}
	b := &block{Figure: f, width: float64(w), high: float64(h)}
	b.title, b.note, b.caption = lines(f.Title, titleSize, true, b.width), lines(f.Note, textSize, false, b.width), lines(f.Caption, textSize, false, b.width)
	b.height = b.high + leading*(titleSize*float64(len(b.title))+textSize*float64(len(b.note)+len(b.caption))) + textSize
	return b, nil
}

func (b *block) draw(c *raster.Canvas, x, y float64) error {
	write := func(lines []string, size float64, bold bool, of color.Color) {
		for _, line := range lines {
			y += leading * size
			c.Text(x, y-0.35*size, size, bold, of, line)
		}
	}
	write(b.title, titleSize, true, ink)
	write(b.note, textSize, false, quiet)
	y += textSize / 2
	if err := c.SVG(b.SVG, x, y); err != nil {
		return fmt.Errorf("figures: %q: %w", b.Title, err)
	}
	y += b.high
	write(b.caption, textSize, false, quiet)
	return nil
}

// lines breaks a text between words, so that each line has at most a width. A word that is
// wider has a line of its own.
func lines(text string, size float64, bold bool, width float64) (all []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && raster.Width(longer, size, bold) > width {
			all, longer = append(all, line), word
		}
		line = longer
	}
	if line != "" {
		all = append(all, line)
	}
	return all
}
