package chart

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"strings"
	"sync"
)

// Theme names a set of colours for text, axes, labels and colour scales. A spec has
// the name of a colour's purpose, and figure.js replaces it by the theme's colour:
//
//   - "$ink" and "$soft" are for text.
//   - "$line" and "$grid" are for axes, and "$back" is the background.
//   - "$run3" is for the fourth label. "$run3+40" is the same with 40 % of the
//     background mixed in.
//   - "$ramp0" to "$ramp4" is a scale of one hue, from low to high.
//   - "$blend-100" to "$blend100" is a scale of two hues that meet at 0.
type Theme string

// The themes.
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

//go:embed states.js
var stateScript string

// version is a hash of the runtime. A page may have figures of several releases, and
// each figure uses the runtime with its own version.
var version = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(script + live + stateScript + themes))
	return hex.EncodeToString(sum[:4])
})

// runtime is figure.js with the themes and the version filled in. A page also needs
// liveRuntime.
func runtime() string {
	return withVersion(strings.Replace(script, "/*THEMES*/{}", strings.TrimSpace(themes), 1))
}

func liveRuntime() string { return withVersion(live + stateScript) }

func withVersion(js string) string { return strings.ReplaceAll(js, "/*VERSION*/", version()) }
