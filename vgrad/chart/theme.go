package chart

import (
	_ "embed"
	"strings"
)

// Theme names a set of colours for text, axes and colour ramps. The colours of
// runs are the same in both: each has a contrast of 3:1 or more on either
// background.
type Theme string

// The themes there are.
const (
	Light Theme = "light"
	Dark  Theme = "dark"
)

//go:embed themes.json
var themes string

//go:embed figure.css
var style string

//go:embed figure.js
var script string

//go:embed live.js
var live string

// runtime is figure.js with the themes filled in; a page adds live.js to it.
func runtime() string {
	return strings.Replace(script, "/*THEMES*/{}", strings.TrimSpace(themes), 1)
}

// look is how a label is told from the others: by colour, by dash and by
// marker, so that it survives colour blindness and grey print.
type look struct {
	Colour, Dash, Symbol string
}

// looks is the palette: hues of Okabe and Ito (2008, "Color Universal
// Design"), the light ones darkened until they have a contrast of 3:1 on white
// as well as on the dark background.
var looks = []look{
	{"#0072b2", "solid", "circle"},
	{"#d55e00", "solid", "triangle"},
	{"#009371", "solid", "rect"},
	{"#c0629b", "solid", "diamond"},
	{"#a67c00", "dashed", "circle"},
	{"#3f8fc9", "dashed", "triangle"},
	{"#8a6a4f", "dashed", "rect"},
	{"#7d7d7d", "dashed", "diamond"},
}

// lookOf returns the look of the i-th label; after eight they come again, dotted.
func lookOf(i int) look {
	l := looks[i%len(looks)]
	if i >= len(looks) {
		l.Dash = "dotted"
	}
	return l
}
