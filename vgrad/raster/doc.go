// Package raster draws the SVG pictures of ECharts as PNG, in pure Go and without a
// browser. Places that take no SVG (LaTeX, GitLab, e-mail) take PNG.
//
//	png, err := raster.PNG(svg, 2) // two device pixels a pixel
//
// It draws what ECharts writes: paths with fills, strokes, dashes, opacity, gradients
// and clip paths, rectangles, circles, nested groups, and text. It is no general SVG
// renderer: it fails at an element that it does not know, such as an image, and it
// ignores filters and style sheets. Text is drawn in Liberation Sans, whose letters are
// as wide as Arial's, and letters that it lacks (such as ‖ and ⁻) in DejaVu Sans.
// Letters that neither font has, such as Chinese ones, become boxes.
//
// A [Canvas] composes several pictures and lines of text.
package raster
