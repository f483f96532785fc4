package assets

// katex is KaTeX as npm packs it: the library alone, minified. It turns TeX into MathML
// without a browser; of its style sheets and fonts a page needs none for that.
var katex = part{
	name:      "katex",
	version:   katexPackage.version,
	licence:   "MIT",
	file:      "dist/katex.min.js",
	download:  "0.3 MB (1.5 MB with npm)",
	supported: func() error { return nil },
	fetch:     katexPackage.fetch,
	check:     katexPackage.check,
}

var katexPackage = npmPackage{"katex", "0.19.1", []pinned{
	{"dist/katex.min.js", "fa140498b8cfc8302cbe5e7cb1bdbc1f952bc38b3fa258ede09e73edbf9a74bc"},
	{"LICENSE", "766ccc1f306c885aa45542a9846bbd0a505b27a0374f146778171c2254ce18e3"},
}}
