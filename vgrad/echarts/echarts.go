// Package echarts draws charts of go-echarts as SVG without a browser. It runs ECharts in a
// JavaScript engine written in Go.
//
//	r, err := echarts.New(js)            // the bytes of echarts.min.js, version 5.5 or later
//	svg, err := r.SVG(bar, 900, 500)     // a *charts.Bar, *charts.Line, *charts.Pie, …
//	png, err := raster.PNG(svg, 2)       // if PNG is needed, by package raster
//
// Charts that need a canvas or WebGL have no SVG: 3D charts, maps whose shapes are not
// loaded, and extensions of ECharts such as word clouds and liquid fill.
package echarts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/dop251/goja"
)

// Chart is a chart of go-echarts, such as a *charts.Bar.
type Chart interface {
	Validate()
	JSON() map[string]any
}

// Script is JavaScript with a name for its errors.
type Script struct{ Name, Text string }

// stubs define the globals of a browser that ECharts uses. It does not need their
// effects for a static picture.
const stubs = `var setTimeout = function () { return 0; }, clearTimeout = function () {}, setInterval = setTimeout, clearInterval = clearTimeout;
var console = { log: clearTimeout, warn: clearTimeout, error: clearTimeout };
var module = { exports: {} }, exports = module.exports;`

// Load returns a JavaScript engine with ECharts in its global variable echarts, after which
// it has run more scripts. It takes some tenths of a second. It fails if the bytes are empty
// or are not ECharts.
func Load(js []byte, more ...Script) (*goja.Runtime, error) {
	if len(js) == 0 {
		return nil, errors.New("the ECharts library is empty; `go tool vgrad assets` fetches it")
	}
	vm := goja.New()
	for _, s := range append([]Script{
		{"stubs", stubs},
		{"echarts.min.js", string(js)},
		{"library", `var echarts = module.exports.init ? module.exports : globalThis.echarts;`},
	}, more...) {
		if _, err := vm.RunScript(s.Name, s.Text); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	if goja.IsUndefined(vm.Get("echarts")) {
		return nil, errors.New("the library given is not ECharts")
	}
	return vm, nil
}

// Renderer draws charts. Goroutines may share it; it draws one chart at a time.
type Renderer struct {
	mu   sync.Mutex
	vm   *goja.Runtime
	draw goja.Callable
}

// draw draws an option. A static picture has no animation and no toolbox.
const draw = `(function (option, theme, width, height) {
  var chart = echarts.init(null, theme || null, { renderer: "svg", ssr: true, width: width, height: height });
  try { option.animation = false; delete option.toolbox; chart.setOption(option); return chart.renderToSVGString(); } finally { chart.dispose(); }
})`

// New returns a renderer that runs the given echarts.min.js, version 5.5 or later. The tests
// use 6.1.0.
func New(js []byte) (*Renderer, error) {
	vm, err := Load(js)
	if err != nil {
		return nil, fmt.Errorf("echarts: %w", err)
	}
	v, err := vm.RunScript("draw", draw)
	if err != nil {
		return nil, fmt.Errorf("echarts: %w", err)
	}
	f, _ := goja.AssertFunction(v) // the script is a function
	return &Renderer{vm: vm, draw: f}, nil
}

// SVG draws a chart. width and height are in CSS pixels; those of the chart's own
// initialization are for browsers. It fails if the option is no JSON, such as a NaN, or if
// ECharts cannot draw it.
func (r *Renderer) SVG(c Chart, width, height int) ([]byte, error) {
	c.Validate()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(c.JSON()); err != nil {
		return nil, fmt.Errorf("echarts: the chart's option: %w", err)
	}
	return r.Option(b.String(), width, height)
}

// functions marks JavaScript in an option, as go-echarts does: opts.FuncOpts.
var functions = regexp.MustCompile(`"?__f__"?`)

// Option draws an ECharts option: JSON, or a JavaScript expression. The option is trusted:
// functions in it are run.
func (r *Renderer) Option(option string, width, height int) ([]byte, error) {
	if width <= 0 || height <= 0 {
		return nil, fmt.Errorf("echarts: a chart of %d × %d pixels cannot be drawn", width, height)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	value, err := r.vm.RunScript("option", "("+functions.ReplaceAllString(strings.TrimSpace(option), "")+")")
	if err != nil {
		return nil, fmt.Errorf("echarts: the option: %w", err)
	}
	svg, err := r.draw(goja.Undefined(), value, goja.Undefined(), r.vm.ToValue(width), r.vm.ToValue(height))
	if err != nil {
		return nil, fmt.Errorf("echarts: %w", err)
	}
	return []byte(instance.ReplaceAllString(hover.ReplaceAllString(svg.String(), ""), "zr0-")), nil
}

// hover matches the style that a chart has under a pointer. A picture has none.
// Its class names count all charts drawn: equal charts would have different pictures.
var hover = regexp.MustCompile(`(?s) class="zr\d+-cls-\d+"|<style\b.*?</style>`)

// instance matches the number of a drawing in the names of its gradients.
var instance = regexp.MustCompile(`\bzr\d+-`)
