// Package raster draws a figure's SVG as a PNG, without a browser. Where a figure is read
// decides what may be shown: code hosts and LaTeX strip SVG, and all of them show PNG.
//
//	figure → SVG → PNG
//
//	png, err := raster.PNG(svg, 2)      // two pixels for each CSS pixel
//	png, err := raster.Figures(html, 2) // an output's figures, with titles and captions
//
// It draws what ECharts writes: paths, rectangles and lines of text, with strokes, dashes,
// opacities, transforms and clipping rectangles. An element or attribute of another kind is
// an error, because a picture that lacks something must not look complete. Text is set in
// Liberation Sans, which has the widths of Arial, and in DejaVu Sans where that has no
// glyph.
package raster
