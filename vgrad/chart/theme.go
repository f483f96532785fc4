package chart

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"strings"
	"sync"
)

// Theme names a set of colours for text, axes, runs and colour ramps. A spec
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

// version tells this release's figures and runtime from those of others that may
// stand in the same page.
var version = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(script + live + themes))
	return hex.EncodeToString(sum[:4])
})

// runtime is figure.js with the themes and the version filled in; a page adds
// liveRuntime to it.
func runtime() string {
	return withVersion(strings.Replace(script, "/*THEMES*/{}", strings.TrimSpace(themes), 1))
}

func liveRuntime() string { return withVersion(live) }

func withVersion(js string) string { return strings.ReplaceAll(js, "/*VERSION*/", version()) }
