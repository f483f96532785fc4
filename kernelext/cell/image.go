package cell

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/png"
	"os"
)

// Image shows a picture and enlarges each of its pixels to scale × scale; a scale below
// 1 counts as 1. The text alt describes the picture for readers who cannot see it. Outside
// a notebook the picture is written to a PNG file, unscaled, and the file's name is
// printed.
func Image(img image.Image, scale int, alt string) {
	if !inNotebook() {
		content := Must(pngOf(img))
		files++
		name := fmt.Sprintf("figure-%d.png", files)
		if err := os.WriteFile(name, content, 0o644); err != nil {
			fail(fmt.Errorf("cell: write %s: %w", name, err))
		}
		fmt.Printf("%s: %s\n", name, alt)
		return
	}
	display("", Must(imageHTML(img, scale, alt)), "[image] "+alt)
}

// imageHTML renders a picture as HTML, enlarged.
func imageHTML(img image.Image, scale int, alt string) (string, error) {
	content, err := pngOf(img)
	if err != nil {
		return "", err
	}
	size := img.Bounds().Size().Mul(max(1, scale))
	return fmt.Sprintf(`<img src="data:image/png;base64,%s" width="%d" height="%d" style="image-rendering: pixelated; max-width: 100%%; height: auto" alt="%s">`,
		base64.StdEncoding.EncodeToString(content), size.X, size.Y, html.EscapeString(alt)), nil
}

// pngOf is a picture as a PNG file.
func pngOf(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("cell: image: %w", err)
	}
	return b.Bytes(), nil
}
