package chart

import (
	"fmt"
	"strings"
)

// look is how a label is told from the others: by colour, by dash and by
// marker, so that it survives colour blindness and grey print. Among the first
// forty no two share colour and dash, and no two share dash and marker.
type look struct {
	Colour string // of a theme, see themes.json
	Dash   any
	Symbol string
}

// colours is how many colours each theme has for runs: hues of Okabe and Ito
// (2008, "Color Universal Design"), darkened in the light theme and lightened in
// the dark one until they have a contrast of 3:1 on its background.
const colours = 8

// dashes and symbols change every four labels, so that what has the same colour has not the same dash.
var (
	dashes  = []any{"solid", "dashed", "dotted", []int{9, 3, 2, 3}, []int{14, 4}}
	symbols = []string{"circle", "triangle", "rect", "diamond",
		"path://M3,0H7V3H10V7H7V10H3V7H0V3H3Z",                       // plus
		"path://M0,0H10L5,9Z",                                        // triangle that points down
		"path://M0,0H10L6,5L10,10H0L4,5Z",                            // hourglass
		"path://M5,0L6.5,3.5L10,5L6.5,6.5L5,10L3.5,6.5L0,5L3.5,3.5Z"} // star
)

// lookOf returns the look of the i-th label; after forty they come again.
func lookOf(i int) look {
	return look{
		Colour: fmt.Sprintf("$run%d", i%colours),
		Dash:   dashes[i/4%len(dashes)],
		Symbol: symbols[i%4+4*(i/20%2)],
	}
}

// own is what a series says where its label's look is to stand: as a colour, which
// may be mixed with so many percent of the background ("$own+40"), as the type of
// a line and as a symbol.
const own = "$own"

// in returns a copy of part of a series with the look in place of own.
func (l look) in(part map[string]any) map[string]any {
	c := make(map[string]any, len(part))
	for key, v := range part {
		switch v := v.(type) {
		case map[string]any:
			c[key] = l.in(v)
		case string:
			c[key] = l.of(key, v)
		default:
			c[key] = v
		}
	}
	return c
}

// of returns what stands for a value of the key.
func (l look) of(key, value string) any {
	mixed, isOwn := strings.CutPrefix(value, own)
	switch {
	case key == "name" || !isOwn:
		return value
	case key == "type":
		return l.Dash
	case key == "symbol":
		return l.Symbol
	}
	return l.Colour + mixed
}
