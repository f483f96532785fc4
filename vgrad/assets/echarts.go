package assets

// echarts is Apache ECharts as npm packs it: the full library, minified. It draws in a
// browser and, without one, to SVG.
var echarts = part{
	name:      "echarts",
	version:   echartsVersion,
	licence:   "Apache-2.0",
	file:      "dist/echarts.min.js",
	download:  "1.1 MB (12 MB with npm)",
	supported: func() error { return nil },
	fetch:     echartsPackage.fetch,
	check:     echartsPackage.check,
}

const echartsVersion = "6.1.0"

var echartsPackage = npmPackage{"echarts", echartsVersion, []pinned{
	{"dist/echarts.min.js", "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0"},
	{"LICENSE", "634293835b43a6dd2094fa39182a3d9a6b9ca43b7fdb9ac354e8037af2a3093a"},
	{"NOTICE", "d491d358344f842685c1b1585970999db65fe30ecf7ef3867af8814f4016c016"},
}}
