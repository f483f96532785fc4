package chart

import (
	"errors"
	"fmt"
	"sync"

	"github.com/dop251/goja"
)

// Renderer draws figures as SVG without a browser: ECharts in a JavaScript
// engine written in Go. Making one takes some tenths of a second, so a program
// may make it in the background while it trains. It is safe for use from
// several goroutines, which take turns.
type Renderer struct {
	mu   sync.Mutex
	svg  goja.Callable
	vm   *goja.Runtime
	load func() ([]byte, error) // of a lazy one: brings ECharts
	dir  string                 // of a lazy one: where pictures are kept
}

// stubs are what ECharts asks of its surroundings and does not need here.
const stubs = `var setTimeout = function () { return 0; }, clearTimeout = function () {}, setInterval = setTimeout, clearInterval = clearTimeout;
var console = { log: clearTimeout, warn: clearTimeout, error: clearTimeout };
var module = { exports: {} }, exports = module.exports;`

// NewRenderer loads the bytes of echarts.min.js, version 5.5 or later (6.1.0
// is what it is tested with).
func NewRenderer(echarts []byte) (*Renderer, error) {
	r := &Renderer{}
	if err := r.start(echarts); err != nil {
		return nil, err
	}
	return r, nil
}

// LazyRenderer returns a renderer that keeps its pictures in a folder, draws
// what it finds there without loading anything, and calls load for ECharts
// when it first has to draw. An error of load is an error of drawing. A picture
// that was not made for thirty days is removed.
func LazyRenderer(load func() ([]byte, error), dir string) *Renderer {
	return &Renderer{load: load, dir: dir}
}

// start loads the library and the runtime.
func (r *Renderer) start(echarts []byte) error {
	if len(echarts) == 0 {
		return errors.New("chart: renderer: the ECharts library is empty; `go tool vgrad assets` fetches it")
	}
	vm := goja.New()
	for _, part := range []struct{ name, text string }{
		{"stubs", stubs},
		{"echarts.min.js", string(echarts)},
		{"library", `var echarts = module.exports.init ? module.exports : globalThis.echarts;`},
		{"figure.js", runtime()},
	} {
		if _, err := vm.RunScript(part.name, part.text); err != nil {
			return fmt.Errorf("chart: renderer: %s: %w", part.name, err)
		}
	}
	svg, ok := function(vm, "svg")
	if !ok || goja.IsUndefined(vm.Get("echarts")) {
		return errors.New("chart: renderer: the library given is not ECharts")
	}
	r.vm, r.svg = vm, svg
	return nil
}

// function returns a function of figure.js.
func function(vm *goja.Runtime, name string) (goja.Callable, bool) {
	return goja.AssertFunction(vm.Get("vgradRuntimes").ToObject(vm).Get(version()).ToObject(vm).Get(name))
}

// SVG draws the figure with its title, width by height pixels; 0 is 720 wide
// and as high as the figure needs. Where its names leave too little room for the
// drawing the picture is higher than was asked for.
func (r *Renderer) SVG(f *Figure, theme Theme, width, height int) ([]byte, error) {
	return r.draw(f, theme, width, height, true)
}

// draw draws the figure, with its title or without.
func (r *Renderer) draw(f *Figure, theme Theme, width, height int, titled bool) ([]byte, error) {
	if theme != Light && theme != Dark {
		return nil, fmt.Errorf("chart: SVG of %q: unknown theme %q; the themes are %s and %s", f.Title, theme, Light, Dark)
	}
	if width <= 0 {
		width = defaultWidth
	}
	height = max(0, height)
	spec, err := f.spec()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	path := r.path(spec, theme, width, height, titled)
	if svg := kept(path); svg != nil {
		return svg, nil
	}
	if err := r.ready(); err != nil {
		return nil, fmt.Errorf("chart: SVG of %q: %w", f.Title, err)
	}
	v, err := r.svg(goja.Undefined(), r.vm.ToValue(string(spec)), r.vm.ToValue(string(theme)),
		r.vm.ToValue(width), r.vm.ToValue(height), r.vm.ToValue(titled))
	if err != nil {
		return nil, fmt.Errorf("chart: SVG of %q: %w", f.Title, err)
	}
	svg := []byte(v.String())
	r.keep(path, svg)
	return svg, nil
}

// Warm starts a lazy renderer before it is needed, as while something else is
// waited for. What goes wrong is told when it draws.
func (r *Renderer) Warm() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.ready() // drawing tries again
}

// ready starts a lazy renderer.
func (r *Renderer) ready() error {
	if r.svg != nil {
		return nil
	}
	if r.load == nil {
		return errors.New("the renderer has no ECharts; make it with NewRenderer or LazyRenderer")
	}
	echarts, err := r.load()
	if err != nil {
		return err
	}
	return r.start(echarts)
}

// defaultWidth is how wide a static picture is, in CSS pixels.
const defaultWidth = 720
