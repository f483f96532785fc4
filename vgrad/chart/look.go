package chart

import (
	"fmt"
	"strings"
)

// look is the colour, dash and marker of a label. Any two of the first forty looks
// differ in colour or dash, and also in dash or marker. Labels are therefore
// distinct for colour-blind readers and in grey print.
type look struct {
	Colour string // the name of a colour, see [Theme]
	Dash   any    // the type of a line: "dashed", or the lengths of dashes and gaps in pixels
	Symbol string // the marker, a symbol of ECharts
}

// colours is the number of colours that each theme has for labels. The hues are
// those of Okabe and Ito (2008, "Color Universal Design"). They are darker in the
// light theme and lighter in the dark theme, to have a contrast of at least 3:1 on
// the background.
const colours = 8

// The dash changes every four labels, and there are eight colours. Two labels with
// the same colour therefore have different dashes.
var (
	dashes  = []any{"solid", "dashed", "dotted", []int{9, 3, 2, 3}, []int{14, 4}}
	symbols = []string{"circle", "triangle", "rect", "diamond",
		"path://M3,0H7V3H10V7H7V10H3V7H0V3H3Z",                       // plus
		"path://M0,0H10L5,9Z",                                        // triangle that points down
		"path://M0,0H10L6,5L10,10H0L4,5Z",                            // hourglass
		"path://M5,0L6.5,3.5L10,5L6.5,6.5L5,10L3.5,6.5L0,5L3.5,3.5Z"} // star
)

// lookOf returns the look of the i-th label, counted from 0. Looks repeat after 40.
func lookOf(i int) look {
	return look{
		Colour: fmt.Sprintf("$run%d", i%colours),
		Dash:   dashes[i/4%len(dashes)],
		Symbol: symbols[i%4+4*(i/20%2)],
	}
}

// own is a placeholder in a series for the look of its label. It can be a colour,
// the type of a line, or a symbol. "$own+40" is the colour with 40 % of the
// background mixed in.
const own = "$own"

// apply returns a copy of part of a series in which the look replaces own.
func (l look) apply(part map[string]any) map[string]any {
	c := make(map[string]any, len(part))
	for key, v := range part {
		switch v := v.(type) {
		case map[string]any:
			c[key] = l.apply(v)
		case string:
			c[key] = l.valueFor(key, v)
		default:
			c[key] = v
		}
	}
	return c
}

// valueFor returns the look's value for a key of a series if value is own. Otherwise
// it returns value.
func (l look) valueFor(key, value string) any {
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
