package assets

import "context"

// Axe returns the axe-core library, axe.min.js of version 4.14.1, which finds what is not
// accessible in a page. Tests alone use it, so it is not among the parts of [List] and
// [Ensure]. It is fetched and checked as [ECharts] is.
func Axe(ctx context.Context) ([]byte, error) { return read(ctx, axe) }

var axe = part{
	name:      "axe-core",
	version:   axePackage.version,
	licence:   "MPL-2.0",
	file:      "axe.min.js",
	download:  "0.7 MB (3 MB with npm)",
	supported: func() error { return nil },
	fetch:     axePackage.fetch,
	check:     axePackage.check,
}

var axePackage = npmPackage{"axe-core", "4.14.1", []pinned{
	{"axe.min.js", "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"},
	{"LICENSE", "af175b9d96ee93c21a036152e1b905b0b95304d4ae8c2c921c7609100ba8df7e"},
}}
