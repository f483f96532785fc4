package chart

import (
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Style returns the style sheet of figures. It is what [Head] has in a style element, for
// pages that share one file.
func Style() string { return style }

// Script returns the version of the runtime that makes figures live, and the runtime. It is what [Foot]
// has in a script element, for pages that share one file and allow no script in themselves.
// The runtime needs ECharts before it. A figure with the attribute data-loading is left
// as it is until that attribute is gone and the runtime's mount is called:
//
//	window.vgradRuntimes[version].mount()
func Script() (name, js string) { return version(), runtime() + liveRuntime() }

// packedFoot matches the script of [PackedFoot], of any version.
var packedFoot = regexp.MustCompile(`(?s)^\(async \(packed\) => \{\s*const version = "([0-9a-f]{8})".*\}\)\("([A-Za-z0-9+/=]+)"\)\.catch\(`)

// UnpackScript returns the runtime in a script that [PackedFoot] wrote, without its script
// element, and its version. ok is false for any other script.
func UnpackScript(script string) (version, js string, ok bool) {
	m := packedFoot.FindStringSubmatch(strings.TrimSpace(script))
	if m == nil {
		return "", "", false
	}
	js, err := Unpack(m[2])
	return m[1], js, err == nil
}

// largestUnpacked is the size up to which a text is unpacked, in bytes.
const largestUnpacked = 64 << 20

// Unpack returns a text that was packed, such as the data of a figure with
// [HTMLOptions.Packed]. It fails if the text is not base64 of gzip, or if it is larger than
// 64 MB.
func Unpack(packed string) (string, error) {
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(strings.TrimSpace(packed))))
	if err != nil {
		return "", fmt.Errorf("chart: unpack: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(z, largestUnpacked+1))
	if err == nil && len(text) > largestUnpacked {
		err = errors.New("it is larger than 64 MB")
	}
	if err != nil {
		return "", fmt.Errorf("chart: unpack: %w", err)
	}
	return string(text), nil
}
