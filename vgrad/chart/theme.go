package chart

import (
	_ "embed"
	"strings"
)

// Theme names a set of colours for text, axes, runs and colour ramps. An option
// names a colour by what it is for: "$ink" and "$soft" for text, "$line" and
// "$grid" for axes, "$back" for the background, "$run3" for the fourth label,
// "$run3+40" for the same with 40 % of the background in it, "$ramp0" to "$ramp4" for
// little to much, "$blend-100" to "$blend100" for a scale of two hues that meet at
// zero. figure.js looks them up.
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
